"""A disk that fails: a layer under a venue's file calls and under the statements of its store.

Every call is a *point*. At the point that was chosen the process dies, before the call, after it,
or in the middle of a write; or the disk fails from there on. What a power cut leaves is made
afterwards: what was synced, and of the rest any part. A name (new, renamed or gone) is as durable
as its folder, bytes are as durable as their file, and a rename is whole or did not happen.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from rollup.files import PUBLIC_FOLDER
from sequencer.batches.artefacts import STORE_FILE
from sequencer.batches.store import COMPANIONS, Store, StoreError


class Fault(StrEnum):
    """What happens at the point."""

    KILL = "kill -9"
    CUT = "power cut"
    FULL = "disk full"
    READ_ONLY = "read-only disk"
    SYNC = "fsync fails"


ERRORS = {
    Fault.FULL: OSError(errno.ENOSPC, "No space left on device"),
    Fault.READ_ONLY: OSError(errno.EROFS, "Read-only file system"),
    Fault.SYNC: OSError(errno.EIO, "Input/output error"),
}
WRITING = ("write", "fsync", "replace", "ftruncate", "unlink", "mkdir", "create")
SECTOR_BYTES = 512
LASTING = (1, 3, 10**9)
"""For how many calls a disk fails: once, for a moment, until it is mended."""


class Dead(BaseException):
    """The process is no more: nothing that it still does has an effect."""


@dataclass
class Disk:
    """The files under `root`, and what happens to them at call number `at`; never if that is 0."""

    root: Path
    random: Random
    fault: Fault = Fault.KILL
    at: int = 0
    points: int = 0
    is_dead: bool = False
    was_torn: bool = False
    _failing: int = 0
    _synced: dict[int, bytes] = field(default_factory=dict)
    _names: dict[Path, dict[str, int]] = field(default_factory=dict)
    _graves: int = 0
    _store: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settle()

    @property
    def has_struck(self) -> bool:
        """Whether the point was reached."""
        return 0 < self.at <= self.points

    def settle(self) -> None:
        """All that is there is durable now, as after a long quiet time; nothing fails any more."""
        self.is_dead, self._failing = False, 0
        shutil.rmtree(self._graveyard, ignore_errors=True)
        self._graveyard.mkdir()
        self._synced = {p.stat().st_ino: p.read_bytes() for p in self._files()}
        self._names = {folder: _names(folder) for folder in self._folders()}
        self._sync_store()

    @property
    def _graveyard(self) -> Path:
        """Files that are gone, or replaced, until their folder is synced: so that they can come
        back, and nobody else gets their inode."""
        return self.root.with_name("graveyard")

    def _files(self) -> list[Path]:
        return [each for each in self.root.rglob("*") if each.is_file() and not _is_store(each)]

    def _folders(self) -> list[Path]:
        return [self.root, *(each for each in self.root.rglob("*") if each.is_dir())]

    @contextmanager
    def beneath(self) -> Iterator[None]:
        """Be the disk of whatever runs in the block."""
        layers = [patch.object(os, name, self._layer(name, getattr(os, name))) for name in CALLS]
        ask = Store._ask
        layers.append(patch.object(Store, "_ask", lambda s, *a: self._statement(ask, s, *a)))
        for layer in layers:
            layer.start()
        try:
            yield
        finally:
            for layer in reversed(layers):
                layer.stop()

    def point(
        self, name: str, call: Callable[[], Any], torn: Callable[[], Any] | None = None
    ) -> Any:
        """One call that a process makes: it happens, unless the fault is here."""
        if self.is_dead:
            raise Dead(name)
        self.points += 1
        if self.points == self.at:
            if self.fault in (Fault.KILL, Fault.CUT):
                self._die(call, torn)
            self._failing = self.random.choice(LASTING)
        if self._failing and name in WRITING and self._fails(name):
            self._failing -= 1
            if torn is not None and self.fault is Fault.FULL:
                self.was_torn = True
                torn()
            raise ERRORS[self.fault]
        return call()

    def _fails(self, name: str) -> bool:
        return self.fault is not Fault.SYNC or name == "fsync"

    def _die(self, call: Callable[[], Any], torn: Callable[[], Any] | None) -> None:
        """Before the call, in the middle of it, or when it was made and nobody heard."""
        how = self.random.randrange(3)
        if how == 1 and torn is not None:
            self.was_torn = True
            torn()
        elif how == 2:
            with suppress(OSError):  # nobody is there to hear that either
                call()
        self.is_dead = True
        raise Dead

    def _layer(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            path = self._path(name, arguments)
            if path is None:
                return real(*arguments, **named)
            return getattr(self, f"_{name}")(path, lambda: real(*arguments, **named), *arguments)

        return call

    def _path(self, name: str, arguments: tuple[Any, ...]) -> Path | None:
        """Which of the venue's files a call is about; None for anything else. Bundles are the
        prover's, which is another process."""
        try:
            if isinstance(arguments[0], int):
                found = Path(os.readlink(f"/proc/self/fd/{arguments[0]}"))
            else:
                found = Path(os.fspath(arguments[0]))
        except (OSError, TypeError):
            return None
        is_ours = found.is_relative_to(self.root) and not _is_store(found)
        return found if is_ours and PUBLIC_FOLDER not in found.parts else None

    def _write(self, path: Path, call: Callable[[], Any], descriptor: int, data: Any) -> Any:
        some = bytes(data)[: self.random.randrange(len(data))] if len(data) else b""
        return self.point("write", call, lambda: os.pwrite(descriptor, some, _size(descriptor)))

    def _fsync(self, path: Path, call: Callable[[], Any], descriptor: int) -> Any:
        def synced() -> None:
            call()
            if path.is_dir():
                self._names[path] = _names(path)
            else:
                self._synced[os.fstat(descriptor).st_ino] = path.read_bytes()

        return self.point("fsync", synced)

    def _replace(self, path: Path, call: Callable[[], Any], *arguments: Any) -> Any:
        self._keep(Path(arguments[1]))
        return self.point("replace", call)

    def _unlink(self, path: Path, call: Callable[[], Any], *arguments: Any) -> Any:
        self._keep(path)
        return self.point("unlink", call)

    def _keep(self, path: Path) -> None:
        """Until its folder is synced, the file that a name had can come back."""
        if path.is_file():
            self._graves += 1
            os.link(path, self._graveyard / f"{path.stat().st_ino}-{self._graves}")

    def _ftruncate(self, path: Path, call: Callable[[], Any], *arguments: Any) -> Any:
        return self.point("ftruncate", call)

    def _mkdir(self, path: Path, call: Callable[[], Any], *arguments: Any) -> Any:
        return self.point("mkdir", call)

    def _open(self, path: Path, call: Callable[[], Any], *arguments: Any) -> Any:
        if arguments[1] & os.O_CREAT:
            return self.point("create", call)
        return call()

    def _statement(self, real: Callable[..., Any], store: Store, *arguments: Any) -> Any:
        """A statement of the store, which has its own files and its own way to be durable."""
        statement = str(arguments[0])

        def call() -> Any:
            answer = real(store, *arguments)
            if statement == "COMMIT":
                self._sync_store()
            return answer

        name = "fsync" if statement == "COMMIT" else "write"
        try:
            return self.point(name if _changes(statement) else "read", call)
        except OSError as error:
            raise StoreError(store.path, str(error.strerror)) from error

    def _sync_store(self) -> None:
        self._store = {
            each.name: each.read_bytes()
            for each in self.root.rglob(f"{STORE_FILE}*")
            if not each.name.endswith("-shm")
        }

    def lose(self) -> None:
        """What a power cut leaves: each folder's names as they were or are, each file's bytes."""
        for folder in self._folders():
            if folder.exists():
                self._lose_names(folder, self._names.get(folder, {}))
        for path in self._files():
            path.write_bytes(self._left(path.stat().st_ino, path.read_bytes()))
        self._lose_store()

    def _lose_names(self, folder: Path, before: dict[str, int]) -> None:
        now = _names(folder)
        for name in before.keys() | now.keys():
            old, new = before.get(name), now.get(name)
            if old == new or self.random.random() < 0.5:
                continue
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            elif old is None:
                path.unlink()
            else:
                path.unlink(missing_ok=True)
                for grave in self._graveyard.glob(f"{old}-*"):
                    path.write_bytes(self._left(grave.stat().st_ino, grave.read_bytes()))

    def _left(self, inode: int, now: bytes) -> bytes:
        """Of a file's bytes: what was synced, and any part of what came since; or all of its
        length, with whole sectors of it that did not arrive."""
        synced = self._synced.get(inode, b"")
        if not now.startswith(synced):
            return self.random.choice((synced, now))
        rest = now[len(synced) :]
        kept = self.random.randrange(len(rest) + 1)
        if self.random.random() < 0.5:
            return synced + rest[:kept]
        arrived = max((len(synced) + kept) // SECTOR_BYTES * SECTOR_BYTES, len(synced))
        return now[:arrived] + bytes(len(now) - arrived)

    def _lose_store(self) -> None:
        """Its log is synced with every commit; any part of what was begun since may be there. Its
        shared memory is gone."""
        for path in self.root.rglob(f"{STORE_FILE}*"):
            now, synced = path.read_bytes(), self._store.get(path.name)
            if path.name.endswith("-shm"):
                path.unlink()
            elif path.name.endswith("-wal") and synced is not None and now.startswith(synced):
                rest = now[len(synced) :]
                path.write_bytes(synced + rest[: self.random.randrange(len(rest) + 1)])


CALLS = ("write", "fsync", "replace", "unlink", "ftruncate", "mkdir", "open")


def _names(folder: Path) -> dict[str, int]:
    """Without the store's, which looks after itself."""
    return {each.name: each.stat().st_ino for each in folder.iterdir() if not _is_store(each)}


def _is_store(path: Path) -> bool:
    return path.name in {f"{STORE_FILE}{companion}" for companion in COMPANIONS}


def _size(descriptor: int) -> int:
    return os.fstat(descriptor).st_size


def _changes(statement: str) -> bool:
    return not statement.startswith(("SELECT", "PRAGMA"))
