"""Timing: the best of several runs, with the CPU-seconds it took, beside a calibration line.

On a shared machine the best run says what the code can do and the median what it met; CPU-seconds
over seconds tell whether both cores were there.
"""

import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of a run: best and median wall time, CPU time of the best run."""

    best: float
    median: float
    cpu: float

    def to_record(self) -> dict[str, float]:
        """For JSON, in seconds."""
        return {"best_s": self.best, "median_s": self.median, "cpu_s": self.cpu}


def time_runs(function: Callable[[], object], runs: int = 5) -> Timing:
    """Time a function after one run that is not counted."""
    function()
    samples = []
    for _ in range(runs):
        wall, cpu = perf_counter(), process_time()
        function()
        samples.append((perf_counter() - wall, process_time() - cpu))
    best = min(samples)
    return Timing(best[0], statistics.median(wall for wall, _ in samples), best[1])


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: `amount` units of work of `unit` took `timing`."""

    name: str
    amount: float
    unit: str
    timing: Timing

    @property
    def rate(self) -> float:
        """Units a second, best run."""
        return self.amount / self.timing.best

    @property
    def rate_per_core(self) -> float:
        """Units a CPU-second, best run."""
        return self.amount / max(self.timing.cpu, 1e-9)

    def to_record(self) -> dict[str, object]:
        """For JSON."""
        return {
            "name": self.name,
            "amount": self.amount,
            "unit": self.unit,
            "per_second": self.rate,
            "per_cpu_second": self.rate_per_core,
            **self.timing.to_record(),
        }

    def to_text(self) -> str:
        """One line: rate, rate a core, best and median."""
        timing = self.timing
        return (
            f"{self.name:<44}{_scaled(self.rate):>9} {self.unit + '/s':<16}"
            f"{_scaled(self.rate_per_core):>9}/core"
            f"{timing.best * 1e3:>10.1f} ms best{timing.median * 1e3:>10.1f} ms median"
        )


def calibration() -> list[Row]:
    """What the machine does with work that is not ours: compare other lines with these."""
    loops = 2_000_000
    block = np.ones(1 << 24, dtype=np.uint64)
    target = np.empty_like(block)
    return [
        Row("calibration: plain Python additions", loops, "add", time_runs(lambda: _count(loops))),
        Row(
            "calibration: copy 128 MiB",
            block.nbytes,
            "B",
            time_runs(lambda: np.copyto(target, block)),
        ),
    ]


def _count(loops: int) -> int:
    total = 0
    for number in range(loops):
        total += number
    return total


def _scaled(value: float) -> str:
    for limit, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.2f}{suffix}"
    return f"{value:.2f}"


def processor_name() -> str:
    """The model name of the processor, or what the platform says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
