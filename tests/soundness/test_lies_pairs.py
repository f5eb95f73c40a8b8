"""Lies about who loses lots to whom: the list of pairs is closed.

An order takes of the liquidated alone, and neither of the backstop nor of who is deleveraged; two
who are liquidated lose lots to each other at the oracle price, for nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.protocol import by_order, closing, liquidation
from rollup.protocol.batch import Batch
from rollup.protocol.ledger import Ledger
from rollup.protocol.outcome import TakeoverStep
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.terms import MarketTerms
from tests.helpers import fallen
from tests.helpers.lies import Liar
from tests.helpers.market_books import unsigned_reports
from tests.helpers.skipped import uncounted
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.thin import BACKSTOP, FAR, IDLE, LONG, NEAR, OPENING, Thin, thin
from tests.helpers.venue import (
    BTC,
    ETH,
    GOVERNANCE,
    PRICES,
    USDC,
    ByOrder,
    Match,
    buy,
    real,
    sell,
    transfer,
)

# An order and somebody who is not liquidated.


def test_an_order_that_takes_of_the_healthy_backstop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took 900 lots for a fee, and a friend buys them below the price: the theorem's backstop
    would be milked."""
    place = fallen.fallen(real())
    liar = Liar(place.venue, monkeypatch)
    place.venue.run(place.batch(place.takeover(fallen.LONG, 900)))
    # Who is still due is not what this lie is about.
    place.venue.state.book = replace(place.venue.state.book, open_since=0)
    price = PRICES[BTC] - 100
    bid = buy(fallen.RICH, 10, price, slot=7, when_clamped=True)
    batch = place.venue.batch(by_orders=[ByOrder(bid, BACKSTOP, 10, price)])
    assert liar.refusal(batch) is Reason.NOT_LIQUIDATABLE
    liar.blind("require_liquidatable", by_order)
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.liquidatable", "account.needed"}


def friend_saved(monkeypatch: pytest.MonkeyPatch) -> tuple[Liar, Batch]:
    """A friend's offer closes the short that is nearest in line to be deleveraged."""
    place = thin(real())
    price = place.venue.prices[BTC]
    offer = sell(IDLE, 5, price, slot=7, when_clamped=True)
    liar = Liar(place.venue, monkeypatch)
    return liar, place.venue.batch(by_orders=[ByOrder(offer, NEAR, 5, price)])


def test_an_order_that_takes_of_who_is_in_line(monkeypatch: pytest.MonkeyPatch) -> None:
    liar, batch = friend_saved(monkeypatch)
    assert liar.refusal(batch) is Reason.NOT_LIQUIDATABLE
    liar.blind("require_liquidatable", by_order)
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.liquidatable", "account.needed"}


def test_an_order_that_takes_of_who_is_called_deleveraged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleveraged it need not be below maintenance; but then it is no order that takes."""
    liar, batch = friend_saved(monkeypatch)
    liar.blind("require_liquidatable", by_order)
    liar.blind("require_needed")
    outcome = liar.outcome(batch)
    records = replay(outcome)
    account, position = records.account, records.position
    mine, lots = account.account == NEAR, position.account == NEAR
    account = replace(
        account,
        liquidated=np.where(mine, 0, account.liquidated),
        exempt=np.where(mine, 0, account.exempt),
    )
    position = replace(
        position,
        deleveraged=np.where(lots, 1, position.deleveraged),
        needed=np.where(lots, 0, position.needed),
    )
    found = claims_broken_in(replace(records, account=account, position=position), outcome.public)
    assert found == {
        "fill.taken",
        "position.taken",
        "position.taken-whole",
        "position.zone",
        "batch.spent",
    }


# One who is deleveraged, and has no lots of the other side.

NOT_OF_THE_OTHER_SIDE = {"takeover.other-side", "position.taken", "position.not-grown"}


def test_one_who_has_no_lots_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A friend is given lots at the oracle price, for no fee, under the name of deleveraging."""
    place = thin(real())
    liar = Liar(place.venue, monkeypatch)
    batch = place.batch(place.closes(IDLE, place.needed))
    assert liar.refusal(batch) is Reason.TAKER_SIDE
    liar.blind("require_other_side", liquidation)
    nowhere = {"position.deleveraged-only", "position.zone"}
    assert liar.claims(batch) == NOT_OF_THE_OTHER_SIDE | nowhere


