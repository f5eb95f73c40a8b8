"""The client's core and a venue that a test plays: what is lost, retried, restarted, forgotten."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.protocol.order import Side
from sequencer.client.errors import (
    ClientError,
    ClientIdInUse,
    NoFreeSlot,
    NotOnTick,
    OrderRefused,
    OutOfRange,
    TransportError,
    Unknown,
    VenueProblem,
)
from sequencer.client.flow import Ask, Policy, Reply, Wait
from sequencer.client.orders import LOST, NOT_TOLD, State
from sequencer.client.slots import ForgetfulStore
from sequencer.client.terms import Terms
from sequencer.client.trading import Trader
from tests.helpers.played_venue import (
    BUSY,
    FAULTS,
    INTERVAL,
    LOST_ANSWER,
    LOST_REQUEST,
    OK,
    RESTART,
    START,
    PlayedVenue,
    play,
    session,
)

BUY = Terms("BTC-PERP", "buy", "61800.3", "0.0003")


def connected(venue: PlayedVenue, **options: object) -> Trader:
    trader = Trader(session(**options))  # type: ignore[arg-type]
    play(trader.connect(), venue)
    return trader


def test_an_order_goes_out_in_ticks_and_lots_and_comes_back_alive() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    assert order.state is State.LIVE
    assert (order.price, order.size) == (Decimal("61800.3"), Decimal("0.00030"))
    assert venue.live == {order.key: [0, 0, 618_003, 30, 30, START + 24 * 3_600_000]}
    assert len(order.receipts) == 1


@pytest.mark.parametrize("away", ["-12.5", "0", Decimal("52428.7"), -20])
def test_a_pegged_order_says_how_far_from_the_oracle_it_is(away: object) -> None:
    """Also to a client that was started after it was placed."""
    venue = PlayedVenue()
    marks = {"pegged": True, "when_clamped": True, "reduce_only": True}
    terms = Terms("BTC-PERP", "buy", away, 1, **marks)  # type: ignore[arg-type]
    order = play(connected(venue).order(terms), venue)
    action = venue.signed[order.key]
    assert action.price == 2**19 + int(Decimal(away) * 10)  # type: ignore[arg-type]
    assert action.flags == 4 + 16 + 32
    later = connected(venue)
    (found,) = later.session.book.orders.values()
    assert found.order is None and found.pegged and order.pegged
    assert found.price == order.price == Decimal(away)  # type: ignore[arg-type]


def test_a_price_below_zero_is_none() -> None:
    with pytest.raises(ValueError, match="a number like"):
        play(connected(PlayedVenue()).order(Terms("BTC-PERP", "buy", "-1", 1)), PlayedVenue())


def test_what_is_off_the_grid_is_never_sent() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    sent = len(venue.asks)
    off = Terms("BTC-PERP", "buy", "61800.35", 1)
    with pytest.raises(NotOnTick):
        play(trader.place([BUY, off]), venue)
    assert len(venue.asks) == sent and not venue.live
    assert trader.session.book.slots.free == 256


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"market": "DOGE-PERP"}, Unknown),
        ({"side": "long"}, Unknown),
        ({"time_in_force": "fok"}, Unknown),
        ({"max_fee": -1}, OutOfRange),
        ({"expires": -1}, OutOfRange),
        ({"expires": timedelta.max}, OutOfRange),
        ({"pegged": True, "price": "-60000"}, OutOfRange),
        ({"pegged": True, "price": "-1.05"}, NotOnTick),
        ({"client_id": ""}, OutOfRange),
        ({"client_id": "x" * 65}, OutOfRange),
    ],
)
def test_terms_that_no_order_has_are_refused_here(
    changes: dict[str, object], error: type[ClientError]
) -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    terms = {"market": "BTC-PERP", "side": "buy", "price": 1, "size": 1, **changes}
    with pytest.raises(error):
        play(trader.order(Terms(**terms)), venue)  # type: ignore[arg-type]
    assert trader.session.book.slots.free == 256 and not venue.live


@pytest.mark.parametrize("seals", [True, False])
@pytest.mark.parametrize("fault", [OK, LOST_REQUEST, LOST_ANSWER, BUSY, RESTART])
def test_one_order_lives_once_whatever_the_network_does(seals: bool, fault: str) -> None:
    venue = PlayedVenue(seals_answers=seals)
    trader = connected(venue)
    order = play(trader.order(BUY), venue, [fault])
    assert order.state is State.LIVE
    assert venue.accepted == [order.key] and list(venue.live) == [order.key]


def test_an_order_that_came_before_a_restart_is_found_and_not_doubled() -> None:
    """The answer is lost, the venue starts again: the envelope has to be sealed anew."""
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue, [LOST_ANSWER, RESTART])
    assert order.state is State.LIVE and order.sealings == 2
    assert venue.accepted == [order.key]
    play(trader.session.refresh(), venue)
    assert order.state is State.LIVE


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["order", "cancel", "refresh", "fill", "cancel-all", "new-client"]),
            st.integers(0, 5),
        ),
        max_size=12,
    ),
    st.lists(st.sampled_from(FAULTS), max_size=60),
    st.booleans(),
)
def test_no_generation_is_used_twice_and_no_order_doubled_whatever_happens(
    actions: list[tuple[str, int]], faults: list[str], seals: bool
) -> None:
    """`PlayedVenue` refuses to see two different orders under one slot and generation."""
    venue = PlayedVenue(seals_answers=seals)
    store = ForgetfulStore()
    trader = connected(venue, store=store)
    network = iter(faults)
    for name, number in actions:
        book = trader.session.book
        try:
            if name == "order":
                terms = Terms("BTC-PERP", "buy", 1 + number, 1 + len(venue.accepted))
                play(trader.order(terms), venue, network)
            elif name == "cancel" and book.orders:
                wanted = list(book.orders.values())[number % len(book.orders)]
                play(trader.cancel([wanted]), venue, network)
            elif name == "refresh":
                play(trader.session.refresh(), venue, network)
            elif name == "cancel-all":
                play(trader.cancel_all(), venue, network)
                assert not book.live
            elif name == "fill" and venue.live:
                key = sorted(venue.live)[number % len(venue.live)]
                venue.fill(key, min(venue.live[key][4], 1 + number))
            elif name == "new-client":
                trader = connected(venue, store=store)
        except (TransportError, VenueProblem, OrderRefused):
            continue
    assert len(set(venue.accepted)) == len(venue.accepted)
    venue.time += 3_600_000
    play(trader.session.refresh(), venue)
    living = {order.key: order.remaining for order in trader.session.book.live}
    assert living == {key: row[4] for key, row in venue.live.items()}
    assert trader.session.book.slots.free == 256 - len(living)


def test_an_order_of_which_nothing_is_known_keeps_its_slot_until_it_cannot_come_any_more() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    with pytest.raises(TransportError):
        play(trader.order(BUY), venue, [LOST_REQUEST] * 6)
    (order,) = trader.session.book.live
    play(trader.session.refresh(), venue)
    assert order.state is State.SENT and trader.session.book.slots.free == 255
    venue.time = order.good_until + 1
    play(trader.session.refresh(), venue)
    assert (order.state, order.reason) == (State.REFUSED, LOST)
    assert trader.session.book.slots.free == 256


def test_an_order_of_which_nothing_is_known_can_be_ended_for_good() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    with pytest.raises(TransportError):
        play(trader.order(BUY), venue, [LOST_REQUEST] * 6)
    (order,) = trader.session.book.live
    play(trader.cancel_all(), venue)
    venue._order(_action_of(trader))  # the network delivers it after all
    assert not venue.live and venue.history[-1][4] == "generation-used"
    play(trader.session.refresh(), venue)
    assert order.is_final


def _action_of(trader: Trader):  # type: ignore[no-untyped-def]
    from sequencer.client.signing import order_action

    (order,) = trader.session.book.orders.values()
    assert order.order is not None
    return order_action(order.order, trader.session.owner, trader.session.signer)


def test_fills_are_counted_once_though_answers_and_history_tell_both() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    venue.fill(order.key, 10)
    for _ in range(3):
        play(trader.session.refresh(), venue)
    assert order.filled == Decimal("0.00010") and order.remaining == 20
    venue.fill(order.key, 20)
    play(trader.session.refresh(), venue)
    assert order.state is State.FILLED
    assert [fill.lots for fill in trader.session.book.fills] == [10, 20]
    assert trader.session.book.slots.free == 256


def test_what_an_answer_tells_of_a_trade_is_known_before_its_fill_is() -> None:
    venue = PlayedVenue(takes=10)
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    assert (order.filled_lots, order.remaining, order.fills) == (10, 20, [])
    play(trader.session.refresh(), venue)
    assert (order.filled_lots, order.remaining) == (10, 20) and len(order.fills) == 1
    venue.fill(order.key, 20)
    play(trader.session.refresh(), venue)
    assert order.filled_lots == 30 and order.state is State.FILLED


def test_waiting_for_an_order_reads_its_fills_though_it_had_ended() -> None:
    venue = PlayedVenue(takes=30)
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    assert order.state is State.FILLED and order.fills == []
    play(trader.until(order, "filled"), venue)
    assert [fill.lots for fill in order.fills] == [30]


def test_a_long_history_is_read_page_by_page() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(Terms("BTC-PERP", "sell", 1, "0.01")), venue)
    for _ in range(300):
        venue.fill(order.key, 1)
    play(trader.session.refresh(), venue)
    assert order.filled_lots == 300 and order.remaining == 700


def test_a_new_client_finds_what_lives_and_can_end_it() -> None:
    venue, store = PlayedVenue(), ForgetfulStore()
    first = play(connected(venue, store=store).order(BUY), venue)
    venue.fill(first.key, 10)
    trader = connected(venue, store=store)
    (found,) = trader.session.book.live
    assert found.key == first.key and found.filled_lots == 10 and found.remaining == 20
    assert trader.session.book.slots.free == 255
    play(trader.cancel_all(), venue)
    assert not venue.live and found.reason == "cancelled"


@pytest.mark.parametrize(("kept", "told", "used"), [(1, 0, 1), (1, 500, 500), (900, 500, 900)])
def test_a_client_that_lost_its_file_begins_where_the_venue_says_that_nothing_was_used(
    kept: int, told: int, used: int
) -> None:
    """And never below what it knows itself, whatever the venue says."""
    venue = PlayedVenue(next_generation=told or None)
    trader = connected(venue, store=ForgetfulStore(kept))
    assert play(trader.order(BUY), venue).key[1] == used
    venue.next_generation = 2**20
    assert play(trader.order(BUY), venue).key[1] == used, "each slot has its own count"


def test_fills_of_an_order_that_has_ended_in_an_earlier_run_tell_everything() -> None:
    venue, store = PlayedVenue(takes=30), ForgetfulStore()
    first = play(connected(venue, store=store).order(BUY), venue)
    assert first.state is State.FILLED
    (fill,) = connected(venue, store=store).session.book.fills
    assert (fill.side, fill.lots, fill.batch) == (Side.BUY, 30, venue.batch)
    assert fill.fee == Decimal("0.000001") * -(-first.ticks * 30 * 200 // 10**6)
    assert fill.time == START + INTERVAL * venue.batch


def test_facts_that_are_kept_no_longer_leave_an_end_without_a_reason() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    venue.end(order.key, "order-expired")
    venue.restart()
    play(trader.session.load_keys(), venue)
    play(trader.session.refresh(), venue)
    assert (order.state, order.reason) == (State.ENDED, NOT_TOLD)


def test_batches_made_anew_void_their_fills_and_say_what_lives() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    venue.fill(order.key, 10, batch=1)
    venue.fill(order.key, 20, batch=2)
    play(trader.session.refresh(), venue)
    assert order.state is State.FILLED
    venue.live[order.key] = [0, 0, 618_003, 30, 20, START]
    venue.history += [["voided", 2], ["lives", 1, *order.key, 20]]
    play(trader.session.refresh(), venue)
    assert order.state is State.LIVE and order.remaining == 20 and order.filled_lots == 10
    assert [fill.is_void for fill in trader.session.book.fills] == [False, True]
    assert trader.session.book.slots.free == 255


def test_a_refusal_raises_its_reason() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    slot, generation = 0, 1
    venue.used[slot] = generation + 50
    with pytest.raises(OrderRefused) as refused:
        play(trader.order(BUY), venue)
    assert refused.value.reason == "generation-used"
    later = [play(trader.order(BUY), venue) for _ in range(256)]
    assert all(order.state is State.LIVE for order in later)


def test_a_client_id_names_one_living_order() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    named = Terms("BTC-PERP", "buy", 1, 1, client_id="bid-1")
    order = play(trader.order(named), venue)
    assert trader.session.book.named("bid-1") is order
    with pytest.raises(ClientIdInUse):
        play(trader.order(named), venue)
    with pytest.raises(OutOfRange):
        play(trader.place([Terms("BTC-PERP", "buy", 1, 1, client_id="x")] * 2), venue)
    play(trader.cancel([order]), venue)
    assert play(trader.order(named), venue).key != order.key


def test_a_257th_order_is_refused_here_and_takes_nothing() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    play(trader.place([BUY] * 200), venue)
    with pytest.raises(NoFreeSlot):
        play(trader.place([BUY] * 57), venue)
    assert trader.session.book.slots.free == 56 and len(venue.live) == 200


def test_64_orders_travel_in_one_request() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    play(trader.place([BUY] * 65), venue)
    assert venue.asks.count("/v1/envelopes") == 2


def test_a_cancel_ends_an_order_and_a_second_one_does_no_harm() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    play(trader.cancel([order]), venue)
    assert order.reason == "cancelled" and not venue.live
    play(trader.cancel([order]), venue)
    assert order.reason == "cancelled"


def test_a_cancel_that_comes_too_late_leaves_the_order_filled() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    venue.fill(order.key, 30)
    play(trader.cancel([order]), venue)
    assert order.state is State.FILLED and order.filled_lots == 30


def test_the_dead_mans_switch_bounds_every_order_and_renewing_never_overfills() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    long_lived = play(trader.order(BUY), venue)
    (short,) = play(trader.cancel_all_after(10), venue)
    assert long_lived.reason == "cancelled" and list(venue.live) == [short.key]
    assert venue.live[short.key][5] <= venue.time + INTERVAL + 10_000
    venue.fill(short.key, 10)
    venue.time += 7_000
    play(trader.session.load_status(), venue)
    (again,) = play(trader.renew(), venue)
    assert venue.live[again.key][4] == 20
    assert venue.live[again.key][5] == venue.time + 10_000
    assert play(trader.renew(), venue) == []


def test_a_dead_mans_switch_shorter_than_the_venue_can_keep_is_refused() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    with pytest.raises(OutOfRange):
        play(trader.cancel_all_after(INTERVAL / 1000), venue)
    with pytest.raises(Unknown):
        play(trader.renew(), venue)


def test_what_cannot_be_tried_again_is_raised_at_once() -> None:
    flow = session().load()
    assert isinstance(next(flow), Ask)
    problem = b'{"code": "not-found", "detail": "nothing"}'
    with pytest.raises(VenueProblem) as raised:
        flow.send(Reply(404, "application/problem+json", problem))
    assert raised.value.code == "not-found"


def test_a_busy_venue_is_given_the_time_that_it_asks_for_up_to_a_bound() -> None:
    flow = session(policy=Policy(tries=3, pause_max=2.0)).load()
    next(flow)
    problem = b'{"code": "busy", "detail": ""}'
    for asked, waited in ((1.0, 1.0), (3_600.0, 2.0)):
        step = flow.send(Reply(503, "application/problem+json", problem, asked))
        assert step == Wait(waited)
        assert isinstance(flow.send(None), Ask)
    with pytest.raises(VenueProblem):
        flow.send(Reply(503, "application/problem+json", problem, 1.0))


def test_what_it_holds_is_told_in_decimals_by_the_venues_own_numbers() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    account = trader.session.account
    assert account is not None
    assert (account.cash, account.positions) == (-1_500_000, {1: 25})


def test_nothing_that_is_private_shows_itself() -> None:
    venue = PlayedVenue()
    trader = connected(venue)
    order = play(trader.order(BUY), venue)
    venue.fill(order.key, 1)
    play(trader.session.refresh(), venue)
    shown = [repr(each) for each in (order, BUY, order.fills[0], trader.session.owner)]
    assert shown == ["OwnOrder(private)", "Terms(private)", "Fill(private)", "TradingKey(private)"]
