"""A market is delisted in the middle of whatever a venue lives through: everybody is settled within
a few batches, by nobody's leave, money and lots are conserved, nobody is below zero, and there is
always a batch that the rules take.
"""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route
from sequencer.engine import settling
from sequencer.engine.command import CloseBatch
from sequencer.engine.event import BatchClosed, OrderEnded, OrderRefused, Settled
from tests.helpers.ended import delisted, net_settled, require_conserved
from tests.property.test_deleveraging import Thin
from tests.property.test_liquidation import Plan, plans
from tests.strategies import venues

BTC = 0
DELISTED = delisted(venues.GOVERNANCE, BTC)
QUIET: list[tuple[int, ...]] = []


class Ending(Thin):
    """A world in which BTC is delisted by the batch of a number, and every batch is judged."""

    def __init__(self, dollars: int, number: int) -> None:
        self.number = number
        super().__init__(dollars)

    def open(self, *moves: int, **more: object) -> None:
        book = self.core.market_book
        kept = {m: book.markets[m].price for m in book.ended}
        for market, move in enumerate(moves):
            self.prices[market] += self.prices[market] * move // 10_000
        for market, price in kept.items():
            self.prices[market] = price
        entries = self.entries(())
        number, prices = self.core.number + 1, tuple(self.prices)
        parameters = {"governance": DELISTED} if number >= self.number else {}
        if book.is_open:
            parameters = {}
        time = self.core.time + 1_000
        opened = venues.opening(number, time, prices, entries, is_open=book.is_open, **parameters)
        self.do(opened)

    def require_sound_books(self) -> None:
        """Orders of a market that has ended are in no book."""
        if self.core.work is not None:
            assert not any(self.core.books[market] for market in self.core.work.book.ended)

    def close(self) -> BatchClosed:
        closed = self.do(CloseBatch())[-1]
        assert isinstance(closed, BatchClosed)
        outcome = self.batcher.close(closed, self.core).outcome
        state = self.batcher.state
        require_conserved(state)
        for account in state.accounts.values():
            found = value(Holding(account.cash, account.positions), outcome.steps.terms)
            assert found.equity >= 0
            assert found.excess >= 0 or not outcome.public.closed
        longs = sum(max(a.positions[BTC], 0) for a in state.accounts.values())
        assert state.markets.tallies[BTC].open_interest == longs
        self.takeovers += closed.takeovers
        return closed

    def to_the_end(self) -> None:
        """Whatever was going on, a few batches later nobody has a lot of BTC."""
        for _ in range(12):
            self.open(0, 0)
            self.close()
            if self.core.market_book.is_ended(BTC) and not self.left():
                break
        state = self.batcher.state
        assert not self.left() and net_settled(state) == 0
        assert state.markets.tallies[BTC].open_interest == 0
        assert sum(a.cash for a in state.accounts.values()) == state.globals.total

    def left(self) -> int:
        """Positions of BTC."""
        return sum(a.positions[BTC] != 0 for a in self.batcher.state.accounts.values())


@settings(max_examples=40, deadline=None)
@given(plans, st.sampled_from([0, 20, 200, 1_000]), st.integers(2, 6))
def test_everybody_is_settled_whatever_else_happens(plan: Plan, dollars: int, number: int) -> None:
    world = Ending(dollars, number)
    world.play(plan)
    world.to_the_end()
    assert not [e for e in world.events if isinstance(e, Settled) and e.market != BTC]


def test_a_crash_with_a_market_that_ends_in_it() -> None:
    """Who is liquidated in the one is settled in the other."""
    world = Ending(0, 4)
    pairs: list[tuple[int, ...]] = [
        (2, Side.SELL, 0, 30_000, 0, 0, "rest"),
        (1, Side.BUY, 0, 30_000, 0, 0, "rest"),
        (4, Side.SELL, 0, 60_000, 0, 1, "rest"),
        (3, Side.BUY, 0, 30_000, 0, 1, "rest"),
        (1, Side.BUY, 0, 30_000, 1, 1, "rest"),
    ]
    world.play([(0, 0, pairs), (-400, -400, QUIET), (-400, -400, QUIET), (0, -400, QUIET)])
    world.to_the_end()
    settled = {e.account for e in world.events if isinstance(e, Settled)}
    routes = {takeover.route for takeover in world.takeovers}
    assert 2 in settled and {Route.SETTLED, Route.DELEVERAGED} <= routes


def test_orders_leave_a_market_that_ends_and_none_comes_back() -> None:
    world = Ending(10_000, 3)
    world.close()
    world.open(0, 0)
    world.submit(1, Side.BUY, -300, 500, 0, 0, "rest")
    world.submit(1, Side.BUY, -300, 500, 1, 1, "rest")
    world.close()
    world.open(0, 0)
    world.close()
    world.open(0, 0)
    ended = [e for e in world.events if isinstance(e, OrderEnded)]
    assert [e.reason for e in ended if e.reason is Reason.MARKET_ENDED] == [Reason.MARKET_ENDED]
    assert len(world.core.books[1]) <= 1
    (refused,) = world.submit(2, Side.SELL, 0, 500, 2, 0, "rest")
    assert isinstance(refused, OrderRefused) and refused.reason is Reason.MARKET_ENDED


@pytest.mark.parametrize("seed", range(3))
def test_a_share_of_each_batch_is_settled(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is room for those who trade; the others are settled in the batches that follow."""
    monkeypatch.setattr(settling, "SHARE", 64)
    world = Ending(10_000, 3)
    most = world.core.ledger.shape_class.takeovers // settling.SHARE
    world.close()
    world.open(0, 0)
    rng = Random(seed)
    for account in (1, 3, 5):
        size = rng.choice((500, 4_000))
        world.submit(account + 1, Side.SELL, 0, size, 0, 0, "rest")
        world.submit(account, Side.BUY, 0, size, 0, 0, "rest")
    world.close()
    world.to_the_end()
    settled = [t for t in world.takeovers if t.route is Route.SETTLED]
    times = Counter(e.time for e in world.events if isinstance(e, Settled))
    assert len(settled) == 6 and max(times.values()) <= most == 2
