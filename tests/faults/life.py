"""A daemon whose disk, L1 and prover fail, and an outsider who holds it to what it said.

Clients send orders, keep their receipts, and send again under the same slot and generation where no
answer came. Whatever dies is started again, as a supervisor does. After every start, and at the
end: no order that was answered for is lost or there twice, no sequence of a receipt was given
twice, every owner's stream tells what lives, the state is what the whole journal comes to, and L1
was brought every batch once.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from rollup.files import PROOF_FILE, PUBLIC_FOLDER, WriteError
from rollup.l1.connection import NoAnswerInTime, RemoteError
from rollup.protocol.order import Order
from rollup.protocol.receipt import SignedReceipt
from sequencer.batches.artefacts import BATCHES_FOLDER, STORE_FILE
from sequencer.batches.branches import Source
from sequencer.batches.entries import JournalError
from sequencer.batches.receipts import ReceiptChain
from sequencer.engine.command import Submit
from sequencer.service.daemon import DaemonHalted
from sequencer.service.facts import TERMINAL, Accepted, Ended, Fact, Lives, OwnKey, Voided
from sequencer.service.guard import VenueStopped
from sequencer.service.proving import ProofEnd
from tests.faults.disk import Dead, Disk, Fault
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Near, SimulatedProver, Simulation
from tests.helpers.machines import described, replayed
from tests.helpers.running import SETUP, Running

RICH = 10**6 * small.USDC
TRADERS = (1, 2)
STEPS = 12
TICK_MS = 400
Key = tuple[int, int, int]


@dataclass
class Outsider:
    """All that the venue ever said to its clients."""

    receipts: dict[int, SignedReceipt] = field(default_factory=dict)
    answered: dict[Key, Order] = field(default_factory=dict)
    """Orders that were answered as accepted."""
    unanswered: list[Order] = field(default_factory=list)
    owners: dict[int, int] = field(default_factory=dict)
    """Whose receipts they are, by sequence."""

    def hear(self, order: Order, answer: Any) -> None:
        """An answer to an order."""
        self.take(order.account, answer)
        if any(isinstance(fact, Accepted) for fact in answer.facts):
            self.answered[order.account, order.slot, order.generation] = order

    def take(self, account: int, answer: Any) -> None:
        """A receipt. No sequence may come a second time with anything else in it."""
        signed = answer.receipt
        if signed is not None:
            sequence = signed.receipt.sequence
            first = self.receipts.setdefault(sequence, signed)
            assert first.receipt == signed.receipt, f"receipt {sequence} was signed twice"
            self.owners[sequence] = account


class FaultyNear(Near):
    """L1 behind a socket: every exchange is a point, and one at which the process dies may have
    happened. `silent_for` exchanges nobody answers."""

    def __init__(self, world: Any, random: Random) -> None:
        super().__init__(world)
        self.disk: Disk | None = None
        self.random = random
        self.silent_for = 0

    def _through(self, call: Callable[[], Any]) -> Any:
        if self.silent_for:
            self.silent_for -= 1
            if self.random.random() < 0.5:
                call()
            raise NoAnswerInTime("it may have happened")
        return call() if self.disk is None else self.disk.point("send", call)

    def read_all(self, reads: Any) -> Any:
        return self._through(lambda: super(FaultyNear, self).read_all(reads))

    def commit_header(self, *arguments: Any) -> Any:
        return self._through(lambda: super(FaultyNear, self).commit_header(*arguments))

    def post_batch(self, *arguments: Any) -> Any:
        return self._through(lambda: super(FaultyNear, self).post_batch(*arguments))


class TearingProver(SimulatedProver):
    """The next `tears` proofs are cut off."""

    tears = 0

    def take(self) -> ProofEnd | None:
        end = super().take()
        if end is not None and end.error is None and self.tears:
            self.tears -= 1
            proof = self.batches / f"{end.number:06d}" / PUBLIC_FOLDER / PROOF_FILE
            proof.write_bytes(proof.read_bytes()[:7])
        return end


class FaultySimulation(Simulation):
    """The daemon of the simulations, on a disk that fails."""

    def __init__(self, root: Path, random: Random) -> None:
        self.draws = random
        super().__init__(root)
        self.running.snapshot_every = 3

    def start(self) -> None:
        super().start()
        self.prover.__class__ = TearingProver
        self.prover.batches = self.running.root / BATCHES_FOLDER

    def _reach(self) -> Any:
        if not isinstance(self.near, FaultyNear):
            self.near = FaultyNear(self.world, self.draws)
        far = super()._reach()
        self.courier.want_digests()  # a venue on another branch than L1's asks for them
        self.courier.step()
        far.refresh()
        return far


class Life:
    """One life, drawn from one seed: its steps, its fault, and the point at which that happens."""

    def __init__(self, root: Path, random: Random, fault: Fault, at: int) -> None:
        self.random = random
        self.simulation = FaultySimulation(root / "target", random)
        self.running: Running = self.simulation.running
        self.outsider = Outsider()
        self.generation = 0
        self.starts = self.silences = self.proof_failures = 0
        self.is_up = True
        for account in TRADERS:
            self.simulation.world.register(account, RICH)
        self.simulation.pass_time(2 * INTERVAL_MS)
        self.disk = Disk(self.running.root, random, fault, at)
        self.simulation.near.disk = self.disk

    def live(self) -> None:
        """All steps, and then rest: with every batch at L1 and every owner told."""
        for _ in range(STEPS):
            self.do(self.random.choice(STEPS_OF_A_LIFE))
        self.do(self.settle)
        self.require_whole()

    def do(self, step: "Callable[[Life], None] | Callable[[], None]") -> None:
        """One step; whatever ends the process is followed by a start."""
        arguments = () if getattr(step, "__self__", None) is not None else (self,)
        while True:
            try:
                with self.disk.beneath():
                    step(*arguments)
                return
            except (Dead, WriteError, VenueStopped, DaemonHalted, JournalError) as error:
                self.require_known(error)
                self.restart()

    def require_known(self, error: BaseException) -> None:
        """Nothing but the fault ends a process, and provers that fail three times in a row."""
        if isinstance(error, DaemonHalted):
            assert "3 times in a row" in str(error) and self.proof_failures >= 3, error
            return
        assert self.disk.has_struck, error
        assert isinstance(error, Dead) is self.disk.is_dead, error

    def trade(self) -> None:
        """Two new orders, and those that nobody answered."""
        self.generation += 1
        terms = {"slot": self.generation % 250, "generation": self.generation}
        size = self.random.randint(1, 4)
        sent = [small.sell(1, size, **terms), small.buy(2, self.random.randint(1, size), **terms)]
        sent += self.outsider.unanswered
        self.outsider.unanswered = sent
        if self.simulation.daemon.venue.core.work is None:
            return
        envelopes = [self.running.envelope(order) for order in sent]
        for order, answer in zip(sent, self.simulation.daemon.submit(envelopes), strict=True):
            self.outsider.hear(order, answer)
        self.outsider.unanswered = []

    def wait(self) -> None:
        self.simulation.pass_time(self.random.randrange(TICK_MS, 2 * INTERVAL_MS, TICK_MS), TICK_MS)

    def cancel(self) -> None:
        """Whatever lives of an owner's, by an envelope that may get lost."""
        live = [live for live in self.simulation.daemon.venue.core.live.values()]
        if live and self.simulation.daemon.venue.core.work is not None:
            order = self.random.choice(live).order
            key = (order.account, order.slot, order.generation)
            envelope = self.running.cancel_envelope(*key)
            (answer,) = self.simulation.daemon.submit([envelope])
            self.outsider.take(order.account, answer)

    def fail_to_prove(self) -> None:
        """The prover dies, or leaves half a proof."""
        self.proof_failures += 1
        prover = self.simulation.prover
        setattr(prover, self.random.choice(("failures", "tears")), 1)

    def silence(self) -> None:
        """L1 does not answer, whatever it did."""
        self.silences += 1
        self.simulation.near.silent_for = self.random.randint(1, 6)

    def restart(self) -> None:
        """A kill, what the disk makes of it, and a start, which may meet the fault again."""
        for _ in range(3):
            self._kill()
            try:
                with self.disk.beneath():
                    self._start()
            except (Dead, WriteError, JournalError) as error:
                self.require_known(error)
                continue
            except RemoteError:  # without L1 there is no start
                self.simulation.near.silent_for = 0
                continue
            self.require_whole()
            return
        self._kill()
        self.disk.settle()
        self.simulation.near.silent_for = 0
        self._start()
        self.require_whole()

    def _start(self) -> None:
        self.running.start()
        self.is_up = True
        self.simulation.start()
        self.starts += 1

    def _kill(self) -> None:
        """The files stay as they are, or as a power cut leaves them; nothing is closed in order,
        which would write what the store has in its log."""
        private = self.running.folder.journal.parent
        store = {each: each.read_bytes() for each in private.glob(f"{STORE_FILE}*")}
        if self.is_up:
            self.running.venue._journal._pending.clear()
            with suppress(JournalError):  # it failed before
                self.running.venue._journal.close()
            self.running.venue._keeper.close()
            self.running.folder.close()
            self.is_up = False
        for each in private.glob(f"{STORE_FILE}*"):
            each.unlink()
        for each, data in store.items():
            each.write_bytes(data)
        if self.disk.is_dead and self.disk.fault is Fault.CUT:
            self.disk.lose()
        if self.disk.is_dead or self.random.random() < 0.5:
            self.disk.settle()  # somebody mended it

    def settle(self) -> None:
        """Whatever waits is answered for, and every batch is proved."""
        self.simulation.near.silent_for = 0
        self.simulation.prover.failures = self.simulation.prover.tears = 0
        while self.outsider.unanswered:
            self.trade()
            self.simulation.pass_time(INTERVAL_MS, TICK_MS)
        self.simulation.drain()

    def require_whole(self) -> None:
        """All that must be true of a venue that is up."""
        venue, folder = self.running.venue, self.running.folder
        assert described(venue._machine) == described(replayed(folder, SETUP))
        self._require_receipts()
        self._require_orders()
        self._require_streams()
        posted = self.simulation.posted
        assert posted == list(range(1, len(posted) + 1)), f"posted {posted}"

    def _require_receipts(self) -> None:
        chain = ReceiptChain(SETUP.genesis)
        journal = self.running.folder.journal
        found = {each.sequence: each for each in chain.replay(journal, self.running.entries())}
        for sequence, signed in self.outsider.receipts.items():
            assert found.get(sequence) == signed.receipt, f"receipt {sequence} is forgotten"

    def _require_orders(self) -> None:
        """Each once in the history that counts: those answered for, and none twice."""
        keys = order_counts(self.running.folder.journal)
        assert all(count == 1 for count in keys.values()), "an order is there twice"
        assert self.outsider.answered.keys() <= keys.keys(), "an order is lost"

    def _require_streams(self) -> None:
        """From its own stream an owner knows what lives."""
        history, core = self.running.venue.history, self.running.venue.core
        for account in TRADERS:
            page = history.since(account, 0, 10**6)
            assert page.first == 0 and not page.has_more
            alive = _alive(page.facts)
            live = {live.key for live in core.live.values() if live.key[0] == account}
            assert {(account, *key) for key in alive} == live
            self._require_ends(account, page.facts, alive)

    def _require_ends(self, account: int, facts: tuple[Fact, ...], alive: set[OwnKey]) -> None:
        """What came with each receipt lives, or came to its end, and its owner was told so."""
        last = {fact.receipt: fact for fact in facts if not isinstance(fact, Voided)}
        for sequence, owner in self.outsider.owners.items():
            if owner == account:
                fact = last.get(sequence)
                assert fact is not None, f"what came with receipt {sequence} is told nobody"
                assert fact.key in alive or isinstance(fact, TERMINAL), f"receipt {sequence}"


def order_counts(journal: Path) -> "Counter[Key]":
    """How often each order is in what counts of a journal."""
    source = Source(journal, SETUP)
    return Counter(
        (order.account, order.slot, order.generation)
        for entry in source.entries(source.survey().now)
        if isinstance(entry.content, Submit)
        for order in (entry.content.signed.order,)
    )


def _alive(facts: tuple[Fact, ...]) -> set[OwnKey]:
    alive: set[OwnKey] = set()
    for fact in facts:
        match fact:
            case Voided():
                alive.clear()
            case Accepted(key) | Lives(key):
                assert isinstance(fact, Lives) or key not in alive, "accepted twice"
                alive.add(key)
            case Ended(key):
                alive.discard(key)
    return alive


STEPS_OF_A_LIFE = (
    *(Life.trade, Life.trade, Life.trade, Life.wait, Life.wait, Life.wait),
    *(Life.cancel, Life.fail_to_prove, Life.silence),
)
