"""Assets as the only collateral, through crashes by the bound of every step, with an empty backstop
and a small one: there is always a batch that closes the step, nobody is below zero, and what L1
lacks is what the estate paid.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.crypto.salt import SaltKey
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.takeover import Route
from sequencer.batches.machine import Done, Machine, Setup
from sequencer.engine.command import CloseBatch, OpenBatch, Submit
from tests.helpers.assets import WBTC, WBTC_MARK
from tests.helpers.collateral import (
    BACKSTOP,
    COLLATERAL_MARKETS,
    COLLATERAL_ORACLE,
    COLLATERAL_PRICES,
    HELD,
    WEALTH,
)
from tests.helpers.oracle import STEP
from tests.helpers.venue import (
    BTC,
    ETH,
    GOVERNANCE,
    START,
    TOY,
    USDC,
    Venue,
    buy,
    credit,
    genesis,
    register,
    reported_for,
    sell,
)

GOVERNED = replace(GOVERNANCE, markets=COLLATERAL_MARKETS, oracle=COLLATERAL_ORACLE)
HOLDERS = range(2, 7)
KEYS = Venue()
"""Who signs."""

some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
move = st.sampled_from((-STEP, -STEP, STEP, 0, -STEP // 3))
crashes = st.lists(st.tuples(move, move, move), min_size=2, max_size=14)
bets = st.lists(
    st.tuples(st.sampled_from((BTC, ETH)), st.booleans(), st.integers(10, 99)),
    min_size=len(HOLDERS),
    max_size=len(HOLDERS),
)
"""A market, whether the holder buys, and how much of its initial margin that takes."""


class World:
    """Account 1 has dollars and takes the other side; the others have an asset and nothing else."""

    def __init__(self, funded: int, dollars: int) -> None:
        started = genesis(GOVERNED, COLLATERAL_PRICES)
        setup = Setup(started, SaltKey(bytes(32)), TOY.compress_many, TOY.verify_many)
        self.machine = Machine(setup)
        self.prices = COLLATERAL_PRICES
        self.lacks = 0
        self.stopped = 0
        self.brought = dollars + funded
        self.seen: Counter[Route] = Counter()
        first = 1 + len(HOLDERS)
        entries = [register(0, 1, dollars)]
        entries += [register(each - 1, each, HELD, WBTC_MARK) for each in HOLDERS]
        if funded:
            entries.append(credit(first, BACKSTOP, funded))
        self.open(entries)
        self.close()

    def open(self, entries: Sequence[QueueEntry] = ()) -> None:
        number = self.machine.core.number + 1
        time = START + 1000 * number
        is_open = self.machine.core.market_book.is_open
        reports = () if is_open else tuple(reported_for(GOVERNED, self.prices, time))
        opening = OpenBatch(number, time, self.prices, tuple(entries), reports=reports)
        self.machine.do(opening)

    def bet(self, account: int, market: int, buys: bool, percent: int) -> None:
        """The holder opens a position against account 1."""
        terms = self.machine.core.work.terms
        spare = HELD * terms[WBTC].long_initial * percent // 100
        size = spare // (terms[market].initial + self.prices[market] // 1000)
        given = {"market": market, "slot": account, "price": self.prices[market]}
        ours, theirs = (buy, sell) if buys else (sell, buy)
        for order in (theirs(1, size, **given), ours(account, size, **given)):
            self.machine.do(Submit(KEYS.signed(order)))

    def close(self) -> Done:
        done = self.machine.do(CloseBatch())
        assert done.closed is not None
        outcome = done.closed.outcome
        self.seen.update(step.takeover.route for step in outcome.steps.takeovers)
        self.lacks += outcome.public.estate_paid
        self.judge(outcome.steps.terms)
        assert outcome.public.closed, "the step has an end in its first batch"
        return done

    def judge(self, terms: Sequence[object]) -> None:
        """Nobody is below maintenance or zero, and everything adds up."""
        state = self.machine.batcher.state
        for account in state.accounts.values():
            found = value(Holding(account.cash, account.positions), terms)
            assert found.equity >= 0 and found.excess >= 0
        cash = sum(each.cash for each in state.accounts.values())
        lots = sum(each.positions[WBTC] for each in state.accounts.values())
        assert cash == state.globals.total and lots == state.book.custody(WBTC)
        assert cash == self.brought + self.lacks
        self.stopped += state.book.debt_stop

    def moved(self, moves: tuple[int, int, int]) -> None:
        """The next prices: of both perpetuals, and of the asset that counts."""
        pairs = zip(self.prices, (*moves, 0), strict=True)
        self.prices = tuple(-(-price * (10_000 + move) // 10_000) for price, move in pairs)


def crash(
    funded: int,
    positions: Sequence[tuple[int, bool, int]],
    moves: Sequence[tuple[int, int, int]],
    dollars: int = 10 * WEALTH,
) -> World:
    world = World(funded, dollars)
    world.open()
    for account, (market, buys, percent) in zip(HOLDERS, positions, strict=True):
        world.bet(account, market, buys, percent)
    world.close()
    for each in moves:
        world.moved(each)
        world.open()
        world.close()
    return world


SCARCE = 1_030_000 * USDC
"""Of USDC, a little more than four times what the asset counts for at first."""


@pytest.mark.parametrize(
    ("funded", "dollars"), [(0, 10 * WEALTH), (5_000 * USDC, 10 * WEALTH), (0, SCARCE)]
)
@some
@given(positions=bets, moves=crashes)
def test_assets_as_the_only_collateral(
    funded: int,
    dollars: int,
    positions: Sequence[tuple[int, bool, int]],
    moves: Sequence[tuple[int, int, int]],
) -> None:
    crash(funded, positions, moves, dollars)


def test_the_debt_stop_comes_and_goes_with_prices() -> None:
    up, down = [(0, 0, STEP)] * 3, [(0, 0, -STEP)] * 3
    world = crash(0, [(BTC, True, 99)] * 5, [*up, *down], SCARCE)
    assert 1 <= world.stopped <= 5


@pytest.mark.parametrize(
    ("funded", "routes"),
    [
        (0, {Route.ESTATE}),
        (50_000 * USDC, {Route.BACKSTOP, Route.ESTATE}),
        (10**6 * USDC, {Route.BACKSTOP}),
    ],
)
def test_who_takes_what_falls(funded: int, routes: set[Route]) -> None:
    """Everybody is long, and everything falls by the bound of each step."""
    world = crash(funded, [(BTC, True, 99)] * 5, [(-STEP, -STEP, -STEP)] * 10)
    assert routes <= set(world.seen) and (Route.ESTATE in world.seen) == (Route.ESTATE in routes)
    assert (world.lacks > 0) == (Route.ESTATE in routes)
