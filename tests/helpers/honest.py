"""Honest rows of every table, of as many kinds as there are: what forgeries start from."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from circuits.air.table import Table
from circuits.statement.circuit import PUBLICS as LAYOUT
from circuits.statement.witness import Witness, account_tables
from rollup.protocol.batch import Batch
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.order import Side
from rollup.protocol.takeover import Takeover, full_fee
from tests.helpers.assets import WBTC, WBTC_MARK, WETH_MARK, asset_venue
from tests.helpers.bundles import bundle_witness
from tests.helpers.closings import honest_offer, records_of
from tests.helpers.ended import delist, settlement, traded
from tests.helpers.isolation import Isolated
from tests.helpers.keeper import plan
from tests.helpers.market_books import terms_at, unsigned_reports
from tests.helpers.rows import Source, source_of
from tests.helpers.skipped import DUE, NEEDY, fallen_book, liquidation
from tests.helpers.statement import small_circuit, small_witness
from tests.helpers.thin import mirrored, thin
from tests.helpers.venue import (
    BTC,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    OTHER_KEY,
    PRICES,
    USDC,
    Match,
    Venue,
    begun,
    buy,
    cancel,
    credit,
    held,
    owner,
    real,
    register,
    rotate,
    sell,
    take_out,
    transfer,
    withdraw,
)
from tests.soundness.tables import (
    test_batch,
    test_deposit,
    test_fill,
    test_market_hour,
    test_takeover,
)
from tests.soundness.tables.test_free_state_cells import ACCOUNTS, POSITIONS, TERMS, publics

RICH = 10**6 * USDC

OF_ASSETS = ("market", "outflow", "position")
"""Tables whose rows may be of an asset; those of deposits have cases of their own."""

BACKSTOP = GOVERNANCE.backstop_account
LONG, SHORT = 6, 7
"""Traders who can keep what they hold no longer."""


@cache
def busy_venue() -> Venue:
    """Five traders with positions and used slots in two markets; and one who is long and one who is
    short, both below maintenance at the prices to come."""
    venue = Venue(suite=real()).with_traders(*[RICH] * 5, 100 * USDC, 100 * USDC)
    venue.run(venue.batch([credit(venue.state.globals.deposits_consumed, BACKSTOP, RICH)]))
    opening = [
        Match(buy(1, 1000), sell(2, 2000), 1000),
        Match(
            buy(3, 5000, ETH_PRICE, market=ETH), sell(4, 900, ETH_PRICE, market=ETH), 900, ETH_PRICE
        ),
    ]
    quiet = [buy(1, 7, 590_000, slot=30), sell(5, 2**30, 610_000, slot=31, generation=8)]
    venue.run(venue.batch(matches=opening, placed=quiet))
    venue.prices = (650_000, 230_000)
    ether = {"price": 230_000, "market": ETH, "slot": 3}
    bold = [
        Match(buy(LONG, 1500, 650_000), sell(4, 1500, 650_000, slot=3), 1500, 650_000),
        Match(buy(5, 4200, **ether), sell(SHORT, 4200, **ether), 4200, 230_000),
    ]
    venue.run(venue.batch(matches=bold))
    venue.prices = PRICES
    return venue


@cache
def busy_batch() -> Batch:
    """Every kind of thing at once: deposits, a key exchanged by the owner of one who pays, and one
    of a liquidated account that somebody else would like; orders filled in parts, renewed,
    cancelled, left to lapse and placed; takeovers of a long and of a short, one of which pays the
    whole fee and one all that is left; withdrawals and a transfer."""
    venue = busy_venue()
    first = venue.state.globals.deposits_consumed
    deposits = [
        register(first, 8, 7 * USDC),
        credit(first + 1, 1, 5),
        credit(first + 2, 99, 17),
        register(first + 3, 2, 3),
        credit(first + 4, 8, 11),
        rotate(first + 5, 4, 9),
        rotate(first + 6, LONG, 13, owner(SHORT)),
        rotate(first + 7, 98, 19),
    ]
    resting = sell(2, 2000)
    taker = buy(5, 700, slot=9)
    ether = buy(3, 5000, ETH_PRICE, market=ETH)
    matches = [
        Match(taker, resting, 300),
        Match(taker, resting, 400),
        Match(buy(1, 50, generation=4), resting, 50),
        Match(ether, sell(5, 64, ETH_PRICE, market=ETH, slot=10), 64, ETH_PRICE, Side.SELL),
        Match(ether, sell(1, 10, ETH_PRICE, market=ETH, slot=255), 10, ETH_PRICE),
    ]
    terms = terms_at(venue.prices)
    left = value(holding_of(venue, SHORT), terms).equity
    (fewest,) = plan(LONG, holding_of(venue, LONG), terms, 1)
    rest = fewest.size - 300
    takeovers = [
        Takeover(LONG, BTC, 300, full_fee(300, terms[BTC])),
        Takeover(SHORT, ETH, 200, full_fee(200, terms[ETH])),
        Takeover(LONG, BTC, rest, full_fee(rest, terms[BTC])),
        Takeover(SHORT, ETH, 4000, left - full_fee(200, terms[ETH])),
    ]
    outflows = [
        withdraw(3, 5 * USDC),
        venue.signed_outflow(transfer(4, 1, 7, slot=77), by=OTHER_KEY + 4),
        withdraw(3, 2**27 + 1, generation=5),
    ]
    ended = {"cancels": [cancel(1, slot=30)], "lapsed": [(5, 31)]}
    placed = [sell(3, 2**39 + 1, 2**30 - 1, slot=32, market=ETH, generation=2**26 - 2)]
    parts = {"takeovers": takeovers, "outflows": outflows, **ended}
    return venue.batch(deposits, matches, placed=placed, reported=True, **parts)


def holding_of(venue: Venue, account: int) -> Holding:
    """What an account holds."""
    leaf = venue.state.accounts[account]
    return Holding(leaf.cash, leaf.positions)


@cache
def busy_witness() -> Witness:
    """The witness of that batch at small heights; it breaks nothing."""
    witness = small_witness(busy_venue().apply(busy_batch()))
    if witness.failures():
        raise AssertionError("the busy batch is not honest")
    return witness


@cache
def thin_witnesses() -> tuple[Witness, ...]:
    """Two batches in which three are deleveraged, because the backstop is full: who are short, and
    who are long."""
    places = thin(real()), mirrored(real())
    found = tuple(small_witness(each.venue.apply(each.batch(*each.plan()))) for each in places)
    if any(witness.failures() for witness in found):
        raise AssertionError("a batch that deleverages is not honest")
    return found


@cache
def asset_witness() -> Witness:
    """The same of a batch in which an asset is deposited, bought, given away and withdrawn."""
    venue = asset_venue(real())
    first = venue.state.globals.deposits_consumed
    spot = {"market": WBTC, "slot": 5}
    batch = venue.batch(
        [credit(first, 2, 60, WETH_MARK), register(first + 1, 3, 40, WBTC_MARK)],
        [Match(buy(2, 300, **spot), sell(1, 300, **spot), 300)],
        outflows=[
            withdraw(1, 500, asset=WBTC_MARK),
            transfer(1, 3, 70, slot=77, asset=WETH_MARK),
            transfer(2, 1, 100, asset=WBTC_MARK),
            withdraw(2, 9, slot=6),
        ],
        reported=True,
    )
    witness = small_witness(venue.apply(batch))
    if witness.failures():
        raise AssertionError("the batch of assets is not honest")
    return witness


@cache
def step_witnesses() -> tuple[Witness, ...]:
    """The two batches of a step at a price that is held back and one that nobody gave: somebody is
    flagged in the first, and in the second cured, while another was due."""
    book = fallen_book(pytest.MonkeyPatch())
    venue = book.venue
    venue.reports = unsigned_reports(GOVERNANCE, BTC, prices=(PRICES[BTC] // 2, ETH_PRICE))
    first = venue.run(venue.batch(refreshed=[NEEDY]))
    venue.reports = ()
    second = venue.run(venue.batch(takeovers=[liquidation(book)], refreshed=[DUE]))
    found = tuple(small_witness(outcome) for outcome in (first, second))
    if any(witness.failures() for witness in found) or not second.public.closed:
        raise AssertionError("a step of two batches is not honest")
    return found


@cache
def ended_witnesses() -> tuple[Witness, ...]:
    """A batch with which a market ends, while orders still meet there; and two that settle lots of
    it, held and owed, beside an order of who is settled that trades elsewhere."""
    venue = traded(real())
    delist(venue, BTC)
    last = Match(buy(1, 5, slot=2), sell(2, 5, slot=2), 5)
    outcomes = [venue.run(venue.batch(matches=[last]))]
    ether = {"market": ETH, "price": ETH_PRICE, "slot": 3}
    match = Match(buy(3, 9, **ether), sell(1, 9, **ether), 9, ETH_PRICE)
    settled = [settlement(1, 1005), settlement(3)]
    outcomes.append(venue.run(venue.batch(matches=[match], takeovers=settled)))
    outcomes.append(venue.run(venue.batch(takeovers=[settlement(2, 705)], step=3_600_000)))
    found = tuple(small_witness(outcome) for outcome in outcomes)
    if any(witness.failures() for witness in found):
        raise AssertionError("a batch that settles is not honest")
    return found


@cache
def exit_witnesses() -> tuple[Witness, ...]:
    """Exits that are paid, and one refused for each bar: in a batch that could pay, in one whose
    prices nobody gave, and in one that begins in an open step."""
    venue = Venue(suite=real()).with_traders(*[RICH] * 4)
    venue.run(venue.batch(matches=[Match(buy(1, 1000), sell(2, 1000), 1000)]))
    first = venue.state.globals.deposits_consumed
    own = take_out(first + 3, BACKSTOP, 7, venue.genesis.backstop_header.owner)
    asked = [
        take_out(first, 1, 5 * USDC),
        take_out(first + 1, 2, 2**45),
        take_out(first + 2, 3, RICH),
        own,
        take_out(first + 4, 4, 7, owner(1)),
        take_out(first + 5, 99, 7),
    ]
    paid = venue.batch(asked, exits=[first, first + 2])
    blind = venue.batch([take_out(first, 1, 7), take_out(first + 1, 2, 9)], reported=False)
    shut = begun(venue.batch([take_out(first, 1, 7), take_out(first + 1, 3, 9)]))
    found = tuple(small_witness(venue.apply(batch)) for batch in (paid, blind, shut))
    if any(witness.failures() for witness in found):
        raise AssertionError("a batch of exits is not honest")
    return found


def _alone(table: Isolated, matrix: np.ndarray) -> Source:
    return Source(table.table, table.graph, matrix, table.values)


def _accounts(table: Table) -> list[Source]:
    """Accounts closed in every way, with positions of every kind, one with more of them than a sum
    takes, and one with none: their rows in one of the tables that they fill."""
    graph = table.trace_graph(LAYOUT)
    nothing, many = Holding(0, held()), Holding(0, held(*range(1, 12)))
    cases = [(case, offer) for case, offer, _ in ACCOUNTS.values()]
    holdings = [case for case, _ in POSITIONS.values()]
    cases += [(case, honest_offer(case, TERMS)) for case in (*holdings, (nothing, nothing))]
    wide = (many, many._replace(cash=1))
    cases.append((wide, honest_offer(wide, TERMS[:1] * 11)))
    found = []
    for case, offer in cases:
        terms = TERMS[:1] * 11 if case is wide else TERMS
        parts = records_of([case], [offer], terms)
        heights = {"account": 4, "position": 16, "total": 4}
        matrix = account_tables(*parts, heights, 0)[0][table.name]
        found.append(Source(table, graph, matrix, publics()))
    return found


MORE: tuple[tuple[Callable[[], tuple[Witness, ...]], tuple[str, ...]], ...] = (
    (thin_witnesses, ("market", "takeover", "account", "position", "trigger")),
    (step_witnesses, ("market", "takeover", "account", "position", "trigger")),
    (ended_witnesses, ("market", "takeover")),
    (exit_witnesses, ("deposit", "account", "position", "header")),
    (lambda: (bundle_witness(),), ("order", "signature", "slot", "tree")),
    (lambda: (asset_witness(),), OF_ASSETS),
)
"""Witnesses beside the busy one, and the tables whose rows they have more kinds of."""


@cache
def sources(name: str) -> tuple[Source, ...]:
    """Traces to forge in, of one table: the busy batch, that of assets, then special cases."""
    placed = small_circuit().table(name)
    more = [each for made, names in MORE if name in names for each in made()]
    found = [source_of(witness, name) for witness in (busy_witness(), *more)]
    if name == "deposit":
        for entry, cash in test_deposit.CASES.values():
            matrix = test_deposit.trace(entry, cash, test_deposit.judged(entry, cash))
            found.append(_alone(test_deposit.TABLE_ALONE, matrix))
    if name == "fill":
        rows = ({"taker": 1, "buyer.left": 1000}, {"market": 1, "price": 250_000})
        limits = {"buyer.limit": 260_000, "seller.limit": 240_000}
        matrix = test_fill.trace(rows[0], {**rows[1], **limits})
        found.append(_alone(test_fill.FILL, matrix))
        by_orders = ((test_fill.HELD, test_fill.HELD_ORDER), (test_fill.OWED, test_fill.OWED_ORDER))
        matrix = test_fill.trace(*({**taken, **order} for taken, order in by_orders))
        found.append(_alone(test_fill.FILL, matrix))
        found.append(_alone(test_fill.FILL, test_fill.trace(test_fill.BUYS, test_fill.SELLS)))
    if name == "takeover":
        large = {"settled": 1, "size": 2**40 - 1, "value": 5}
        rows = (test_takeover.trace(**large, short=short) for short in (0, 1))
        found += [_alone(test_takeover.TAKEOVER, row) for row in rows]
        found.append(_alone(test_takeover.TAKEOVER, test_takeover.of_the_estate()))
    if name == "market":
        found += [_alone(test_market_hour.MARKET, row) for row in test_market_hour.every_kind()]
    if name == "batch":
        found.append(_alone(test_batch.BATCH, test_batch.trace()))
        for by in range(1, len(test_batch.WANTED) + 1):
            found.append(_alone(test_batch.MOVING, test_batch.progressing(by)))
    if name in ("account", "position", "total"):
        found += _accounts(placed.table)
    return tuple(found)
