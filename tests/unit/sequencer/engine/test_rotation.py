"""What the venue does with an account whose owner gives it another key."""

from collections.abc import Sequence

import pytest

from rollup.crypto import curve
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.order import Side
from sequencer.engine.command import CloseBatch, Submit
from sequencer.engine.core import CoreError, CoreState, step
from sequencer.engine.event import DepositJudged, Event, OrderEnded, VenueReason
from tests.strategies import venues
from tests.unit.sequencer.engine.test_core import PRICE, ends, submit, trades, venue

BUY, SELL = Side.BUY, Side.SELL
FIRST = 4
"""The next entry of the queue: four accounts are registered."""


def next_batch(state: CoreState, *entries: QueueEntry) -> list[Event]:
    step(state, CloseBatch())
    return step(state, venues.opening(state.number + 1, state.time + 1_000, venues.PRICES, entries))


def outcomes(events: Sequence[Event]) -> list[DepositOutcome]:
    return [event.outcome for event in events if isinstance(event, DepositJudged)]


def test_the_account_has_the_other_key_and_the_amount() -> None:
    state = venue()
    cash = state.ledger.holders[1].holding.cash
    events = next_batch(state, venues.rotation(FIRST, 1, 7))
    assert outcomes(events) == [DepositOutcome.CREDITED]
    holder = state.ledger.holders[1]
    assert holder.header.key == curve.WINDOW_OFFSET
    assert holder.holding.cash == cash + 7


def test_its_orders_end_before_anything_else_trades_and_others_stay() -> None:
    state = venue()
    for market in (0, 1):
        price = venues.PRICES[market] - 9
        submit(state, venues.order(1, BUY, price, 10, slot=market, market=market))
    submit(state, venues.order(2, BUY, PRICE - 9, 10))
    events = next_batch(state, venues.rotation(FIRST, 1, 7))
    assert ends(events) == [(1, VenueReason.KEY_ROTATED)] * 2
    assert not any(account == 1 for account, _ in state.live)
    assert len(state.books[0]) == 1
    assert trades(submit(state, venues.order(3, SELL, PRICE - 9, 20))) == [(PRICE - 9, 10)]


def test_an_order_that_waits_for_room_ends_too() -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE - 9, 10))
    live = state.live[1, 0]
    state.books[0].remove(live)
    state.waiting.append(live)
    events = next_batch(state, venues.rotation(FIRST, 1, 7))
    assert ends(events) == [(1, VenueReason.KEY_ROTATED)]
    assert not state.waiting


def test_the_slot_goes_on_with_its_generations() -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE - 9, 10, generation=3))
    next_batch(state, venues.rotation(FIRST, 1, 7))
    assert state.used[1, 0] == 4
    accepted = step(state, Submit(venues.order(1, BUY, PRICE - 9, 10, generation=4)))
    assert not any(isinstance(event, OrderEnded) for event in accepted)


@pytest.mark.parametrize(
    ("account", "sender", "outcome"),
    [(1, 2, DepositOutcome.NOT_OWNER), (9, 9, DepositOutcome.ACCOUNT_MISSING)],
)
def test_who_does_not_own_it_changes_nothing(
    account: int, sender: int, outcome: DepositOutcome
) -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE - 9, 10))
    before = {index: holder.header for index, holder in state.ledger.holders.items()}
    events = next_batch(state, venues.rotation(FIRST, account, 7, sender))
    assert outcomes(events) == [outcome]
    assert (1, 0) in state.live
    assert {index: holder.header for index, holder in state.ledger.holders.items()} == before


def test_a_second_one_of_its_sender_waits_for_the_next_batch() -> None:
    state = venue()
    entries = [
        venues.rotation(FIRST, 1, 7),
        venues.rotation(FIRST + 1, 1, 7, 2),
        venues.rotation(FIRST + 2, 2, 7),
        venues.rotation(FIRST + 3, 1, 7),
        venues.credit(FIRST + 4, 3, 7),
    ]
    assert state.ledger.room_for_entries(entries) == 3
    with pytest.raises(CoreError):
        next_batch(state, *entries)
    state = venue()
    assert len(outcomes(next_batch(state, *entries[:3]))) == 3
    assert len(outcomes(next_batch(state, *entries[3:]))) == 2
