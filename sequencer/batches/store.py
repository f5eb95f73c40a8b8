"""The store: what a venue keeps beside its journal, to start from and to look up.

An SQLite file (WAL, synchronous=FULL) of its owner alone. The journal stays the truth: whatever is
in here can be made again from it, and nothing in here is believed before it is compared with it.
Every row has an HMAC-SHA256 under a key derived from the salt key, over the journal's header, the
kind of the row and all its members, so that whoever lacks the key can make none, and a row of
another venue, or a row that was damaged, is no row. What somebody can do is drop rows, or put back
an older file: then a restart reads more of the journal.

    snapshot   where the machine stood after a batch, and the journal's place there
    closing    of every batch closed: place, number, root, header digest, receipts up to there
    told       facts of one account of one batch, in their order, numbered from 0 on
    stream     which run of facts this is, and up to which place of the journal they are kept
"""

import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from rollup.crypto.chain_key import ChainKey
from rollup.files import PRIVATE_MODE
from rollup.private import Private
from rollup.program.resource import Resource
from sequencer.batches.entries import Identity, Place

VERSION: Final = 2
"""2: a fill says side, fee and time. An older store is made again from the journal."""

RUN_BYTES: Final = 32
SNAPSHOTS_KEPT: Final = 2
"""Of those that a restart may use: the second is for when the first cannot be read."""

COMPANIONS: Final = ("", "-wal", "-shm")
"""What SQLite adds to the file's name for files that belong to it."""

_WAL_BYTES_KEPT: Final = 1 << 24
_SETTINGS: Final = (
    ("synchronous", "FULL", 2),
    ("temp_store", "MEMORY", 2),
    ("trusted_schema", "OFF", 0),
    ("secure_delete", "ON", 1),
    ("journal_size_limit", str(_WAL_BYTES_KEPT), _WAL_BYTES_KEPT),
)
"""Name, what is asked for, and what SQLite then says."""

_SCHEMA: Final = (
    "CREATE TABLE snapshot (number INTEGER PRIMARY KEY, offset INTEGER, link BLOB,"
    " header BLOB, redos INTEGER, receipts INTEGER, head BLOB, state BLOB, mac BLOB)",
    "CREATE TABLE closing (offset INTEGER PRIMARY KEY, link BLOB, number INTEGER, root BLOB,"
    " header BLOB, receipts INTEGER, head BLOB, anew INTEGER, mac BLOB)",
    "CREATE INDEX closing_receipts ON closing (anew, receipts)",
    "CREATE INDEX closing_number ON closing (number)",
    "CREATE TABLE told (account INTEGER, first INTEGER, count INTEGER, data BLOB, mac BLOB,"
    " PRIMARY KEY (account, first)) WITHOUT ROWID",
    "CREATE TABLE stream (place INTEGER PRIMARY KEY, run BLOB, offset INTEGER, link BLOB,"
    " mac BLOB)",
    f"PRAGMA user_version = {VERSION}",
)
_Row = tuple[int | bytes, ...]


