"""Branches: which entries of a journal count, after what its redos made void.

Known by where they lie in the file and not by what they say, so that a journal of any length is
gone through without being held in memory: once to learn what counts, and once to do it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sequencer.batches.entries import Entry, JournalError, Place, RedoEntry, RootEntry
from sequencer.batches.journal import read
from sequencer.batches.machine import Setup

_Span = tuple[int, int]
"""Offsets of the first and the last entry of a batch, between which all are of it."""


class BeforeStart(Exception):
    """A redo goes back to before where reading started: only the whole journal says what counts."""


@dataclass(slots=True)
class Branch:
    """Batches that follow one another: closed ones from `first` + 1 on, and what there is of the
    next one."""

    first: int = 0
    closed: list[_Span] = field(default_factory=list)
    open: _Span | None = None

    @property
    def number(self) -> int:
        """Of the last batch that is closed."""
        return self.first + len(self.closed)

    def before(self, number: int) -> "Branch":
        """Up to the end of the batch before `number`, which must have been closed."""
        return Branch(self.first, self.closed[: number - 1 - self.first])

    def add(self, entry: Entry) -> None:
        """One more entry."""
        begun = entry.offset if self.open is None else self.open[0]
        self.open = (begun, entry.offset)
        if isinstance(entry.content, RootEntry):
            self.closed.append(self.open)
            self.open = None


class Branches:
    """What counts now, and for the offset of every redo what counted before it.

    `first` is the batch after which reading starts at the byte `start`; 0 and 0 for all.
    """

    def __init__(self, path: Path, first: int = 0, start: int = 0) -> None:
        self.now = Branch(first)
        self.voided: dict[int, Branch] = {}
        self._path = path
        self._start = start

    def add(self, entry: Entry) -> None:
        """The journal's next entry. JournalError for a redo of what never was, BeforeStart for one
        of what is not known here."""
        content = entry.content
        if not isinstance(content, RedoEntry):
            self.now.add(entry)
            return
        base = self._base(entry, content)
        if base is None or not base.first < content.number <= base.number + 1:
            detail = f"a redo of batch {content.number}, which was never closed"
            raise JournalError(self._path, entry.offset, detail)
        self.voided[entry.offset] = self.now
        self.now = base.before(content.number)

    def _base(self, entry: Entry, redo: RedoEntry) -> Branch | None:
        """The branch that a redo goes back to."""
        is_known = redo.base == 0 or redo.base >= self._start
        if not is_known or 0 < redo.number <= self.now.first:
            detail = f"the redo at byte {entry.offset} goes back to before byte {self._start}"
            raise BeforeStart(detail)
        return self.now if redo.base == 0 else self.voided.get(redo.base)


@dataclass(frozen=True, slots=True)
class Source:
    """A venue's journal, and where reading it starts: at its first entry, or behind batch
    `first`."""

    path: Path
    setup: Setup
    start: Place | None = None
    first: int = 0

    def read(self) -> Iterator[Entry]:
        """Every entry, whether it counts or not. JournalError."""
        setup = self.setup
        return read(self.path, setup.identity, setup.salt_key.chain_key(), self.start)

    def branches(self) -> Branches:
        """Nothing yet, to which entries from the start on are added."""
        offset = 0 if self.start is None else self.start.offset
        return Branches(self.path, self.first, offset)

    def survey(self, also: Callable[[Entry], object] = lambda _: None) -> Branches:
        """What counts of it; every entry is shown to `also`. JournalError or BeforeStart."""
        found = self.branches()
        for entry in self.read():
            found.add(entry)
            also(entry)
        return found

    def entries(
        self, branch: Branch, also: Callable[[Entry], object] = lambda _: None
    ) -> Iterator[Entry]:
        """The entries of a branch, read from the file; every entry that there is, to the end, is
        shown to `also` before."""
        spans = iter([*branch.closed, *([] if branch.open is None else [branch.open])])
        span = next(spans, None)
        for entry in self.read():
            also(entry)
            while span is not None and entry.offset > span[1]:
                span = next(spans, None)
            if span is not None and entry.offset >= span[0]:
                yield entry
