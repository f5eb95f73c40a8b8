"""The journal: all that a venue was told, in order, on disk before anybody is answered.

Append-only and chained under the operator's key, so that whoever lacks the key cannot change, drop,
reorder or rejoin entries. Only the end can be cut off without a trace here: who goes on with a
journal compares it with L1 (sequencer.service.recovery). Private: it holds orders in the clear, so
the file is readable by its owner only.

    header = magic (16) || version (2) || chain (4) || venue (4) || governance digest (32)
             || shape class (8, ASCII)
    entry  = length of body (4) || its check (4) || body || link (32)
    link   = HMAC-SHA256(key, link before, the header for the first || length || body)
    check  = the first bytes of HMAC-SHA256(key, link before || length), so that a damaged length is
             told from an entry that is cut off
    body   = an encoded command
             or 0x80 || batch number (4) || state root (32)              after every closed batch
             or 0x81 || batch number (4) || digest of the refused header (32) || following (4)
                || base (8)
         or 0x82 || sequence (8) || envelope hash (32)          before what the envelope led to

Numbers are little-endian. A *redo* entry (0x81) says that L1 refused the header of a batch: that
batch and all after it are void, and the `following` entries do them anew. They are written in one
group and count only all together: a redo that is cut off never happened. Where L1 went back to
what an earlier redo had made void, `base` is the offset of that redo, and 0 else: the history goes
on from before it.
"""

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.crypto.chain_key import LINK_BYTES, ChainKey
from rollup.files import PRIVATE_MODE, sync_folder, write_whole, writing
from rollup.protocol.genesis import Genesis
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.resource import Resource
from sequencer.engine.command import Command
from sequencer.intake.wire import WireError, command_from_bytes, command_to_bytes

MAGIC: Final = b"crypsis-journal\0"
VERSION: Final = 6
ENTRY_BYTES_MAX: Final = 1 << 16
"""The longest command, an opening with 64 deposits, takes 8 KiB."""

_HEADER: Final = struct.Struct("<16sHII32s8s")
_LENGTH: Final = struct.Struct("<I")
_CHECK_BYTES: Final = 4
_HOLE: Final = bytes(8)
"""Zeros at the end of a file are what a crash leaves of bytes that did not arrive; a link has none
at its end but by a chance of 2^-64."""
_ROOT: Final = struct.Struct("<BI32s")
_REDO: Final = struct.Struct("<BI32sIQ")
_RECEIPT: Final = struct.Struct("<BQ32s")
_ROOT_CODE: Final = 0x80
_REDO_CODE: Final = 0x81
_RECEIPT_CODE: Final = 0x82


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
    the shape class of its batches, which decides what a batch has room for."""

    chain: int
    venue: int
    governance: bytes
    shape_class: str = CLASS_S.name

    def encode(self) -> bytes:
        """The file's header."""
        name = self.shape_class.encode("ascii")
        return _HEADER.pack(MAGIC, VERSION, self.chain, self.venue, self.governance, name)


def identity_of(genesis: Genesis, shape_class: ShapeClass = CLASS_S) -> Identity:
    """Which journal belongs to a genesis and to batches of a shape class."""
    digest = genesis.governance.digest()
    return Identity(genesis.chain, genesis.venue, digest, shape_class.name)


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


Note = RootEntry | RedoEntry | ReceiptEntry
"""What is noted beside commands."""

