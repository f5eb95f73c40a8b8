"""Resting orders take lots of liquidated accounts before the backstop does; the rules agree."""

from dataclasses import replace
from typing import Any, TypeVar

import pytest

from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.order import PEG_BIAS, Side
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route, full_fee
from rollup.protocol.terms import MarketTerms
from sequencer.engine import by_order
from sequencer.engine.command import CloseBatch, Submit
from sequencer.engine.event import (
    BatchClosed,
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
from tests.helpers import market_books
from tests.property.test_step import World
from tests.strategies import venues

BACKSTOP = venues.GOVERNANCE.backstop_account
FEES = venues.GOVERNANCE.fee_account
DOLLAR = 10**6
LONG, MAKER, BIDDER, OTHER = 1, 2, 3, 4
LOTS = 45_000
FALL = -660
"""To between maintenance margin and nothing, for who is long at the limit."""

E = TypeVar("E", bound=Event)


def told(events: list[Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


class Venue(World):
    """A world in which one account is long or short at the limit, and then the price moves."""

    def __init__(self, size: int = LOTS, backstop: int = 10**6) -> None:
        super().__init__(backstop)
        self.open(0, 0)
        self.send(MAKER, venues.PRICES[0], -size)
        self.send(LONG, venues.PRICES[0], size)
        self.close()

    def send(self, account: int, price: int, size: int, **marks: Any) -> list[Event]:
        """An order in a slot of its own, which sells below zero lots; it takes at prices that are
        held back unless another is said."""
        self.generation += 1
        side = Side.BUY if size > 0 else Side.SELL
        marks = {"when_clamped": True, **marks}
        slot, generation = self.generation % 200, self.generation
        signed = venues.order(
            account, side, price, abs(size), slot=slot, generation=generation, **marks
        )
        return self.do(Submit(signed))

    def bids(self, *orders: tuple[int, int, int], **marks: Any) -> None:
        """A batch in which these accounts send bids, at so many ticks from the oracle's price."""
        self.open(0, 0)
        for account, away, size in orders:
            events = self.send(account, PEG_BIAS + away, size, pegged=True, **marks)
            assert told(events, OrderRested)
        self.close()

    def move(self, basis_points: int = FALL, how: str = "fresh") -> tuple[list[Event], BatchClosed]:
        """A batch whose price moved, and what happened as it opened."""
        seen = len(self.events)
        self.moved(basis_points, how)
        events = self.events[seen:]
        return events, self.close()

    def moved(self, basis_points: int, how: str) -> None:
        """The batch opens at a price that is fresh, clamped, or missing."""
        if how == "fresh":
            self.open(basis_points, 0)
            return
        self.prices[0] += self.prices[0] * basis_points // 10_000
        prices, far = tuple(self.prices), (self.prices[0] * 2, self.prices[1])
        known = (0, 1) if how == "clamped" else (1,)
        reports = market_books.unsigned_reports(venues.GOVERNANCE, *known, prices=far)
        opening = venues.opening(self.core.number + 1, self.core.time + 1_000, prices)
        self.do(replace(opening, reports=reports))

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        return market_books.terms_at(tuple(self.prices), venues.GOVERNANCE)

    def holding(self, account: int) -> Holding:
        return self.core.ledger.holders[account].holding

    def lots(self, account: int) -> int:
        return self.holding(account).positions[0]

    def equity(self, account: int) -> int:
        return value(self.holding(account), self.terms).equity


def test_a_bid_takes_what_the_backstop_would_and_the_account_gets_the_same() -> None:
    alone, world = Venue(), Venue()
    alone.move()
    world.bids((BIDDER, -100, LOTS))
    events, closed = world.move()
    assert world.holding(LONG) == alone.holding(LONG)
    (lost,) = told(events, Liquidated)
    (took,) = told(events, Took)
    assert world.lots(BIDDER) == took.size == lost.size == LOTS - world.lots(LONG) < LOTS
    assert world.lots(BACKSTOP) == 0 and closed.takeovers == ()
    terms = world.terms[0]
    assert took.price == terms.price - 100 and lost.price == terms.price
    assert lost.fee == full_fee(lost.size, terms)
    (taken,) = closed.order_takeovers
    assert taken.rest == lost.size * (terms.liquidation_fee - 100)
    assert world.equity(BACKSTOP) == 10**6 * DOLLAR + taken.rest


def test_the_best_bid_takes_first_and_the_backstop_what_is_left() -> None:
    world = Venue()
    world.bids((OTHER, -200, 100), (BIDDER, -100, 60), (OTHER, -100, 50))
    events, closed = world.move()
    took = [(each.key[0], each.size) for each in told(events, Took)]
    assert took == [(BIDDER, 60), (OTHER, 50), (OTHER, 100)]
    (lost,) = told(events, Liquidated)
    (takeover,) = closed.takeovers
    assert takeover.size == lost.size - 210 == world.lots(BACKSTOP) > 0
    assert [each.reason for each in told(events, OrderEnded)] == [VenueReason.FILLED] * 3


def test_an_owed_position_is_closed_by_offers() -> None:
    world = Venue(-LOTS)
    world.bids((BIDDER, 100, -LOTS))
    events, closed = world.move(-FALL)
    (took,), (lost,) = told(events, Took), told(events, Liquidated)
    assert took.side is Side.SELL and lost.side is Side.BUY
    assert world.lots(BIDDER) == -took.size and closed.takeovers == ()
    fee = world.terms[0].liquidation_fee
    assert closed.order_takeovers[0].rest == took.size * (fee - 100)


@pytest.mark.parametrize("away", [0, 1])
def test_a_bid_that_is_too_low_is_left_alone(away: int) -> None:
    """A quarter of the fee below the price is as low as may be."""
    world, after = Venue(), Venue()
    after.move()
    quarter = after.terms[0].liquidation_fee // 4
    world.bids((BIDDER, -quarter - away, LOTS))
    events, closed = world.move()
    assert (told(events, Took) == []) == bool(closed.takeovers) == bool(away)


@pytest.mark.parametrize("how", ["fresh", "clamped", "missing"])
@pytest.mark.parametrize("marked", [False, True])
def test_at_a_price_that_is_held_back_only_an_order_takes_that_says_so(
    how: str, marked: bool
) -> None:
    """Where there is none no order does: pegged to it, it would have no limit."""
    world = Venue()
    world.bids((BIDDER, -10, LOTS), when_clamped=marked)
    events, closed = world.move(how=how)
    takes = how == "fresh" or (how == "clamped" and marked)
    assert bool(told(events, Took)) == takes and bool(closed.takeovers) != takes


def test_who_took_at_a_price_that_is_held_back_keeps_it_for_the_batch() -> None:
    """What it sold of it would be a fill by which it had grown."""
    world = Venue()
    world.bids((BIDDER, -10, LOTS))
    world.moved(FALL, "clamped")
    lots = world.lots(BIDDER)
    assert lots > 0 and world.lots(MAKER) == -LOTS
    world.send(BIDDER, world.prices[0], -1)
    events = world.send(MAKER, world.prices[0], 1)
    assert told(events, Traded) == []
    (ended,) = told(events, OrderEnded)
    assert ended.reason is Reason.MARKET_UNSTEADY
    world.close()
    world.open(0, 0)
    assert told(world.send(MAKER, world.prices[0], 1), Traded)
    world.close()


@pytest.mark.parametrize(("above", "edge"), [(500, False), (30_000, True)])
def test_a_bid_above_the_price_pays_the_backstop_the_rest(above: int, edge: bool) -> None:
    world = Venue()
    world.bids((BIDDER, above, 100))
    events, closed = world.move()
    (took,) = told(events, Took)
    terms = world.terms[0]
    assert took.price == (terms.band_high if edge else terms.price + above)
    better = terms.liquidation_fee + took.price - terms.price
    assert closed.order_takeovers[0].rest == 100 * better


def test_a_bidder_takes_as_much_as_his_margin_allows() -> None:
    world = Venue()
    world.open(0, 0)
    world.send(OTHER, venues.PRICES[0], -30_000)
    world.send(BIDDER, venues.PRICES[0], 30_000)
    world.close()
    world.bids((BIDDER, 0, 14_000))
    events, closed = world.move()
    (took,), (takeover,) = told(events, Took), closed.takeovers
    assert took.size + takeover.size == LOTS - world.lots(LONG)
    found = value(world.holding(BIDDER), world.terms)
    assert 0 <= found.initial < 2 * world.terms[0].initial


def test_a_reduce_only_bid_takes_no_more_than_it_reduces() -> None:
    world = Venue()
    world.open(0, 0)
    world.send(OTHER, venues.PRICES[0], -300)
    world.send(BIDDER, venues.PRICES[0], 300)
    world.close()
    world.bids((OTHER, 0, 2_000), reduce_only=True)
    events, closed = world.move()
    (took,) = told(events, Took)
    assert took.size == 300 and world.lots(OTHER) == 0 and closed.takeovers


def test_who_is_to_be_liquidated_takes_nothing() -> None:
    """Two are long at the limit; one of them has a bid, and a higher number."""
    world = Venue()
    world.open(0, 0)
    world.send(BIDDER, venues.PRICES[0], -44_000)
    world.send(OTHER, venues.PRICES[0], 44_000)
    world.close()
    world.bids((OTHER, 0, 100))
    events, closed = world.move()
    assert [each.account for each in told(events, Liquidated)] == [LONG, OTHER]
    assert told(events, Took) == [] and closed.order_takeovers == ()


def test_an_exhausted_account_leaves_what_it_has() -> None:
    """The bids pay their price, and the backstop gets so much less than the whole."""
    world = Venue()
    world.bids((BIDDER, 100, 40_000))
    events, closed = world.move(-1_000)
    (lost,), (took,), (taken,) = (
        told(events, Liquidated),
        told(events, Took),
        closed.order_takeovers,
    )
    assert world.holding(LONG) == Holding(0, Positions(()))
    assert lost.size == LOTS and 0 < lost.fee < full_fee(LOTS, world.terms[0])
    assert 100 * took.size <= taken.rest < took.size * (100 + world.terms[0].liquidation_fee)


def test_an_exhausted_account_pays_no_bid_below_the_price_more_than_it_has() -> None:
    """What it has goes with the first lots; for the next ones it has nothing to pay."""
    world = Venue()
    world.bids((BIDDER, -100, 20_000), (OTHER, -200, 20_000))
    _, closed = world.move(-1_000)
    assert world.holding(LONG) == Holding(0, Positions(()))
    assert all(each.rest >= 0 for each in closed.order_takeovers)
    assert [each.size for each in closed.order_takeovers] == [20_000]
    assert closed.takeovers[0].size == LOTS - 20_000


def test_bids_take_alone_where_the_backstop_can_carry_nothing() -> None:
    """What they leave is closed with lots of the other side, which belong to nobody who took."""
    world = Venue(backstop=0)
    world.bids((BIDDER, 0, 500))
    events, closed = world.move()
    (took,), gone = told(events, Took), told(events, Deleveraged)
    assert took.size == 500 and {each.account for each in gone} == {MAKER}
    lost = told(events, Liquidated)
    assert lost[0].size == 500 and lost[0].fee > 0 and lost[-1].fee == 0
    closed_lots = sum(each.size for each in gone)
    assert sum(each.size for each in lost) == 500 + world.lots(BACKSTOP) + closed_lots
    assert closed.takeovers[-1].route is Route.DELEVERAGED


def test_who_took_in_a_market_is_not_deleveraged_there() -> None:
    """Nobody is asked behind him: the account is left below maintenance for the next batch."""
    world = Venue(backstop=0)
    world.bids((MAKER, 0, 500))
    seen = len(world.events)
    world.open(FALL, 0)
    events = world.events[seen:]
    assert [each.key[0] for each in told(events, Took)] == [MAKER]
    assert told(events, Deleveraged) == []
    closed = world.do(CloseBatch())[-1]
    assert isinstance(closed, BatchClosed)
    public = world.batcher.close(closed, world.core).outcome.public
    assert not public.closed and world.core.ledger.holders[LONG].below
    events, closed = world.move(0)
    assert told(events, Deleveraged) and not world.core.ledger.holders[LONG].below
    assert world.batcher.state.book.is_open is False


def test_bids_of_an_open_step_take_in_it() -> None:
    world = Venue(backstop=0)
    world.bids((MAKER, 0, 500))
    world.open(FALL, 0)
    assert told(world.send(BIDDER, PEG_BIAS, LOTS, pegged=True), OrderRested)
    closed = world.do(CloseBatch())[-1]
    assert isinstance(closed, BatchClosed)
    world.batcher.close(closed, world.core)
    assert world.batcher.state.book.is_open
    events, closed = world.move(0)
    assert [each.key[0] for each in told(events, Took)] == [BIDDER]
    assert closed.takeovers == () and not world.batcher.state.book.is_open


def test_where_fees_could_not_be_paid_out_no_order_takes() -> None:
    """The fee account is to be liquidated: fees of this batch would be more than it needs."""
    world = Venue()
    world.bids((BIDDER, 0, LOTS))
    fees = world.core.ledger.holders[FEES]
    fees.holding = Holding(-venues.PRICES[0], Positions(((0, 1),)))
    world.open(FALL, 0)
    assert told(world.events, Took) == []


def test_no_more_orders_are_asked_than_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_order, "ASKED_MAX", 2)
    world = Venue()
    world.bids((BIDDER, -1, 10), (BIDDER, -2, 10), (BIDDER, -3, 10))
    events, _ = world.move()
    assert len(told(events, Took)) == 2


def test_a_batch_has_room_for_as_many_as_its_class_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_order, "ASKED_MAX", 1_000)
    world = Venue()
    for _ in range(2):
        world.bids(*((BIDDER, -1, 1) for _ in range(90)))
    events, closed = world.move()
    most = world.core.ledger.shape_class.trades
    assert len(closed.order_takeovers) == most == len(told(events, Took))
    assert closed.takeovers[0].size == LOTS - world.lots(LONG) - most


def test_a_pegged_order_moves_with_the_price_and_trades_where_it_crosses() -> None:
    world = Venue(100)
    world.open(0, 0)
    world.send(BIDDER, PEG_BIAS + 50, 30, pegged=True)
    ask = venues.PRICES[0] + 1_000
    world.send(OTHER, ask, -20)
    world.close()
    (live,) = [live for live in world.core.books[0] if live.order.pegged]
    assert live.limit == venues.PRICES[0] + 50
    events, _ = world.move(30)
    (trade,) = told(events, Traded)
    assert (trade.price, trade.size, trade.taker[0]) == (ask, 20, BIDDER)
    assert [each.key[0] for each in told(events, OrderWaiting)] == [BIDDER]
    (rested,) = told(events, OrderRested)
    assert rested.remaining == 10 and live.limit == world.prices[0] + 50


def test_a_pegged_order_that_may_not_take_ends_where_it_crosses() -> None:
    world = Venue(100)
    world.open(0, 0)
    world.send(BIDDER, PEG_BIAS + 50, 30, pegged=True, post_only=True)
    world.send(OTHER, venues.PRICES[0] + 1_000, -20)
    world.close()
    events, _ = world.move(30)
    (ended,) = told(events, OrderEnded)
    assert ended.reason is VenueReason.POST_ONLY_WOULD_TRADE and told(events, Traded) == []


def test_a_pegged_order_that_waits_moves_too() -> None:
    world = Venue(100)
    world.bids((BIDDER, -10_000, 30))
    (live,) = world.core.books[0]
    world.core.books[0].remove(live)
    world.core.waiting.append(live)
    world.move(30)
    assert live.is_resting and live.limit == world.prices[0] - 10_000


def test_a_reduce_only_order_fills_what_it_reduces_and_then_leaves() -> None:
    world = Venue(100)
    world.open(0, 0)
    world.send(LONG, venues.PRICES[0] + 10, -150, reduce_only=True)
    events = world.send(BIDDER, venues.PRICES[0] + 10, 400)
    assert [each.size for each in told(events, Traded)] == [100]
    assert [each.reason for each in told(events, OrderEnded)] == [Reason.REDUCE_ONLY]
    world.close()
    assert world.lots(LONG) == 0


def test_an_order_that_would_reduce_nothing_is_refused() -> None:
    world = Venue(100)
    world.open(0, 0)
    (refused,) = world.send(LONG, venues.PRICES[0], 10, reduce_only=True)
    assert isinstance(refused, OrderRefused) and refused.reason is Reason.REDUCE_ONLY
