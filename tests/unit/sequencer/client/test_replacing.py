"""An order that takes the place of another: one slot, one live order, whatever is lost."""

from dataclasses import replace

import pytest

from sequencer.client.errors import (
    ClientIdInUse,
    OrderRefused,
    OutOfRange,
    TransportError,
    Unknown,
    VenueProblem,
)
from sequencer.client.orders import OwnOrder, State
from sequencer.client.terms import Terms
from sequencer.client.trading import Trader
from tests.helpers.played_venue import (
    BUSY,
    LOST_ANSWER,
    LOST_REQUEST,
    OK,
    RESTART,
    PlayedVenue,
    play,
    session,
)

BID = Terms("BTC-PERP", "buy", "61800.3", "0.0003", client_id="bid")


class Desk:
    """A trader with one bid."""

    def __init__(self) -> None:
        self.venue = PlayedVenue()
        self.trader = Trader(session())
        play(self.trader.connect(), self.venue)
        self.bid = play(self.trader.order(BID), self.venue)

    def quote(self, price: str, fault: str = OK) -> OwnOrder:
        """The same at another price, in its place."""
        terms = replace(BID, price=price, replaces=self.bid.key)
        return play(self.trader.order(terms), self.venue, [fault])

    @property
    def free(self) -> int:
        return self.trader.session.book.slots.free


@pytest.mark.parametrize("fault", [OK, LOST_REQUEST, LOST_ANSWER, RESTART])
def test_one_order_lives_in_the_slot_and_the_name_is_its_own(fault: str) -> None:
    desk = Desk()
    order = desk.quote("61800.9", fault)
    slot, generation = desk.bid.key
    assert order.key == (slot, generation + 1) and order.state is State.LIVE
    assert (desk.bid.state, desk.bid.reason) == (State.ENDED, "replaced")
    assert list(desk.venue.live) == [order.key] and desk.free == 255
    assert desk.trader.session.book.named("bid") is order
    play(desk.trader.cancel([order]), desk.venue)
    assert desk.free == 256


def test_what_the_venue_refuses_leaves_the_old_one_in_its_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()

    def refuse(action: object) -> None:
        slot, generation = desk.bid.key
        desk.venue.tell("refused", (slot, generation + 1), "margin")

    monkeypatch.setattr(desk.venue, "_order", refuse)
    with pytest.raises(OrderRefused, match="margin"):
        desk.quote("61800.9")
    assert desk.bid.state is State.LIVE and desk.free == 255
    assert desk.trader.session.book.named("bid") is desk.bid
    monkeypatch.undo()
    other = play(desk.trader.order(replace(BID, client_id=None)), desk.venue)
    assert other.key[0] != desk.bid.key[0]
    assert desk.quote("61800.9").key == (desk.bid.key[0], desk.bid.key[1] + 2)


def test_nobody_knows_which_of_two_lives_where_no_answer_comes() -> None:
    desk = Desk()
    terms = replace(BID, price="61800.9", replaces=desk.bid.key)
    with pytest.raises(TransportError):
        play(desk.trader.order(terms), desk.venue, [LOST_ANSWER] * 99)
    assert desk.free == 255
    play(desk.trader.session.refresh(), desk.venue)
    (order,) = desk.trader.session.book.live
    assert order.price == desk.trader.session.book.named("bid").price != desk.bid.price


def test_one_that_never_came_is_replaced_by_the_next() -> None:
    """A venue that takes nothing for a while is asked again, at another price, for one quote."""
    desk = Desk()
    lost = shut_out(desk, desk.bid, "61800.9")
    terms = replace(BID, price="61801", replaces=lost.key)
    order = play(desk.trader.order(terms), desk.venue)
    assert list(desk.venue.live) == [order.key] and desk.bid.reason == "replaced"
    forget_what_never_came(desk)
    assert (lost.state, order.state, desk.free) == (State.REFUSED, State.LIVE, 255)
    assert desk.trader.session.book.named("bid") is order


def test_where_two_never_came_the_first_keeps_its_slot_and_its_name() -> None:
    desk = Desk()
    lost = shut_out(desk, desk.bid, "61800.9")
    again = shut_out(desk, lost, "61801")
    assert again.key == (desk.bid.key[0], desk.bid.key[1] + 2) and desk.free == 255
    forget_what_never_came(desk)
    assert [each.state for each in (lost, again)] == [State.REFUSED] * 2
    assert desk.trader.session.book.named("bid") is desk.bid and desk.free == 255
    with pytest.raises(ClientIdInUse):
        play(desk.trader.order(BID), desk.venue)
    assert desk.quote("61802").state is State.LIVE and desk.bid.reason == "replaced"


def test_a_later_order_keeps_the_slot_of_one_that_is_given_up() -> None:
    """Else the slot is free for another order while what has it is on its way."""
    desk = Desk()
    lost = shut_out(desk, desk.bid, "61800.9")
    again = shut_out(desk, lost, "61801")
    book = desk.trader.session.book
    book.finish(lost, State.REFUSED, "never-arrived")
    assert book.slots.holds(again.key) and book.named("bid") is again


def shut_out(desk: Desk, old: OwnOrder, price: str) -> OwnOrder:
    """What was sent in an order's place to a venue that takes nothing."""
    terms = replace(BID, price=price, replaces=old.key)
    with pytest.raises(VenueProblem):
        play(desk.trader.order(terms), desk.venue, [BUSY] * 99)
    return desk.trader.session.book.named("bid")


def forget_what_never_came(desk: Desk) -> None:
    """Ask when its envelope can be taken no more."""
    desk.venue.time += 10**7
    play(desk.trader.session.refresh(), desk.venue)


def test_several_orders_are_replaced_at_once() -> None:
    desk = Desk()
    ask = play(desk.trader.order(Terms("BTC-PERP", "sell", 61_900, 1)), desk.venue)
    terms = [replace(BID, price=1 + n, client_id=None) for n in range(2)]
    both = [
        replace(each, replaces=old.key) for each, old in zip(terms, (ask, desk.bid), strict=True)
    ]
    orders = play(desk.trader.place(both), desk.venue)
    assert sorted(desk.venue.live) == sorted(each.key for each in orders) and desk.free == 254
    assert [each.key[0] for each in orders] == [ask.key[0], desk.bid.key[0]]


def test_only_what_lives_is_replaced_and_once() -> None:
    desk = Desk()
    asks = len(desk.venue.asks)
    again = replace(BID, client_id=None, replaces=desk.bid.key)
    with pytest.raises(OutOfRange, match="the same one"):
        play(desk.trader.place([again, again]), desk.venue)
    with pytest.raises(Unknown, match="9/9 does not live"):
        play(desk.trader.place([replace(again, replaces=(9, 9))]), desk.venue)
    with pytest.raises(ClientIdInUse):
        play(desk.trader.place([BID]), desk.venue)
    with pytest.raises(OutOfRange):
        play(desk.trader.place([replace(again, expires=-1)]), desk.venue)
    assert len(desk.venue.asks) == asks and desk.free == 255
    desk.venue.fill(desk.bid.key, 30)
    play(desk.trader.session.refresh(), desk.venue)
    with pytest.raises(Unknown, match="does not live"):
        desk.quote("61800.9")
