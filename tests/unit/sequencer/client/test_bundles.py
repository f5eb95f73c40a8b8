"""Signed together: what a client sends of many orders and cancels, and what becomes of each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rollup.crypto.envelope import Action, CancelAction, Kind, OrderAction, decode
from rollup.crypto.schnorr import SecretKey, Signature
from rollup.hash.poseidon import Digest
from sequencer.client.errors import (
    ClientIdInUse,
    NoFreeSlot,
    NotOnTick,
    OrderRefused,
    OutOfRange,
    TransportError,
)
from sequencer.client.orders import OwnOrder, State
from sequencer.client.session import NOTHING_TO_CANCEL
from sequencer.client.signing import Signer
from sequencer.client.terms import Terms
from sequencer.client.trading import Trader
from tests.helpers.played_venue import (
    BUSY,
    FAST,
    HERE,
    LOST_ANSWER,
    LOST_REQUEST,
    OK,
    RESTART,
    PlayedVenue,
    play,
    session,
)

BUY = Terms("BTC-PERP", "buy", "61800.3", "0.0003")


class Told(PlayedVenue):
    """A played venue that keeps the actions and kinds it opened, in their order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.actions: list[Action] = []
        self.kinds: list[int] = []

    def _item(self, envelope: bytes) -> dict[str, Any]:
        if envelope not in self._seen:
            opened = self.key.open(envelope, HERE, self.time)
            self.actions.append(decode(opened.plaintext))
            self.kinds.append(opened.plaintext[1])
        return super()._item(envelope)


@pytest.fixture
def venue() -> Told:
    return Told()


class Counted:
    """Signs nothing, and counts how often."""

    def __init__(self) -> None:
        self.messages: list[Digest] = []

    def __call__(self, secret: SecretKey, message: Digest, entropy: bytes | None) -> Signature:
        self.messages.append(message)
        return FAST.sign(secret, message, entropy)


def connected(venue: PlayedVenue, sign: Counted | None = None) -> Trader:
    trader = Trader(session(signer=Signer(sign or FAST.sign, FAST.compress_many)))
    play(trader.connect(), venue)
    if sign is not None:
        sign.messages.clear()
    return trader


def sent(venue: Told) -> list[OrderAction | CancelAction]:
    return [each for each in venue.actions if isinstance(each, OrderAction | CancelAction)]


def test_orders_that_are_placed_together_have_one_signature_and_an_envelope_each(
    venue: Told,
) -> None:
    sign = Counted()
    orders = play(connected(venue, sign).place([BUY] * 5), venue)
    assert len(sign.messages) == 1 and len(venue.live) == 5
    assert venue.kinds[-5:] == [Kind.BUNDLED_ORDER] * 5
    paths = [each.path for each in sent(venue)]
    assert [(path.place, len(path.siblings)) for path in paths] == [(k, 3) for k in range(5)]  # type: ignore[union-attr]
    assert [len(each.receipts) for each in orders] == [1] * 5
    assert len({each.receipts[0].receipt.envelope for each in orders}) == 5


def test_one_order_is_signed_alone(venue: Told) -> None:
    trader = connected(venue)
    play(trader.place([BUY]), venue)
    order = play(trader.order(BUY), venue)
    play(trader.cancel([order]), venue)
    assert venue.kinds[-3:] == [Kind.ORDER, Kind.ORDER, Kind.CANCEL]


@pytest.mark.parametrize(("count", "signatures"), [(64, 1), (65, 2), (128, 2), (130, 3)])
def test_a_signature_is_for_64_at_most(venue: Told, count: int, signatures: int) -> None:
    sign = Counted()
    orders = play(connected(venue, sign).place([BUY] * count), venue)
    assert len(sign.messages) == signatures and len(venue.live) == count
    assert all(order.state is State.LIVE for order in orders)
    assert venue.asks.count("/v1/envelopes") == signatures


def test_orders_are_replaced_by_one_signature_and_the_cancels_come_first(venue: Told) -> None:
    sign = Counted()
    trader = connected(venue, sign)
    named = replace(BUY, client_id="bid")
    (old,) = play(trader.place([named]), venue)
    sign.messages.clear()
    before = venue.asks.count("/v1/envelopes")
    (new,) = play(trader.cancel_and_place([old], [replace(named, price="61800.2")]), venue)
    assert len(sign.messages) == 1 and venue.asks.count("/v1/envelopes") == before + 1
    assert [type(each) for each in sent(venue)[-2:]] == [CancelAction, OrderAction]
    assert venue.kinds[-2:] == [Kind.BUNDLED_CANCEL, Kind.BUNDLED_ORDER]
    assert (old.state, old.reason) == (State.ENDED, "cancelled")
    assert new.state is State.LIVE and list(venue.live) == [new.key]
    assert trader.session.book.named("bid") is new and new.key[0] != old.key[0]


def test_the_name_of_an_order_that_stays_is_not_free(venue: Told) -> None:
    trader = connected(venue)
    ask, bid = play(trader.place([replace(BUY, client_id=name) for name in ("ask", "bid")]), venue)
    with pytest.raises(ClientIdInUse):
        play(trader.cancel_and_place([ask], [replace(BUY, client_id="bid")]), venue)
    assert {ask.state, bid.state} == {State.LIVE}


