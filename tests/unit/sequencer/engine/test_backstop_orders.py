"""Orders of the backstop reduce what it holds, at the oracle's price or better; the rules agree."""

from typing import Any

import pytest

from rollup.protocol.order import PEG_BIAS
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route
from sequencer.engine.event import (
    Deleveraged,
    Event,
    Liquidated,
    OrderEnded,
    OrderRefused,
    OrderRested,
    OrderWaiting,
    Took,
    Traded,
    VenueReason,
)
from tests.unit.sequencer.engine.test_by_order import (
    BACKSTOP,
    BIDDER,
    LOTS,
    MAKER,
    OTHER,
    Venue,
    told,
)

MEANS = 700
"""Dollars of a backstop that carries what it takes first, and little more."""


def taken_over(backstop: int = 10**6) -> Venue:
    """The backstop took lots of the long, and has them."""
    world = Venue(backstop=backstop)
    world.move()
    assert world.lots(BACKSTOP) > 1_000
    return world


def opened(world: Venue, move: int = 0) -> int:
    """The oracle's price in a batch that is open now."""
    world.open(move, 0)
    return world.prices[0]


@pytest.mark.parametrize("limit", [-500, 0, 700])
def test_an_offer_rests_at_the_oracle_price_or_above(limit: int) -> None:
    """Whatever worse it says; the taker pays the price at which it rests."""
    world = taken_over()
    before, price = world.lots(BACKSTOP), opened(world)
    assert told(world.send(BACKSTOP, price + limit, -300), OrderRested)
    (traded,) = told(world.send(BIDDER, price + 900, 200), Traded)
    assert (traded.price, traded.size) == (price + max(0, limit), 200)
    world.close()
    assert world.lots(BACKSTOP) == before - 200


@pytest.mark.parametrize(("bid", "meets"), [(-1, False), (0, True), (50, True)])
def test_it_sells_to_bids_at_the_oracle_price_or_above(bid: int, meets: bool) -> None:
    world = taken_over()
    price = opened(world)
    world.send(BIDDER, price + bid, 100)
    events = world.send(BACKSTOP, price - 1_000, -100)
    assert bool(told(events, Traded)) == meets
    assert [each.price for each in told(events, Traded)] == [price + bid] * meets
    world.close()


@pytest.mark.parametrize("move", [30, -30])
def test_its_limit_moves_with_the_oracle_where_it_would_be_worse(move: int) -> None:
    """It offers at the price; that rises, and who bid between then pays no less than the new one.
    Where it falls the offer stays where its owner put it."""
    world = taken_over()
    before = opened(world)
    world.send(BACKSTOP, before, -100)
    world.close()
    after = opened(world, move)
    (_, *others) = world.send(BIDDER, max(before, after) - 1, 100)
    assert not told(others, Traded)
    events = world.send(OTHER, max(before, after), 100)
    assert [each.price for each in told(events, Traded)] == [max(before, after)]
    world.close()


def test_a_pegged_offer_inside_the_price_rests_at_it() -> None:
    world = taken_over()
    price = opened(world)
    world.send(BACKSTOP, PEG_BIAS - 40, -100, pegged=True)
    events = world.send(BIDDER, price, 100)
    assert [each.price for each in told(events, Traded)] == [price]
    world.close()


def test_it_sells_no_more_than_it_has() -> None:
    world = taken_over()
    held, price = world.lots(BACKSTOP), opened(world)
    world.send(BIDDER, price, held + 500)
    (traded,) = told(world.send(BACKSTOP, price, -held - 500), Traded)
    assert traded.size == held
    world.close()
    assert world.lots(BACKSTOP) == 0


@pytest.mark.parametrize("size", [100, -100], ids=["more of what it has", "what it does not have"])
def test_an_order_with_nothing_to_reduce_is_refused(size: int) -> None:
    world = Venue() if size < 0 else taken_over()
    price = opened(world)
    (refused,) = told(world.send(BACKSTOP, price, size), OrderRefused)
    assert refused.reason is Reason.REDUCE_ONLY
    world.close()


def test_what_it_takes_in_a_batch_it_sells_in_the_next_one() -> None:
    """A batch has fills before takeovers, so that there is nothing to reduce yet."""
    world = Venue()
    world.moved(-660, "fresh")
    took, price = world.lots(BACKSTOP), world.prices[0]
    assert took > 0
    (refused,) = told(world.send(BACKSTOP, price, -100), OrderRefused)
    assert refused.reason is Reason.REDUCE_ONLY
    world.close()
    opened(world)
    world.send(BACKSTOP, price, -100)
    assert told(world.send(BIDDER, price, 100), Traded)
    world.close()


def test_it_sells_what_it_had_in_a_batch_in_which_it_takes_more() -> None:
    world = taken_over()
    had = world.lots(BACKSTOP)
    world.moved(-300, "fresh")
    took, price = world.lots(BACKSTOP) - had, world.prices[0]
    assert took > 0
    world.send(BACKSTOP, price, -had - took)
    (traded,) = told(world.send(BIDDER, price, had + took), Traded)
    assert traded.size == had
    world.close()
    assert world.lots(BACKSTOP) == took


def test_its_orders_do_not_take_of_the_liquidated() -> None:
    """It has lots, and offers them; what a short must buy back it closes with them in a takeover,
    for the fee, though others offer for more."""
    world = taken_over()
    held, price = world.lots(BACKSTOP), opened(world)
    world.send(MAKER, price, LOTS)
    world.send(OTHER, price, -LOTS)
    world.send(BACKSTOP, price, -1_000)
    world.close()
    events, closed = world.move(660)
    assert told(events, Liquidated) and not told(events, Took)
    (takeover,) = closed.takeovers
    assert takeover.route is Route.BACKSTOP and takeover.account == OTHER
    assert world.lots(BACKSTOP) == held - takeover.size


def test_its_orders_end_where_others_are_deleveraged() -> None:
    """It is full as the batch ends: what its orders sold would give it room."""
    world = taken_over(backstop=MEANS)
    price = opened(world)
    (rested,) = told(world.send(BACKSTOP, price, -50), OrderRested)
    world.close()
    world.moved(-100, "fresh")
    seen: list[Event] = world.events
    assert told(seen, Deleveraged)
    ended = [each for each in told(seen, OrderEnded) if each.key == rested.key]
    assert [each.reason for each in ended] == [VenueReason.DELEVERAGED]
    (refused,) = told(world.send(BACKSTOP, world.prices[0], -50), OrderRefused)
    assert refused.reason is VenueReason.DELEVERAGED
    world.close()


def test_at_a_price_that_is_held_back_it_reduces_with_who_does_too() -> None:
    world = taken_over()
    world.moved(0, "clamped")
    price, marks = world.prices[0], dict[str, Any](pegged=False)
    world.send(BACKSTOP, price, -10, **marks)
    assert told(world.send(MAKER, price, 10, **marks), Traded)
    world.close()


def test_its_waiting_order_goes_on_at_its_limit_of_then() -> None:
    """An order that a batch has no room for waits; the next price is another one."""
    world = taken_over()
    price = opened(world)
    room = world.core.ledger.has_room
    world.core.ledger.has_room = lambda *_: False  # type: ignore[method-assign]
    world.send(BIDDER, price, 100)
    events = world.send(BACKSTOP, price - 5, -100)
    assert told(events, OrderWaiting)
    world.close()
    world.core.ledger.has_room = room  # type: ignore[method-assign]
    before = world.lots(BACKSTOP)
    opened(world, 30)
    world.close()
    assert world.lots(BACKSTOP) == before
