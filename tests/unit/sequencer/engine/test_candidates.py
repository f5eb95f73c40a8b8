"""Whom a taking order meets where a price is clamped or missing: one that can shrink as well."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from sequencer.engine.command import CloseBatch, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import Event, OrderEnded, OrderRested, OrderWaiting, Traded
from tests.helpers.market_books import unsigned_reports
from tests.strategies import venues

BUY, SELL = Side.BUY, Side.SELL
PRICE, ETHER = venues.PRICES
FAR = (2 * PRICE, ETHER)
HELD = 100
GENERATIONS = count(1)


@pytest.fixture
def state() -> CoreState:
    """Accounts 1 and 2 hold 100 lots, 3 and 4 owe them, 5 has none."""
    made = new_state(venues.genesis())
    entries = tuple(venues.registration(i, i + 1, 10**12) for i in range(5))
    step(made, venues.opening(1, venues.START_MS + 1_000, venues.PRICES, entries))
    for buyer, seller in ((1, 3), (2, 4)):
        submit(made, seller, SELL, PRICE, HELD)
        submit(made, buyer, BUY, PRICE, HELD)
    step(made, CloseBatch())
    return made


def opened(state: CoreState, how: str) -> CoreState:
    honest = venues.opening(state.number + 1, state.time + 1_000)
    reports = {
        "fresh": honest.reports,
        "clamped": unsigned_reports(venues.GOVERNANCE, 0, 1, prices=FAR),
        "missing": unsigned_reports(venues.GOVERNANCE, 1, prices=venues.PRICES),
    }[how]
    step(state, replace(honest, reports=reports))
    return state


def submit(
    state: CoreState, account: int, side: Side, price: int, size: int, **terms: int
) -> Sequence[Event]:
    generation = next(GENERATIONS)
    signed = venues.order(account, side, price, size, generation=generation, **terms)
    return step(state, Submit(signed))


def trades(events: Sequence[Event]) -> list[tuple[int, int]]:
    return [(event.maker[0], event.size) for event in events if isinstance(event, Traded)]


def ends(events: Sequence[Event]) -> list[tuple[int, object]]:
    return [(event.key[0], event.reason) for event in events if isinstance(event, OrderEnded)]


def held(state: CoreState, account: int) -> int:
    size: int = state.ledger.holders[account].holding.positions[0]
    return size


def test_at_a_clamped_price_those_trade_who_both_shrink(state: CoreState) -> None:
    opened(state, "clamped")
    submit(state, 1, SELL, PRICE, 60)
    events = submit(state, 3, BUY, PRICE, 40)
    assert trades(events) == [(1, 40)]
    assert (held(state, 1), held(state, 3)) == (60, -60)


@pytest.mark.parametrize("taker", [5, 2], ids=["who has none", "who would have more"])
def test_a_taker_that_would_grow_is_answered_so(state: CoreState, taker: int) -> None:
    opened(state, "clamped")
    submit(state, 1, SELL, PRICE, 60)
    events = submit(state, taker, BUY, PRICE, 10)
    assert not trades(events) and ends(events) == [(taker, Reason.MARKET_UNSTEADY)]
    assert len(state.books[0]) == 1, "the resting order keeps its place"


def test_who_cannot_shrink_is_passed_over_and_keeps_its_place(state: CoreState) -> None:
    opened(state, "clamped")
    submit(state, 5, SELL, PRICE - 2, 10)
    submit(state, 1, SELL, PRICE - 1, 10)
    events = submit(state, 3, BUY, PRICE, 10)
    assert trades(events) == [(1, 10)]
    assert [live.order.account for live in state.books[0]] == [5]
    step(state, CloseBatch())
    opened(state, "fresh")
    assert trades(submit(state, 3, BUY, PRICE, 10)) == [(5, 10)]


def test_behind_the_limit_nobody_is_looked_for(state: CoreState) -> None:
    opened(state, "clamped")
    submit(state, 5, SELL, PRICE - 2, 10)
    submit(state, 1, SELL, PRICE + 1, 10)
    events = submit(state, 3, BUY, PRICE, 10)
    assert not trades(events) and ends(events) == [(3, Reason.MARKET_UNSTEADY)]


def test_a_fill_is_as_large_as_both_can_shrink_by(state: CoreState) -> None:
    """And no more over all fills of the batch."""
    opened(state, "clamped")
    submit(state, 1, SELL, PRICE, 150)
    submit(state, 2, SELL, PRICE, 150)
    events = submit(state, 3, BUY, PRICE, 250)
    assert trades(events) == [(1, 100)]
    assert ends(events) == [(3, Reason.MARKET_UNSTEADY)]
    assert (held(state, 1), held(state, 3)) == (0, 0)
    assert trades(submit(state, 4, BUY, PRICE, 250)) == [(2, 100)]
    assert len(state.books[0]) == 2


def test_what_a_fill_took_another_may_give_back(state: CoreState) -> None:
    """The batch as a whole counts, and so do the lots before it."""
    opened(state, "clamped")
    submit(state, 1, SELL, PRICE, 60)
    submit(state, 3, BUY, PRICE, 60)
    submit(state, 3, SELL, PRICE, 80)
    events = submit(state, 1, BUY, PRICE, 80)
    assert trades(events) == [(3, 60)]
    assert (held(state, 1), held(state, 3)) == (HELD, -HELD)


def test_where_no_price_is_known_nobody_trades(state: CoreState) -> None:
    opened(state, "missing")
    assert isinstance(submit(state, 1, SELL, PRICE, 60)[-1], OrderRested)
    events = submit(state, 3, BUY, PRICE, 40)
    assert not trades(events) and ends(events) == [(3, Reason.MARKET_MISSING)]
    assert isinstance(submit(state, 3, BUY, PRICE - 1, 40)[-1], OrderRested)
    other = submit(state, 2, SELL, ETHER, 10, market=1)
    assert isinstance(other[-1], OrderRested)
    assert trades(submit(state, 5, BUY, ETHER, 10, market=1)) == [(2, 10)]


@pytest.mark.parametrize("how", ["clamped", "missing"])
def test_in_a_batch_made_anew_an_order_waits_and_is_not_refused_for_its_price(
    state: CoreState, how: str
) -> None:
    honest = venues.opening(2, state.time + 1_000, redo=True, attempt=1)
    reports = unsigned_reports(venues.GOVERNANCE, *([0] if how == "clamped" else []), prices=FAR)
    step(state, replace(honest, reports=reports))
    submit(state, 1, SELL, PRICE, 60)
    assert isinstance(submit(state, 5, BUY, PRICE, 10)[-1], OrderWaiting)
