"""Artefact files: read with a limit, written whole or not at all."""

import os
import stat
import tempfile
from pathlib import Path

PUBLIC_FOLDER = "public"
PUBLIC_FILE = "public.json"
PROOF_FILE = "proof.bin"
"""The bundle: all that `crypsis verify` reads."""

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
    """Write to a temporary name beside `path`, then rename: nobody ever sees half a file."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def make_private_folder(path: Path) -> None:
    """Make a folder (and those above it) that only its owner can look into."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(PRIVATE_FOLDER_MODE)


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for a writer, so that it can be refused."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
