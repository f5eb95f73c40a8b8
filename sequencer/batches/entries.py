"""What a journal holds: its header, its entries, the places between them, and all of it as bytes.

sequencer.batches.journal says how they are joined.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from rollup.protocol.genesis import Genesis
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from sequencer.engine.command import Command
from sequencer.engine.event import (
    AnyReason,
    CancelRefused,
    OrderRefused,
    OutflowRefused,
    VenueReason,
)
from sequencer.intake.wire import WireError, command_from_bytes, command_to_bytes

MAGIC: Final = b"crypsis-journal\0"
VERSION: Final = 14
ENTRY_BYTES_MAX: Final = 1 << 17
"""The longest command, an opening with 64 deposits and 8 reports for each of 64 markets, takes 88
KiB."""

NAME_BYTES: Final = 8
_HEADER: Final = struct.Struct(f"<16sHII32s{NAME_BYTES}s")
_ROOT: Final = struct.Struct("<BI32s")
_REDO: Final = struct.Struct("<BI32sIQ")
_RECEIPT: Final = struct.Struct("<BQ32s")
_ROOT_CODE: Final = 0x80
_REDO_CODE: Final = 0x81
_RECEIPT_CODE: Final = 0x82
_REFUSAL_CODE: Final = 0x83
_REFUSAL: Final = struct.Struct("<BQIBIB40s")
_REASONS: Final = {reason.value: reason for kind in (Reason, VenueReason) for reason in kind}


class JournalError(Exception):
    """A journal that cannot be read or written: what was wanted and what came, and where.

    `offset` is the byte at which the bad header or entry starts.
    """

    def __init__(self, path: Path, offset: int, detail: str) -> None:
        super().__init__(f"{path}: journal, byte {offset}: {detail}")
        self.offset = offset
        self.detail = detail


class TornTail(JournalError):
    """The file ends inside an entry or in zeros: its last write did not come to its end."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which venue's journal: its chain, its identifier, the digest of its genesis governance, and
    the shape classes of its batches, which decide what a batch has room for: by name, the crash
    class after a plus."""

    chain: int
    venue: int
    governance: bytes
    shape_class: str = CLASS_S.name

    def encode(self) -> bytes:
        """The file's header. ValueError for names of classes that have no room in it."""
        name = self.shape_class.encode("ascii")
        if len(name) > NAME_BYTES:
            raise ValueError(f"a journal names its classes in {NAME_BYTES} letters")
        return _HEADER.pack(MAGIC, VERSION, self.chain, self.venue, self.governance, name)

    @property
    def start(self) -> "Place":
        """The place of the first entry: its link follows the header itself."""
        head = self.encode()
        return Place(len(head), head)


def identity_of(
    genesis: Genesis, shape_class: ShapeClass = CLASS_S, crash_class: ShapeClass | None = None
) -> Identity:
    """Which journal belongs to a genesis and to batches of a shape class, or of either of two."""
    digest = genesis.governance.digest()
    name = "+".join(each.name for each in (shape_class, crash_class) if each is not None)
    return Identity(genesis.chain, genesis.venue, digest, name)


@dataclass(frozen=True, slots=True)
class RootEntry:
    """The state root after a batch, as it was when the journal was written."""

    number: int
    root: bytes


@dataclass(frozen=True, slots=True)
class RedoEntry:
    """L1 refused the header with this digest: its batch and all after it are void, and the next
    `following` entries do them anew, on the branch that the redo at the byte `base` made void, or
    on the present one (0)."""

    number: int
    header: bytes
    following: int
    base: int = 0


@dataclass(frozen=True, slots=True)
class ReceiptEntry:
    """A receipt of this sequence was taken for the envelope of this hash, in the open batch."""

    sequence: int
    envelope: bytes


class RefusedKind(IntEnum):
    """What was refused."""

    ORDER = 0
    CANCEL = 1
    OUTFLOW = 2


_REFUSED: Final[dict[RefusedKind, Callable[..., OrderRefused | CancelRefused | OutflowRefused]]] = {
    RefusedKind.ORDER: OrderRefused,
    RefusedKind.CANCEL: CancelRefused,
    RefusedKind.OUTFLOW: OutflowRefused,
}


