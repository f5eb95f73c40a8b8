"""The venue in one process: L1's queue, admission, journal, machine and poster put together.

    envelopes -> admission -> core -> journal -> answers
    closed batches -> journal -> batch file -> header at L1 -> prover -> proof at L1

Nobody is answered, and no batch leaves, before the journal is on disk. The caller decides when.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from rollup.crypto.envelope import OpeningKey, SealingKey
from rollup.crypto.remembered import RememberedSignatures
from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.poseidon import Digest
from rollup.l1.interface import Address
from rollup.oracle.package import SignedPackage
from rollup.protocol.committee import Attestation
from rollup.protocol.public import PublicInput
from sequencer.batches.artefacts import BatchFolder, LockedFolder
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.branches import Branch
from sequencer.batches.entries import Content, Entry, Place, RedoEntry, RootEntry
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.ports import L1
from sequencer.batches.written import ensure_written
from sequencer.engine.command import CloseBatch, Command, OpenBatch, Sent, Signed
from sequencer.engine.core import CoreState
from sequencer.engine.event import Event, OrderRefused, OutflowRefused, VenueReason
from sequencer.intake.admission import Admission, Asked, Verdict, sender_of
from sequencer.service import recovery
from sequencer.service.answer import Answer, Became, answer_to
from sequencer.service.facts import Fact, facts_of, refused_fact
from sequencer.service.facts_after_redo import facts_after_redo
from sequencer.service.given import GivenAnswers
from sequencer.service.guard import Guard
from sequencer.service.history import History
from sequencer.service.keeper import SNAPSHOT_EVERY, Keeper, Opened, Stand
from sequencer.service.notary import Notary, Taken
from sequencer.service.own_keys import OwnKeys
from sequencer.service.poster import Anew, Deadline, L1Differs, Poster
from sequencer.service.recovery import Fork, Recovered, Start
from sequencer.service.reports import Selection


class Venue:
    """One venue, running. Owns its journal; `close` it when done.

    A folder with a journal is gone on with: the state is rebuilt from it before anything is taken.
    """

    def __init__(
        self,
        setup: Setup,
        folder: LockedFolder,
        l1: L1,
        operator: Address,
        *,
        snapshot_every: int = SNAPSHOT_EVERY,
    ) -> None:
        """Start, or go on. JournalError, RootsDiffer or L1Differs if the folder's journal is
        damaged, or is not the one that L1 knows. A snapshot is taken every so many batches."""
        # The door and the rules ask about the same signatures: each is verified once.
        setup = replace(setup, verify_many=RememberedSignatures(setup.verify_many))
        self._setup = setup
        self._folder = folder
        self.receipt_signer = setup.genesis.receipt_signer
        receipt_key = folder.read_receipt_key(self.receipt_signer)
        self._l1 = l1
        self._poster = Poster(l1, operator)
        self._guard = Guard()
        self.selection: Selection | None = None
        self._facts: list[tuple[int, Fact]] = []
        self._fresh: list[tuple[int, Fact]] = []
        self._given = GivenAnswers()
        self._machine = Machine(setup)
        key = OpeningKey.generate()
        self.sealing_key: SealingKey = key.sealing_key()
        door = (key, self.core, l1.queue_from)
        self._admission = Admission(
            *door, compress_many=setup.compress_many, verify_many=setup.verify_many
        )
        self.own_keys = OwnKeys(folder.read_viewing_keys(), setup.compress_many)
        self._keeper = Keeper(setup, folder, snapshot_every)
        with ExitStack() as held:
            held.callback(self._keeper.close)
            opened = self._keeper.open_journal(l1.proved_number)
            self._journal = opened.journal
            held.callback(self._journal.close)
            self._notary = Notary(receipt_key, opened.start.receipts, self._journal)
            self._recover(opened)
            held.pop_all()  # from now on `close` lets go of them

    def _recover(self, opened: Opened) -> None:
        """The machine as the journal left it, and the batch files that a crash left unwritten."""
        self._attempt = opened.start.redos + len(opened.known.voided)
        self._receipts = opened.start.receipts
        proved = self._l1.proved_number
        found = self._keeper.replayed(opened, proved)
        self._keep(found, proved)
        self._take_over(found.machine)
        if found.unrooted is not None:
            self._journal.append(recovery.root_entry(found.unrooted))
            self._journal.sync()
            self._keeper.closed(found.unrooted, self._stand, proved)
        self._follow_l1()
        self._write_missing()
        self._keeper.remarks += self.own_keys.remarks(self.core)
        self.own_keys.tell(self.core, self._do)
        self._sync()

    def _write_missing(self) -> None:
        for closed in self._unproved:
            folder = self.batch_folder(closed.batch.number)
            ensure_written(folder, closed, self._setup.compress_many)

    def _take_over(self, machine: Machine) -> None:
        """From now on this is the venue's state."""
        self._machine = machine
        self._admission.follow(machine.core)

    def _keep(self, found: Recovered, proved: int) -> None:
        """Batches that L1 has not proved are kept at hand."""
        self._kept_after, self._unproved, self._headers = proved, found.unproved, found.headers

    def _read_again(self) -> None:
        """L1 forgot what it had proved."""
        proved = self._l1.proved_number
        start, known = self._keeper.surveyed(proved)
        self._keep(recovery.recover(start, known.now, proved), proved)

    @property
    def _stand(self) -> Stand:
        return Stand(self._journal.place, self._machine, self._receipts, self._attempt)

    @property
    def core(self) -> CoreState:
        """The state that orders meet. Another object once batches were made anew."""
        return self._machine.core

    @property
    def root(self) -> Digest:
        """The state root after the last closed batch."""
        return self._machine.batcher.state.root

    @property
    def remarks(self) -> Sequence[str]:
        """What was not as it should be with what is kept beside the journal."""
        return tuple(self._keeper.remarks)

    @property
    def run(self) -> str:
        """Names the numbering of `history`, in hexadecimal: cursors of another mean nothing."""
        return self._keeper.run.hex() or self.sealing_key.public_bytes.hex()

    @property
    def history(self) -> History:
        """What each owner may know, from the first fact on."""
        return self._keeper.history

    @property
    def set_aside(self) -> str:
        """The file that keeps what a torn last write left of the journal; empty if none did."""
        return str(self._journal.set_aside or "")

    def slot(self, time: int) -> int:
        """The moment, in ms, whose reports a next batch of this time takes."""
        return self._l1.governance_for(self.core.number + 1, time).oracle.slot(time)

    @property
    def prices(self) -> tuple[int, ...]:
        """Oracle prices of the batch that is open, or of the last one."""
        return self._machine.prices

    def open_batch(self, time: int, offered: Sequence[SignedPackage] = ()) -> list[Event]:
        """Start the next batch and consume what L1 has queued, as far as a batch can. Its prices
        are what the reports offered give, `selection` says how; where no quorum is, they stand.

        CoreError, with nothing changed or written, if this is not a next batch's time.
        """
        given = (self._machine, self._l1, time, offered, self._attempt)
        with self._guard.going_on(may_refuse=True):
            opening, self.selection = recovery.open_batch(*given)
            events = self._do(opening)
            self.own_keys.tell(self.core, self._do)
        with self._guard.going_on():
            self._sync()
        return events

    def submit(self, envelopes: Sequence[bytes]) -> list[Answer]:
        """Admit and apply envelopes in their order; an answer for each, once all is on disk. A copy
        of an envelope changes nothing, and is told what the first was told. Between two batches
        every envelope is refused, and none is opened."""
        if self.core.work is None:
            return [Answer(reason=VenueReason.BETWEEN_BATCHES)] * len(envelopes)
        with self._guard.going_on():
            verdicts = self._admission.admit(envelopes, self.core.clock)
            taken = [self._judge(verdict) for verdict in verdicts]
            self._sync()
        pairs = zip(verdicts, taken, strict=True)
        answers = [answer_to(each, self._notary.signed(by), did) for each, (by, did) in pairs]
        return self._given.told(verdicts, answers)

    def _judge(self, verdict: Verdict) -> tuple[Taken | None, Became]:
        taken, command = self._notary.take(verdict.envelope), verdict.command
        if command is None or taken is None:
            return taken, ((), verdict.reason)
        return taken, self._apply(replace(command, receipt=taken.receipt.sequence))

    def _apply(self, command: Sent) -> Became:
        """What the core refuses is not done: only that is journalled, and told to its owner."""
        first = len(self._fresh)
        done = self._do(command)[0]
        if isinstance(done, OrderRefused | OutflowRefused) and isinstance(command, Signed):
            owner, fact = refused_fact(command, done.reason)
            self._journal.append(recovery.refusal_entry(command, done.reason))
            self._fresh.append((owner, fact))
            return (fact,), done.reason
        sender = sender_of(command)
        return tuple(fact for owner, fact in self._fresh[first:] if owner == sender), None

    def ask(self, envelope: bytes) -> Asked:
        """Who asks about an own account. It changes nothing, so nothing is journalled."""
        with self._guard.going_on():
            return self._admission.ask(envelope, self.core.clock)

    def take_facts(self) -> list[tuple[int, Fact]]:
        """What happened since the last call and is on disk, each with who alone may know it."""
        taken, self._facts = self._facts, []
        return taken

    def due(self, now_ms: int) -> bool:
        """Whether the open batch should close now: at the end of its window and by nothing else,
        since closing when it is full, or by a count, would publish how much was traded."""
        return self.core.work is not None and now_ms >= self.core.work.time

    def close_batch(self) -> ClosedBatch:
        """Close the batch: judged by the rules, on disk with its root, its file written. CoreError
        if none is open."""
        with self._guard.going_on(may_refuse=True):
            closing = self._receipts.closing()
            done = self._machine.do(closing)
        if (closed := done.closed) is None:
            raise TypeError("the core closes a batch with BatchClosed")
        with self._guard.going_on():
            self._append([closing, recovery.root_entry(closed)])
            self._fresh += facts_of(done.events, closed.batch.number)
            self._sync()
            self._unproved.append(closed)
            self._headers.add(closed.header.digest())
            folder = self.batch_folder(closed.batch.number)
            ensure_written(folder, closed, self._setup.compress_many)
            self._keeper.closed(closed, self._stand, self._kept_after)
        return closed

    @property
    def unproved(self) -> Sequence[ClosedBatch]:
        """Closed batches that L1 has not proved, in order."""
        return tuple(self._unproved)

    def forget_unproved(self) -> None:
        """Let go of batches that nobody proves: for a run that L1 hears nothing of."""
        self._unproved.clear()

    def commit_headers(self) -> Anew | None:
        """Hold the closed batches to their content at L1, before they are proved.

        Returns what L1 wants to be made anew: call `redo` with it. Raises Reverted.
        """
        self._guard.require_going()
        self._keep_unproved()
        with self._guard.going_on():
            self._follow_l1()
        return self._poster.commit_headers(self._unproved)

    def _keep_unproved(self) -> None:
        """Batches that L1 has proved go; those whose proofs it forgot come back."""
        if self._l1.proved_number < self._kept_after:
            self._read_again()
        self._kept_after = self._l1.proved_number
        self._headers.forget_before(self._kept_after)
        self._unproved = [each for each in self._unproved if each.batch.number > self._kept_after]

    def redo(self, wanted: Anew) -> list[ClosedBatch]:
        """Make anew the batch whose header L1 refused, and all after it; the batches closed again.

        Orders, cancels and reports stay what they were; trades of these batches are void. It is
        one group in the journal: it happens whole, or not at all, and once.
        """
        if not self._poster.is_refused(wanted, self._unproved):
            return []
        with self._guard.going_on():
            proved = self._l1.proved_number
            start, known = self._keeper.surveyed(min(wanted.number - 1, proved))
            fork = recovery.fork_at(self._folder.journal, known.now, wanted.number)
            return self._part(start, known.now, fork, wanted.header)

    def _follow_l1(self) -> None:
        """Where L1 holds what was made void, because it took its refusal back, the venue goes back
        to that, and what it did since is made anew on top. L1Differs if no branch has it."""
        if 0 < self._l1.head_number < self._headers.first:
            self._read_again()
        try:
            self._poster.require_known(self._headers)
            return
        except L1Differs as differs:
            unknown = differs
        start = recovery.genesis_start(self._folder.journal, self._setup)
        known = start.source.survey()
        fork = recovery.fork_back(start.source.path, self._setup, known, self._l1)
        if fork is None:
            raise unknown
        held = self._l1.header_digest(self._l1.head_number) or bytes(DIGEST_BYTES)
        self._part(start, known.now, fork, held)

    def _part(self, start: Start, now: Branch, fork: Fork, header: bytes) -> list[ClosedBatch]:
        """Go on from a fork of the history: what the present branch has from its number on is made
        anew. One group in the journal; only then does anything change here."""
        void = recovery.old_batches(start.source.entries(now), fork.since)
        proved, attempt = self._l1.proved_number, self._attempt + 1
        told: list[tuple[int, Sequence[Event]]] = []

        def happened(_: Entry, number: int, events: Sequence[Event]) -> None:
            if number >= fork.since:
                told.append((number, events))

        base = recovery.recover(start, fork.kept, proved, happened)
        again = [old for old in void if old.opening.number >= fork.number]
        anew = recovery.make_anew(base.machine, self._setup, self._l1, again, attempt)
        redo = RedoEntry(fork.number, header, len(anew.contents), fork.base)
        ends = self._append([redo, *anew.contents])
        touched = recovery.accounts_of(void, self._unproved, fork.since, self.core)
        told += anew.done
        dropped = [refused_fact(command, reason) for command, reason in anew.dropped]
        after = base.machine.core
        self._fresh += facts_after_redo(fork.since, touched, told, dropped, self.core, after)
        self._sync()
        self._attempt = attempt
        self._take_over(base.machine)
        for closed in anew.closed:
            base.add(closed, proved)
        self._keep(base, proved)
        self._keeper.parted(fork.since, list(zip(anew.closed, ends, strict=True)), self._stand)
        self._write_missing()
        return anew.closed

    def post(
        self, public: PublicInput, proof: bytes, attestation: Attestation | None = None
    ) -> None:
        """Bring a bundle to L1, once. Raises Reverted with L1's reason."""
        self._guard.require_going()
        self._poster.post(public, proof, attestation)
        self._keep_unproved()

    def deadlines(self, now_ms: int, proof_deadline_ms: int) -> list[Deadline]:
        """Bounds of L1 that draw near for batches that it lacks a header or a proof of."""
        return self._poster.deadlines(self._unproved, now_ms, proof_deadline_ms)

    def batch_folder(self, number: int) -> BatchFolder:
        """Where a batch's files are."""
        return self._folder.batch(number)

    def close(self) -> None:
        """Make the journal durable and let go of it; between two batches, with a snapshot."""
        try:
            self._journal.close()
            if not self._guard.stopped:
                self._keeper.finish(self._headers.last, self._stand, self._kept_after)
        finally:
            self._keeper.close()

    def _do(self, command: Command) -> list[Event]:
        """The core first, since what it refuses must not be in the journal; what it did is in the
        journal before anybody is told, because whoever calls this syncs."""
        events = self._machine.do(command).events
        if isinstance(events[0], OrderRefused | OutflowRefused):
            return events  # the core asked before it changed anything
        self._append([command])
        work = self.core.work
        self._fresh += facts_of(events, self.core.number if work is None else work.number)
        return events

    def _append(self, contents: Sequence[Content]) -> list[Place]:
        """The places after batches that were closed."""
        ends = []
        for content in contents:
            self._journal.append(content)
            if isinstance(content, OpenBatch | CloseBatch):
                self._receipts.follow(content)
            elif isinstance(content, RootEntry):
                ends.append(self._journal.place)
        return ends

    def _sync(self) -> None:
        """Everything done so far is on disk, and may be told."""
        self._journal.sync()
        self._facts += self._fresh
        self._keeper.history.add(self._fresh)
        self._fresh = []
