"""Freed memory stays with the process: a block as large as one before meets no fresh page."""

import gc
import os
import subprocess
import sys

import pytest

from rollup.memory import collector_paused, keep_freed_memory

PROBE = """
import resource
import numpy as np
from rollup.memory import keep_freed_memory

kept = keep_freed_memory()
faults = []
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.empty(1 << 26, dtype=np.uint8).fill(1)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(kept, faults[0] > 4 * faults[2])
"""


def test_a_freed_block_is_used_again() -> None:
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, env=environment
    )
    kept, reused = done.stdout.split()
    assert kept == "False" or reused == "True"


def test_nothing_happens_on_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_waits_and_is_left_as_it_was(was_on: bool) -> None:
    try:
        gc.enable() if was_on else gc.disable()
        with pytest.raises(ValueError, match="inside"), collector_paused():
            assert not gc.isenabled()
            raise ValueError("inside")
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