Content = Command | Note


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry and the byte at which it starts."""

    offset: int
    content: Content


def read(path: Path, identity: Identity, key: ChainKey) -> Iterator[Entry]:
    """All entries in order. JournalError at the first byte that is not as it should be, TornTail
    where the file merely ends too early."""
    data = path.read_bytes()
    for entry, _, _ in _entries(path, data, identity, key):
        yield entry


Placed = tuple[Entry, bytes, int]
"""An entry, its link, and where the next one starts."""


def _entries(path: Path, data: bytes, identity: Identity, key: ChainKey) -> Iterator[Placed]:
    """Every entry; a redo and what follows it only once all of it is there."""
    held: list[Placed] = []
    wanted = 0
    for placed in _single_entries(path, data, identity, key):
        held.append(placed)
        content = placed[0].content
        wanted = content.following if isinstance(content, RedoEntry) else max(wanted - 1, 0)
        if not wanted:
            yield from held
            held.clear()
    if held:
        detail = f"a redo is cut off, {wanted} entries short"
        raise TornTail(path, held[0][0].offset, detail)


def _single_entries(path: Path, data: bytes, identity: Identity, key: ChainKey) -> Iterator[Placed]:
    head = identity.encode()
    _require_header(path, data[: len(head)], head)
    offset, before = len(head), head
    while offset < len(data):
        body, end = _body_at(path, data, offset, key, before)
        link = _next_link(key, before, body)
        if data[end - LINK_BYTES : end] != link:
            detail = "the entry's link does not follow the entry before it under this key"
            is_hole = end == len(data) and data.endswith(_HOLE)
            raise (TornTail if is_hole else JournalError)(path, offset, detail)
        yield Entry(offset, _content(path, body, offset)), link, end
        offset, before = end, link


def _require_header(path: Path, came: bytes, wanted: bytes) -> None:
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


def _body_at(
    path: Path, data: bytes, offset: int, key: ChainKey, before: bytes
) -> tuple[bytes, int]:
    """The body of the entry at an offset, and where the next entry starts."""
    start = offset + _LENGTH.size + _CHECK_BYTES
    if start > len(data):
        raise TornTail(path, offset, "the last entry is cut off")
    if not any(data[offset:]):
        raise TornTail(path, offset, f"{len(data) - offset} zero bytes where an entry is wanted")
    head = data[offset : offset + _LENGTH.size]
    if data[offset + _LENGTH.size : start] != _check(key, before, head):
        detail = "the entry's length does not follow the entry before it under this key"
        raise JournalError(path, offset, detail)
    (length,) = _LENGTH.unpack(head)
    if not 0 < length <= ENTRY_BYTES_MAX:
        detail = f"an entry of 1 to {ENTRY_BYTES_MAX} bytes, not {length}"
        raise JournalError(path, offset, detail)
    end = start + length + LINK_BYTES
    if end > len(data):
        raise TornTail(path, offset, f"the last entry is cut off, {end - len(data)} bytes short")
    return data[start : start + length], end


def _check(key: ChainKey, before: bytes, head: bytes) -> bytes:
    return key.extend(before, head)[:_CHECK_BYTES]


def _framed(key: ChainKey, before: bytes, body: bytes) -> tuple[bytes, bytes]:
    """An entry's bytes and its link."""
    head, link = _LENGTH.pack(len(body)), _next_link(key, before, body)
    return head + _check(key, before, head) + body + link, link


def _next_link(key: ChainKey, before: bytes, body: bytes) -> bytes:
    return key.extend(before, _LENGTH.pack(len(body)) + body)


def _content(path: Path, body: bytes, offset: int) -> Content:
    note = _NOTES.get(body[0])
    if note is not None:
        layout, make = note
        if len(body) != layout.size:
            detail = f"a note of {layout.size} bytes is wanted, {len(body)} came"
            raise JournalError(path, offset, detail)
        _, *members = layout.unpack(body)
        return make(*members)
    try:
        return command_from_bytes(body)
    except WireError as error:
        raise JournalError(path, offset, str(error)) from error


_NOTES: Final[dict[int, tuple[struct.Struct, Callable[..., Note]]]] = {
    _ROOT_CODE: (_ROOT, RootEntry),
    _REDO_CODE: (_REDO, RedoEntry),
    _RECEIPT_CODE: (_RECEIPT, ReceiptEntry),
}


def _encode(content: Content) -> bytes:
    match content:
        case RootEntry(number, root):
            return _ROOT.pack(_ROOT_CODE, number, root)
        case RedoEntry(number, header, following, base):
            return _REDO.pack(_REDO_CODE, number, header, following, base)
        case ReceiptEntry(sequence, envelope):
            return _RECEIPT.pack(_RECEIPT_CODE, sequence, envelope)
        case command:
            return command_to_bytes(command)


