"""Whatever `step` accepts, the rules accept: random commands, moving prices, unhealthy accounts.

Every closed batch goes through rollup.protocol.apply_batch, which must take it and must agree with
the core on every touched account.
"""

from collections import Counter
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.order import PEG_BIAS, Side, TimeInForce
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from sequencer.engine.command import Cancel, CloseBatch, Command, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import BatchClosed, Event, OrderEnded, Traded
from sequencer.engine.live import LiveOrder, OrderKey
from sequencer.engine.resting import prepare
from sequencer.engine.slots import rests
from tests.helpers.lies import forge
from tests.strategies import venues

TRADERS = range(1, 7)
DOLLAR = 10**6
TINY = ShapeClass(
    "tiny",
    trades=2,
    orders=4,
    slots=6,
    accounts=DEPOSITS_MAX + 16,
    positions=256,
    triggers=64,
    nodes=4_000,
)
"""Full after two fills: orders wait, and slots have no room."""

moves = st.sampled_from([-440, -300, -50, -10, 0, 10, 50, 300, 440])
"""How far a price goes from batch to batch, in ten-thousandths: from nothing to a whole step."""

KINDS = (
    "rest",
    "immediate",
    "post-only",
    "low-fee",
    "cancel",
    "cancel-this",
    "cancel-ahead",
    "stale",
    "brief",
    "reduce-only",
    "pegged",
    "pegged-maker",
)

submissions = st.tuples(
    st.sampled_from(TRADERS),
    st.sampled_from(Side),
    st.integers(-400, 400),
    st.sampled_from([1, 500, 4_000, 40_000, 200_000]),
    st.integers(0, 3),
    st.integers(0, 1),
    st.sampled_from(KINDS),
)
batches = st.lists(
    st.tuples(
        moves,
        moves,
        st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3_000)), max_size=3),
        st.lists(submissions, max_size=25),
    ),
    min_size=1,
    max_size=6,
)
Plan = Sequence[tuple[int, int, list[tuple[int, int]], list[tuple[int, ...]]]]


