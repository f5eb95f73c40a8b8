"""The planner: every wanted trade happens, one fill each, at its price and size, batch by batch."""

from collections.abc import Sequence
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.crypto.schnorr import SecretKey
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.order import Order, Side, SignedOrder
from rollup.protocol.shape_class import CLASS_S
from sequencer.demo.market.feed import open_feed
from sequencer.demo.market.planner import Planner
from sequencer.demo.market.trade import Slice, WantedTrade
from sequencer.demo.market.trader import SLOTS, Intent, Trader
from sequencer.engine.command import Cancel, CloseBatch, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import BatchClosed, OrderEnded, OrderRefused, Traded, VenueReason
from tests.strategies import venues

CAPITAL = 2**45
Result = tuple[int, int, int]


def traders(count: int = 12) -> list[Trader]:
    return [Trader(i + 1, bytes(20), SecretKey(5), CAPITAL) for i in range(count)]


def planner(crowd: Sequence[Trader], seed: int = 1) -> Planner:
    return Planner(crowd, venues.CHAIN, venues.VENUE, 8191, seed)


def venue(crowd: Sequence[Trader]) -> CoreState:
    state = new_state(venues.genesis())
    entries = tuple(venues.registration(i, t.account, t.capital) for i, t in enumerate(crowd))
    step(state, venues.opening(1, venues.START_MS + 1, venues.PRICES, entries))
    return state


def execute(state: CoreState, intents: Sequence[Intent]) -> list[Result]:
    """Fills in order. No intent may be refused, none may end but as planned."""
    fills = []
    for intent in intents:
        if isinstance(intent, Order):
            events = step(state, Submit(SignedOrder(intent, venues.SIGNATURE)))
        else:
            events = step(state, Cancel(SignedCancel(intent, venues.SIGNATURE)))
        for event in events:
            assert not isinstance(event, OrderRefused)
            if isinstance(event, OrderEnded):
                assert event.reason in (VenueReason.FILLED, VenueReason.CANCELLED)
            if isinstance(event, Traded):
                fills.append((event.market, event.price, event.size))
    return fills


def results(trades: Sequence[WantedTrade]) -> list[Result]:
    return [(trade.market, trade.price, trade.size) for trade in trades]


@pytest.mark.parametrize("seed", range(4))
def test_a_synthetic_market_happens_trade_by_trade(seed: int) -> None:
    crowd = traders(32)
    plans = planner(crowd, seed)
    state = venue(crowd)
    parts = list(islice(open_feed(None, seed, CLASS_S).slices(), 9))
    carried = 0
    for place, part in enumerate(parts[:-1]):
        if place:
            step(state, venues.opening(place + 1, state.time + 1_000, part.prices))
        intents = plans.tidy(3) + plans.backdrop(0, part.prices[0], 3, venues.EXPIRY_MS)
        intents += plans.plan(part.trades, parts[place + 1].trades, venues.EXPIRY_MS)
        assert execute(state, intents) == results(part.trades)
        closed = step(state, CloseBatch())[-1]
        assert isinstance(closed, BatchClosed) and len(closed.orders) <= CLASS_S.orders
        carried += len(closed.resting)
    assert carried > 0


moves = st.lists(
    st.tuples(
        st.integers(-3, 3), st.integers(1, 50), st.sampled_from(Side), st.booleans(), st.booleans()
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(moves, st.integers(0, 2**32))
def test_any_run_of_prices_happens_trade_by_trade(
    wanted: Sequence[tuple[int, int, Side, bool, bool]], seed: int
) -> None:
    price, time, trades = venues.PRICES[0], 1, []
    for move, size, taker, same_time, in_eth in wanted:
        price += move
        time += not same_time
        market, base = int(in_eth), venues.PRICES[1] - venues.PRICES[0]
        trades.append(
            WantedTrade(time, market, price + base * market, size, taker, price + base * market)
        )
    crowd = traders()
    state = venue(crowd)
    plan = planner(crowd, seed).plan(trades, (), venues.EXPIRY_MS)
    assert execute(state, plan) == results(trades)


def test_the_same_seed_plans_the_same() -> None:
    part: Slice = next(open_feed(None, 3, CLASS_S).slices())
    plans = [planner(traders(), seed).plan(part.trades, (), venues.EXPIRY_MS) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]


def test_positions_follow_the_fills() -> None:
    crowd = traders()
    state = venue(crowd)
    part = next(open_feed(None, 5, CLASS_S).slices())
    execute(state, planner(crowd).plan(part.trades, (), venues.EXPIRY_MS))
    for trader in crowd:
        held = state.ledger.holders[trader.account].holding.positions
        assert dict(held) == {m: s for m, s in enumerate(trader.positions) if s}


def test_a_lost_quote_is_forgotten() -> None:
    crowd = traders()
    plans = planner(crowd)
    (quote,) = plans.backdrop(0, 618_000, 1, venues.EXPIRY_MS)
    assert isinstance(quote, Order)
    plans.forget((quote.account, quote.slot, quote.generation))
    assert plans.tidy(5) == [] and not any(trader.resting for trader in crowd)


def test_a_quote_that_expired_is_not_counted_on() -> None:
    crowd = traders()
    plans, state = planner(crowd), venue(crowd)
    last = state.time + 500
    execute(state, plans.backdrop(0, venues.PRICES[0], 5, last))
    step(state, CloseBatch())
    plans.expire(last)
    assert any(trader.resting for trader in crowd)
    step(state, venues.opening(2, last + 1, venues.PRICES))
    plans.expire(last + 1)
    assert not any(trader.resting for trader in crowd)
    assert execute(state, plans.tidy(5)) == []


def test_a_trader_never_uses_a_busy_slot() -> None:
    trader = Trader(1, bytes(20), SecretKey(5), CAPITAL)
    trader.resting = set(range(SLOTS)) - {7}
    assert [trader.take_slot() for _ in range(2)] == [(7, 0), (7, 1)]


def test_too_few_traders_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 8 traders"):
        planner(traders(8))
