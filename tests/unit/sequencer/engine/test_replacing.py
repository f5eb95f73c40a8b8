"""An order takes the slot of one that lives there: in one command, and the state follows."""

import pytest

from rollup.protocol.slot import SlotState
from sequencer.engine.event import OrderAccepted, OrderRefused, OrderRested, VenueReason
from tests.unit.sequencer.engine.test_resting import (
    LOTS,
    MAKER,
    OTHER,
    PRICE,
    TAKER,
    TINY,
    Place,
    ends,
    keys,
)


def test_a_later_order_replaces_what_rests_and_is_never_missing() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    place.next()
    events = place.send(MAKER, -LOTS, away=5, generation=2)
    assert ends(events) == [(MAKER, VenueReason.REPLACED)]
    assert isinstance(events[1], OrderAccepted) and isinstance(events[2], OrderRested)
    closed = place.next()
    assert keys(closed) == [(MAKER, 0, 2)] and closed.lapsed == () and closed.cancels == ()
    resting = place.slot(MAKER).order
    assert resting is not None and resting.price == PRICE + 5


def test_what_was_replaced_may_have_filled_in_the_same_batch() -> None:
    place = Place()
    place.send(MAKER, -2 * LOTS)
    place.next()
    place.send(TAKER, LOTS)
    place.send(MAKER, -2 * LOTS, away=5, generation=2)
    place.send(OTHER, LOTS, away=5)
    closed = place.next()
    assert closed.resting == ((MAKER, 0),) and (MAKER, 0, 2) in keys(closed)
    assert place.slot(MAKER).left == LOTS


@pytest.mark.parametrize(("generation", "reason"), [(1, "slot-busy"), (0, "generation-dead")])
def test_what_is_not_later_replaces_nothing(generation: int, reason: str) -> None:
    place = Place()
    place.send(MAKER, -LOTS, generation=1)
    if generation == 0:
        place.next()
    (refused,) = place.send(MAKER, -LOTS, away=5, generation=generation)
    assert isinstance(refused, OrderRefused) and refused.reason == reason
    assert place.core.live[MAKER, 0].order.generation == 1


def test_what_the_venue_refuses_leaves_what_it_would_have_replaced() -> None:
    place = Place()
    place.send(MAKER, -LOTS)
    (refused,) = place.send(MAKER, -LOTS, generation=2, max_fee=0)
    assert isinstance(refused, OrderRefused)
    assert place.core.live[MAKER, 0].order.generation == 1


def test_an_order_that_waits_is_replaced_too() -> None:
    place = Place(decoys=False, shape_class=TINY)
    for slot in range(3):
        place.send(MAKER, -LOTS, slot=slot)
    place.send(TAKER, 3 * LOTS)
    events = place.send(TAKER, LOTS, generation=2)
    assert ends(events) == [(TAKER, VenueReason.REPLACED)]
    assert place.close().lapsed == ((TAKER, 0),)
    assert place.slot(TAKER) == SlotState(2)
    place.open(0, 0)
    assert keys(place.close()) == [(TAKER, 0, 2)]
    assert place.slot(TAKER) == SlotState(3)