class Journal(Resource):
    """The journal being written. One writer at a time; `sync` makes what was appended durable.

    A journal that could not be written or flushed stays failed: nobody knows what the disk holds
    then, and a later flush that succeeds says nothing of the earlier one. Open it anew.
    """

    def __init__(self, path: Path, identity: Identity, key: ChainKey) -> None:
        """Start a new journal, or go on with one; a torn tail is set aside beside it, and named by
        `set_aside`. JournalError if it is damaged or another process writes it."""
        self.path = path
        self.set_aside: Path | None = None
        self.entries: list[Entry] = []
        """What was there when it was opened."""
        self._key = key
        self._pending: list[bytes] = []
        self._failure: str | None = None
        with writing(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._link, self._size = self._start(identity)
        except BlockingIOError:
            os.close(self._descriptor)
            raise JournalError(path, 0, "another process is writing this journal") from None
        except BaseException:
            os.close(self._descriptor)
            raise

    def _start(self, identity: Identity) -> tuple[bytes, int]:
        """The last link, and the bytes that are durable."""
        os.fchmod(self._descriptor, PRIVATE_MODE)
        head = identity.encode()
        data = self.path.read_bytes()
        if data == head[: len(data)] and len(data) < len(head):
            self._write_head(head)
            return head, len(head)
        whole: list[Placed] = []
        with contextlib.suppress(TornTail):
            whole.extend(_entries(self.path, data, identity, self._key))
        self.entries = [entry for entry, _, _ in whole]
        _, link, size = whole[-1] if whole else (None, head, len(head))
        if size < len(data):
            self._set_aside(data[size:], size)
        return link, size

    def _write_head(self, head: bytes) -> None:
        """The header of a new journal, or of one that never got to its first entry."""
        with writing(self.path):
            os.ftruncate(self._descriptor, 0)
            _write_all(self._descriptor, head)
            os.fsync(self._descriptor)
            sync_folder(self.path.parent)

    def _set_aside(self, tail: bytes, size: int) -> None:
        """Keep what a torn write left, for whoever wants to look; end at the last whole entry."""
        self.set_aside = self.path.with_name(f"{self.path.name}.torn-{size}")
        write_whole(self.set_aside, tail, PRIVATE_MODE)
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)

    @property
    def link(self) -> bytes:
        """The link after everything appended so far."""
        return self._link

    def append(self, content: Content) -> None:
        """Add an entry. In memory until `sync`."""
        self._require_working()
        body = _encode(content)
        if len(body) > ENTRY_BYTES_MAX:
            raise JournalError(self.path, self._size, f"an entry of {len(body)} bytes is too long")
        framed, self._link = _framed(self._key, self._link, body)
        self._pending.append(framed)

    def sync(self) -> None:
        """Write and flush to the disk all that was appended: one flush for the whole group.

        WriteError if the disk refuses; the file then ends where it ended before the group.
        """
        self._require_working()
        if not self._pending:
            return
        group = b"".join(self._pending)
        try:
            with writing(self.path):
                _write_all(self._descriptor, group)
                os.fsync(self._descriptor)
        except OSError as error:
            self._fail(error)
            raise
        self._pending.clear()
        self._size += len(group)

    def _fail(self, error: OSError) -> None:
        self._failure = error.strerror or type(error).__name__
        with contextlib.suppress(OSError):  # a disk that takes nothing may not even shorten a file
            os.ftruncate(self._descriptor, self._size)

    def _require_working(self) -> None:
        if self._descriptor < 0:
            raise JournalError(self.path, self._size, "it is closed")
        if self._failure is not None:
            detail = f"it failed ({self._failure}) and must be opened anew"
            raise JournalError(self.path, self._size, detail)

    def close(self) -> None:
        """Sync and let go of the file, which happens even if the journal failed."""
        if self._descriptor < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.write(descriptor, view)
        if written == 0:
            raise OSError(errno.EIO, "the disk takes no more bytes")
        view = view[written:]
