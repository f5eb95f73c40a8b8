"""Whatever happens between a venue and its L1, there is a next step: crashes, lateness,
reorganisations and new parameters in any order, and never a dead end."""

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.l1.interface import Revert, Reverted
from sequencer.batches.replay import replay
from sequencer.engine.event import VenueReason
from tests.helpers import venue as small
from tests.helpers.l1 import DELAY, GOVERNOR
from tests.helpers.running import SETUP, Running

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms

HAPPENINGS = (
    *("trade", "trade", "close", "close", "headers", "proof", "proof"),
    *("restart", "late", "wait", "register", "remember", "reorganise", "announce"),
)
plans = st.lists(st.sampled_from(HAPPENINGS), max_size=25)


class Life:
    """A venue to which things happen; `settle` is the operator's way on."""

    def __init__(self, root: Path) -> None:
        self.running = Running(root)
        self.world = self.running.world
        for account in (1, 2):
            self.world.register(account, RICH)
        self.running.batch()
        self.checkpoint = self.world.l1.checkpoint()
        self.account = 3
        self.slot = 0
        self.taker_fee = 500

    def do(self, step: str) -> None:
        getattr(self, step)()

    def trade(self) -> None:
        if self.running.venue.core.work is None:
            self.running.open()
        self.slot = (self.slot + 1) % 250
        generation = 1 + self.running.venue.core.sequence
        terms = {"slot": self.slot, "generation": generation}
        receipts = self.running.submit(small.sell(1, 2, **terms), small.buy(2, 2, **terms))
        assert {r.reason for r in receipts} <= {None, VenueReason.SLOT_BUSY}

    def close(self) -> None:
        if self.running.venue.core.work is not None:
            self.running.close()

    def headers(self) -> None:
        """As the operator must: bring them, prove what is overdue, make anew what L1 refuses."""
        for _ in range(99):
            try:
                wanted = self.running.venue.commit_headers()
            except Reverted as error:
                assert error.reason is Revert.PROOF_OVERDUE
                self.running.post(self.running.venue.unproved[0])
                continue
            if wanted is None:
                return
            self.running.venue.redo(wanted)
        raise AssertionError("making batches anew does not come to an end")

    def proof(self) -> None:
        self.headers()
        if self.running.venue.unproved:
            self.running.post(self.running.venue.unproved[0])

    def restart(self) -> None:
        self.running.restart()

    def late(self) -> None:
        self.world.pass_time(BEHIND + 1)

    def wait(self) -> None:
        self.world.pass_time(DELAY)

    def register(self) -> None:
        self.world.register(self.account, RICH)
        self.account += 1

    def announce(self) -> None:
        self.taker_fee = 1_000 - self.taker_fee + 1
        dearer = replace(small.BTC_MARKET, taker_fee=self.taker_fee)
        after = replace(small.GOVERNANCE, markets=(dearer, small.ETH_MARKET))
        number = self.world.l1.head_number + 1
        self.world.l1.announce_governance(GOVERNOR, after, number)

    def reorganise(self) -> None:
        """Back to the last checkpoint, and the venue learns of it as it brings its headers."""
        self.world.l1.revert_to(self.checkpoint)
        self.headers()

    def remember(self) -> None:
        self.checkpoint = self.world.l1.checkpoint()

    def settle(self) -> None:
        """All that waits is brought to L1, and then a trade: the venue lives."""
        self.close()
        self.headers()
        while self.running.venue.unproved:
            self.running.post(self.running.venue.unproved[0])
        self.running.open()
        self.trade()
        closed = self.running.close()
        self.headers()
        while self.running.venue.unproved:
            self.running.post(self.running.venue.unproved[0])
        assert closed.batch.fills
        assert self.world.l1.head_number == self.running.venue.core.number
        assert self.world.l1.funds >= self.world.l1.owed
        replayed = list(replay(self.running.folder.journal, SETUP))
        assert replayed[-1].header.new_root == self.world.l1.root


@settings(max_examples=60, deadline=None)
@given(plans)
def test_there_is_always_a_next_step(plan: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder) / "target")
        for step in plan:
            life.do(step)
        life.settle()
        life.running.stop()
