"""Whom the rule of other venues would deleverage: entry prices, ranks, and what is the same."""

from pathlib import Path

import pytest

from rollup.protocol.margin import Holding
from rollup.protocol.outcome import HolderStep, Outcome, Steps, TakeoverStep
from rollup.protocol.takeover import Route, Takeover
from sequencer.stress.queue import Entries, compare
from sequencer.stress.render import tables
from tests.helpers.lies import forge
from tests.helpers.venue import BTC, BTC_PRICE, USDC, Match, Venue, buy, held, sell
from tests.unit.sequencer.stress.test_run import options, run

RICH = 10**6 * USDC


def traded(*sizes: int) -> tuple[Venue, Entries, list[Outcome]]:
    """Account 1 buys so many lots of account 2, or sells them, a batch each, each 1,000 ticks
    higher."""
    venue, entries = Venue().with_traders(RICH, RICH, RICH), Entries()
    outcomes = []
    for place, size in enumerate(sizes):
        price = BTC_PRICE + 1_000 * place
        terms = {"slot": place, "price": price}
        buyer, seller = (1, 2) if size > 0 else (2, 1)
        lots = abs(size)
        match = Match(buy(buyer, lots, **terms), sell(seller, lots, **terms), lots, price)
        outcomes.append(venue.run(venue.batch(matches=[match])))
        entries.follow(outcomes[-1].steps)
    return venue, entries, outcomes


def test_a_position_costs_what_was_paid_for_it() -> None:
    _, entries, _ = traded(10, 30)
    cost = 10 * BTC_PRICE + 30 * (BTC_PRICE + 1_000)
    assert entries.costs == {(1, BTC): cost, (2, BTC): -cost}
    now = BTC_PRICE + 2_000
    assert entries.profit(1, BTC, 40, now, 40) == 10 * 2_000 + 30 * 1_000
    assert entries.profit(2, BTC, -40, now, 20) == -(10 * 2_000 + 30 * 1_000) // 2


def test_closing_takes_its_share_and_turning_round_begins_anew() -> None:
    _, entries, _ = traded(40, -10)
    assert entries.costs[1, BTC] == 30 * BTC_PRICE
    _, entries, _ = traded(40, -40)
    assert entries.costs == {(1, BTC): 0, (2, BTC): 0}
    _, entries, _ = traded(40, -50)
    assert entries.costs[1, BTC] == -10 * (BTC_PRICE + 1_000)


def test_what_was_never_seen_has_gained_nothing() -> None:
    assert Entries().profit(1, BTC, 40, BTC_PRICE, 40) == 0


CASH = 100 * BTC_PRICE
"""What 100 lots are worth."""

HOLDINGS = {
    1: Holding(-CASH, held(100)),
    2: Holding(101 * CASH, held(-100)),
    3: Holding(CASH + CASH // 10, held(-100)),
    4: Holding(3 * CASH // 2, held(-100)),
    5: Holding(3 * CASH // 2, held(-100)),
}
"""One long, and shorts at 1/100, 10, 2 and 2 times leverage."""

COSTS = {2: 120, 3: 105, 4: 110, 5: 90}
"""What they sold for, in % of the price: all gained but 5."""


def closed_by(taker: int, lots: int) -> tuple[Steps, Entries]:
    """A batch that liquidates account 1 and closes as many lots of this one."""
    _, _, (outcome,) = traded(100)
    takeover = Takeover(1, BTC, lots, 0, Route.DELEVERAGED, taker)
    ends = HolderStep(1, 0, 0, 100, 100 - lots), HolderStep(taker, 0, 0, -100, lots - 100)
    taken = TakeoverStep(1089, takeover, False, *ends)
    entries = Entries({(n, BTC): -CASH * cost // 100 for n, cost in COSTS.items()})
    return forge(outcome.steps, fills=(), takeovers=(taken,)), entries


def test_who_gained_most_with_most_leverage_comes_first() -> None:
    """5 % at 10 times is before 20 % at a hundredth, and 10 % at 2 before that."""
    steps, entries = closed_by(2, 100)
    found = compare(steps, entries, HOLDINGS, backstop=9)
    assert found is not None
    assert (found.here.positions, found.there.positions, found.shared) == (1, 1, 0)
    assert (found.here.profit, found.there.profit) == (CASH * 20 // 100, CASH * 5 // 100)
    assert (found.here.leverage, found.there.leverage) == pytest.approx((0.01, 10), rel=0.01)
    assert found.here.worth == found.there.worth == CASH


def test_the_same_lots_are_shared() -> None:
    steps, entries = closed_by(3, 40)
    found = compare(steps, entries, HOLDINGS, backstop=9)
    assert found is not None and found.here == found.there
    assert found.shared == found.here.worth == 40 * BTC_PRICE
    record = found.to_record()
    assert record["same_worth"] == record["worth"]


def test_who_lost_comes_last_and_the_backstop_not_at_all() -> None:
    steps, entries = closed_by(2, 100)
    wanted = forge(steps.takeovers[0], takeover=forge(steps.takeovers[0].takeover, size=350))
    found = compare(forge(steps, takeovers=(wanted,)), entries, HOLDINGS, backstop=4)
    assert found is not None
    assert found.there.positions == 3 and found.there.worth == 3 * CASH


def test_a_batch_that_deleverages_nobody_compares_nothing() -> None:
    _, entries, (outcome,) = traded(100)
    assert compare(outcome.steps, entries, HOLDINGS, backstop=9) is None


def test_a_run_with_little_of_a_backstop_says_what_is_the_same(tmp_path: Path) -> None:
    done = run(options(tmp_path, backstop=10))
    found = done.queue
    assert found.here.worth == done.total("closed") == found.there.worth
    assert found.here.positions >= done.total("deleveraged")
    assert 0 <= found.shared <= found.here.worth
    assert "by profit and leverage it would be" in tables(done)
    rows = [row.to_record() for row in done.batches]
    assert any("queue" in row for row in rows)
    assert "by profit and leverage" not in tables(run(options(tmp_path / "rich", minutes=2)))
