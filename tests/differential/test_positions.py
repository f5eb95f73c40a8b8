"""A venue of 64 markets: of accounts with many positions, the circuit accepts what the rules do."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.market import Governance
from rollup.protocol.outcome import Outcome
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.rejection import Reason
from tests.helpers.oracle import listing
from tests.helpers.statement import small_witness
from tests.helpers.venue import BTC_MARKET, GOVERNANCE, USDC, Match, Venue, buy, genesis, real, sell

RICH = 10**6 * USDC
PRICES = tuple(10_000 + 7 * number for number in range(MARKETS_MAX))
FIRST = tuple(range(0, 60, 5))
"""The markets of the first two batches: twelve, so that sums become limbs on the way."""


def every_market() -> Governance:
    markets = [replace(BTC_MARKET, symbol=f"M{number}") for number in range(MARKETS_MAX)]
    return listing(GOVERNANCE, markets)


def deal(market: int, lots: int, generation: int = 1) -> Match:
    """Account 1 buys from account 2 in a market, in a slot of its own."""
    terms = {"market": market, "slot": market, "generation": generation}
    price = PRICES[market]
    return Match(buy(1, lots, price, **terms), sell(2, lots, price, **terms), lots, price)


@pytest.fixture(scope="module")
def venue() -> Venue:
    """Two traders, after two batches in which they traded in twelve markets."""
    start = genesis(governance=every_market(), prices=PRICES)
    venue = Venue(suite=real(), genesis=start, prices=PRICES).with_traders(RICH, RICH)
    for markets in (FIRST[:6], FIRST[6:]):
        outcome = venue.run(venue.batch(matches=[deal(m, 100 + m) for m in markets]))
        assert small_witness(outcome).failures() == []
    return venue


@pytest.fixture(scope="module")
def outcome(venue: Venue) -> Outcome:
    """A thirteenth market, the last one; one of the twelve is closed."""
    back = deal(FIRST[3], 100 + FIRST[3], generation=2)
    closing = replace(
        back,
        buy=replace(back.buy, account=2),
        sell=replace(back.sell, account=1),
    )
    return venue.apply(venue.batch(matches=[deal(63, 9), closing]))


def test_thirteen_positions_are_opened_and_twelve_are_left(outcome: Outcome) -> None:
    assert small_witness(outcome).failures() == []
    records = replay(outcome)
    for account, sign in ((1, 1), (2, -1)):
        touched = next(each for each in outcome.accounts if each.index == account)
        assert touched.before is not None and touched.after is not None
        assert touched.before.positions.markets == FIRST
        assert touched.markets == (*FIRST, 63)
        assert touched.after.positions.markets == (*FIRST[:3], *FIRST[4:], 63)
        assert touched.after.positions[63] == 9 * sign
        assert np.count_nonzero(records.position.account == account) == 13


def test_an_account_of_many_positions_passes_the_total_table_more_than_once(
    outcome: Outcome,
) -> None:
    witness = small_witness(outcome)
    placed = witness.circuit.table("total")
    names, trace = placed.table.columns.names(), witness.traces["total"]
    used = trace[trace[:, names.index("active")] == 1]
    rows = [used[used[:, names.index("account")] == account] for account in (0, 1, 2)]
    assert [len(each) for each in rows] == [1, 2, 2]
    assert [each[:, names.index("more")].tolist() for each in rows] == [[0], [1, 0], [1, 0]]
    assert sorted(rows[1][:, names.index("count")].tolist()) == [6, 9]


def test_batch_and_public_input_of_64_markets_come_back_from_their_files(
    venue: Venue, outcome: Outcome
) -> None:
    batch = venue.batch(matches=[deal(63, 9)])
    assert batch_from_bytes(batch_to_bytes(batch)) == batch
    assert len(outcome.public.prices) == len(outcome.public.terms) == MARKETS_MAX
    assert public_from_json(public_to_json(outcome.public)) == outcome.public


def test_a_market_beyond_the_list_has_no_trade(venue: Venue) -> None:
    terms = {"market": MARKETS_MAX, "slot": 200}
    match = Match(buy(1, 1, 10_000, **terms), sell(2, 1, 10_000, **terms), 1, 10_000)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARKET_ABSENT
