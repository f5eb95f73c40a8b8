"""A folder of reports: where signers, or whoever fetches for them, leave what a venue reads.

    folder/1700000000000/NAME.reports     packages of one slot, ms since 1970, in their one encoding

Files are written whole, so a reader never sees half a one. What is in them is judged by who reads.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from rollup.files import FileTooLarge, read_bounded, remove, write_whole
from rollup.oracle.package import (
    REPORT_BYTES,
    PackageError,
    SignedPackage,
    packages_from_bytes,
    packages_to_bytes,
)
from rollup.protocol.oracle import REPORTS_MAX

SUFFIX: Final = ".reports"
SLOT_DIGITS: Final = 13
FILE_BYTES_MAX: Final = 4 + REPORTS_MAX * (4 + REPORT_BYTES)
"""All reports of a batch; a reader's work on a slot stays below a second, whatever is left
there."""

FILES_MAX: Final = 64
"""Files of one slot that are read: more than signers; who can write here can leave no more."""


class ReportFolder:
    """Implements `ReportSource`. `say` hears, once, of each file that holds no reports."""

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self._root = root
        self._say = say
        self._said: set[Path] = set()

    def of(self, slot: int) -> Sequence[SignedPackage]:
        """What there is of a slot."""
        files = islice((self._root / slot_name(slot)).glob(f"*{SUFFIX}"), FILES_MAX)
        return [report for file in sorted(files) for report in self._read(file)]

    def _read(self, file: Path) -> Sequence[SignedPackage]:
        try:
            return packages_from_bytes(read_bounded(file, FILE_BYTES_MAX))
        except (OSError, FileTooLarge, PackageError) as error:
            if file not in self._said and len(self._said) < FILES_MAX:
                self._said.add(file)
                self._say(f"warning: {file}: no reports: {error}")
            return ()


def slot_name(slot: int) -> str:
    """The name of a slot's folder."""
    return f"{slot:0{SLOT_DIGITS}d}"


def write_reports(root: Path, slot: int, name: str, reports: Sequence[SignedPackage]) -> Path:
    """Leave reports of one slot under a name; what it had left there is replaced. WriteError."""
    folder = root / slot_name(slot)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{SUFFIX}"
    write_whole(path, packages_to_bytes(tuple(reports)))
    return path


def forget_before(root: Path, slot: int) -> None:
    """Remove the reports of slots before one."""
    for folder in root.glob("[0-9]*"):
        if folder.name.isdecimal() and folder.name < slot_name(slot):
            for file in folder.glob(f"*{SUFFIX}"):
                remove(file)
            if not any(folder.iterdir()):
                folder.rmdir()