class StoreError(Exception):
    """A store that cannot be opened, read or written: which, and why."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: store: {detail}")
        self.detail = detail


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot(Private):
    """Where the machine stood after batch `number` (sequencer.batches.standing), whose header has
    this digest, at this place of the journal, which had so many redos; the last receipt given, and
    its digest."""

    number: int
    offset: int
    link: bytes
    header: bytes
    redos: int
    receipts: int
    head: bytes
    state: bytes

    @property
    def place(self) -> Place:
        """Where the journal goes on."""
        return Place(self.offset, self.link)


@dataclass(frozen=True, slots=True)
class Closing:
    """A batch was closed: the place after that, its root and header digest, and the last receipt
    given until then with its digest. One that was made anew is closed again, at a later place: then
    `anew` is 1."""

    offset: int
    link: bytes
    number: int
    root: bytes
    header: bytes
    receipts: int
    head: bytes
    anew: int = 0

    @property
    def place(self) -> Place:
        """Where the journal goes on."""
        return Place(self.offset, self.link)


@dataclass(frozen=True, slots=True, repr=False)
class Told(Private):
    """Encoded facts of an account that follow one another: `count`, the first with this number."""

    account: int
    first: int
    count: int
    data: bytes


def set_aside(path: Path) -> str:
    """Move a store that is of no use out of the way; the name it has then. StoreError."""
    aside = path.with_name(f"{path.name}.refused")
    try:
        for companion in reversed(COMPANIONS):
            with suppress(FileNotFoundError):
                os.replace(f"{path}{companion}", f"{aside}{companion}")
    except OSError as error:
        raise StoreError(path, f"it cannot be set aside ({error.strerror})") from error
    return aside.name


class Store(Resource):
    """A venue's store, open: one writer, which is whoever holds the venue's folder.

    A store that could not be written stays failed, like a journal: open it anew.
    """

    def __init__(self, path: Path, identity: Identity, key: ChainKey) -> None:
        """Go on with a store, or start an empty one. StoreError if it is not this journal's."""
        self.path = path
        self._key = key
        self._identity = identity.encode()
        self._failure = ""
        with self._speaking():
            _make_private(path)
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(identity)
        except BaseException:
            self._database.close()
            raise

    def _prepare(self, identity: Identity) -> None:
        with self._speaking():
            (mode,) = self._ask("PRAGMA journal_mode = WAL")[0]
            if mode != "wal":
                raise StoreError(self.path, f"write-ahead logging is wanted, not {mode}")
            for name, wanted, said in _SETTINGS:
                self._ask(f"PRAGMA {name} = {wanted}")
                if self._ask(f"PRAGMA {name}") != [(said,)]:
                    raise StoreError(self.path, f"{name} cannot be {wanted}")
            (version,) = self._ask("PRAGMA user_version")[0]
        if version not in (0, VERSION):
            raise StoreError(self.path, f"version {VERSION} is wanted, {version} came")
        if not version:
            with self._writing():
                for statement in _SCHEMA:
                    self._ask(statement)
                self._set_stream(secrets.token_bytes(RUN_BYTES), identity.start)
        self.run, self.told_until = self._stream()

    def _stream(self) -> tuple[bytes, Place]:
        """The run of facts, and up to where they are kept."""
        rows = self._rows("stream", "SELECT run, offset, link, mac FROM stream")
        if len(rows) != 1:
            raise StoreError(self.path, "it is damaged, or of another journal")
        run, offset, link = rows[0]
        return run, Place(offset, link)

    def _set_stream(self, run: bytes, until: Place) -> None:
        members = (run, until.offset, until.link)
        row = (0, *members, self._mac("stream", members))
        self._ask("INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?, ?)", row)
        self.run, self.told_until = run, until

    def keep(self, snapshot: Snapshot, proved: int) -> None:
        """Add a snapshot; of those up to batch `proved`, the newest SNAPSHOTS_KEPT stay."""
        with self._writing():
            self._insert("snapshot", snapshot)
            self._ask(
                "DELETE FROM snapshot WHERE number < (SELECT min(number) FROM (SELECT number FROM"
                " snapshot WHERE number <= ? ORDER BY number DESC LIMIT ?))",
                (proved, SNAPSHOTS_KEPT),
            )

    def forget_from(self, number: int) -> None:
        """Snapshots after batch `number`, or a later one, are of a branch that is void."""
        with self._writing():
            self._ask("DELETE FROM snapshot WHERE number >= ?", (number,))

    def numbers(self, most: int) -> list[int]:
        """The batches up to `most` after which there is a snapshot, falling."""
        asked = "SELECT number FROM snapshot WHERE number <= ? ORDER BY number DESC"
        return [number for (number,) in self._ask(asked, (most,))]

    def snapshot(self, number: int) -> Snapshot:
        """The one after a batch. StoreError if it is not as this venue wrote it."""
        rows = self._rows("snapshot", "SELECT * FROM snapshot WHERE number = ?", (number,))
        if not rows:
            raise StoreError(self.path, f"the snapshot after batch {number} is damaged or foreign")
        return Snapshot(*rows[0])

    def note(
        self,
        closings: Sequence[Closing],
        told: Sequence[Told],
        until: Place,
        handed_on: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Batches were closed, and these facts told, which are all up to a place. Of accounts that
        were handed on, facts before the one with this number are forgotten for good."""
        with self._writing():
            for account, first in handed_on:
                self._ask("DELETE FROM told WHERE account = ? AND first < ?", (account, first))
                self._insert("told", Told(account, first, 0, b""))
            for closing in closings:
                self._insert("closing", closing)
            for each in told:
                self._insert("told", each)
            self._set_stream(self.run, until)

    def closing_before(self, receipt: int) -> Closing | None:
        """The last batch that was closed for the first time before a receipt was given."""
        asked = (
            "SELECT * FROM closing WHERE anew = 0 AND receipts < ?"
            " ORDER BY receipts DESC, offset DESC LIMIT 1"
        )
        rows = self._rows("closing", asked, (receipt,))
        return Closing(*rows[0]) if rows else None

    def closings(self, number: int) -> list[Closing]:
        """All closings of a batch, in their order."""
        asked = "SELECT * FROM closing WHERE number = ? ORDER BY offset"
        return [Closing(*row) for row in self._rows("closing", asked, (number,))]

    def counts(self) -> dict[int, int]:
        """How many facts of each account were ever told."""
        rows = self._ask("SELECT account, max(first + count) FROM told GROUP BY account")
        return {account: count for account, count in rows}

    def told(self, account: int, first: int, most: int) -> list[Told]:
        """At most so many records of an account, from the one with this fact on."""
        asked = (
            "SELECT * FROM told WHERE account = ? AND first >= (SELECT coalesce(max(first), 0)"
            " FROM told WHERE account = ? AND first <= ?) ORDER BY first LIMIT ?"
        )
        return [Told(*row) for row in self._rows("told", asked, (account, account, first, most))]

    def start_again(self, until: Place) -> None:
        """A new run of facts: those there are go, since nobody knows what came after them."""
        with self._writing():
            self._ask("DELETE FROM told")
            self._set_stream(secrets.token_bytes(RUN_BYTES), until)

    def close(self) -> None:
        """Let go of the files."""
        with self._speaking():
            self._database.close()

    def _insert(self, kind: str, record: Snapshot | Closing | Told) -> None:
        members = astuple(record)
        marks = ", ".join("?" * (len(members) + 1))
        row = (*members, self._mac(kind, members))
        self._ask(f"INSERT OR REPLACE INTO {kind} VALUES ({marks})", row)

    def _rows(self, kind: str, asked: str, values: _Row = ()) -> list[tuple[Any, ...]]:
        """Rows without their codes; those whose codes are not this venue's are left out."""
        found = self._ask(asked, values)
        return [row[:-1] for row in found if self._is_authentic(kind, row)]

    def _is_authentic(self, kind: str, row: tuple[Any, ...]) -> bool:
        if not all(isinstance(member, int | bytes) for member in row):
            return False
        *members, mac = row
        return isinstance(mac, bytes) and hmac.compare_digest(mac, self._mac(kind, tuple(members)))

    def _mac(self, kind: str, members: _Row) -> bytes:
        """Over the journal's header, the kind, and the members, each behind its type, and bytes
        behind their length."""
        data = [self._identity, kind.encode("ascii"), b"\0"]
        for member in members:
            if isinstance(member, bytes):
                data += [b"b", len(member).to_bytes(8, "big"), member]
            else:
                data += [b"i", member.to_bytes(8, "big", signed=True)]
        return self._key.extend(b"", b"".join(data))

    def _ask(self, statement: str, values: _Row = ()) -> list[tuple[Any, ...]]:
        with self._speaking():
            return self._database.execute(statement, values).fetchall()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """What SQLite and the system say in here, as StoreError."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(self.path, str(error) or type(error).__name__) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All of it, or nothing."""
        if self._failure:
            raise StoreError(self.path, f"it failed ({self._failure}) and must be opened anew")
        try:
            self._ask("BEGIN IMMEDIATE")
            yield
            self._ask("COMMIT")
        except BaseException as error:
            self._failure = str(error)
            with suppress(StoreError):  # it has rolled back by itself where it could not write
                self._ask("ROLLBACK")
            raise


def _make_private(path: Path) -> None:
    """SQLite gives its companions the mode of the file, and would make that readable to all."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_MODE)
    try:
        os.fchmod(descriptor, PRIVATE_MODE)
    finally:
        os.close(descriptor)
