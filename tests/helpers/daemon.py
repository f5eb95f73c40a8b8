"""A daemon in a simulated world: a clock by hand, a prover that takes its time and fails, a mock L1
that forgets. Nothing waits for anything, so a day passes in milliseconds."""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rollup.files import PROOF_FILE, PUBLIC_FILE
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.transition import apply_batch
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.resident import ProverLost
from sequencer.service.daemon import Daemon, Terms
from sequencer.service.prices import DevelopmentPrices
from sequencer.service.proving import ProofEnd
from tests.helpers import venue as small
from tests.helpers.l1 import DEADLINE, proof_of
from tests.helpers.running import Running

INTERVAL_MS = 1_000
LAG = 4


def public_of(batch: bytes) -> PublicInput:
    """What a batch file is about, by the rules."""
    suite = {"compress_many": small.toy_compress_many, "verify_many": small.toy_verify_many}
    return apply_batch(batch_from_bytes(batch), **suite).public


def write_bundle(folder: Path, public: PublicInput, proof: bytes | None = None) -> None:
    """What a prover leaves."""
    files = BatchFolder(folder)
    files.public.mkdir(parents=True, exist_ok=True)
    (files.public / PUBLIC_FILE).write_bytes(public_to_json(public))
    (files.public / PROOF_FILE).write_bytes(proof_of(public) if proof is None else proof)


@dataclass
class SimulatedProver:
    """Needs `takes_ms` for a batch; the next `failures` tries end without a proof."""

    world: object
    takes_ms: int = 200
    failures: int = 0
    started: list[int] = field(default_factory=list)
    _work: tuple[int, bytes, bytes, Path] | None = None
    _until: int = 0

    @property
    def is_busy(self) -> bool:
        return self._work is not None

    def start(self, number: int, header: bytes, batch: bytes, folder: Path) -> None:
        assert self._work is None, "one prover at a time"
        self.started.append(number)
        self._work, self._until = (number, header, batch, folder), self.world.now + self.takes_ms

    def take(self) -> ProofEnd | None:
        if self._work is None or self.world.now < self._until:
            return None
        (number, header, batch, folder), self._work = self._work, None
        if self.failures > 0:
            self.failures -= 1
            return ProofEnd(number, header, ProverLost("killed"))
        write_bundle(folder, public_of(batch))
        return ProofEnd(number, header)


class Simulation:
    """The daemon and its world; `pass_time` lets it live."""

    def __init__(self, root: Path, *, seed: int = 0, proves: bool = True) -> None:
        self.random = Random(seed)
        self.running = Running(root)
        self.world = self.running.world
        self.proves = proves
        self.said: list[str] = []
        self.posted: list[int] = []
        self._watch_posts()
        self.start()

    def start(self) -> None:
        """A daemon on the venue as it stands."""
        self.prover = SimulatedProver(self.world)
        self.daemon = Daemon(
            self.running.venue,
            self.world.l1,
            self.prover if self.proves else None,
            DevelopmentPrices(small.PRICES[:2], (200, 300), 1),
            Terms(INTERVAL_MS, LAG, DEADLINE),
            lambda: self.world.now,
            self.said.append,
            start=small.START,
        )

    def restart(self) -> None:
        """As a kill and a start do."""
        self.running.restart()
        self.start()

    def _watch_posts(self) -> None:
        real = self.world.l1.post_batch

        def post(sender: bytes, public: PublicInput, proof: bytes) -> None:
            real(sender, public, proof)
            self.posted.append(public.number)

        self.world.l1.post_batch = post

    def pass_time(self, milliseconds: int, step: int = 100) -> None:
        """Ticks on the way."""
        for _ in range(milliseconds // step):
            self.world.pass_time(step)
            self.daemon.tick()

    def drain(self, limit_ms: int = 10 * 60_000) -> None:
        """Until the daemon says that it is done; an endless drain fails."""
        self.daemon.drain()
        for _ in range(limit_ms // 100):
            if self.daemon.is_done:
                return
            self.pass_time(100)
        raise AssertionError(f"the drain does not come to an end: {self.said[-5:]}")

    def heard(self, text: str) -> int:
        """How often something was said."""
        return sum(text in line for line in self.said)
