"""A backstop that can take everything leaves nobody below maintenance margin, whatever happens.

Prices move within what governance allows in a step; every batch goes through the rules.
"""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.protocol.margin import excess, value
from rollup.protocol.order import Side
from sequencer.engine.event import BatchClosed, Liquidated
from tests.helpers.market_books import terms_at
from tests.property.test_step import TRADERS, World
from tests.strategies import venues

BACKSTOP = venues.GOVERNANCE.backstop_account
RICH = 10**9
"""Dollars of a backstop that nobody's positions can fill."""

moves = st.sampled_from([-400, -250, -30, 0, 30, 250, 400])
orders = st.tuples(
    st.sampled_from(TRADERS),
    st.sampled_from(Side),
    st.integers(-200, 200),
    st.sampled_from([500, 4_000, 40_000, 45_000]),
    st.integers(0, 3),
    st.integers(0, 1),
    st.sampled_from(["rest", "rest", "immediate", "cancel"]),
)
Plan = Sequence[tuple[int, int, Sequence[tuple[int, ...]]]]
plans = st.lists(st.tuples(moves, moves, st.lists(orders, max_size=20)), min_size=2, max_size=8)


class Watched(World):
    """A world with a backstop that is rich, in which everybody is looked at after each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.open(0, 0, deposits=((BACKSTOP, RICH),))

    def open(self, *moves: int, deposits: Sequence[tuple[int, int]] = ()) -> None:
        """The index finds everybody whom a look at the whole book would find."""
        super().open(*moves, deposits=deposits)
        work, ledger = self.core.work, self.core.ledger
        assert work is not None
        looked_at = ledger.index.due(work.terms)
        for account, holder in ledger.holders.items():
            before = work.before.get(account, holder.holding)
            assert excess(before, work.terms) >= 0 or account in looked_at
            passed = any(
                seat.trigger > work.terms[seat.market].numbers[seat.side] for seat in holder.seats
            )
            assert (account in looked_at) == (passed or holder.below)

    def close(self) -> BatchClosed:
        closed = super().close()
        terms = terms_at(closed.prices, venues.GOVERNANCE)
        for account, holder in self.core.ledger.holders.items():
            assert value(holder.holding, terms).equity >= 0
            assert excess(holder.holding, terms) >= 0 or account == BACKSTOP
        return closed

    def play(self, plan: Plan) -> None:
        self.close()
        for btc, eth, sent in plan:
            self.open(btc, eth)
            for order in sent:
                self.submit(*order)  # type: ignore[arg-type]
            self.close()

    @property
    def liquidated(self) -> int:
        return sum(isinstance(event, Liquidated) for event in self.events)


@settings(max_examples=60, deadline=None)
@given(plans)
def test_nobody_ends_a_batch_below_maintenance_margin(plan: Plan) -> None:
    world = Watched()
    world.play(plan)
    cash = sum(holder.holding.cash for holder in world.core.ledger.holders.values())
    assert cash == world.batcher.state.globals.total


def test_a_crash_and_a_rally_liquidate_both_sides() -> None:
    world = Watched()
    pairs: list[tuple[int, ...]] = [
        (2, Side.SELL, 0, 45_000, 0, 0, "rest"),
        (1, Side.BUY, 0, 45_000, 0, 0, "rest"),
    ]
    quiet: list[tuple[int, ...]] = []
    falls: Plan = [(0, 0, pairs), (-400, 0, quiet), (-400, 0, quiet)]
    world.play(falls)
    assert world.liquidated == 1
    held = world.core.ledger.holders[BACKSTOP].holding.positions[0]
    assert 0 < held < 45_000
    for _ in range(6):
        world.open(400, 0)
        world.close()
    assert world.liquidated > 1
    assert world.core.ledger.holders[BACKSTOP].holding.positions[0] < held
