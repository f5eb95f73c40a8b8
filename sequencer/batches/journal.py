"""The journal: every command, in order, on disk, before the core sees it.

Append-only and chained by Keccak-256, so that a changed, missing or reordered entry shows. Private:
it holds orders in the clear, so the file is readable by its owner only.

    header = magic (16) || version (2) || chain (4) || venue (4) || governance digest (32)
             || shape class (8, ASCII)
    entry  = length of body (4) || body || keccak256(link before || length || body) (32)
    body   = an encoded command, or 0x80 || batch number (4) || state root (32)

The link before the first entry is the header's Keccak-256. Numbers are little-endian. Root entries
follow a closed batch, so that a replay can compare.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.protocol.genesis import Genesis
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from sequencer.engine.command import Command
from sequencer.intake.wire import WireError, command_from_bytes, command_to_bytes

MAGIC: Final = b"crypsis-journal\0"
VERSION: Final = 2
ENTRY_BYTES_MAX: Final = 1 << 16
"""The longest command, 64 deposits, takes 8 KiB."""

_HEADER: Final = struct.Struct("<16sHII32s8s")
_LENGTH: Final = struct.Struct("<I")
_ROOT: Final = struct.Struct("<BI32s")
_ROOT_CODE: Final = 0x80


class JournalError(Exception):
    """A journal that cannot be read or written: what was wanted and what came, and where.

    `offset` is the byte at which the bad header or entry starts.
    """

    def __init__(self, offset: int, detail: str) -> None:
        super().__init__(f"journal, byte {offset}: {detail}")
        self.offset = offset
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Identity:
    """Which venue's journal: its chain, its identifier, the digest of its governance, and the shape
    class of its batches, which decides when a batch is full."""

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
class Entry:
    """One entry and the byte at which it starts."""

    offset: int
    content: Command | RootEntry


def read(path: Path, identity: Identity) -> Iterator[Entry]:
    """All entries in order. JournalError at the first byte that is not as it should be."""
    with path.open("rb") as file:
        data = file.read()
    head = link = identity.encode()
    link = keccak256(head)
    _require_header(data[: len(head)], head)
    offset = len(head)
    while offset < len(data):
        body, end = _body_at(data, offset)
        link = _next_link(link, body)
        if data[end - DIGEST_BYTES : end] != link:
            raise JournalError(offset, "the entry's hash does not follow the entry before it")
        yield Entry(offset, _content(body, offset))
        offset = end


def _require_header(came: bytes, wanted: bytes) -> None:
    if len(came) < len(wanted):
        raise JournalError(0, f"a header of {len(wanted)} bytes is wanted, {len(came)} came")
    magic, version, chain, venue, _, name = _HEADER.unpack(came)
    if magic != MAGIC:
        raise JournalError(0, "this is no crypsis journal")
    if version != VERSION:
        raise JournalError(0, f"journal version {VERSION} is wanted, {version} came")
    if came != wanted:
        shape_class = name.rstrip(b"\0").decode("ascii", "replace")
        detail = (
            f"it belongs to chain {chain}, venue {venue}, shape class {shape_class}, "
            "or to other governance"
        )
        raise JournalError(0, detail)


def _body_at(data: bytes, offset: int) -> tuple[bytes, int]:
    """The body of the entry at an offset, and where the next entry starts."""
    start = offset + _LENGTH.size
    if start > len(data):
        raise JournalError(offset, "the last entry is cut off")
    (length,) = _LENGTH.unpack_from(data, offset)
    if not 0 < length <= ENTRY_BYTES_MAX:
        raise JournalError(offset, f"an entry of 1 to {ENTRY_BYTES_MAX} bytes, not {length}")
    end = start + length + DIGEST_BYTES
    if end > len(data):
        raise JournalError(offset, f"the last entry is cut off, {end - len(data)} bytes short")
    return data[start : start + length], end


def _next_link(link: bytes, body: bytes) -> bytes:
    return keccak256(link + _LENGTH.pack(len(body)) + body)


def _content(body: bytes, offset: int) -> Command | RootEntry:
    if body[0] == _ROOT_CODE:
        if len(body) != _ROOT.size:
            raise JournalError(offset, f"a root entry has {_ROOT.size} bytes, not {len(body)}")
        _, number, root = _ROOT.unpack(body)
        return RootEntry(number, root)
    try:
        return command_from_bytes(body)
    except WireError as error:
        raise JournalError(offset, str(error)) from error


class Journal:
    """The journal being written. One writer at a time; `sync` makes what was appended durable."""

    def __init__(self, path: Path, identity: Identity) -> None:
        """Start a new journal, or go on with one whose every entry is as it should be."""
        self.path = path
        is_new = not path.exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | (os.O_EXCL if is_new else 0)
        self._descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._link, self._size = self._start(identity, is_new)
        except BlockingIOError:
            os.close(self._descriptor)
            raise JournalError(0, "another process is writing this journal") from None
        except BaseException:
            os.close(self._descriptor)
            raise
        self._pending: list[bytes] = []

    def _start(self, identity: Identity, is_new: bool) -> tuple[bytes, int]:
        os.fchmod(self._descriptor, 0o600)
        head = identity.encode()
        link = keccak256(head)
        if is_new:
            _write_all(self._descriptor, head)
            return link, len(head)
        data = self.path.read_bytes()
        for _ in read(self.path, identity):
            pass
        offset = len(head)
        while offset < len(data):
            body, offset = _body_at(data, offset)
            link = _next_link(link, body)
        return link, len(data)

    @property
    def link(self) -> bytes:
        """Hash of everything appended so far."""
        return self._link

    def append(self, command: Command) -> None:
        """Add a command. In memory until `sync`."""
        self._append(command_to_bytes(command))

    def append_root(self, number: int, root: bytes) -> None:
        """Note the state root after a batch."""
        self._append(_ROOT.pack(_ROOT_CODE, number, root))

    def _append(self, body: bytes) -> None:
        if len(body) > ENTRY_BYTES_MAX:
            raise JournalError(self._size, f"an entry of {len(body)} bytes is too long")
        self._link = _next_link(self._link, body)
        self._pending.append(_LENGTH.pack(len(body)) + body + self._link)
        self._size += len(self._pending[-1])

    def sync(self) -> None:
        """Write and flush to the disk all that was appended: one flush for the whole group."""
        if self._pending:
            _write_all(self._descriptor, b"".join(self._pending))
            self._pending.clear()
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Sync and let go of the file."""
        if self._descriptor >= 0:
            self.sync()
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
