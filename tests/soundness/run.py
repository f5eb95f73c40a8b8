"""`make soundness`: all that tries to fool the proof system or to see through what it hides, and a
table of what was refused.

    SEED=7 python -m tests.soundness.run [catalogue] [matrix] [columns] [leaks]

Every part draws from one seed, which is said first: fresh, or SEED to run a search again.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.helpers.seed import VARIABLE, announced_seed
from tests.soundness import cells, kill_matrix, leaks, mutations


@dataclass(frozen=True, slots=True)
class Part:
    """One part and how it ended."""

    name: str
    tried: str
    passed: bool
    seconds: float


def pytest_of(seed: int) -> tuple[list[str], dict[str, str]]:
    """The command that runs the tests of this folder, and the search for colluders, on the examples
    of a seed; its environment."""
    command = [sys.executable, "-m", "pytest", "-v", "--tb=short", f"--hypothesis-seed={seed}"]
    profile = {"HYPOTHESIS_PROFILE": "random", VARIABLE: str(seed)}
    searched = ("tests/soundness", "tests/property/test_collusion.py")
    return [*command, *searched], {**os.environ, **profile}


def tests(seed: int) -> tuple[str, bool]:
    """Catalogue, lies, tampering, simulation: the tests of this folder."""
    command, environment = pytest_of(seed)
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    print(run.stdout[-2000:] if run.returncode else "", end="", flush=True)
    found = re.search(r"(\d+) passed", run.stdout[-200:])
    return f"{found.group(1) if found else 'no'} lies and properties", run.returncode == 0


def matrix(seed: int) -> tuple[str, bool]:
    """The whole kill matrix."""
    return "each constraint and message dropped", kill_matrix.main([], seed) == 0


def columns(seed: int) -> tuple[str, bool]:
    """Cells of every column forged alone, then one of each in a whole proof."""
    alone, in_proofs = cells.main(seed), mutations.main(seed)
    return "cells of every column", alone == in_proofs == 0


def worlds(seed: int) -> tuple[str, bool]:
    """A distinguisher of two worlds, by what a venue publishes."""
    return "pairs of worlds told apart, leaks planted", leaks.main(seed) == 0


PARTS: dict[str, Callable[[int], tuple[str, bool]]] = {
    "catalogue": tests,
    "matrix": matrix,
    "columns": columns,
    "leaks": worlds,
}


def main(names: list[str]) -> int:
    """The parts, then a line for each."""
    seed = announced_seed("soundness")
    done = []
    for name in names or PARTS:
        started = time.monotonic()
        tried, passed = PARTS[name](seed)
        done.append(Part(name, tried, passed, time.monotonic() - started))
    for part in done:
        word = "all refused" if part.passed else "A LIE GOT THROUGH, or a test failed"
        print(f"{part.name:10} {part.tried:40} {word}  ({part.seconds:.0f} s)")
    return 0 if all(part.passed for part in done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
