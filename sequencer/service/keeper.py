"""The keeper: what a venue writes beside its journal while it runs, and where it may start from.

Everything here can be made again from the journal. So nothing here stops a venue: where the store
cannot be read or written, the keeper has a remark, the venue reads the whole journal and goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from rollup.private import Private
from rollup.program.resource import Resource
from rollup.protocol.encoding import digest_bytes
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.branches import BeforeStart, Branches, Source
from sequencer.batches.entries import Entry, Place, RedoEntry
from sequencer.batches.journal import Journal, has_place
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.receipts import ReceiptChain
from sequencer.batches.standing import machine_from_bytes, standing_to_bytes
from sequencer.batches.standing_reader import StandingError
from sequencer.batches.store import Closing, Snapshot, Store, StoreError, set_aside
from sequencer.engine.event import Event
from sequencer.service.facts import facts_of
from sequencer.service.history import History
from sequencer.service.recovery import Recovered, Start, genesis_start, recover

SNAPSHOT_EVERY: Final = 64
"""Batches from one snapshot to the next: what a restart does again beside those not proved."""

CLOSINGS_HELD_MAX: Final = 64
"""Batches of a journal that is read again which are noted together."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A journal that was opened, where reading it starts, and what counts of it from there."""

    journal: Journal
    start: Start
    known: Branches


