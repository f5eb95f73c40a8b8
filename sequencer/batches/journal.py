"""The journal: all that a venue was told, in order, on disk before anybody is answered.

Append-only and chained under the operator's key, so that whoever lacks the key cannot change, drop,
reorder or rejoin entries. Only the end can be cut off without a trace here: who goes on with a
journal compares it with L1 (sequencer.service.recovery). Private: it holds orders in the clear, so
the file is readable by its owner only.

    header = magic (16) || version (2) || chain (4) || venue (4) || governance digest (32)
             || shape class, or "S+R" of two (8, ASCII)
    entry  = length of body (4) || its check (4) || body || link (32)
    link   = HMAC-SHA256(key, link before, the header for the first || length || body)
    check  = the first bytes of HMAC-SHA256(key, link before || length), so that a damaged length is
             told from an entry that is cut off
    body   = an encoded command
             or 0x80 || batch number (4) || state root (32)              after every closed batch
             or 0x81 || batch number (4) || digest of the refused header (32) || following (4)
                || base (8)
         or 0x82 || sequence (8) || envelope hash (32)          before what the envelope led to
         or 0x83 || sequence (8) || account (4) || slot (1) || generation (4) || 1 of a cancel, 0 of
            an order (1) || reason (40, ASCII)                  in the place of a refused command

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
from pathlib import Path
from typing import BinaryIO, Final

from rollup.crypto.chain_key import LINK_BYTES, ChainKey
from rollup.files import PRIVATE_MODE, sync_folder, write_whole, writing
from rollup.program.resource import Resource
from sequencer.batches.entries import (
    ENTRY_BYTES_MAX,
    Content,
    Entry,
    Identity,
    JournalError,
    Place,
    RedoEntry,
    TornTail,
    content_from_bytes,
    content_to_bytes,
    require_header,
)

_LENGTH: Final = struct.Struct("<I")
_CHECK_BYTES: Final = 4
_HOLE_BYTES: Final = 8
_SECTOR_BYTES: Final = 512
"""Zeros at the end of a file are what a crash leaves of bytes that did not arrive. A hole is told
from damage by its size (that many zeros end a link by a chance of 2^-64), or because it begins
where a sector does, as holes do and damage seldom does."""


def read(
    path: Path, identity: Identity, key: ChainKey, start: Place | None = None
) -> Iterator[Entry]:
    """All entries in order, from the first or from a place on; one at a time is in memory.

    JournalError at the first byte that is not as it should be, TornTail where the file merely ends
    too early. What is appended meanwhile is not read.
    """
    with path.open("rb") as file:
        source = _Source(path, file, key)
        yield from _entries(source, _started(source, identity, start))


def has_place(path: Path, identity: Identity, place: Place) -> bool:
    """Whether a journal has this very link at this place: it is not shorter, and no other one."""
    with path.open("rb") as file:
        file.seek(max(place.offset - len(place.link), 0))
        is_start = place == identity.start
        return file.read(len(place.link)) == place.link and (is_start or _is_link(place))


def _is_link(place: Place) -> bool:
    return len(place.link) == LINK_BYTES


class _Source:
    """A journal's bytes, from its start or from a place on, a piece at a time."""

    def __init__(self, path: Path, file: BinaryIO, key: ChainKey) -> None:
        self.path, self.key = path, key
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def take(self, offset: int, size: int) -> bytes:
        """`size` bytes from an offset on; fewer at the end."""
        self._file.seek(offset)
        return self._file.read(max(min(size, self.size - offset), 0))

    def has_hole(self, start: int, end: int) -> bool:
        """Whether bytes between did not arrive, nor any after them: all are zero from one of them
        to the end of the file."""
        zeros = offset = start
        while piece := self.take(offset, ENTRY_BYTES_MAX):
            offset += len(piece)
            if any(piece):
                zeros = offset - len(piece) + len(piece.rstrip(b"\0"))
        sector = -(-zeros // _SECTOR_BYTES) * _SECTOR_BYTES
        return zeros < end and (self.size - zeros >= _HOLE_BYTES or sector < end)


def _started(source: _Source, identity: Identity, start: Place | None) -> Place:
    """Where reading starts, once the header is this venue's."""
    head = identity.encode()
    require_header(source.path, source.take(0, len(head)), head)
    if start is None:
        return identity.start
    if not has_place(source.path, identity, start):
        raise JournalError(source.path, start.offset, "another entry ends here, or none")
    return start


def _entries(source: _Source, start: Place) -> Iterator[Entry]:
    """Every entry; a redo and what follows it only once all of it is there."""
    held: list[Entry] = []
    wanted = 0
    for entry in _single_entries(source, start):
        held.append(entry)
        content = entry.content
        wanted = content.following if isinstance(content, RedoEntry) else max(wanted - 1, 0)
        if not wanted:
            yield from held
            held.clear()
    if held:
        detail = f"a redo is cut off, {wanted} entries short"
        raise TornTail(source.path, held[0].offset, detail)


def _single_entries(source: _Source, place: Place) -> Iterator[Entry]:
    while place.offset < source.size:
        body, came, end = _body_at(source, place)
        link = _next_link(source.key, place.link, body)
        if came != link:
            detail = "the entry's link does not follow the entry before it under this key"
            is_hole = source.has_hole(place.offset, end)
            raise (TornTail if is_hole else JournalError)(source.path, place.offset, detail)
        offset, place = place.offset, Place(end, link)
        yield Entry(offset, content_from_bytes(source.path, body, offset), place)


def _body_at(source: _Source, place: Place) -> tuple[bytes, bytes, int]:
    """The body of the entry at a place, the link that follows it, and where that ends."""
    path, offset = source.path, place.offset
    start = offset + _LENGTH.size + _CHECK_BYTES
    came = source.take(offset, start - offset)
    if len(came) < start - offset:
        raise TornTail(path, offset, "the last entry is cut off")
    head, check = came[: _LENGTH.size], came[_LENGTH.size :]
    if check != _check(source.key, place.link, head):
        detail = "the entry's length does not follow the entry before it under this key"
        is_hole = source.has_hole(offset, start)
        raise (TornTail if is_hole else JournalError)(path, offset, detail)
    (length,) = _LENGTH.unpack(head)
    if not 0 < length <= ENTRY_BYTES_MAX:
        detail = f"an entry of 1 to {ENTRY_BYTES_MAX} bytes, not {length}"
        raise JournalError(path, offset, detail)
    end = start + length + LINK_BYTES
    if end > source.size:
        raise TornTail(path, offset, f"the last entry is cut off, {end - source.size} bytes short")
    rest = source.take(start, end - start)
    return rest[:length], rest[length:], end


def _check(key: ChainKey, before: bytes, head: bytes) -> bytes:
    return key.extend(before, head)[:_CHECK_BYTES]


def _framed(key: ChainKey, before: bytes, body: bytes) -> tuple[bytes, bytes]:
    """An entry's bytes and its link."""
    head, link = _LENGTH.pack(len(body)), _next_link(key, before, body)
    return head + _check(key, before, head) + body + link, link


def _next_link(key: ChainKey, before: bytes, body: bytes) -> bytes:
    return key.extend(before, _LENGTH.pack(len(body)) + body)


class Journal(Resource):
    """The journal being written. One writer at a time; `sync` makes what was appended durable.

    A journal that could not be written or flushed stays failed: nobody knows what the disk holds
    then, and a later flush that succeeds says nothing of the earlier one. Open it anew.
    """

    def __init__(
        self,
        path: Path,
        identity: Identity,
        key: ChainKey,
        found: Callable[[Entry], None] = lambda _: None,
        start: Place | None = None,
    ) -> None:
        """Start a new journal, or go on with one; a torn tail is set aside beside it, and named by
        `set_aside`. Every entry that is there from `start` on is told to `found`, in order.

        JournalError if it is damaged, has no such place, or another process writes it.
        """
        self.path = path
        self.set_aside: Path | None = None
        self._key = key
        self._pending: list[bytes] = []
        self._failure: str | None = None
        with writing(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._place = self._start(identity, found, start)
            self._size = self._place.offset
        except BlockingIOError:
            os.close(self._descriptor)
            raise JournalError(path, 0, "another process is writing this journal") from None
        except BaseException:
            os.close(self._descriptor)
            raise

    def _start(
        self, identity: Identity, found: Callable[[Entry], None], start: Place | None
    ) -> Place:
        """The end of what is whole, where the file then ends."""
        os.fchmod(self._descriptor, PRIVATE_MODE)
        head = identity.encode()
        with self.path.open("rb") as file:
            source = _Source(self.path, file, self._key)
            came = source.take(0, len(head))
            if len(came) < len(head) and head.startswith(came):
                self._write_head(head)
                return identity.start
            place = _started(source, identity, start)
            with contextlib.suppress(TornTail):
                for entry in _entries(source, place):
                    found(entry)
                    place = entry.after
            if place.offset < source.size:
                self._set_aside(source.take(place.offset, source.size), place.offset)
        return place

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
    def place(self) -> Place:
        """The place after everything appended so far."""
        return self._place

    def append(self, content: Content) -> None:
        """Add an entry. In memory until `sync`."""
        self._require_working()
        body = content_to_bytes(content)
        if len(body) > ENTRY_BYTES_MAX:
            raise JournalError(self.path, self._size, f"an entry of {len(body)} bytes is too long")
        framed, link = _framed(self._key, self._place.link, body)
        self._place = Place(self._place.offset + len(framed), link)
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
