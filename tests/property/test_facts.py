"""Facts: an owner learns all about its own orders, and of nobody else's anything.

Accounts and generations are numbers that no price, size or slot can be, so that one of them inside
a fact is somebody's name.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.order import Side
from rollup.protocol.shape_class import ShapeClass
from sequencer.engine.command import Cancel, CloseBatch, Command, Submit
from sequencer.engine.core import new_state, step
from sequencer.engine.event import Traded
from sequencer.service.facts import (
    Accepted,
    Deleveraged,
    Ended,
    Fact,
    Filled,
    Liquidated,
    Rested,
    facts_of,
)
from tests.strategies import venues

ACCOUNTS = range(700_000_001, 700_000_006)
FIRST_GENERATION = 60_000_001
DOLLAR = 10**6
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
"""Full after two fills, so that orders wait."""

submissions = st.tuples(
    st.sampled_from(ACCOUNTS),
    st.sampled_from(Side),
    st.integers(-40, 40),
    st.sampled_from([1, 500, 4_000, 40_000, 200_000]),
    st.integers(0, 5),
    st.sampled_from(["rest", "immediate", "post-only", "brief", "cancel", "stale cancel"]),
)
plans = st.lists(
    st.tuples(st.sampled_from([-900, -50, 0, 50, 900]), st.lists(submissions, max_size=25)),
    min_size=1,
    max_size=5,
)
Plan = Sequence[tuple[int, Sequence[tuple[int, Side, int, int, int, str]]]]


class Market:
    """The core under a plan; what it said, as events and as facts."""

    def __init__(self) -> None:
        self.core = new_state(venues.genesis(), TINY)
        self.generation = FIRST_GENERATION
        self.named_by: dict[int, int] = {account: account for account in ACCOUNTS}
        self.trades: list[Traded] = []
        self.facts: list[tuple[int, Fact]] = []
        self.sides: dict[int, Side] = {}

    def do(self, command: Command) -> None:
        events = step(self.core, command)
        self.trades += [event for event in events if isinstance(event, Traded)]
        self.facts += facts_of(events, 1)

    def open(self, price: int) -> None:
        time = self.core.time + 1_000
        entries = (
            venues.registration(i, account, 3_000 * DOLLAR) for i, account in enumerate(ACCOUNTS)
        )
        deposits = tuple(entries) if self.core.number == 0 else ()
        prices = (price, *venues.PRICES[1:])
        self.do(venues.opening(self.core.number + 1, time, prices, deposits))

    def send(self, account: int, side: Side, price: int, size: int, slot: int, kind: str) -> None:
        self.generation += 1
        self.named_by[self.generation] = account
        if "cancel" in kind:
            self.cancel(account, slot, kind)
            return
        self.sides[self.generation] = side
        order = venues.order(
            account,
            side,
            price,
            size,
            slot=slot,
            generation=self.generation,
            expiry=self.core.clock + (0 if kind == "brief" else 2_500),
            immediate=kind == "immediate",
            post_only=kind == "post-only",
        )
        self.do(Submit(order))

    def cancel(self, account: int, slot: int, kind: str) -> None:
        """Of what rests there, or of a generation that nothing live has."""
        live = self.core.live.get((account, slot))
        found = self.generation if live is None else live.order.generation
        generation = 0 if kind == "stale cancel" else found
        record = CancelOrder(venues.CHAIN, venues.VENUE, account, slot, generation)
        self.do(Cancel(SignedCancel(record, venues.SIGNATURE)))

    def run(self, plan: Plan) -> "Market":
        price = venues.PRICES[0]
        for move, sent in plan:
            price += price * move // 10_000
            self.open(price)
            for account, side, offset, size, slot, kind in sent:
                self.send(account, side, price + price * offset // 10_000, size, slot, kind)
            self.do(CloseBatch())
        return self


def numbers(value: object) -> Iterator[int]:
    """Every number in a fact."""
    if is_dataclass(value):
        for member in fields(value):
            yield from numbers(getattr(value, member.name))
    elif isinstance(value, tuple):
        for member in value:
            yield from numbers(member)
    elif isinstance(value, int):
        yield value


@settings(max_examples=150, deadline=None)
@given(plans)
def test_no_fact_of_an_owner_names_another_account_or_its_order(plan: Plan) -> None:
    market = Market().run(plan)
    for owner, fact in market.facts:
        named = set(numbers(fact))
        assert named.isdisjoint(ACCOUNTS)
        assert {market.named_by[number] for number in named & market.named_by.keys()} <= {owner}


@settings(max_examples=150, deadline=None)
@given(plans)
def test_a_trade_is_one_fill_of_each_side_and_both_agree(plan: Plan) -> None:
    market = Market().run(plan)
    fills = [(owner, fact) for owner, fact in market.facts if isinstance(fact, Filled)]
    assert len(fills) == 2 * len(market.trades)
    for trade, maker, taker in zip(market.trades, fills[::2], fills[1::2], strict=True):
        assert (maker[0], *maker[1].key) == trade.maker and maker[1].is_maker
        assert (taker[0], *taker[1].key) == trade.taker and not taker[1].is_maker
        for _, fill in (maker, taker):
            assert (fill.market, fill.price, fill.size) == (trade.market, trade.price, trade.size)
            assert market.sides[fill.key[1]] is fill.side
        assert maker[1].side is not taker[1].side and maker[1].time == taker[1].time


@settings(max_examples=150, deadline=None)
@given(plans)
def test_fills_account_for_all_cash_and_all_fees(plan: Plan) -> None:
    """Side, price, size and fee of its fills, and of what else was taken of it, are what an owner's
    cash went by. The backstop has nothing, so nobody pays it."""
    market = Market().run(plan)
    cash = dict.fromkeys(ACCOUNTS, 3_000 * DOLLAR)
    fees = 0
    for owner, fact in market.facts:
        if isinstance(fact, Filled | Liquidated | Deleveraged):
            cash[owner] -= fact.price * fact.size * (1 if fact.side is Side.BUY else -1)
        if isinstance(fact, Filled):
            cash[owner] -= fact.fee
            fees += fact.fee
        assert not isinstance(fact, Liquidated) or fact.fee == 0
    holders = market.core.ledger.holders
    assert {account: holders[account].holding.cash for account in ACCOUNTS} == cash
    assert holders[market.core.ledger.governance.fee_account].holding.cash == fees


@settings(max_examples=150, deadline=None)
@given(plans)
def test_an_owner_knows_from_its_facts_alone_what_lives_and_how_much_it_wants(plan: Plan) -> None:
    market = Market().run(plan)
    filled: dict[tuple[int, ...], int] = defaultdict(int)
    alive: set[tuple[int, ...]] = set()
    wanted: dict[tuple[int, ...], int] = {}
    for owner, fact in market.facts:
        if isinstance(fact, Liquidated | Deleveraged):
            continue
        key = (owner, *fact.key)
        if isinstance(fact, Accepted):
            alive.add(key)
        elif isinstance(fact, Filled):
            filled[key] += fact.size
        elif isinstance(fact, Rested):
            wanted[key] = fact.remaining + filled[key]
        elif isinstance(fact, Ended):
            alive.remove(key)
            assert wanted.setdefault(key, fact.remaining + filled[key]) == (
                fact.remaining + filled[key]
            )
    assert alive == {live.key for live in market.core.live.values()}
    for live in market.core.live.values():
        assert live.order.size - live.remaining == filled[live.key]