class Keeper(Resource):
    """The store of one venue, if it has one, and the facts of its accounts."""

    def __init__(self, setup: Setup, folder: VenueFolder, every: int = SNAPSHOT_EVERY) -> None:
        """Open the store beside the journal. A snapshot is taken every so many batches."""
        self.remarks: list[str] = []
        """What its operator should know: what was not as it should be."""
        self.history = History()
        self._setup, self._folder, self._every = setup, folder, every
        self._store: Store | None = None
        self._until = setup.identity.start
        self._held: list[Closing] = []
        self._has_failed = False
        self._last_snapshot = 0
        self._boundary: Place | None = None
        try:
            self._open()
        except StoreError as error:
            self._begin_store_anew(error)

    def _open(self) -> None:
        identity, key = self._setup.identity, self._setup.salt_key.store_key()
        self._store = Store(self._folder.store, identity, key)
        self.history = History(self._store)
        self._until = self._store.told_until

    def _begin_store_anew(self, reason: StoreError) -> None:
        """What lies there is of no use: another one in its place, or none."""
        self.close()
        try:
            kept = set_aside(self._folder.store)
            self._open()
            detail = f"begun anew from the whole journal, what there was is kept in {kept}"
            self.remarks.append(f"{reason}; {detail}")
        except StoreError as error:
            self._store, self.history = None, History()
            self._until = self._setup.identity.start
            self.remarks.append(f"{error}; there is none, so a restart reads the whole journal")

    @property
    def run(self) -> bytes:
        """Names the numbering of facts: a cursor of another run means nothing. Empty where facts
        are in memory alone."""
        return b"" if self._store is None else self._store.run

    def starts(self, most: int) -> Iterator[Start]:
        """Where reading may start so that all after batch `most` is read, the latest first. The
        last one is the journal's first entry, from which everything can be read."""
        for number in self._numbers(most):
            start = self._start(number)
            if start is not None:
                yield start
        yield genesis_start(self._folder.journal, self._setup)

    def surveyed(self, most: int) -> tuple[Start, Branches]:
        """What counts of the journal after batch `most`, and where reading that starts."""
        for start in self.starts(most):
            with suppress(BeforeStart):  # the next one is earlier
                return start, start.source.survey()
        raise BeforeStart("the start of a journal has nothing before it")

    def _numbers(self, most: int) -> list[int]:
        if self._store is None:
            return []
        try:
            return self._store.numbers(most)
        except StoreError as error:
            self._begin_store_anew(error)
            return []

    def _start(self, number: int) -> Start | None:
        """From the snapshot after a batch; None, with a remark, if it is of no use."""
        setup, journal = self._setup, self._folder.journal
        if self._store is None:
            return None
        try:
            found = self._store.snapshot(number)
            if not self._has(found.place):
                detail = "the journal does not have its place: it is shorter, or another one"
                raise StandingError(f"after batch {number}: {detail}")
            machine = machine_from_bytes(found.state, setup)
        except (StoreError, StandingError) as error:
            self.remarks.append(f"a snapshot is not used: {error}")
            return None
        chain = ReceiptChain(setup.genesis, found.receipts, found.head, number)
        source = Source(journal, setup, found.place, number)
        return Start(source, machine, chain, found.redos, found.header)

    def _has(self, place: Place) -> bool:
        """Whether the venue's journal has this place."""
        journal = self._folder.journal
        return journal.exists() and has_place(journal, self._setup.identity, place)

    def open_journal(self, most: int) -> Opened:
        """Open the journal, reading it from the latest start that has all after batch `most`, and
        all that owners are to be told. JournalError if it is damaged or another process has it."""
        for start in self.starts(most):
            try:
                return self._opened(start)
            except BeforeStart as error:
                self.remarks.append(f"the snapshot after batch {start.source.first}: {error}")
        raise BeforeStart("the start of a journal has nothing before it")

    def _opened(self, start: Start) -> Opened:
        """From one start. BeforeStart if more is needed."""
        source, known, until = start.source, start.source.branches(), self._until
        if source.first and not self._has(until):
            raise BeforeStart("what owners were told is not of this journal")

        def found(entry: Entry) -> None:
            known.add(entry)
            is_redo = isinstance(entry.content, RedoEntry)
            if source.first and is_redo and entry.offset >= until.offset:
                raise BeforeStart("what owners are told after a redo is not kept")

        key = self._setup.salt_key.chain_key()
        journal = Journal(source.path, self._setup.identity, key, found, source.start)
        was_redone = any(offset >= until.offset for offset in known.voided)
        if was_redone or not self._has(until):
            self._begin_run()
        return Opened(journal, start, known)

    def _begin_run(self) -> None:
        """Facts are numbered anew: nobody can say any more which numbers they had."""
        start = self._setup.identity.start
        if self._until != start:
            self.remarks.append("owners' facts are numbered anew, all of them")
        self._until = start
        if self._write(lambda store: store.start_again(start)) and self._store is not None:
            self.history = History(self._store)

    def _write(self, write: Callable[[Store], None]) -> bool:
        """Whether the store took it. The first time that it does not is a remark."""
        if self._store is None or self._has_failed:
            return False
        try:
            write(self._store)
        except StoreError as error:
            self._has_failed = True
            self.remarks.append(f"{error}; nothing more is kept in it until the next start")
            return False
        return True

    def replayed(self, opened: Opened, proved: int) -> Recovered:
        """Do again what counts of a journal, and keep what the store lacks of it."""
        start, until = opened.start, self._until

        def happened(entry: Entry, number: int, events: Sequence[Event]) -> None:
            if entry.offset >= until.offset:
                self.history.add(facts_of(events, number))

        def closed(each: ClosedBatch, place: Place) -> None:
            redos = start.redos + sum(offset < place.offset for offset in opened.known.voided)
            stand = Stand(place, start.machine, start.receipts, redos)
            self._boundary = place
            if place.offset > until.offset:
                self._hold(each, stand, is_anew=not start.receipts.was_first)
            if len(self._held) >= CLOSINGS_HELD_MAX:
                self._note(place)
            if each.batch.number % self._every == 0 and each.batch.number <= proved:
                self._snapshot(each.header.digest(), stand, proved)

        found = recover(start, opened.known.now, proved, happened, closed)
        self._note(opened.journal.place)
        return found

    def closed(self, closed: ClosedBatch, stand: "Stand", proved: int) -> None:
        """A batch was closed, and is in the journal."""
        self._hold(closed, stand, is_anew=False)
        self._note(stand.place)
        if closed.batch.number % self._every == 0:
            self._snapshot(closed.header.digest(), stand, proved)

    def parted(self, since: int, anew: Sequence[tuple[ClosedBatch, Place]], stand: "Stand") -> None:
        """Batches from `since` on were made anew, and are in the journal."""
        self._write(lambda store: store.forget_from(since))
        for closed, place in anew:
            self._hold(closed, replace(stand, place=place), is_anew=True)
        self._note(stand.place)

    def finish(self, header: bytes, stand: "Stand", proved: int) -> None:
        """The venue ends in order. Between two batches there is a snapshot, so that the next start
        has nothing to do again if all is proved by then."""
        self._note(stand.place)
        is_boundary = stand.machine.core.work is None and stand.place == self._boundary
        if is_boundary and stand.machine.core.number != self._last_snapshot:
            self._snapshot(header, stand, proved)

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            with suppress(StoreError):  # it is let go of all the same
                self._store.close()
            self._store = None

    def _hold(self, closed: ClosedBatch, stand: "Stand", *, is_anew: bool) -> None:
        """To be noted with the next facts."""
        self._boundary = stand.place
        public, chain = closed.outcome.public, stand.receipts
        root, header = digest_bytes(public.new_root), closed.header.digest()
        place = (stand.place.offset, stand.place.link, public.number)
        self._held.append(Closing(*place, root, header, chain.sequence, chain.head, int(is_anew)))

    def _note(self, place: Place) -> None:
        """What is in memory alone, which is all up to a place, goes into the store."""
        held, told, handed_on = self._held, self.history.unkept(), self.history.handed_on()
        if not held and not told and not handed_on:
            return
        is_kept = self._write(lambda store: store.note(held, told, place, handed_on))
        self._held = []
        self.history.kept(is_kept)
        if is_kept:
            self._until = place

    def _snapshot(self, header: bytes, stand: "Stand", proved: int) -> None:
        number, place, chain = stand.machine.core.number, stand.place, stand.receipts
        state = standing_to_bytes(stand.machine.standing)
        history = (header, stand.redos, chain.sequence, chain.head)
        snapshot = Snapshot(number, place.offset, place.link, *history, state)
        if self._write(lambda store: store.keep(snapshot, proved)):
            self._last_snapshot = number


@dataclass(frozen=True, slots=True, repr=False)
class Stand(Private):
    """How far a venue has come: the journal's place, machine and receipts there, and the redos
    until then."""

    place: Place
    machine: Machine
    receipts: ReceiptChain
    redos: int
