"""The core, command by command: what is accepted, what is refused and why, what waits."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.deposit import QUEUE_START, extend_queue
from rollup.protocol.order import Side, SignedOrder
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_S
from sequencer.engine.command import Cancel, CloseBatch, Command, Submit
from sequencer.engine.core import (
    EXPIRY_AHEAD_MS,
    CoreError,
    CoreState,
    new_state,
    refusal,
    step,
)
from sequencer.engine.event import (
    AnyReason,
    BatchClosed,
    CancelRefused,
    Event,
    OrderEnded,
    OrderRefused,
    OrderRested,
    OrderWaiting,
    Traded,
    VenueReason,
)
from tests.helpers.oracle import listing
from tests.strategies import venues

BUY, SELL = Side.BUY, Side.SELL
PRICE = venues.PRICES[0]
USDC = 10**6


def venue(accounts: int = 4, cash: int = 100_000 * USDC) -> CoreState:
    """A venue with batch 1 open and some accounts registered, from 1 on."""
    state = new_state(venues.genesis())
    entries = tuple(venues.registration(i, i + 1, cash) for i in range(accounts))
    step(state, venues.opening(1, venues.START_MS + 1_000, venues.PRICES, entries))
    return state


def submit(state: CoreState, signed: SignedOrder) -> list[Event]:
    return step(state, Submit(signed))


def cancel(account: int, slot: int, generation: int, chain: int = venues.CHAIN) -> Cancel:
    record = CancelOrder(chain, venues.VENUE, account, slot, generation)
    return Cancel(SignedCancel(record, venues.SIGNATURE))


def next_batch(state: CoreState, prices: tuple[int, ...] = venues.PRICES) -> BatchClosed:
    closed = step(state, CloseBatch())[-1]
    assert isinstance(closed, BatchClosed)
    step(state, venues.opening(state.number + 1, state.time + 1_000, prices))
    return closed


def trades(events: Sequence[Event]) -> list[tuple[int, int]]:
    return [(event.price, event.size) for event in events if isinstance(event, Traded)]


def refused(events: Sequence[Event]) -> AnyReason:
    (event,) = events
    assert isinstance(event, OrderRefused)
    return event.reason


def ends(events: Sequence[Event]) -> list[tuple[int, AnyReason]]:
    return [(event.key[0], event.reason) for event in events if isinstance(event, OrderEnded)]


def test_price_then_time_decides_who_trades() -> None:
    state = venue()
    submit(state, venues.order(1, SELL, PRICE + 1, 10))
    submit(state, venues.order(2, SELL, PRICE, 10))
    submit(state, venues.order(3, SELL, PRICE, 10))
    events = submit(state, venues.order(4, BUY, PRICE + 1, 25))
    assert trades(events) == [(PRICE, 10), (PRICE, 10), (PRICE + 1, 5)]
    assert [event.maker[0] for event in events if isinstance(event, Traded)] == [2, 3, 1]


def test_what_is_left_of_a_limit_order_rests_and_fills_in_the_next_batch() -> None:
    state = venue()
    submit(state, venues.order(1, SELL, PRICE, 10))
    events = submit(state, venues.order(2, BUY, PRICE, 30))
    assert isinstance(events[-1], OrderRested) and events[-1].remaining == 20
    next_batch(state)
    assert trades(submit(state, venues.order(3, SELL, PRICE, 20))) == [(PRICE, 20)]
    stored = state.ledger.holders[2].slot(0)
    assert stored.generation == 1 and stored.order is None


def test_immediate_or_cancel_never_rests() -> None:
    state = venue()
    submit(state, venues.order(1, SELL, PRICE, 10))
    events = submit(state, venues.order(2, BUY, PRICE, 30, immediate=True))
    assert trades(events) == [(PRICE, 10)]
    assert ends(events) == [
        (1, VenueReason.FILLED),
        (2, VenueReason.IMMEDIATE_REMAINDER),
    ]
    assert len(state.books[0]) == 0


def test_post_only_never_takes() -> None:
    state = venue()
    submit(state, venues.order(1, SELL, PRICE, 10))
    events = submit(state, venues.order(2, BUY, PRICE, 5, post_only=True))
    assert ends(events) == [(2, VenueReason.POST_ONLY_WOULD_TRADE)]
    events = submit(state, venues.order(2, BUY, PRICE - 1, 5, generation=1, post_only=True))
    assert isinstance(events[-1], OrderRested)


def test_an_account_does_not_trade_with_itself() -> None:
    state = venue()
    submit(state, venues.order(1, SELL, PRICE, 10))
    events = submit(state, venues.order(1, BUY, PRICE, 10, slot=1))
    assert ends(events) == [(1, Reason.SELF_TRADE)] and not trades(events)
    assert len(state.books[0]) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chain": 1}, Reason.ORDER_VENUE),
        ({"venue": 1}, Reason.ORDER_VENUE),
        ({"account": 99}, Reason.ACCOUNT_MISSING),
        ({"market": 2}, Reason.MARKET_OUT_OF_BOUNDS),
        ({"expiry": venues.START_MS + 999}, Reason.ORDER_EXPIRED),
        ({"expiry": venues.START_MS + 1_001 + EXPIRY_AHEAD_MS}, VenueReason.EXPIRY_TOO_FAR),
        ({"max_fee": 499}, Reason.FEE_ABOVE_CAP),
        ({"size": 2_000_000}, Reason.MARGIN),
        ({"size": 2**40 - 1}, Reason.MARGIN),
    ],
)
def test_an_order_that_could_not_fill_is_refused_with_its_reason(
    change: dict[str, int], reason: AnyReason
) -> None:
    state = venue()
    signed = venues.order(1, BUY, PRICE, 10)
    events = submit(state, replace(signed, order=replace(signed.order, **change)))
    assert refused(events) is reason
    assert not state.live


def test_the_farthest_expiry_that_the_venue_takes_rests() -> None:
    state = venue()
    last = venues.START_MS + 1_000 + EXPIRY_AHEAD_MS
    assert isinstance(submit(state, venues.order(1, BUY, PRICE, 10, expiry=last))[-1], OrderRested)


def test_fee_caps_are_those_of_the_kind_of_order() -> None:
    state = venue()
    between = 300
    maker = venues.order(1, BUY, PRICE, 10, max_fee=between, post_only=True)
    assert isinstance(submit(state, maker)[-1], OrderRested)
    taker = venues.order(2, SELL, PRICE, 10, max_fee=between, immediate=True)
    assert refused(submit(state, taker)) is Reason.FEE_ABOVE_CAP


def test_a_slot_holds_one_live_order_and_a_generation_is_used_once() -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE, 10, generation=5))
    again = venues.order(1, BUY, PRICE - 1, 10, generation=6)
    twice = venues.order(1, BUY, PRICE - 1, 10, generation=5)
    assert refused(submit(state, twice)) is VenueReason.SLOT_BUSY
    step(state, cancel(1, 0, 5))
    old = venues.order(1, BUY, PRICE, 10, generation=5)
    assert refused(submit(state, old)) is VenueReason.GENERATION_USED
    assert isinstance(submit(state, again)[-1], OrderRested)


def test_a_traded_generation_kills_older_ones() -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE, 10, generation=5))
    submit(state, venues.order(2, SELL, PRICE, 10))
    older = venues.order(1, BUY, PRICE, 10, generation=4)
    assert refused(submit(state, older)) is Reason.GENERATION_DEAD


def test_a_cancel_ends_its_generation_and_all_before_it() -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE, 10, generation=5))
    assert isinstance(step(state, cancel(1, 0, 4))[-1], CancelRefused)
    assert ends(step(state, cancel(1, 0, 9))) == [(1, VenueReason.CANCELLED)]
    assert len(state.books[0]) == 0
    (event,) = step(state, cancel(1, 0, 9))
    assert isinstance(event, CancelRefused) and event.reason is VenueReason.NOTHING_TO_CANCEL
    late = venues.order(1, BUY, PRICE, 10, generation=9)
    assert refused(submit(state, late)) is VenueReason.GENERATION_USED


def test_a_cancel_for_another_chain_does_nothing() -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE, 10))
    (event,) = step(state, cancel(1, 0, 0, chain=1))
    assert isinstance(event, CancelRefused) and event.reason is Reason.ORDER_VENUE
    assert len(state.books[0]) == 1


def test_orders_expire_when_a_batch_opens_after_their_last_moment() -> None:
    state = venue()
    end = venues.START_MS + 2_000
    submit(state, venues.order(1, BUY, PRICE, 10, expiry=end - 1))
    submit(state, venues.order(2, BUY, PRICE, 10, expiry=end))
    step(state, CloseBatch())
    events = step(state, venues.opening(2, end, venues.PRICES))
    assert ends(events) == [(1, Reason.ORDER_EXPIRED)]
    assert [live.order.account for live in state.books[0]] == [2]


def test_a_fill_happens_at_the_makers_price_moved_into_the_band() -> None:
    state = venue()
    submit(state, venues.order(1, SELL, PRICE, 10))
    higher = (PRICE * 105 // 100, *venues.PRICES[1:])
    next_batch(state, higher)
    assert state.work is not None
    low = state.work.terms[0].band_low
    assert low > PRICE
    events = submit(state, venues.order(2, BUY, low, 10))
    assert trades(events) == [(low, 10)]


def test_no_fill_outside_the_band_and_the_book_stays_uncrossed() -> None:
    state = venue()
    submit(state, venues.order(1, SELL, PRICE, 10))
    next_batch(state, (PRICE * 105 // 100, *venues.PRICES[1:]))
    events = submit(state, venues.order(2, BUY, PRICE + 10, 10))
    assert ends(events) == [(2, Reason.PRICE_OUTSIDE_BAND)]
    assert [live.order.account for live in state.books[0]] == [1]


def test_a_full_batch_lets_orders_wait_and_serves_them_first() -> None:
    state = venue(accounts=6, cash=10_000_000 * USDC)
    submit(state, venues.order(1, SELL, PRICE, CLASS_S.trades + 10))
    for generation in range(CLASS_S.trades):
        taker = venues.order(2, BUY, PRICE, 1, generation=generation, immediate=True)
        assert trades(submit(state, taker)) == [(PRICE, 1)]
    events = submit(state, venues.order(3, BUY, PRICE, 4, immediate=True))
    assert isinstance(events[-1], OrderWaiting) and state.is_full
    assert isinstance(submit(state, venues.order(4, BUY, PRICE - 5, 1))[-1], OrderWaiting)
    submit(state, venues.order(5, BUY, PRICE, 4, immediate=True))
    assert ends(step(state, cancel(5, 0, 0))) == [(5, VenueReason.CANCELLED)]
    closed = step(state, CloseBatch())[-1]
    assert isinstance(closed, BatchClosed) and len(closed.fills) == CLASS_S.trades
    events = step(state, venues.opening(2, state.time + 1_000, venues.PRICES))
    events += submit(state, venues.order(6, BUY, PRICE, 100, immediate=True))
    takers = [event.taker[0] for event in events if isinstance(event, Traded)]
    assert takers == [3, 6] and not state.is_full
    assert [live.order.account for live in state.books[0].orders(BUY)] == [4]


def test_a_waiting_order_that_expires_meanwhile_is_ended() -> None:
    state = venue(accounts=3, cash=10_000_000 * USDC)
    submit(state, venues.order(1, SELL, PRICE, CLASS_S.trades + 1))
    for generation in range(CLASS_S.trades):
        submit(state, venues.order(2, BUY, PRICE, 1, generation=generation, immediate=True))
    submit(state, venues.order(3, BUY, PRICE, 4, expiry=venues.START_MS + 1_500))
    step(state, CloseBatch())
    events = step(state, venues.opening(2, state.time + 1_000, venues.PRICES))
    assert ends(events) == [(3, Reason.ORDER_EXPIRED)]


def test_a_fill_beyond_the_notional_bound_is_split() -> None:
    state = venue(accounts=2, cash=2**61)
    size = 2**35
    submit(state, venues.order(1, SELL, PRICE, size))
    found = trades(submit(state, venues.order(2, BUY, PRICE, size)))
    assert len(found) > 1 and sum(lots for _, lots in found) == size
    assert all(price * lots < 2**52 for price, lots in found)


@pytest.mark.parametrize(
    "command",
    [
        venues.opening(2, venues.START_MS + 5_000, venues.PRICES),
    ],
)
def test_a_command_in_the_wrong_place_raises_and_changes_nothing(command: Command) -> None:
    state = venue()
    with pytest.raises(CoreError):
        step(state, command)
    assert (state.number, state.deposits_consumed) == (0, 4)


@pytest.mark.parametrize(
    "command",
    [
        CloseBatch(),
        Submit(venues.order(1, BUY, PRICE, 1)),
        venues.opening(2, venues.START_MS + 5_000, venues.PRICES),
        venues.opening(1, venues.START_MS, venues.PRICES),
        venues.opening(1, venues.START_MS + 1, (0, 1)),
        venues.opening(1, venues.START_MS + 1, (1, 1, 2)),
        venues.opening(1, venues.START_MS + 1, venues.PRICES, (venues.credit(9, 1, 1),)),
        venues.opening(
            1,
            venues.START_MS + 1,
            venues.PRICES,
            tuple(venues.credit(i, 1, 1) for i in range(DEPOSITS_MAX + 1)),
        ),
        venues.opening(
            1,
            venues.START_MS + 1,
            venues.PRICES[:1],
            governance=listing(venues.GOVERNANCE, venues.GOVERNANCE.markets[:1]),
        ),
        venues.opening(
            1,
            venues.START_MS + 1,
            venues.PRICES,
            governance=replace(venues.GOVERNANCE, fee_account=1),
        ),
    ],
)
def test_nothing_happens_before_a_batch_is_open(command: Command) -> None:
    state = new_state(venues.genesis())
    with pytest.raises(CoreError):
        step(state, command)
    assert state.work is None and state.deposits_consumed == 0
    assert state.ledger.governance == venues.GOVERNANCE


def full_batch(accounts: int = 6) -> CoreState:
    """Batch 1 holds what it can; account 1 still sells at PRICE, account 2 bought from it."""
    state = venue(accounts, cash=10_000_000 * USDC)
    submit(state, venues.order(1, SELL, PRICE, 2 * CLASS_S.trades))
    for generation in range(CLASS_S.trades):
        submit(state, venues.order(2, BUY, PRICE, 1, generation=generation, immediate=True))
    return state


def test_orders_that_waited_go_on_when_the_batch_opens_and_not_with_the_first_command() -> None:
    state = full_batch()
    submit(state, venues.order(3, BUY, PRICE, 4, immediate=True))
    step(state, CloseBatch())
    events = step(state, venues.opening(2, state.time + 1_000, venues.PRICES))
    assert trades(events) == [(PRICE, 4)] and not state.is_full


def test_an_expired_order_leaves_at_the_opening_also_behind_one_that_waits_again() -> None:
    state = full_batch()
    brief = venues.START_MS + 1_500
    submit(state, venues.order(3, BUY, PRICE, CLASS_S.trades + 9))
    submit(state, venues.order(4, BUY, PRICE, 4, expiry=brief))
    step(state, CloseBatch())
    redo = venues.opening(2, state.time + 1_000, venues.PRICES, redo=True)
    assert ends(step(state, redo)) == [(4, Reason.ORDER_EXPIRED)]
    assert [live.order.account for live in state.waiting] == [3]


def test_the_answer_to_an_order_does_not_depend_on_an_envelope_before_it() -> None:
    state = full_batch()
    submit(state, venues.order(3, BUY, PRICE, 4, expiry=venues.START_MS + 1_500))
    next_batch(state)
    following = venues.order(3, BUY, PRICE, 4, generation=1).order
    assert refusal(state, following) is None


def test_a_batch_made_anew_matches_nothing_and_orders_go_on_after_it() -> None:
    state = venue()
    step(state, CloseBatch())
    step(state, venues.opening(2, state.time + 1_000, venues.PRICES, redo=True, attempt=1))
    submit(state, venues.order(1, SELL, PRICE, 10))
    assert isinstance(submit(state, venues.order(2, BUY, PRICE, 10))[-1], OrderWaiting)
    submit(state, venues.order(3, BUY, PRICE, 5))
    assert ends(step(state, cancel(3, 0, 0))) == [(3, VenueReason.CANCELLED)]
    closed = step(state, CloseBatch())[-1]
    assert isinstance(closed, BatchClosed) and closed.redo and not closed.fills
    events = step(state, venues.opening(3, state.time + 1_000, venues.PRICES))
    assert trades(events) == [(PRICE, 10)]


def test_nothing_is_immediate_in_a_batch_made_anew() -> None:
    state = venue()
    step(state, CloseBatch())
    step(state, venues.opening(2, state.time + 1_000, venues.PRICES, redo=True, attempt=1))
    submit(state, venues.order(1, SELL, PRICE, 10))
    events = submit(state, venues.order(2, BUY, PRICE, 10, immediate=True))
    assert ends(events) == [(2, VenueReason.IMMEDIATE_REMAINDER)]
    assert not state.waiting


def test_announced_parameters_hold_from_the_next_batch_on() -> None:
    state = venue()
    submit(state, venues.order(1, BUY, PRICE, 10))
    step(state, CloseBatch())
    third = replace(venues.ETH, symbol="SOL-PERP")
    dearer = replace(venues.BTC, taker_fee=900)
    after = listing(venues.GOVERNANCE, (dearer, venues.ETH, third))
    prices = (*venues.PRICES, 5)
    step(state, venues.opening(2, state.time + 1_000, prices, governance=after))
    assert isinstance(submit(state, venues.order(2, SELL, 5, 10, market=2))[-1], OrderRested)
    submit(state, venues.order(3, SELL, PRICE, 10))
    closed = step(state, CloseBatch())[-1]
    assert isinstance(closed, BatchClosed) and closed.governance == after
    assert state.ledger.holders[3].holding.cash == 100_000 * USDC + PRICE * 10 - 5_562


def test_the_queues_head_is_what_was_consumed() -> None:
    state = venue(accounts=2)
    head = extend_queue(QUEUE_START, venues.registration(0, 1, 100_000 * USDC))
    assert state.queue_head == extend_queue(head, venues.registration(1, 2, 100_000 * USDC))


def test_commands_do_not_show_orders() -> None:
    assert "618000" not in repr(Submit(venues.order(1, BUY, PRICE, 1)))
    assert repr(cancel(1, 2, 3)) == "Cancel(private)"
