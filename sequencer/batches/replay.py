"""Replay: the journal through the machine again. The roots must be the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rollup.protocol.encoding import digest_bytes
from rollup.protocol.rejection import Rejected
from rollup.protocol.state import State
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.batcher import BatcherError, ClosedBatch
from sequencer.batches.branches import Branch, Source
from sequencer.batches.entries import (
    Entry,
    JournalError,
    Note,
    Place,
    ReceiptEntry,
    RefusalEntry,
    RootEntry,
)
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.receipts import ReceiptChain
from sequencer.engine.core import CoreError
from sequencer.engine.event import Event


class RootsDiffer(Exception):
    """A replayed batch has another root than somebody noted; `number` is the batch."""

    def __init__(self, number: int, detail: str) -> None:
        super().__init__(f"batch {number}: {detail}")
        self.number = number


def replay(path: Path, setup: Setup) -> Iterator[ClosedBatch]:
    """Every batch of a journal that counts, as it comes out again.

    JournalError with the offset of what cannot be read or done again; RootsDiffer where a root is
    not the one that was noted.
    """
    source, branch = _counted(path, setup)
    return Replay(path, Machine(setup)).run(source.entries(branch))


def state_after(path: Path, setup: Setup, number: int) -> State:
    """The committed state after a batch of a journal that counts; 0 for genesis.

    JournalError or RootsDiffer as in `replay`, JournalError too for a batch that was never closed.
    """
    source, branch = _counted(path, setup)
    if number > branch.number:
        end = branch.closed[-1][1] if branch.closed else 0
        detail = f"batch {number} is wanted, the last closed is {branch.number}"
        raise JournalError(path, end, detail)
    again = Replay(path, Machine(setup))
    for _ in again.run(source.entries(branch.before(number + 1))):
        pass
    return again.machine.standing.state


def _counted(path: Path, setup: Setup) -> tuple[Source, Branch]:
    """A journal, its receipts read, and the entries of it that count."""
    source, chain = Source(path, setup), ReceiptChain(setup.genesis)
    return source, source.survey(lambda entry: chain.read(path, entry)).now


Happened = Callable[[Entry, int, Sequence[Event]], None]
"""Called with a command's entry, the number of its batch, and what it did."""


def ignored(entry: Entry, number: int, events: Sequence[Event]) -> None:
    """Nobody is told."""


class Replay:
    """A machine fed from a journal. `unrooted` is a batch that was closed last, its root not noted:
    the crash came between two entries of one group."""

    def __init__(self, path: Path, machine: Machine, happened: Happened = ignored) -> None:
        """`happened` is told what every command did."""
        self.machine = machine
        self.unrooted: ClosedBatch | None = None
        self._path = path
        self._happened = happened

    def run(self, entries: Iterable[Entry]) -> Iterator[ClosedBatch]:
        """Do all commands; every closed batch once its root is compared, the last one in any
        case."""
        for closed, _ in self.placed(entries):
            yield closed
        if self.unrooted is not None:
            yield self.unrooted

    def placed(self, entries: Iterable[Entry]) -> Iterator[tuple[ClosedBatch, Place]]:
        """Do all commands; every closed batch once its root is compared, and the place after."""
        for entry in entries:
            if isinstance(entry.content, ReceiptEntry):
                continue  # a chain of their own
            if isinstance(entry.content, RootEntry):
                yield self._rooted(entry.content, entry.offset), entry.after
            elif isinstance(entry.content, RefusalEntry):
                self._refused(entry, entry.content)
            else:
                self._do(entry)

    def _do(self, entry: Entry) -> None:
        if self.unrooted is not None:
            detail = f"the root of batch {self.machine.core.number} is wanted"
            raise JournalError(self._path, entry.offset, detail)
        if isinstance(entry.content, Note):
            raise JournalError(self._path, entry.offset, "a command is wanted")
        try:
            done = self.machine.do(entry.content)
        except (CoreError, BatcherError, Rejected) as error:
            what = error if isinstance(error, CoreError) else type(error).__name__
            detail = f"the command cannot be replayed: {what}"
            raise JournalError(self._path, entry.offset, detail) from error
        self.unrooted = done.closed
        core = self.machine.core
        number = core.number if core.work is None else core.work.number
        self._happened(entry, number, done.events)

    def _refused(self, entry: Entry, noted: RefusalEntry) -> None:
        """Nothing is done again: what was refused once stays so."""
        work = self.machine.core.work
        if work is None:
            raise JournalError(self._path, entry.offset, "a refusal between two batches")
        self._happened(entry, work.number, [noted.event()])

    def _rooted(self, noted: RootEntry, offset: int) -> ClosedBatch:
        closed = self.unrooted
        if closed is None or closed.batch.number != noted.number:
            detail = f"a root of batch {noted.number}, which was not closed just before"
            raise JournalError(self._path, offset, detail)
        root = digest_bytes(closed.outcome.public.new_root)
        if noted.root != root:
            detail = f"the journal noted root {noted.root.hex()}, the replay has {root.hex()}"
            raise RootsDiffer(noted.number, detail)
        self.unrooted = None
        return closed


def require_bundles(folder: VenueFolder, batches: Sequence[ClosedBatch]) -> int:
    """Compare a replay with the bundles that lie in a venue's folder; how many there are.

    A journal whose end was cut off replays well: only others know that there was more. RootsDiffer
    if a bundle is of a batch that the journal lacks, or has another public input.
    """
    known = {closed.batch.number: closed.outcome.public for closed in batches}
    numbers = folder.bundles()
    for number in numbers:
        if number not in known:
            detail = f"a bundle of it lies in {folder.root}, the journal ends at {len(known)}"
            raise RootsDiffer(number, detail)
        if folder.batch(number).read_public() != known[number]:
            raise RootsDiffer(number, "its bundle has another public input than the replay")
    return len(numbers)
