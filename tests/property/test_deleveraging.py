"""Where the backstop has next to nothing there is no dead end, nobody is below zero, and who loses
his place is next in line: judged from the book before and after each batch, by nothing that the
rules of deleveraging use.
"""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.protocol.account import Account
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.order import Side
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.takeover import Route, Takeover
from sequencer.engine.command import CloseBatch
from sequencer.engine.event import BatchClosed, Deleveraged, Liquidated
from tests.helpers.market_books import terms_at
from tests.property.test_liquidation import Plan, plans
from tests.property.test_step import DOLLAR, World
from tests.strategies import venues

Book = dict[int, Account]


class Thin(World):
    """A world whose backstop gets so many dollars, and in which every batch is judged."""

    def __init__(self, dollars: int, shape_class: ShapeClass = CLASS_S, fee: int = 0) -> None:
        super().__init__(shape_class=shape_class, fee=fee)
        self.dollars = dollars
        self.patience = 8
        self.takeovers: list[Takeover] = []
        self.open(0, 0)

    def entries(self, deposits: Sequence[tuple[int, int]]) -> tuple[QueueEntry, ...]:
        found = super().entries(deposits)
        if self.core.number:
            return found
        *others, rich = found
        poor = venues.credit(rich.index, BACKSTOP_ACCOUNT, self.dollars * 10**6)
        return (*others, poor)

    def close(self) -> BatchClosed:
        closed = self.do(CloseBatch())[-1]
        assert isinstance(closed, BatchClosed)
        before = dict(self.batcher.state.accounts)
        outcome = self.batcher.close(closed, self.core).outcome
        self.seen["batches"] += 1
        self.seen["open"] += not outcome.public.closed
        terms = terms_at(closed.prices, venues.GOVERNANCE)
        after = dict(self.batcher.state.accounts)
        for account in after.values():
            found = value(Holding(account.cash, account.positions), terms)
            assert found.equity >= 0
            assert found.excess >= 0 or not outcome.public.closed
        judge(before, after, closed.takeovers)
        self.takeovers += closed.takeovers
        return closed

    def play(self, plan: Plan) -> None:
        self.close()
        for btc, eth, sent in plan:
            self.open(btc, eth)
            for order in sent:
                self.submit(*order)  # type: ignore[arg-type]
            if self.close_to_the_end():
                return

    def close_to_the_end(self) -> bool:
        """Batches at the same prices until the step is closed. Whether it never is."""
        self.close()
        for _ in range(self.patience):
            if not self.core.market_book.is_open:
                return False
            self.open(0, 0)
            self.close()
        raise AssertionError("a step has no end")


def judge(before: Book, after: Book, takeovers: Sequence[Takeover]) -> None:
    """Who was deleveraged was next in line, and lost all but for the last."""
    taken = {(each.account, each.market) for each in takeovers}
    taken |= {(t.taker, t.market) for t in takeovers if t.route is Route.LIQUIDATED}
    liquidated = {account for account, _ in taken}
    chosen = [each for each in takeovers if each.route is Route.DELEVERAGED]
    for market in {each.market for each in chosen}:
        for sign in (1, -1):
            line = {
                account: trigger_of(leaf, market)
                for account, leaf in before.items()
                if leaf.positions[market] * sign > 0
            }
            asked = {t.taker for t in chosen if t.market == market and t.taker in line}
            if not asked:
                continue
            last = min(line[account] for account in asked)
            for account, trigger in line.items():
                if account == BACKSTOP_ACCOUNT or account in liquidated:
                    continue
                if before[account].below or after[account].below or trigger <= last:
                    continue
                left = after[account].positions[market]
                where = trigger_of(after[account], market) if left * sign > 0 else -1
                assert left == 0 or account not in asked
                assert left * sign <= 0 or where <= last
            held = after[BACKSTOP_ACCOUNT].positions[market]
            assert held * sign <= 0 or BACKSTOP_ACCOUNT in liquidated


def trigger_of(account: Account, market: int) -> int:
    return account.triggers[account.positions.markets.index(market)]