def test_orders_that_take_the_place_of_others_are_signed_together_too(venue: Told) -> None:
    sign = Counted()
    trader = connected(venue, sign)
    old = play(trader.place([BUY] * 3), venue)
    sign.messages.clear()
    new = play(trader.place([replace(BUY, replaces=each.key) for each in old]), venue)
    assert len(sign.messages) == 1 and venue.kinds[-3:] == [Kind.BUNDLED_ORDER] * 3
    assert [each.state for each in (*old, *new)] == [State.ENDED] * 3 + [State.LIVE] * 3
    assert [each.key[0] for each in old] == [each.key[0] for each in new]


def test_an_order_that_should_end_is_not_replaced_as_well(venue: Told) -> None:
    trader = connected(venue)
    (old,) = play(trader.place([BUY]), venue)
    with pytest.raises(OutOfRange, match="cannot be replaced as well"):
        play(trader.cancel_and_place([old], [replace(BUY, replaces=old.key)]), venue)
    assert old.state is State.LIVE and trader.session.book.slots.free == 255


def test_what_fills_before_it_is_replaced_is_no_error_and_the_new_one_is_placed(
    venue: Told,
) -> None:
    trader = connected(venue)
    old, other = play(trader.place([BUY] * 2), venue)
    venue.fill(old.key, 30)
    (new,) = play(trader.cancel_and_place([old, other], [BUY]), venue)
    assert (old.state, other.state, new.state) == (State.FILLED, State.ENDED, State.LIVE)


def test_nothing_to_replace_asks_nobody(venue: Told) -> None:
    trader = connected(venue)
    (order,) = play(trader.place([BUY]), venue)
    play(trader.cancel([order]), venue)
    asked = len(venue.asks)
    assert play(trader.cancel_and_place([], []), venue) == []
    assert play(trader.cancel([order]), venue) == [order]
    assert len(venue.asks) == asked


def test_what_is_off_the_grid_sends_no_cancel_either(venue: Told) -> None:
    trader = connected(venue)
    (order,) = play(trader.place([BUY]), venue)
    asked = len(venue.asks)
    with pytest.raises(NotOnTick):
        play(trader.cancel_and_place([order], [replace(BUY, price="1.01")]), venue)
    assert len(venue.asks) == asked and order.state is State.LIVE


def test_slots_of_what_is_replaced_are_not_free_before_it_has_ended(venue: Told) -> None:
    trader = connected(venue)
    orders = play(trader.place([BUY] * 200), venue)
    with pytest.raises(NoFreeSlot):
        play(trader.cancel_and_place(orders, [BUY] * 57), venue)
    assert len(play(trader.cancel_and_place(orders, [BUY] * 56), venue)) == 56
    assert len(venue.live) == 56


@pytest.mark.parametrize("seals", [True, False])
@pytest.mark.parametrize("fault", [OK, LOST_REQUEST, LOST_ANSWER, BUSY, RESTART])
def test_each_acts_once_whatever_the_network_does(seals: bool, fault: str) -> None:
    """A restart has the same signed actions sealed anew, each at most once."""
    venue = PlayedVenue(seals_answers=seals)
    trader = connected(venue)
    old = play(trader.place([BUY] * 3), venue)
    new = play(trader.cancel_and_place(old, [BUY] * 4), venue, [fault])
    assert [each.state for each in new] == [State.LIVE] * 4
    assert all(each.is_final for each in old)
    assert list(venue.live) == [each.key for each in new]
    assert venue.accepted == [each.key for each in (*old, *new)]


def test_a_request_that_is_lost_for_good_leaves_orders_that_may_have_come(venue: Told) -> None:
    trader = connected(venue)
    (old,) = play(trader.place([BUY]), venue)
    with pytest.raises(TransportError):
        play(trader.cancel_and_place([old], [BUY]), venue, [LOST_REQUEST] * 50)
    (new,) = (each for each in trader.session.book.orders.values() if each is not old)
    assert new.state is State.SENT and old.state is State.LIVE


def refusing(reason: str, at: set[int]) -> Callable[[bytes], bytes]:
    """What the venue's sealed answers say instead, of its nth envelopes."""
    count = [0]

    def change(data: bytes) -> bytes:
        count[0] += 1
        return (
            b'{"v":2,"rows":[],"more":false,"reason":"%s"}' % reason.encode()
            if (count[0] in at)
            else data
        )

    return change


def test_a_cancel_of_what_has_gone_stops_none_of_those_behind_it() -> None:
    """Also in the next request: every one of 70 cancels is sent."""
    venue = Told()
    trader = connected(venue)
    orders = play(trader.place([BUY] * 70), venue)
    venue.change_answer = refusing(NOTHING_TO_CANCEL, {3})
    play(trader.cancel(orders), venue)
    assert not venue.live
    assert sum(isinstance(each, CancelAction) for each in venue.actions) == 70
    assert all(each.is_final for each in orders)


def test_any_other_refusal_of_a_cancel_is_an_error() -> None:
    venue = Told()
    trader = connected(venue)
    orders: list[OwnOrder] = play(trader.place([BUY] * 3), venue)
    venue.change_answer = refusing("order-signature", {2})
    with pytest.raises(OrderRefused, match="order-signature"):
        play(trader.cancel_and_place(orders, [BUY]), venue)


def test_a_refused_order_of_a_bundle_leaves_the_others(venue: Told) -> None:
    trader = connected(venue)
    venue.change_answer = refusing("margin", {2})
    orders = play(trader.place([BUY] * 3), venue)
    assert [each.state for each in orders] == [State.LIVE, State.REFUSED, State.LIVE]
    assert orders[1].reason == "margin"