def test_of_the_same_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """A friend who is long as well grows by lots of the one who is relieved."""
    place = thin(real())
    price, venue = OPENING[BTC], place.venue
    venue.prices = OPENING
    venue.run(venue.batch(outflows=[transfer(IDLE, FAR, 72 * USDC)], reported=True))
    terms = {"price": price, "market": BTC, "slot": 11}
    match = Match(buy(IDLE, 180, **terms), sell(FAR, 180, **terms), 180, price)
    venue.run(venue.batch(matches=[match]))
    venue.prices = PRICES
    liar = Liar(venue, monkeypatch)
    batch = place.batch(place.closes(IDLE, 20), *place.plan(place.needed - 20))
    assert liar.refusal(batch) is Reason.TAKER_SIDE
    liar.blind("require_other_side", liquidation)
    uncounted(monkeypatch)
    for name in ("require_whole", "require_swept"):
        liar.blind(name, closing)
    assert liar.claims(batch) == NOT_OF_THE_OTHER_SIDE


# Two that are liquidated at once.


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> tuple[Thin, Liar]:
    """A short of BTC that holds ETH, which fell too: both it and the long are below maintenance."""
    place = thin(real(), hedged=True)
    return place, Liar(place.venue, monkeypatch)


@pytest.fixture
def rich_pair(pair: tuple[Thin, Liar]) -> tuple[Thin, Liar]:
    """The same beside a backstop that can take what they need beyond each other."""
    pair[0].deposit(BACKSTOP, 10**6 * USDC)
    return pair


def test_two_that_are_liquidated_lose_lots_to_each_other(rich_pair: tuple[Thin, Liar]) -> None:
    """For no fee, however much the backstop has, and with nobody in line asked."""
    place, liar = rich_pair
    outcome = liar.outcome(place.batch(*place.both()))
    assert not outcome.steps.zones
    assert {LONG, IDLE} == outcome.steps.liquidated
    assert claims_broken_in(replay(outcome), outcome.public) == set()


def test_two_lose_lots_to_each_other_where_no_price_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No order trades there; these two are below maintenance at the price that stands."""
    place = thin(real(), hedged=True, funded=10**6 * USDC)
    liar = Liar(place.venue, monkeypatch)
    place.venue.reports = unsigned_reports(GOVERNANCE, ETH, prices=place.venue.prices)
    outcome = liar.outcome(place.batch(*place.both()))
    assert outcome.public.book_after.markets[BTC].missing
    assert claims_broken_in(replay(outcome), outcome.public) == set()


def test_with_one_that_is_healthy(pair: tuple[Thin, Liar]) -> None:
    place, liar = pair
    batch = place.batch(Takeover(LONG, BTC, 5, 0, Route.LIQUIDATED, NEAR))
    assert liar.refusal(batch) is Reason.NOT_LIQUIDATABLE
    liar.blind("require_liquidatable", liquidation)
    liar.blind("require_needed")
    assert "account.liquidatable" in liar.claims(batch)


@pytest.mark.parametrize("away", [-1_000, 1_000])
def test_two_that_are_liquidated_away_from_the_oracle_price(
    rich_pair: tuple[Thin, Liar], away: int
) -> None:
    """One of them is a friend, and ends with what the other had left."""
    place, liar = rich_pair
    honest = liquidation.apply_takeover

    def apply_takeover(
        batch: Batch, ledger: Ledger, terms: Sequence[MarketTerms], place: int
    ) -> TakeoverStep:
        if batch.takeovers[place].route is Route.LIQUIDATED:
            terms = (replace(terms[BTC], value=terms[BTC].value + away), *terms[1:])
        return honest(batch, ledger, terms, place)

    liar.bend("apply_takeover", apply_takeover)
    for name in ("require_needed", "require_equity"):
        liar.blind(name)
    found: Any = liar.claims(place.batch(*place.both()))
    assert found - {"account.needed"} == {"takeover.cash"}


def test_two_that_are_liquidated_for_a_fee(rich_pair: tuple[Thin, Liar]) -> None:
    place, liar = rich_pair
    first, *others = place.both()
    batch = place.batch(replace(first, fee=first.size * 10), *others)
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.blind("require_no_higher_fee", liquidation)
    liar.bend("require_fees_paid", lambda *_: frozenset())
    liar.blind("require_needed")
    assert claims_broken_by(liar.outcome(batch)) == {"takeover.fee-free"}
