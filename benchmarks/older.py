"""Commit ec87584, which this one is measured beside: its sources, and its program.

The sources come out of this repository's history, once, into target/ec87584; `make setup` there
gives them an environment of their own with the same Python. A clone without that history, or a
source archive, has nothing to measure beside: OlderMissingError says so.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from benchmarks.whole_batch import Run, run_command

ROOT = Path(__file__).resolve().parent.parent
OLD_COMMIT = "ec87584"
FOLDER = ROOT / "target" / OLD_COMMIT
SCRIPT = ROOT / "benchmarks" / "either.py"

_UNHEARD = (
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
    "VIRTUAL_ENV",
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
)
"""What would lead one program to the other's modules or environment, or let either compile its
modules anew in every process, which no user's does."""


class OlderMissingError(Exception):
    """The older program cannot be had here; the message is one line."""


@dataclass(frozen=True, slots=True)
class Program:
    """One of the two: its sources, and the Python into which they are installed."""

    name: str
    sources: Path
    python: Path

    def run(self, *arguments: str) -> Run:
        """`crypsis` in a process of its own. RuntimeError unless it ends with 0."""
        return run_command(
            *arguments, program=self.python.with_name("crypsis"), environment=environment()
        )

    def drive(self, *arguments: str) -> str:
        """What benchmarks/either.py says in this program's Python: its last line."""
        command = [str(self.python), "-P", str(SCRIPT), *arguments]
        return last_line(command, self.sources)


NOW = Program("now", ROOT, Path(sys.executable))


def environment() -> dict[str, str]:
    """The environment of either program, as that of somebody who uses one of them."""
    return {name: value for name, value in os.environ.items() if name not in _UNHEARD}


def last_line(command: list[str], sources: Path) -> str:
    """The last line that a command prints, run in a folder of sources and with their modules.
    RuntimeError unless it ends with 0 and says something."""
    done = subprocess.run(
        command,
        cwd=sources,
        env={**environment(), "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr[-500:]}")
    return done.stdout.splitlines()[-1]


def unpack(commit: str, folder: Path) -> None:
    """The sources of a commit, out of this repository's history, into a folder that is not there
    yet. OlderMissingError where the history does not have it."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", commit]
    try:
        found = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise OlderMissingError(f"git is wanted to read commit {commit}: {error}") from error
    if found.returncode:
        raise OlderMissingError(
            f"commit {commit} is not in this repository's history: a whole clone is wanted "
            "(git fetch --unshallow)"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{commit}-") as temporary:
        whole = Path(temporary) / "sources"
        with tarfile.open(fileobj=BytesIO(found.stdout)) as tar:
            tar.extractall(whole, filter="data")
        with suppress(FileExistsError):  # another process was faster
            whole.rename(folder)


def sources() -> Path:
    """The older sources. OlderMissingError where the history does not have them."""
    if not FOLDER.exists():
        unpack(OLD_COMMIT, FOLDER)
    return FOLDER


def installed(say: Callable[[str], None]) -> Program:
    """The older program, set up the first time. OlderMissingError where that is not possible."""
    folder = sources()
    say(f"setting up {OLD_COMMIT} in {folder.relative_to(ROOT)} (minutes the first time)")
    command = ["make", "-C", str(folder), "setup", f"PYTHON={sys.executable}"]
    try:
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise OlderMissingError(f"make is wanted to set up {OLD_COMMIT}: {error}") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise OlderMissingError(f"make setup of {OLD_COMMIT} failed: {said}")
    return Program(OLD_COMMIT, folder, folder / ".venv" / "bin" / "python")
