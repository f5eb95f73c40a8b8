"""Whatever happens to a running venue, it comes to rest with every batch at L1, each brought once:
provers that are slow or fail, restarts, an L1 that forgets or lets it wait, pauses."""

import tempfile
from pathlib import Path
from random import Random

import pytest

from rollup.l1.interface import Revert, Reverted
from sequencer.batches.replay import replay
from sequencer.service.daemon import ATTEMPTS_MAX
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, LAG, Simulation
from tests.helpers.l1 import AHEAD
from tests.helpers.running import SETUP
from tests.helpers.seed import draws

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms
STEPS = 40
LIVES = 25


class Life:
    """A daemon to which things happen, and what has to be true of it at any time."""

    def __init__(self, root: Path, random: Random) -> None:
        self.simulation = Simulation(root)
        self.random = random
        self.taken = 0
        self.checkpoint = None
        self.slot = 0
        for account in (1, 2):
            self.simulation.world.register(account, RICH)
        self.simulation.pass_time(2 * INTERVAL_MS)

    def trade(self) -> None:
        simulation = self.simulation
        simulation.daemon.submit([])
        if simulation.daemon.venue.core.work is None:
            return
        self.slot = (self.slot + 1) % 250
        terms = {"slot": self.slot, "generation": 1 + simulation.daemon.venue.core.sequence}
        orders = (small.sell(1, 1, **terms), small.buy(2, 1, **terms))
        answers = simulation.daemon.submit([simulation.running.envelope(o) for o in orders])
        self.taken += all(answer.reason is None for answer in answers)

    def wait(self) -> None:
        self.simulation.pass_time(self.random.randrange(100, 4 * INTERVAL_MS, 100))

    def slow(self) -> None:
        self.simulation.prover.takes_ms = self.random.choice((0, 300, 5_000, 20_000))

    def fail(self) -> None:
        self.simulation.prover.failures = self.random.randrange(ATTEMPTS_MAX)

    def restart(self) -> None:
        self.heal()  # nothing starts at an L1 that is not there, or not its own
        self.simulation.restart()

    def heal(self) -> None:
        near = self.simulation.near
        near.is_down = near.is_other = near.loses_answers = False
        near.lies.clear()

    def unreachable(self) -> None:
        self.simulation.near.is_down = not self.simulation.near.is_down

    def lose(self) -> None:
        """Whatever is brought happens, and its answer is lost."""
        self.simulation.near.loses_answers = not self.simulation.near.loses_answers

    def another(self) -> None:
        """Somebody else's contract answers at the address for a while."""
        self.simulation.near.is_other = not self.simulation.near.is_other

    def lie(self) -> None:
        """L1 says what none can be true of, until it says what is."""
        lies = self.simulation.near.lies
        if lies:
            lies.clear()
        else:
            name, value = self.random.choice(LIES)
            lies[name] = value

    def away(self) -> None:
        """Long enough that headers come too late, sometimes."""
        self.simulation.world.pass_time(self.random.choice((3 * INTERVAL_MS, BEHIND + 2_000)))

    def remember(self) -> None:
        self.checkpoint = self.simulation.world.l1.checkpoint()

    def reorganise(self) -> None:
        if self.checkpoint is not None:
            self.simulation.world.l1.revert_to(self.checkpoint)
            self.simulation.posted = self.simulation.posted[
                : self.simulation.world.l1.proved_number
            ]

    def refuse(self) -> None:
        """L1 takes no header for a while."""
        l1 = self.simulation.world.l1
        until = self.simulation.world.now + 3 * INTERVAL_MS

        def later(*arguments: object) -> object:
            if self.simulation.world.now < until:
                raise Reverted(Revert.CLOCK_AHEAD, "later")
            return type(l1).commit_header(l1, *arguments)

        l1.commit_header = later

    def check(self) -> None:
        """Posted once each, in order; never more unproved than the lag, but for what L1 forgot."""
        posted = self.simulation.posted
        assert posted == list(range(1, len(posted) + 1))
        core = self.simulation.daemon.venue.core
        if core.work is not None:
            assert (core.work.time - small.START) % INTERVAL_MS == 0
            assert core.work.time <= self.simulation.world.now + INTERVAL_MS + AHEAD

    def require_trades(self) -> None:
        """A batch is opened sooner or later, and takes a trade: in some slot that is free."""
        before = self.taken
        for _ in range(200):
            self.simulation.pass_time(INTERVAL_MS)
            self.trade()
            if self.taken > before:
                return
        raise AssertionError(f"no trade is taken any more: {self.simulation.said[-5:]}")

    def settle(self) -> None:
        """From now on the prover is quick: the venue trades, drains, and all of it is at L1."""
        self.heal()
        self.simulation.prover.takes_ms, self.simulation.prover.failures = 100, 0
        self.require_trades()
        self.simulation.drain()
        batches = list(replay(self.simulation.running.folder.journal, SETUP))
        times = [each.batch.time for each in batches]
        assert [each.batch.number for each in batches] == list(range(1, len(batches) + 1))
        assert times == sorted(set(times))
        assert all((time - small.START) % INTERVAL_MS == 0 for time in times)
        l1 = self.simulation.world.l1
        assert l1.proved_number == l1.head_number == len(batches)
        assert l1.root == batches[-1].header.new_root
        assert l1.funds >= l1.owed


LIES = (
    ("proved_number", 10**6),
    ("tail", ()),
    ("head_number", 10**6),
    ("consumed", 10**6),
    ("parameters", ()),
    ("queue_head", bytes(32)),
)
HAPPENINGS = (
    *("trade", "trade", "trade", "wait", "wait", "wait", "slow", "fail", "restart"),
    *("away", "remember", "reorganise", "refuse", "unreachable", "unreachable", "lose", "lose"),
    *("another", "lie", "lie"),
)


@pytest.mark.parametrize("life", range(LIVES))
def test_a_daemon_comes_to_rest_whatever_happened(life: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lived = Life(Path(folder) / "target", draws(life))
        for _ in range(STEPS):
            getattr(lived, lived.random.choice(HAPPENINGS))()
            lived.check()
        lived.settle()


def test_lag_is_bounded_whatever_the_prover_does(tmp_path: Path) -> None:
    life = Life(tmp_path / "target", draws(LIVES))
    for _ in range(STEPS):
        life.slow()
        life.wait()
        assert len(life.simulation.daemon.venue.unproved) <= LAG
    life.settle()
