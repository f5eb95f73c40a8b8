"""A book whose prices moved against it: who is past a trigger, and how to leave them out.

BTC falls and ETH rises. Trader 1, at nine times, is below maintenance; trader 3 is due and healthy.
"""

from dataclasses import replace
from typing import Any

import pytest

from circuits.statement.witness import Witness
from circuits.tables.records import Records
from rollup.field.koalabear import P
from rollup.protocol import counting
from rollup.protocol.batch import Batch
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.outcome import Outcome
from rollup.protocol.takeover import Takeover, full_fee
from rollup.protocol.triggers import LONG, SHORT, leaf_of, swept
from tests.helpers.lies import Liar, forge
from tests.helpers.market_books import terms_at
from tests.helpers.statement import forged_witness
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    real,
    sell,
    with_pre,
)

FEES, NEEDY, RICH, DUE = 0, 1, 2, 3
LOTS = 1500
DOWN = (BTC_PRICE * 93 // 100, ETH_PRICE * 107 // 100)


def fallen_book(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """Traders 1 and 3 are long of BTC, trader 3 of ETH as well; trader 2 owes it all."""
    venue = Venue(suite=real()).with_traders(100 * USDC, 10**6 * USDC, 200 * USDC)
    venue.run(venue.batch([credit(3, BACKSTOP_ACCOUNT, 10**6 * USDC)]))
    bitcoin = [Match(buy(a, LOTS), sell(RICH, 2 * LOTS), LOTS) for a in (NEEDY, DUE)]
    ether = {"market": ETH, "slot": 1}
    bid, ask = buy(DUE, 3600, ETH_PRICE, **ether), sell(RICH, 3600, ETH_PRICE, **ether)
    venue.run(venue.batch(matches=[*bitcoin, Match(bid, ask, 3600, ETH_PRICE)]))
    venue.prices = DOWN
    return Liar(venue, monkeypatch)


def numbers(book: Liar) -> tuple[tuple[int, int], ...]:
    """The buckets of the prices to come."""
    terms = terms_at(book.venue.prices, book.venue.genesis.governance)
    return tuple(each.numbers for each in terms)


def liquidation(book: Liar) -> Takeover:
    terms = terms_at(book.venue.prices, book.venue.genesis.governance)
    return Takeover(NEEDY, BTC, LOTS, full_fee(LOTS, terms[BTC]))


def whole(book: Liar) -> Batch:
    """The batch that brings the step to its end: one is liquidated, one refreshed."""
    return book.venue.batch(refreshed=[DUE], takeovers=[liquidation(book)])


def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let counters be what they are."""

    def after(_: int, opening: Any, plus: Any, minus: Any, __: Any) -> tuple[int, ...]:
        rows = zip(opening.counters, plus, minus, strict=True)
        return tuple((old + more - less) % P for old, more, less in rows)

    monkeypatch.setattr(counting, "_counters_after", after)


def at_the_price(book: Liar, batch: Batch, *sides: tuple[int, int]) -> Batch:
    """The lie: frontiers (of all sides, or these) are where they would be if nobody were in the
    way, and all leaves on the way are opened."""
    at = numbers(book)
    old = book.venue.state.markets.frontiers
    chosen = sides or tuple((market, side) for market in (BTC, ETH) for side in (LONG, SHORT))
    wanted = tuple(
        tuple(
            at[market][side]
            if (market, side) in chosen
            else max(old[market][side], at[market][side])
            for side in (LONG, SHORT)
        )
        for market in (BTC, ETH)
    )
    seats = [
        seat
        for market, side in chosen
        for seat in swept(market, side, old[market][side], at[market][side])
    ]
    touched = {leaf.index for leaf in batch.pre.triggers if leaf.index}
    leaves = sorted(touched.union(leaf_of(*seat) for seat in seats))
    triggers, siblings = book.venue.state.open_triggers(leaves or [0])
    opened = with_pre(batch, triggers=triggers, trigger_siblings=siblings)
    return replace(opened, frontiers=wanted)


def said(outcome: Outcome, **changes: Any) -> Outcome:
    return forge(outcome, public=forge(outcome.public, **changes))


def forged(outcome: Outcome, records: Records) -> Witness:
    return forged_witness(records, outcome.public)