class World:
    """The core and the committed state side by side, fed by a plan."""

    def __init__(
        self,
        backstop: int = 1_000_000,
        shape_class: ShapeClass = CLASS_S,
        fee: int = 0,
        *,
        decoys: bool = False,
    ) -> None:
        """`backstop` is what it begins with, in dollars; `fee` what a refresh costs, in quanta:
        perhaps more than governance can say. With `decoys` every batch opens everybody."""
        self.backstop = backstop
        self.decoys = decoys
        self.signed: set[OrderKey] = set()
        governance = forge(venues.GOVERNANCE, refresh_fee=fee)
        self.core: CoreState = new_state(venues.genesis(governance), shape_class)
        self.batcher = venues.batcher(governance=governance)
        self.prices = list(venues.PRICES)
        self.generation = 0
        self.events: list[Event] = []
        self.seen: Counter[str] = Counter()

    def do(self, command: Command) -> list[Event]:
        events = step(self.core, command)
        self.events += events
        self.require_sound_books()
        return events

    def require_sound_books(self) -> None:
        for book in self.core.books:
            bid, ask = book.best(Side.BUY), book.best(Side.SELL)
            assert bid is None or ask is None or bid.limit < ask.limit
            for live in book:
                self.require_sound(live)

    def require_sound(self, live: LiveOrder) -> None:
        order = live.order
        stored = self.core.ledger.stored(order)
        left = stored.left if rests(order, stored) else order.size
        assert live.remaining == left > 0
        assert rests(order, stored) or live.sequence in self.core.unplaced
        assert order.generation >= stored.generation - 1
        assert self.core.live[order.account, order.slot] is live
        assert live.limit == live.limit_at(self.prices[order.market])

    def open(
        self, *moves: int, deposits: Sequence[tuple[int, int]] = (), redo: bool = False
    ) -> None:
        for market, move in enumerate(moves):
            self.prices[market] += self.prices[market] * move // 10_000
        time = self.core.time + 1_000
        entries = self.entries(deposits)
        is_open = self.core.market_book.is_open
        number, prices = self.core.number + 1, tuple(self.prices)
        self.do(venues.opening(number, time, prices, entries, is_open=is_open, redo=redo))

    def entries(self, deposits: Sequence[tuple[int, int]]) -> tuple[QueueEntry, ...]:
        """Credits, one of which may bring another key, and before the first batch everybody's
        registration behind them."""
        head = self.core.deposits_consumed
        rotates = next((i for i, (_, dollars) in enumerate(deposits) if dollars % 5 == 4), None)
        records = [
            venues.rotation(head + i, account, dollars * DOLLAR)
            if i == rotates
            else venues.credit(head + i, account, dollars * DOLLAR)
            for i, (account, dollars) in enumerate(deposits)
        ]
        if self.core.number == 0:
            records += [
                venues.registration(head + len(records) + i, account, 3_000 * DOLLAR)
                for i, account in enumerate(TRADERS)
            ]
            rich = self.backstop * DOLLAR
            records.append(venues.credit(head + len(records), BACKSTOP_ACCOUNT, rich))
        return tuple(records)

    def submit(
        self, account: int, side: Side, offset: int, size: int, slot: int, market: int, kind: str
    ) -> list[Event]:
        self.generation += 1
        if kind == "cancel":
            return self.cancel(account, slot, self.generation)
        if kind.startswith("cancel-"):
            live = self.core.live.get((account, slot))
            generation = self.generation if live is None else live.order.generation
            return self.cancel(account, slot, max(0, generation - (kind == "cancel-ahead")))
        away = self.prices[market] * offset // 10_000
        pegged = kind.startswith("pegged")
        price = PEG_BIAS + away if pegged else max(1, self.prices[market] + away)
        assert self.core.work is not None
        signed = venues.order(
            account,
            side,
            price,
            size,
            slot=slot,
            generation=0 if kind == "stale" else self.generation,
            market=market,
            expiry=self.core.work.time + (0 if kind == "brief" else 2_500),
            max_fee=100 if kind == "low-fee" else 600,
            immediate=kind == "immediate",
            post_only=kind in ("post-only", "pegged-maker"),
            reduce_only=kind == "reduce-only",
            pegged=pegged,
            when_clamped=slot != 3,
        )
        return self.do(Submit(signed))

    def cancel(self, account: int, slot: int, generation: int) -> list[Event]:
        cancel = CancelOrder(venues.CHAIN, venues.VENUE, account, slot, generation)
        return self.do(Cancel(SignedCancel(cancel, venues.SIGNATURE)))

    def close(self) -> BatchClosed:
        if self.decoys and self.core.work is not None:
            prepare(self.core, self.core.work, bytes(32))
        closed = self.do(CloseBatch())[-1]
        assert isinstance(closed, BatchClosed)
        outcome = self.batcher.close(closed, self.core).outcome
        assert outcome.public.closed
        self.seen["refreshed"] += len(outcome.accounts) - len(closed.accounts)
        self.seen["liquidated"] += len(outcome.steps.liquidated)
        self.seen["taken"] += len(closed.order_takeovers)
        for name in ("resting", "cancels", "lapsed"):
            self.seen[name] += len(getattr(closed, name))
        self.require_signed_once(closed)
        self.require_slots()
        return closed

    def require_signed_once(self, closed: BatchClosed) -> None:
        for each in closed.orders:
            order = each.order
            key = (order.account, order.slot, order.generation)
            assert key not in self.signed
            self.signed.add(key)

    def require_slots(self) -> None:
        """What the state holds lives, or the venue knows that it has to lapse; nothing immediate
        rests, and where every account is opened a live order rests that had its turn."""
        for account, holder in self.core.ledger.holders.items():
            for slot, stored in holder.slots.items():
                live = self.core.live.get((account, slot))
                lives = live is not None and rests(live.order, stored)
                assert stored.order is None or lives or (account, slot) in self.core.stale
        for live in self.core.live.values():
            is_placed = rests(live.order, self.core.ledger.stored(live.order))
            immediate = live.order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
            assert not (is_placed and immediate)
            self.seen["placed"] += is_placed and live.remaining == live.order.size

    def run(self, plan: Plan, redos: Collection[int] = ()) -> None:
        for btc, eth, deposits, orders in plan:
            redo = self.core.number + 1 in redos
            self.open(btc, eth, deposits=deposits, redo=redo)
            for order in orders:
                self.submit(*order)  # type: ignore[arg-type]
            self.close()


