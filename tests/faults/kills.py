"""Real processes that are really killed, and a disk that is really full: the kernel is the fault
layer, and what is left is looked at from outside."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rollup.harness.served import Served
from rollup.l1.development import LocalL1, ManualClock
from rollup.l1.remote import RemoteL1
from sequencer.batches.receipts import ReceiptChain
from tests.faults.child import Child
from tests.faults.life import order_counts
from tests.helpers import venue as small
from tests.helpers.l1 import StubVerifier, deployment
from tests.helpers.machines import described, replayed
from tests.helpers.running import SETUP
from tests.helpers.serving import serving

RICH = 10**6 * small.USDC
PATIENCE_S = 120.0
Key = tuple[int, int, int]


@dataclass
class Killer:
    """A folder, the L1 beside it, and what the venue said until it was killed."""

    root: Path
    random: Random
    url: str
    l1: LocalL1
    receipts: dict[int, str] = field(default_factory=dict)
    answered: set[Key] = field(default_factory=set)
    kills: int = 0
    refused_writes: int = 0

    def kill(self) -> None:
        """Start it, and end it after some of its lines, or a moment later."""
        with self._started() as (process, lines):
            for _ in range(self.random.randint(1, 40)):
                self._hear(next(lines))
            time.sleep(self.random.random() / 20)
            process.kill()
            for line in lines:
                self._hear(line)
        assert process.returncode == -9, process.returncode
        self.kills += 1

    def fill(self, room: int) -> None:
        """Let it run until its journal or its store is not to grow any more; it ends by itself."""
        limit = max(each.stat().st_size for each in self.root.rglob("*") if each.is_file()) + room
        with self._started(str(limit)) as (process, lines):
            for line in lines:
                self._hear(line)
        assert process.returncode == 1, process.returncode
        self.refused_writes += 1

    @contextmanager
    def _started(self, *limit: str) -> "Iterator[tuple[subprocess.Popen[str], Iterator[str]]]":
        seed = str(self.random.getrandbits(32))
        command = [sys.executable, "-m", "tests.faults.child", str(self.root), self.url, seed]
        with subprocess.Popen(
            [*command, *limit], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            try:
                yield process, iter(process.stdout)
            finally:
                process.kill()
                trouble = process.stderr.read()
        assert "AssertionError" not in trouble and "Differs" not in trouble, trouble

    def _hear(self, line: str) -> None:
        """A receipt; a line that the kill cut off was not heard."""
        if not line.endswith("\n"):
            return
        sequence, digest, is_live, *key = line.split()
        first = self.receipts.setdefault(int(sequence), digest)
        assert first == digest, f"receipt {sequence} was signed twice"
        if is_live == "1":
            account, slot, generation = map(int, key)
            self.answered.add((account, slot, generation))

    def require_whole(self) -> None:
        """What the folder and L1 have is all that was said, once."""
        child = Child(self.root, reach=lambda: RemoteL1(self.url), random=self.random)
        try:
            assert described(child.venue._machine) == described(replayed(child.folder, SETUP))
            chain = ReceiptChain(SETUP.genesis)
            found = list(chain.replay(child.folder.journal, child.entries()))
            digests = {each.sequence: each.digest().hex() for each in found}
            assert self.receipts.items() <= digests.items(), "a receipt is forgotten"
            counts = order_counts(child.folder.journal)
            assert set(counts.values()) <= {1}, "an order is there twice"
            assert self.answered <= counts.keys(), "an order is lost"
            accepted = [each for each in self.l1.events if type(each).__name__ == "BatchAccepted"]
            assert [each.number for each in accepted] == list(range(1, self.l1.proved_number + 1))
        finally:
            child.stop()


@contextmanager
def killer(root: Path, random: Random) -> Iterator[Killer]:
    """An L1 that outlives every venue, with two traders who have money there."""
    clock = ManualClock(lambda: time.time_ns() // 1_000_000, 0)
    l1 = LocalL1(deployment(), [StubVerifier()], clock, small.toy_compress_many)
    for account in (1, 2):
        key = small.public_key(account)
        l1.mint(small.owner(account), RICH)
        words = ((*key.x, *key.y), small.viewing(account))
        l1.register(small.owner(account), *words, RICH)
    with serving(Served(l1)) as url:
        yield Killer(root, random, url, l1)
