"""Lines of a file that is plain, gzip or zip of one member, told apart by their first bytes.

A name says nothing about what is inside, and a small archive can hold any amount: what comes out of
a file is bounded as it comes out.
"""

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

from sequencer.demo.market.tape.error import WANTED, TapeError

LINE_BYTES_MAX: Final = 1 << 20
"""The longest line of a recorded feed, a snapshot of the book, has 60 kB."""

CONTENT_BYTES_MAX: Final = 1 << 30
"""A day of the busiest market's trades is 0.25 GB; an archive that swells further is refused."""

HEAD_BYTES: Final = 8
GZIP: Final = b"\x1f\x8b"
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
OTHER_KINDS: Final = {
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\xfd7zXZ\x00": "XZ",
    b"BZh": "bzip2",
    b"7z\xbc\xaf": "7-Zip",
    b"\x89HDF": "HDF5",
    b"\x93NUMPY": "NumPy",
    b"SQLite": "SQLite",
    **dict.fromkeys((GZIP, *ZIP), "An archive inside an archive"),
}
"""First bytes of what people keep market data in and this reader does not read."""

DAMAGE = (EOFError, RuntimeError, ValueError, OSError, zlib.error, zipfile.BadZipFile)
"""What the libraries raise over damaged archives, encrypted and unknown ones included."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, numbered from 1, without its end. `is_cut`: the file ends in the middle of it."""

    number: int
    data: bytes
    is_cut: bool


class _Readable(Protocol):
    def readline(self, limit: int, /) -> bytes: ...


def read_lines(path: Path) -> Iterator[Line]:
    """All lines in order. Raises TapeError when it reaches what it cannot read."""
    with ExitStack() as stack:
        try:
            _require_file(path)
            file = stack.enter_context(path.open("rb"))
            content = _content(path, file, stack)
        except TapeError:
            raise
        except DAMAGE as error:
            raise TapeError(path, 0, _reason(error)) from error
        number = total = 0
        while data := _read_line(path, number + 1, content):
            number, total = number + 1, total + len(data)
            if number == 1:
                _require_text(path, data)
            if total > CONTENT_BYTES_MAX:
                most = f"{CONTENT_BYTES_MAX >> 20:,} MiB"
                raise TapeError(path, 0, f"at most {most} of content are read: a smaller file")
            yield Line(number, data.rstrip(b"\r\n"), not data.endswith(b"\n"))


def content_name(path: Path) -> str:
    """The name of what is inside: of a zip file's member, otherwise of the file."""
    try:
        with path.open("rb") as file:
            if file.read(HEAD_BYTES).startswith(ZIP):
                with zipfile.ZipFile(file) as archive:
                    return Path(_member(path, archive).filename).name
    except DAMAGE as error:
        raise TapeError(path, 0, _reason(error)) from error
    return path.name


def _require_file(path: Path) -> None:
    """Before it is opened, since opening a pipe waits for whoever writes into it."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise TapeError(path, 0, "a regular file is wanted: it is read twice")


def _content(path: Path, file: IO[bytes], stack: ExitStack) -> _Readable:
    """The file's content, unpacked as it is read."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if head.startswith(GZIP):
        return stack.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))
    if head.startswith(ZIP):
        archive = stack.enter_context(zipfile.ZipFile(file))
        return stack.enter_context(archive.open(_member(path, archive)))
    return file


def _member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one file of an archive, packed in a way whose output can be bounded."""
    # Not `is_dir`, which fails over a name of no characters.
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    if len(members) != 1:
        raise TapeError(path, 0, f"a zip archive of one file is wanted, not of {len(members)}")
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise TapeError(path, 0, "a zip archive that is stored or deflated is wanted")
    return members[0]


def _read_line(path: Path, number: int, content: _Readable) -> bytes:
    try:
        data = content.readline(LINE_BYTES_MAX)
    except gzip.BadGzipFile as error:
        raise TapeError(path, number, f"the gzip file is damaged ({error})") from error
    except DAMAGE as error:
        raise TapeError(path, number, f"the archive is damaged ({_reason(error)})") from error
    if len(data) == LINE_BYTES_MAX and not data.endswith(b"\n"):
        raise TapeError(path, number, f"a line below {LINE_BYTES_MAX} bytes is wanted")
    return data


def _require_text(path: Path, data: bytes) -> None:
    """Refuse what is no text by its first bytes."""
    for magic, kind in OTHER_KINDS.items():
        if data.startswith(magic):
            raise TapeError(path, 0, f"{kind} is not read; wanted: {WANTED}")
    if b"\0" in data:
        raise TapeError(path, 0, f"binary data is not read; wanted: {WANTED}")


def _reason(error: BaseException) -> str:
    """The words of an error without the file's name, which the caller says."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
