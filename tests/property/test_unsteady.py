"""Prices that are clamped or missing, batch by batch, as long as they like: whatever the core
accepts the rules accept, every batch has a next one, and nobody grows at them but who takes of
liquidated accounts: the backstop, and orders where the price is clamped."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.holding import Holding
from rollup.protocol.margin import has_grown, value
from rollup.protocol.order import Side
from sequencer.engine.command import CloseBatch
from sequencer.engine.event import BatchClosed
from tests.helpers.market_books import unsigned_reports
from tests.property.test_step import Plan, World, batches
from tests.strategies import venues

FRESH, CLAMPED, MISSING = range(3)
BOTH = range(len(venues.PRICES))

RICH = 1_000_000
"""Dollars of a backstop that takes whatever it is given."""

states = st.lists(st.tuples(*[st.sampled_from([FRESH, CLAMPED, MISSING])] * 2), min_size=1)


class Shaky(World):
    """A world that is told how each price of a batch comes to be."""

    def begin(self, how: tuple[int, int], moves: tuple[int, int]) -> None:
        for market in BOTH:
            if how[market] != MISSING:
                self.prices[market] += self.prices[market] * moves[market] // 10_000
        prices = tuple(self.prices)
        number, time = self.core.number + 1, self.core.time + 1_000
        is_open = self.core.market_book.is_open
        opening = venues.opening(number, time, prices, self.entries(()), is_open=is_open)
        said = tuple(
            price * 2 if how[market] == CLAMPED else price for market, price in enumerate(prices)
        )
        known = () if is_open else [market for market in BOTH if how[market] != MISSING]
        reports = unsigned_reports(venues.GOVERNANCE, *known, prices=said)
        self.do(replace(opening, reports=reports))

    def to_the_end(self) -> None:
        """Batches at the same prices until the step is closed."""
        for _ in range(8):
            if not self.core.market_book.is_open:
                return
            self.begin((MISSING, MISSING), (0, 0))
            self.end()
        raise AssertionError("a step has no end")

    def end(self) -> None:
        closed = self.do(CloseBatch())[-1]
        assert isinstance(closed, BatchClosed)
        outcome = self.batcher.close(closed, self.core).outcome
        assert outcome.public.progress
        assert outcome.public.closed or self.backstop < RICH
        self.seen["deleveraged"] += len(outcome.steps.deleveraged)
        self.seen["open"] += not outcome.public.closed
        terms = outcome.steps.terms
        for account in self.batcher.state.accounts.values():
            assert value(Holding(account.cash, account.positions), terms).equity >= 0
        book = outcome.public.book_after.markets
        took = {(step.taker.account, step.market) for step in outcome.steps.order_takeovers}
        for account in outcome.accounts:
            for market in account.markets if account.index != BACKSTOP_ACCOUNT else ():
                if (account.index, market) not in took and not book[market].is_steady:
                    before = account.before.positions[market] if account.before else 0
                    after = account.after.positions[market] if account.after else 0
                    assert not has_grown(before, after)
        for traded in (*outcome.steps.fills, *outcome.steps.order_takeovers):
            assert not book[traded.market].missing
        self.seen["fills"] += len(outcome.steps.fills)


@settings(max_examples=80, deadline=None)
@given(batches, states)
def test_what_the_core_accepts_the_rules_accept_at_any_price(
    plan: Plan, how: list[tuple[int, int]]
) -> None:
    world = Shaky()
    for place, (btc, eth, _, orders) in enumerate(plan):
        world.begin(how[place % len(how)] if place else (FRESH, FRESH), (btc, eth))
        for order in orders:
            world.submit(*order)  # type: ignore[arg-type]
        world.end()


@settings(max_examples=40, deadline=None)
@given(batches, states, st.sampled_from([0, 20, 200]))
def test_a_thin_backstop_at_any_price_has_a_next_batch(
    plan: Plan, how: list[tuple[int, int]], dollars: int
) -> None:
    """Held back or missing, in a crash, with nobody to take: each step comes to its end."""
    world = Shaky(dollars)
    for place, (btc, eth, _, orders) in enumerate(plan):
        world.begin(how[place % len(how)] if place else (FRESH, FRESH), (btc, eth))
        for order in orders:
            world.submit(*order)  # type: ignore[arg-type]
        world.end()
        world.to_the_end()


def test_a_crash_at_prices_held_back_deleverages() -> None:
    """Shorts of the same size lose what nobody takes of the long."""
    world = Shaky(0)
    world.begin((FRESH, FRESH), (0, 0))
    world.submit(2, Side.SELL, 0, 45_000, 0, 0, "rest")
    world.submit(1, Side.BUY, 0, 45_000, 0, 0, "rest")
    world.end()
    for _ in range(4):
        world.begin((CLAMPED, MISSING), (-440, 0))
        world.end()
        world.to_the_end()
    assert world.seen["deleveraged"]


def test_a_market_is_missing_for_long_and_comes_back() -> None:
    world = Shaky()
    world.begin((FRESH, FRESH), (0, 0))
    world.end()
    for _ in range(80):
        world.begin((MISSING, CLAMPED), (0, 100))
        world.end()
    world.begin((FRESH, FRESH), (-300, 0))
    world.submit(2, Side.SELL, 0, 10, 0, 0, "rest")
    world.submit(1, Side.BUY, 0, 10, 0, 0, "rest")
    world.end()
    assert world.seen["fills"] == 1