@settings(max_examples=60, deadline=None)
@given(plans, st.sampled_from([0, 20, 200, 1_000]), st.sampled_from([0, 8_191, 10 * DOLLAR]))
def test_no_step_is_without_an_end(plan: Plan, dollars: int, fee: int) -> None:
    world = Thin(dollars, fee=fee)
    world.play(plan)
    cash = sum(holder.holding.cash for holder in world.core.ledger.holders.values())
    assert cash == world.batcher.state.globals.total


TINY = ShapeClass(
    "tiny",
    trades=2,
    orders=4,
    slots=6,
    accounts=DEPOSITS_MAX + 16,
    positions=256,
    triggers=64,
    nodes=4000,
)

falls = st.tuples(st.sampled_from([-440, -300, 300, 440]), st.sampled_from([-440, 0, 440]))


@settings(max_examples=20, deadline=None)
@given(plans, st.sampled_from([0, 20, 200]))
def test_no_step_is_without_an_end_where_a_batch_takes_two_of_anything(
    plan: Plan, dollars: int
) -> None:
    world = Thin(dollars, TINY)
    world.patience = 64
    world.play(plan)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(Side),
    st.lists(st.integers(0, 5), min_size=2, max_size=6),
    st.lists(falls, min_size=1, max_size=6),
    st.sampled_from([0, 20, 200]),
)
def test_no_step_is_without_an_end_where_all_are_on_one_side(
    side: Side, holders: list[int], moves: list[tuple[int, int]], dollars: int
) -> None:
    """Everybody but account 6 holds one side of all that there is; then nobody orders anything."""
    world = Thin(dollars)
    sent: list[tuple[int, ...]] = []
    other = Side.SELL if side is Side.BUY else Side.BUY
    for place, holder in enumerate(holders):
        trader, market = 1 + holder % 5, place % 2
        size = (40_000, 70_000)[market] // len(holders)
        sent.append((6, other, 0, size, place % 4, market, "rest"))
        sent.append((trader, side, 0, size, place % 4, market, "rest"))
    quiet: list[tuple[int, ...]] = []
    world.play([(0, 0, sent), *((btc, eth, quiet) for btc, eth in moves)])


def test_a_crash_deleverages_who_is_nearest() -> None:
    world = Thin(0)
    pairs: list[tuple[int, ...]] = [
        (2, Side.SELL, 0, 30_000, 0, 0, "rest"),
        (3, Side.SELL, 0, 15_000, 0, 0, "rest"),
        (1, Side.BUY, 0, 45_000, 0, 0, "rest"),
    ]
    quiet: list[tuple[int, ...]] = []
    falls: Plan = [(0, 0, pairs), (-400, 0, quiet), (-400, 0, quiet)]
    world.play(falls)
    told = [event for event in world.events if isinstance(event, Deleveraged)]
    assert {event.account for event in told} == {2}
    lost = [event for event in world.events if isinstance(event, Liquidated)]
    assert {event.account for event in lost} == {1}
    assert sum(event.size for event in told) == sum(event.size for event in lost)
    assert all(event.fee == 0 for event in lost)
    assert {event.side for event in told} == {Side.BUY}


def test_two_that_are_below_maintenance_lose_lots_to_each_other() -> None:
    """One is long of BTC and one is short; both are long of ETH, which falls."""
    world = Thin(0)
    ether: list[tuple[int, ...]] = [
        (3, Side.SELL, 0, 70_000, 0, 1, "rest"),
        (1, Side.BUY, 0, 70_000, 0, 1, "rest"),
        (4, Side.SELL, 0, 70_000, 0, 1, "rest"),
        (2, Side.BUY, 0, 70_000, 1, 1, "rest"),
        (1, Side.BUY, 0, 10_000, 2, 0, "rest"),
        (2, Side.SELL, 0, 10_000, 3, 0, "rest"),
    ]
    quiet: list[tuple[int, ...]] = []
    falls: Plan = [(0, 0, ether), *[(0, -400, quiet)] * 4]
    world.play(falls)
    routes = Counter(t.route for t in world.takeovers)
    assert routes[Route.LIQUIDATED] and routes[Route.DELEVERAGED]
