"""Artefact files: read with a limit, written whole or not at all, and which of the two failed."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

PUBLIC_FOLDER = "public"
PUBLIC_FILE = "public.json"
PROOF_FILE = "proof.bin"
"""The bundle: all that `crypsis verify` reads."""

DATA_FILE = "data.bin"
"""Beside it: what the batch publishes of the accounts that it touched, each for its owner to read.
It is written before the batch has a proof."""

PRIVATE_FOLDER = "private"
BATCH_FILE = "batch.msgpack"
META_FILE = "meta.json"
"""What only the operator may see."""

PUBLIC_MODE = 0o644
PRIVATE_MODE = 0o600
"""Mode of files that hold what only the operator may know: orders, fills, accounts."""

PRIVATE_FOLDER_MODE = 0o700


class FileTooLarge(ValueError):
    """The file is longer than any artefact of its kind can be."""


class WriteError(OSError):
    """A file or folder that could not be written; `filename` is the one that was wanted."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Errors of the system in here mean that `path` could not be written, whatever they name."""
    try:
        yield
    except OSError as error:
        raise WriteError(error.errno, error.strerror or str(error), str(path)) from error


def require_file(path: Path) -> None:
    """OSError that names `path` unless it is a regular file that can be opened."""
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "not a regular file", str(path))


def read_bounded(path: Path, limit: int) -> bytes:
    """All bytes of a regular file. OSError if there is none, FileTooLarge above `limit` bytes."""
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "not a regular file", str(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise FileTooLarge(f"{path}: more than {limit} bytes")
    return data


def write_whole(path: Path, data: bytes, mode: int = PUBLIC_MODE) -> None:
    """Write to a temporary name beside `path`, then rename: nobody ever sees half a file.

    WriteError if that cannot be done.
    """
    with writing(path):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
        except BaseException:
            with suppress(FileNotFoundError):  # renamed already
                os.unlink(temporary)
            raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder, new or gone, as durable as the bytes of its files."""
    with writing(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file if it is there. WriteError if that cannot be done."""
    with writing(path):
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it. WriteError if that cannot be done."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def make_private_folder(path: Path) -> None:
    """Make a folder (and those above it) that only its owner can look into.

    WriteError if that cannot be done.
    """
    make_folder(path)
    with writing(path):
        path.chmod(PRIVATE_FOLDER_MODE)


def require_writable(folder: Path) -> None:
    """WriteError unless a file can be made in `folder`, which need not exist yet.

    To ask before long work. Folders that had to be made for the question are removed again.
    """
    with writing(folder):
        made = list(takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    make_folder(folder)
    try:
        with writing(folder), tempfile.TemporaryFile(dir=folder):
            pass
    finally:
        for each in made:
            with suppress(OSError):  # somebody else has put something there
                each.rmdir()


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for a writer, so that it can be refused."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
