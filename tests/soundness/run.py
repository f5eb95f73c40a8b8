"""`make soundness`: all that tries to fool the proof system, and a table of what was refused.

python -m tests.soundness.run [catalogue] [matrix] [columns]
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.soundness import kill_matrix, mutations


@dataclass(frozen=True, slots=True)
class Part:
    """One part and how it ended."""

    name: str
    tried: str
    passed: bool
    seconds: float


def tests() -> tuple[str, bool]:
    """Catalogue, lies, tampering, simulation: the tests of this folder."""
    command = [sys.executable, "-m", "pytest", "-v", "--tb=short", "tests/soundness"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    print(run.stdout[-2000:] if run.returncode else "", end="", flush=True)
    found = re.search(r"(\d+) passed", run.stdout[-200:])
    return f"{found.group(1) if found else 'no'} lies and properties", run.returncode == 0


def matrix() -> tuple[str, bool]:
    """The whole kill matrix."""
    return "each constraint and message dropped", kill_matrix.main([]) == 0


def columns() -> tuple[str, bool]:
    """A cell of every column forged in a whole proof."""
    return "a cell of every column", mutations.main(1) == 0


PARTS: dict[str, Callable[[], tuple[str, bool]]] = {
    "catalogue": tests,
    "matrix": matrix,
    "columns": columns,
}


def main(names: list[str]) -> int:
    """The parts, then a line for each."""
    done = []
    for name in names or PARTS:
        started = time.monotonic()
        tried, passed = PARTS[name]()
        done.append(Part(name, tried, passed, time.monotonic() - started))
    for part in done:
        word = "all refused" if part.passed else "A LIE GOT THROUGH, or a test failed"
        print(f"{part.name:10} {part.tried:40} {word}  ({part.seconds:.0f} s)")
    return 0 if all(part.passed for part in done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
