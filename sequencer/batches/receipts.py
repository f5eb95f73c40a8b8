"""The chain of receipts: made link by link while the venue runs, and the same again from a journal.

What the journal holds of a receipt is its sequence and its envelope's hash; the batch that is open
and the receipt before it give the rest. Receipts are history: a batch that is made anew has none of
its own, and closes with the head that it closed with before.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rollup.crypto.chain_key import ChainKey
from rollup.protocol.genesis import Genesis
from rollup.protocol.receipt import RECEIPTS_START, Receipt
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from sequencer.batches.artefacts import ArtefactError, VenueFolder
from sequencer.batches.entries import (
    Entry,
    Identity,
    JournalError,
    ReceiptEntry,
    RootEntry,
    identity_of,
)
from sequencer.batches.journal import has_place, read
from sequencer.batches.store import Closing, Store, StoreError
from sequencer.engine.command import CloseBatch, OpenBatch


class ReceiptChain:
    """The last receipt, and the batch that the next one promises."""

    def __init__(
        self, genesis: Genesis, sequence: int = 0, head: bytes = RECEIPTS_START, first: int = 0
    ) -> None:
        """From genesis on, or from a receipt with this digest on, after batch `first` was closed
        and none after it."""
        self.sequence = sequence
        self.head = head
        self.closed = first
        """The highest number of a batch that was closed."""
        self.was_first = False
        """Whether the last closing was the first of its number."""
        self._first = first
        self._chain, self._venue = genesis.chain, genesis.venue
        self._open: OpenBatch | None = None
        self._heads: dict[int, bytes] = {}
        """Of each batch, from its first closing on."""

    def follow(self, command: OpenBatch | CloseBatch) -> None:
        """A batch was opened or closed."""
        if isinstance(command, CloseBatch) and self._open is not None:
            self.was_first = self._open.number > self.closed
            self.closed = max(self.closed, self._open.number)
        self._open = command if isinstance(command, OpenBatch) else None

    def closing(self) -> CloseBatch:
        """The command that closes the batch that is open, with what was taken up to now."""
        return CloseBatch(self.head)

    def take(self, envelope: bytes) -> Receipt:
        """The next receipt, for the envelope of this hash. ValueError between two batches."""
        if self._open is None:
            raise ValueError("a receipt promises the open batch, and none is open")
        receipt = Receipt(
            chain=self._chain,
            venue=self._venue,
            sequence=self.sequence + 1,
            envelope=envelope,
            previous=self.head,
            time=self._open.time,
            batch=self._open.number,
        )
        self.sequence, self.head = receipt.sequence, receipt.digest()
        return receipt

    def replay(self, path: Path, entries: Iterable[Entry]) -> Iterator[Receipt]:
        """Every receipt of a journal, of all its entries: what a redo voids stays in the chain.

        JournalError where a receipt is not the next one, or a batch ends with another head.
        """
        for entry in entries:
            receipt = self.read(path, entry)
            if receipt is not None:
                yield receipt

    def read(self, path: Path, entry: Entry) -> Receipt | None:
        """The journal's next entry, and the receipt that it is of. JournalError as `replay`."""
        match entry.content:
            case OpenBatch() as opening:
                self.follow(opening)
            case CloseBatch() as closing:
                self._require_head(path, entry.offset, closing)
                self.follow(closing)
            case ReceiptEntry() as noted:
                return self._again(path, entry.offset, noted)
        return None

    def _require_head(self, path: Path, offset: int, closing: CloseBatch) -> None:
        """A batch ends with the head of its first closing. Of one that was closed before reading
        started, that was compared when it was noted."""
        number = 0 if self._open is None else self._open.number
        if number <= self._first:
            return
        wanted = self._heads.setdefault(number, self.head)
        if closing.receipts != wanted:
            detail = f"the batch ends with receipts {closing.receipts.hex()}, not {wanted.hex()}"
            raise JournalError(path, offset, detail)

    def _again(self, path: Path, offset: int, noted: ReceiptEntry) -> Receipt:
        if noted.sequence != self.sequence + 1 or self._open is None:
            detail = f"receipt {self.sequence + 1} of an open batch is next, not {noted.sequence}"
            raise JournalError(path, offset, detail)
        return self.take(noted.envelope)


def published(
    journal: Path,
    batch: int,
    since: int,
    shape_class: ShapeClass = CLASS_S,
    crash_class: ShapeClass | None = None,
) -> list[Receipt]:
    """The receipts of a venue's journal up to a batch's head, from sequence `since` on. Read from
    the last batch on that was closed before, if the store beside the journal tells of it.

    ArtefactError or JournalError if the files are not a venue's, or the batch was never closed.
    """
    folder = VenueFolder(journal.resolve().parent.parent)
    genesis, salt_key = folder.read_genesis(), folder.read_salt_key()
    identity = identity_of(genesis, shape_class, crash_class)
    before = _before(folder, journal, identity, salt_key.store_key(), since)
    if before is None or before.number >= batch:
        start, chain = None, ReceiptChain(genesis)
    else:
        start = before.place
        chain = ReceiptChain(genesis, before.receipts, before.head, before.number)
    receipts = []
    for entry in read(journal, identity, salt_key.chain_key(), start):
        receipt = chain.read(journal, entry)
        if receipt is not None and receipt.sequence >= since:
            receipts.append(receipt)
        if isinstance(entry.content, RootEntry) and entry.content.number == batch:
            return receipts
    raise ArtefactError(f"{journal}: batch {batch} was never closed")


def _before(
    folder: VenueFolder, journal: Path, identity: Identity, key: ChainKey, since: int
) -> Closing | None:
    """Where to begin; None for the start, also if there is no store to ask."""
    if not folder.store.exists():
        return None
    try:
        with Store(folder.store, identity, key) as store:
            found = store.closing_before(since)
    except StoreError:
        return None
    return found if found is not None and has_place(journal, identity, found.place) else None
