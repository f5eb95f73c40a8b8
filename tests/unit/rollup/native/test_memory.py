"""Freed memory stays with the process: a block as large as one before meets no fresh page."""

import gc
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rollup.native.memory import (
    LOW_BY_DEFAULT,
    PEAK_GIB,
    MemoryMode,
    collector_paused,
    keep_freed_memory,
    killed,
    memory_wanted,
    peak_gib,
)

PROBE = """
import resource
import numpy as np
from rollup.native.memory import keep_freed_memory

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


def test_peaks_are_those_of_the_performance_page() -> None:
    page = Path(__file__).resolve().parents[4] / "docs" / "performance.md"
    rows = {
        name.strip(): [float(each) for each in figures]
        for name, *figures in re.findall(
            r"^\|([^|]*)\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$",
            page.read_text(),
            re.MULTILINE,
        )
    }
    sets = ("fast", "balanced", "l1", "l1-tall")
    for shape_class in ("S", "M", "R"):
        for mode in ("low", "high"):
            wanted = [getattr(PEAK_GIB[shape_class, each], mode) for each in sets]
            assert rows[f"peak memory, class {shape_class}, {mode}, GiB"] == wanted


def test_who_proves_several_classes_keeps_what_each_needs() -> None:
    small, large = PEAK_GIB["S", "fast"].high, PEAK_GIB["R", "fast"].high
    assert peak_gib(["S"], "fast") == small
    assert peak_gib(["S", "R"], "fast") == round(small + large, 1)
    one, two = memory_wanted(["S"], "fast"), memory_wanted(["S", "R"], "fast")
    less = "; less in low-memory mode"
    assert one == f"about {small} GiB are wanted for class S at `fast`{less}"
    assert (
        two == f"about {small} GiB are wanted for class S, {large} GiB for class R at `fast`{less}"
    )


def test_what_a_proof_takes_goes_by_the_mode_and_by_the_set_where_none_is_named() -> None:
    for (shape_class, parameter_set), peak in PEAK_GIB.items():
        low, high = (
            peak_gib([shape_class], parameter_set, mode)
            for mode in (MemoryMode.LOW, MemoryMode.HIGH)
        )
        assert (low, high) == peak and low < high
        default = low if parameter_set in LOW_BY_DEFAULT else high
        assert peak_gib([shape_class], parameter_set) == default
    said = killed(["M"], "l1")
    assert said == f"killed (out of memory? {memory_wanted(['M'], 'l1', MemoryMode.LOW)})"
    assert str(PEAK_GIB["M", "l1"].low) in said and "low-memory" not in said
    assert [mode.is_low for mode in MemoryMode] == [None, True, False]


RETURNED = """
import numpy
from rollup.native.memory import keep_freed_memory, resident_bytes, return_freed_memory
keep_freed_memory()
block, mark = numpy.ones(1 << 24), bytearray(1 << 20)
del block
before = resident_bytes()
print(return_freed_memory(), before >> 20, resident_bytes() >> 20, len(mark))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_freed_memory_goes_back_when_it_is_told_to() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RETURNED], capture_output=True, check=True, text=True
    )
    returned, before, after, _ = done.stdout.split()
    assert returned == "True"
    assert int(before) - int(after) >= 120  # of 128 MiB