@dataclass(frozen=True, slots=True)
class RefusalEntry:
    """The order, cancel or outflow of this account, slot and generation that came with this receipt
    was refused, so that nobody does it again; its owner was told why."""

    receipt: int
    account: int
    slot: int
    generation: int
    kind: RefusedKind
    reason: AnyReason

    def event(self) -> OrderRefused | CancelRefused | OutflowRefused:
        """As the core says it."""
        key = (self.account, self.slot, self.generation)
        return _REFUSED[self.kind](key, self.reason, self.receipt)


Note = RootEntry | RedoEntry | ReceiptEntry | RefusalEntry
"""What is noted beside commands."""

Content = Command | Note


@dataclass(frozen=True, slots=True)
class Place:
    """The byte at which an entry starts, or would, and the link before it: who knows one can read
    on from there as safely as from the start, since the link stands for all before it."""

    offset: int
    link: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, the byte at which it starts, and the place after it."""

    offset: int
    content: Content
    after: Place


def require_header(path: Path, came: bytes, wanted: bytes) -> None:
    """JournalError unless a file begins as this venue's journal does."""
    if len(came) < len(wanted):
        detail = f"a header of {len(wanted)} bytes is wanted, {len(came)} came"
        raise JournalError(path, 0, detail)
    magic, version, chain, venue, _, name = _HEADER.unpack(came)
    if magic != MAGIC:
        raise JournalError(path, 0, "this is no crypsis journal")
    if version != VERSION:
        raise JournalError(path, 0, f"journal version {VERSION} is wanted, {version} came")
    if came != wanted:
        shape_class = name.rstrip(b"\0").decode("ascii", "replace")
        detail = (
            f"it belongs to chain {chain}, venue {venue}, shape class {shape_class}, "
            "or to other governance"
        )
        raise JournalError(path, 0, detail)


def content_from_bytes(path: Path, body: bytes, offset: int) -> Content:
    """What the body of an entry says. JournalError at its offset if it says nothing."""
    note = _NOTES.get(body[0])
    if note is not None:
        layout, make = note
        if len(body) != layout.size:
            detail = f"a note of {layout.size} bytes is wanted, {len(body)} came"
            raise JournalError(path, offset, detail)
        _, *members = layout.unpack(body)
        try:
            found = make(*members)
        except ValueError as error:
            raise JournalError(path, offset, str(error)) from error
        if content_to_bytes(found) != body:
            raise JournalError(path, offset, "the one encoding of a note is wanted")
        return found
    try:
        return command_from_bytes(body)
    except WireError as error:
        raise JournalError(path, offset, str(error)) from error


def _refusal(
    receipt: int, account: int, slot: int, generation: int, kind: int, name: bytes
) -> RefusalEntry:
    reason = _REASONS.get(name.rstrip(b"\0").decode("ascii", "replace"))
    if reason is None:
        raise ValueError("a reason for a refusal is wanted")
    return RefusalEntry(receipt, account, slot, generation, RefusedKind(kind), reason)


_NOTES: Final[dict[int, tuple[struct.Struct, Callable[..., Note]]]] = {
    _ROOT_CODE: (_ROOT, RootEntry),
    _REDO_CODE: (_REDO, RedoEntry),
    _RECEIPT_CODE: (_RECEIPT, ReceiptEntry),
    _REFUSAL_CODE: (_REFUSAL, _refusal),
}


def content_to_bytes(content: Content) -> bytes:
    """The body of an entry."""
    match content:
        case RootEntry(number, root):
            return _ROOT.pack(_ROOT_CODE, number, root)
        case RedoEntry(number, header, following, base):
            return _REDO.pack(_REDO_CODE, number, header, following, base)
        case ReceiptEntry(sequence, envelope):
            return _RECEIPT.pack(_RECEIPT_CODE, sequence, envelope)
        case RefusalEntry(receipt, account, slot, generation, kind, reason):
            name = reason.value.encode("ascii")
            return _REFUSAL.pack(_REFUSAL_CODE, receipt, account, slot, generation, kind, name)
        case command:
            return command_to_bytes(command)
