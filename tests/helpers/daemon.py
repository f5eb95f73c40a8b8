"""A daemon in a simulated world: a clock by hand, a prover that takes its time and fails, a mock L1
that forgets. Nothing waits for anything, so a day passes in milliseconds."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from rollup.files import PROOF_FILE, PUBLIC_FILE
from rollup.l1.connection import NoAnswerInTime, Unreachable
from rollup.l1.interface import HeaderVerdict
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.committee import Attestation
from rollup.protocol.header import BatchHeader
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.transition import apply_batch
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.resident import ProverLost
from sequencer.oracle.signers import DevelopmentOracle
from sequencer.service.collecting import Collecting
from sequencer.service.courier import Courier, FarL1
from sequencer.service.daemon import Daemon, Terms
from sequencer.service.prices import DevelopmentPrices
from sequencer.service.proving import ProofEnd
from sequencer.service.seen import Read
from tests.helpers import venue as small
from tests.helpers.l1 import DEADLINE, LEAST, World, deployment, proof_of
from tests.helpers.oracle import KEYS
from tests.helpers.running import Running

INTERVAL_MS = 1_000
LAG = 4
TURNS = 20
"""More than a tick of a simulation has to bring."""

Answer = TypeVar("Answer")


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
    """Provers side by side. Each needs `takes_ms` for a batch; the next `failures` tries end
    without a proof."""

    world: World
    count: int = 1
    takes_ms: int = 200
    failures: int = 0
    started: list[int] = field(default_factory=list)
    most: int = 0
    _work: dict[int, tuple[int, bytes, bytes, Path]] = field(default_factory=dict)

    @property
    def numbers(self) -> Collection[int]:
        return self._work.keys()

    @property
    def has_room(self) -> bool:
        return len(self._work) < self.count

    def start(self, number: int, header: bytes, batch: bytes, folder: Path) -> None:
        assert self.has_room and number not in self._work
        self.started.append(number)
        self._work[number] = (self.world.now + self.takes_ms, header, batch, folder)
        self.most = max(self.most, len(self._work))

    def take(self) -> ProofEnd | None:
        ready = [number for number, work in self._work.items() if work[0] <= self.world.now]
        if not ready:
            return None
        number = ready[-1]
        _, header, batch, folder = self._work.pop(number)
        if self.failures > 0:
            self.failures -= 1
            return ProofEnd(number, header, ProverLost("killed"))
        write_bundle(folder, public_of(batch))
        return ProofEnd(number, header)


class Near:
    """The world's L1 as a courier reaches it, and what can go wrong on the way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_down = False
        self.loses_answers = False
        self.is_other = False
        self.lies: dict[str, object] = {}
        self.calls: list[tuple[str, bytes]] = []

    def read_all(self, reads: Sequence[Read]) -> list[Any]:
        self._require_up()
        return [self._one(name, arguments) for name, arguments in reads]

    def _one(self, name: str, arguments: Mapping[str, Any]) -> Any:
        l1 = self.world.l1
        if name in self.lies:
            return self.lies[name]
        if name == "deployment":
            return deployment(least_deposit=LEAST + 1) if self.is_other else l1._deployment
        if name == "now":
            return self.world.now
        found = getattr(l1, name)
        return deepcopy(found(**arguments) if callable(found) else found)

    def commit_header(self, sender: bytes, header: BatchHeader) -> HeaderVerdict:
        self._require_up()
        self.calls.append(("header", header.digest()))
        return self._answered(self.world.l1.commit_header(sender, header))

    def post_batch(
        self,
        sender: bytes,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        self._require_up()
        self.calls.append(("proof", public.digest()))
        self._answered(self.world.l1.post_batch(sender, public, proof, attestation))

    def _answered(self, answer: Answer) -> Answer:
        if self.loses_answers:
            raise NoAnswerInTime("it may have happened")
        return answer

    def _require_up(self) -> None:
        if self.is_down:
            raise Unreachable("nobody listens")


class Simulation:
    """The daemon and its world; `pass_time` lets it live."""

    collecting: Collecting | None = None
    """Who asks a committee, once a daemon is started with it."""

    def __init__(self, root: Path, *, seed: int = 0, proves: bool = True, provers: int = 1) -> None:
        self.random = Random(seed)
        self.world = World(interval_ms=INTERVAL_MS)
        self.near = Near(self.world)
        self.running = Running(root, self.world, self._reach)
        self.proves, self.provers = proves, provers
        self.said: list[str] = []
        self.posted: list[int] = []
        self._watch_posts()
        self.start()

    def _reach(self) -> FarL1:
        """A courier that has looked; it goes nowhere by itself."""
        self.courier = Courier(self.near, self.world.l1._deployment, lambda: self.world.now)
        self.far = FarL1(self.courier)
        return self.far

    def start(self) -> None:
        """A daemon on the venue as it stands."""
        self.prover = SimulatedProver(self.world, self.provers)
        self.daemon = Daemon(
            self.running.venue,
            self.far,
            self.prover if self.proves else None,
            DevelopmentOracle(
                KEYS, small.GOVERNANCE, DevelopmentPrices(small.PRICES, (200, 300), 1)
            ),
            Terms(INTERVAL_MS, LAG, DEADLINE),
            lambda: self.world.now,
            self.said.append,
            start=small.START,
            collecting=self.collecting,
        )

    def restart(self) -> None:
        """As a kill and a start do."""
        self.running.restart()
        self.start()

    def _watch_posts(self) -> None:
        real = self.world.l1.post_batch

        def post(
            sender: bytes,
            public: PublicInput,
            proof: bytes,
            attestation: Attestation | None = None,
        ) -> None:
            real(sender, public, proof, attestation)
            self.posted.append(public.number)

        self.world.l1.post_batch = post

    def pass_time(self, milliseconds: int, step: int = 100) -> None:
        """Ticks on the way."""
        for _ in range(milliseconds // step):
            self.world.pass_time(step)
            self.tick()

    def tick(self) -> None:
        """The daemon and its courier, in turn, until nothing is left to bring."""
        for _ in range(TURNS):
            self.daemon.tick()
            if self.courier._job is None:
                break
            self.courier.step()
        self.courier.step()
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
