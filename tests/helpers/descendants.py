"""What a process has started, and whether it is still there: read from /proc, so on Linux only."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")

WAIT_S = 30
"""For what must happen, on a busy machine."""


def children(process: int) -> list[int]:
    """The processes that a process has started and that live."""
    found = (int(each) for each in os.listdir("/proc") if each.isdigit())
    return [each for each in found if _stat(each)[1] == str(process)]


def lives(process: int) -> bool:
    """Whether it runs: neither gone nor ended and waited for."""
    return _stat(process)[0] not in "ZX"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Return when it holds; a test fails that waits for ever."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, f"not within {WAIT_S} s: {what}"
        time.sleep(0.05)


def _stat(process: int) -> tuple[str, str]:
    """State and parent."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "X", ""
    return fields[0], fields[1]