@settings(max_examples=120, deadline=None)
@given(
    batches,
    st.sampled_from([0, 8_191, 50 * DOLLAR]),
    st.booleans(),
    st.sets(st.integers(2, 6), max_size=2),
    st.sampled_from([CLASS_S, TINY]),
)
def test_what_step_accepts_the_rules_accept(
    plan: Plan, fee: int, decoys: bool, redos: set[int], shape_class: ShapeClass
) -> None:
    world = World(shape_class=shape_class, fee=fee, decoys=decoys)
    world.run(plan, redos)
    owed: Counter[int] = Counter()
    for holder in world.core.ledger.holders.values():
        owed.update(dict(holder.holding.positions))
    assert not any(owed.values())
    cash = sum(holder.holding.cash for holder in world.core.ledger.holders.values())
    assert cash == world.batcher.state.globals.total


@settings(max_examples=15, deadline=None)
@given(batches)
def test_the_same_commands_give_the_same_roots(plan: Plan) -> None:
    first, second = World(), World()
    first.run(plan)
    second.run(plan)
    assert first.batcher.state.root == second.batcher.state.root
    assert first.events == second.events


def traded(events: Sequence[Event]) -> int:
    return sum(isinstance(event, Traded) for event in events)


def long_at_the_limit() -> World:
    """Account 1 is long about ten times its cash from account 2, at 618,000 ticks."""
    world = World()
    world.open(0, 0)
    for account, side in ((2, Side.SELL), (1, Side.BUY)):
        events = world.submit(account, side, 0, 45_000, 0, 0, "rest")
    assert traded(events) == 1
    world.close()
    return world


def test_whoever_is_below_maintenance_is_liquidated_by_no_more_than_is_needed() -> None:
    world = long_at_the_limit()
    world.open(-800, 0)
    world.close()
    assert world.seen["liquidated"] == 1
    left = world.core.ledger.holders[1].holding.positions[0]
    assert 0 < left < 45_000


def test_a_deposit_into_an_account_below_maintenance_is_always_credited() -> None:
    world = long_at_the_limit()
    world.open(-900, 0, deposits=[(1, 1), (1, 0), (99, 5)])
    closed = world.close()
    assert len(closed.deposits) == 3
    assert world.seen["liquidated"] == 1


def test_an_empty_batch_moves_the_root() -> None:
    world = World()
    world.open(0, 0)
    world.close()
    before = world.batcher.state.root
    world.open(0, 0)
    closed = world.close()
    assert closed.fills == () and world.batcher.state.root != before


@pytest.mark.parametrize("crash", [-440, -900])
def test_a_resting_order_that_no_longer_affords_its_fill_is_removed_and_the_taker_stays(
    crash: int,
) -> None:
    world = World()
    world.open(0, 0)
    world.submit(1, Side.BUY, 0, 45_000, 0, 0, "rest")
    world.submit(1, Side.BUY, -1, 40_000, 1, 0, "rest")
    assert traded(world.submit(2, Side.SELL, 0, 45_000, 0, 0, "immediate")) == 1
    events = world.submit(3, Side.SELL, -1, 40_000, 0, 0, "rest")
    ended = [event for event in events if isinstance(event, OrderEnded)]
    assert [(event.key[0], event.reason) for event in ended] == [(1, "margin")]
    assert (3, 0) in world.core.live
    world.close()
    world.open(crash, 0)
    world.close()
