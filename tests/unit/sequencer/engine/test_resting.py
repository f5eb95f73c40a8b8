"""What a batch leaves in slots: orders are signed once, rest, are cancelled and lapse. The rules
judge every batch and must agree with the core."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.order import Side
from rollup.protocol.outflow import Outflow, OutflowKind, SignedOutflow
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.slot import SlotState
from sequencer.engine.command import Cancel, PayOut, Submit
from sequencer.engine.event import (
    AnyReason,
    BatchClosed,
    Event,
    OrderEnded,
    OrderRefused,
    OrderWaiting,
    OutflowPaid,
    Traded,
    VenueReason,
)
from tests.property.test_step import TINY, World
from tests.strategies import venues

MAKER, TAKER, OTHER, THIRD = 1, 2, 3, 4
PRICE = venues.PRICES[0]
LOTS = 500


class Place(World):
    """A world with its first batch closed, in which every batch opens everybody unless it is said
    otherwise."""

    def __init__(self, *, decoys: bool = True, shape_class: ShapeClass = CLASS_S) -> None:
        super().__init__(shape_class=shape_class, decoys=decoys)
        self.open(0, 0)
        self.close()
        self.open(0, 0)

    def send(self, account: int, size: int, *, away: int = 0, **terms: Any) -> list[Event]:
        """An order of generation 1 in slot 0, which sells below zero lots."""
        side = Side.BUY if size > 0 else Side.SELL
        terms = {"generation": 1, "price": PRICE + away, **terms}
        return self.do(Submit(venues.order(account, side, size=abs(size), **terms)))

    def next(self, *, redo: bool = False) -> BatchClosed:
        closed = self.close()
        self.open(0, 0, redo=redo)
        return closed

    def slot(self, account: int, slot: int = 0) -> SlotState:
        return self.core.ledger.holders[account].slot(slot)

    def fund(self, entry: QueueEntry) -> list[Event]:
        """A batch that begins with this entry."""
        number, time = self.core.number + 1, self.core.time + 1_000
        return self.do(venues.opening(number, time, tuple(self.prices), (entry,)))


def keys(closed: BatchClosed) -> list[tuple[int, int, int]]:
    orders = [each.order for each in closed.orders]
    return [(each.account, each.slot, each.generation) for each in orders]


def cancelled(closed: BatchClosed) -> list[tuple[int, int, int]]:
    cancels = [each.cancel for each in closed.cancels]
    return [(each.account, each.slot, each.generation) for each in cancels]


def ends(events: Sequence[Event]) -> list[tuple[int, AnyReason]]:
    return [(event.key[0], event.reason) for event in events if isinstance(event, OrderEnded)]


def trades(events: Sequence[Event]) -> list[int]:
    return [event.size for event in events if isinstance(event, Traded)]


def test_an_order_that_fills_in_three_batches_is_signed_in_the_first() -> None:
    place = Place(decoys=False)
    place.send(MAKER, -3 * LOTS)
    closes = []
    for taker in (TAKER, OTHER, THIRD):
        assert trades(place.send(taker, LOTS)) == [LOTS]
        closes.append(place.next())
    assert [keys(each) for each in closes] == [
        [(TAKER, 0, 1), (MAKER, 0, 1)],
        [(OTHER, 0, 1)],
        [(THIRD, 0, 1)],
    ]
    assert [each.resting for each in closes] == [(), ((MAKER, 0),), ((MAKER, 0),)]
    assert [each.fills[0].sell for each in closes] == [1, RESTING_PLACE, RESTING_PLACE]
    assert all((MAKER, 0) in each.slots for each in closes)
    assert place.slot(MAKER) == SlotState(2)


def test_what_is_left_rests_in_the_state_under_the_key_of_its_account() -> None:
    place = Place(decoys=False)
    place.send(MAKER, -3 * LOTS)
    place.send(TAKER, LOTS)
    place.next()
    resting = place.slot(MAKER).order
    assert resting is not None and resting.left == 2 * LOTS
    header = place.core.ledger.holders[MAKER].header
    assert (resting.side, resting.price, resting.key_mark) == (Side.SELL, PRICE, header.key.x[0])


def test_an_order_comes_to_rest_without_a_fill_and_fills_without_a_signature() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    closed = place.next()
    assert keys(closed) == [(MAKER, 0, 1)] and closed.fills == ()
    assert place.slot(MAKER).left == LOTS and not place.core.unplaced
    assert trades(place.send(TAKER, LOTS)) == [LOTS]
    closed = place.next()
    assert keys(closed) == [(TAKER, 0, 1)] and closed.resting == ((MAKER, 0),)


def test_an_order_opens_no_account_to_rest() -> None:
    place = Place(decoys=False)
    place.send(MAKER, -LOTS)
    closed = place.next()
    assert closed.orders == () and MAKER not in closed.accounts
    assert place.slot(MAKER) == SlotState(0)
    place.send(MAKER, LOTS, away=-9, slot=1)
    place.send(TAKER, LOTS)
    closed = place.next()
    assert keys(closed) == [(TAKER, 0, 1), (MAKER, 0, 1), (MAKER, 1, 1)]


def test_the_oldest_comes_to_rest_first_and_the_others_when_there_is_room() -> None:
    place = Place(shape_class=TINY)
    for slot in range(6):
        place.send(MAKER, LOTS, away=-slot, slot=slot)
    assert keys(place.next()) == [(MAKER, slot, 1) for slot in range(4)]
    assert keys(place.next()) == [(MAKER, slot, 1) for slot in (4, 5)]
    assert keys(place.next()) == []


def test_a_cancel_is_in_the_batch_and_what_rested_is_gone() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    place.next()
    assert ends(place.cancel(MAKER, 0, 1)) == [(MAKER, VenueReason.CANCELLED)]
    closed = place.next()
    assert cancelled(closed) == [(MAKER, 0, 1)] and closed.lapsed == ()
    assert place.slot(MAKER) == SlotState(2) and not place.core.stale


def test_a_cancel_ends_for_ever_a_signature_that_no_batch_had() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    place.cancel(MAKER, 0, 1)
    closed = place.next()
    assert cancelled(closed) == [(MAKER, 0, 1)] and keys(closed) == []
    assert MAKER in closed.accounts and place.slot(MAKER) == SlotState(2)
    (refused,) = place.send(MAKER, -LOTS)
    assert isinstance(refused, OrderRefused) and refused.reason is Reason.GENERATION_DEAD


def test_a_cancel_comes_after_the_fills_of_what_it_cancels() -> None:
    place = Place(decoys=False)
    place.send(MAKER, -2 * LOTS)
    place.send(TAKER, LOTS)
    place.cancel(MAKER, 0, 1)
    closed = place.next()
    assert cancelled(closed) == [(MAKER, 0, 1)] and len(closed.fills) == 1
    assert place.slot(MAKER) == SlotState(2)


def test_a_cancel_that_ends_nothing_more_is_not_carried() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    place.cancel(MAKER, 0, 1)
    place.send(MAKER, -LOTS, generation=2)
    place.send(TAKER, LOTS)
    place.cancel(MAKER, 0, 1)
    place.cancel(OTHER, 5, 3)
    place.next()
    place.cancel(OTHER, 5, 3)
    place.cancel(OTHER, 5, 2)
    assert place.next().cancels == ()
    assert place.slot(MAKER) == SlotState(3) and place.slot(OTHER, 5) == SlotState(4)


def test_a_slot_has_the_highest_of_its_cancels() -> None:
    place = Place()
    for generation in (3, 7, 5):
        place.cancel(MAKER, 0, generation)
    assert cancelled(place.next()) == [(MAKER, 0, 7)]


def test_a_cancel_without_room_ends_the_order_and_it_lapses_later() -> None:
    place = Place(shape_class=TINY)
    for slot in range(4):
        place.send(THIRD, -LOTS, slot=slot)
    place.next()
    place.send(MAKER, -LOTS)
    place.next()
    for slot in range(4):
        place.cancel(THIRD, slot, 1)
    place.cancel(MAKER, 0, 1)
    closed = place.next()
    assert len(closed.cancels) == 4 and closed.lapsed == ((MAKER, 0),)
    assert place.slot(MAKER) == SlotState(2)


def test_cancels_of_nothing_keep_nobody_out() -> None:
    """They cost nothing to send: whoever sends a batch full of them has one of them carried, after
    what others cancel, and after what comes to rest."""
    place = Place(shape_class=TINY)
    place.send(MAKER, -LOTS)
    place.next()
    for slot in range(8):
        place.cancel(THIRD, slot, 1)
    place.cancel(MAKER, 0, 1)
    place.send(OTHER, -LOTS)
    closed = place.next()
    assert cancelled(closed) == [(MAKER, 0, 1), (THIRD, 0, 1)]
    assert keys(closed) == [(OTHER, 0, 1)]


def test_a_batch_full_of_slots_lets_orders_lapse_in_the_next_one() -> None:
    place = Place(shape_class=replace(TINY, slots=4))
    for slot in range(4):
        place.send(MAKER, LOTS, away=-9, slot=slot, expiry=place.core.clock + 1_000)
    place.next()
    for slot in range(3):
        place.send(THIRD, -LOTS, slot=slot)
    place.next()
    for slot in range(3):
        place.cancel(THIRD, slot, 1)
    assert place.next().lapsed == ((MAKER, 0),)
    assert place.next().lapsed == ((MAKER, 1), (MAKER, 2), (MAKER, 3))


def test_what_lapses_waits_until_its_account_is_open() -> None:
    place = Place(decoys=False)
    place.send(MAKER, -2 * LOTS, expiry=place.core.clock)
    place.send(TAKER, LOTS)
    place.next()
    closed = place.next()
    assert closed.lapsed == () and MAKER not in closed.accounts
    assert place.slot(MAKER).left == LOTS and place.core.stale == {(MAKER, 0)}
    place.send(MAKER, -LOTS, slot=1)
    place.send(OTHER, LOTS)
    assert place.next().lapsed == ((MAKER, 0),)
    assert place.slot(MAKER) == SlotState(2)


def test_an_order_that_expired_lapses() -> None:
    place = Place()
    place.send(MAKER, -LOTS, expiry=place.core.clock)
    place.next()
    assert ends(place.events) == [(MAKER, Reason.ORDER_EXPIRED)]
    assert place.next().lapsed == ((MAKER, 0),)


def test_an_order_of_another_key_lapses_before_it_fills() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    place.close()
    events = place.fund(venues.rotation(place.core.deposits_consumed, MAKER, 7))
    assert ends(events) == [(MAKER, VenueReason.KEY_ROTATED)]
    assert trades(place.send(TAKER, LOTS)) == []
    assert place.next().lapsed == ((MAKER, 0),)


def test_orders_of_a_liquidated_account_lapse_and_it_cancels_none() -> None:
    place = Place()
    place.send(TAKER, -45_000)
    place.send(MAKER, 45_000)
    place.send(MAKER, -LOTS, away=9_000, slot=1, reduce_only=True)
    place.next()
    place.close()
    events = len(place.events)
    place.open(-800, 0)
    assert (MAKER, VenueReason.LIQUIDATED) in ends(place.events[events:])
    place.cancel(MAKER, 1, 1)
    closed = place.close()
    assert closed.cancels == () and closed.lapsed == ((MAKER, 1),)
    assert place.seen["liquidated"] == 1


def test_an_immediate_order_that_finds_no_room_after_a_fill_ends_and_lapses_by_itself() -> None:
    place = Place(decoys=False, shape_class=TINY)
    for slot in range(3):
        place.send(MAKER, -LOTS, slot=slot)
    events = place.send(TAKER, 3 * LOTS, immediate=True)
    assert trades(events) == [LOTS, LOTS]
    assert ends(events)[-1] == (TAKER, VenueReason.IMMEDIATE_REMAINDER)
    closed = place.next()
    assert closed.lapsed == () and not place.core.stale
    assert place.slot(TAKER) == SlotState(2)


def test_an_immediate_order_without_a_fill_waits_for_room() -> None:
    place = Place(decoys=False, shape_class=TINY)
    for slot in range(3):
        place.send(MAKER, -LOTS, slot=slot)
    place.send(TAKER, 2 * LOTS)
    assert isinstance(place.send(OTHER, LOTS, immediate=True)[-1], OrderWaiting)
    place.close()
    seen = len(place.events)
    place.open(0, 0)
    assert trades(place.events[seen:]) == [LOTS]
    closed = place.next()
    assert keys(closed) == [(OTHER, 0, 1)] and closed.resting == ((MAKER, 2),)


def test_an_order_that_waits_for_room_after_a_fill_goes_on_without_a_signature() -> None:
    place = Place(decoys=False, shape_class=TINY)
    for slot in range(3):
        place.send(MAKER, -LOTS, slot=slot)
    assert isinstance(place.send(TAKER, 3 * LOTS)[-1], OrderWaiting)
    place.close()
    assert place.slot(TAKER).left == LOTS
    place.open(0, 0)
    closed = place.next()
    assert keys(closed) == [] and set(closed.resting) == {(TAKER, 0), (MAKER, 2)}


def test_a_batch_made_anew_places_nothing_and_carries_cancels() -> None:
    place = Place()
    place.send(MAKER, -2 * LOTS)
    place.send(OTHER, LOTS, away=-9, expiry=place.core.clock + 1_000)
    place.next()
    place.next(redo=True)
    assert isinstance(place.send(TAKER, LOTS)[-1], OrderWaiting)
    place.send(MAKER, -LOTS, away=9, slot=1)
    place.cancel(THIRD, 0, 1)
    closed = place.next()
    assert (closed.redo, closed.orders, closed.resting, closed.fills) == (True, (), (), ())
    assert cancelled(closed) == [(THIRD, 0, 1)] and closed.lapsed == ((OTHER, 0),)
    closed = place.next()
    assert keys(closed) == [(TAKER, 0, 1), (MAKER, 1, 1)] and closed.resting == ((MAKER, 0),)


def test_a_slot_that_an_outflow_asks_for_is_left_to_it() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    place.next()
    place.cancel(MAKER, 0, 1)
    terms = (venues.CHAIN, venues.VENUE, MAKER, 0, 2)
    outflow = Outflow(*terms, OutflowKind.TRANSFER, OTHER, 5, venues.EXPIRY_MS)
    place.do(PayOut(SignedOutflow(outflow, venues.SIGNATURE)))
    place.send(MAKER, -LOTS, generation=3)
    closed = place.next()
    assert closed.cancels == () and closed.lapsed == () and closed.orders == ()
    assert any(isinstance(event, OutflowPaid) for event in place.events)
    assert place.slot(MAKER) == SlotState(3)
    assert keys(place.next()) == [(MAKER, 0, 3)]


def test_a_cancel_of_nobody_changes_no_batch() -> None:
    place = Place()
    cancel = CancelOrder(venues.CHAIN, venues.VENUE, 99, 0, 1)
    place.do(Cancel(SignedCancel(cancel, venues.SIGNATURE)))
    assert place.next().cancels == ()
