"""Memory of long computations: how much a proof takes, freed blocks kept, collector paused."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple


class MemoryMode(StrEnum):
    """Whether a prover keeps the rows of its columns on the evaluation domain. It changes what a
    proof costs, and not one byte of it."""

    AUTO = "auto"
    """LOW for the sets in LOW_BY_DEFAULT, HIGH for others."""
    LOW = "low"
    """They are made coset by coset, again for every use, and let go."""
    HIGH = "high"
    """They are made once, and kept."""

    @property
    def is_low(self) -> bool | None:
        """As `circuits.stark.prover.Prover` is told it: None for what it does without a word."""
        return None if self is MemoryMode.AUTO else self is MemoryMode.LOW


class Peak(NamedTuple):
    """Most memory of a proof, in GiB, in either mode."""

    low: float
    high: float


PEAK_GIB: Final = {
    ("S", "fast"): Peak(0.5, 0.5),
    ("S", "balanced"): Peak(0.5, 0.8),
    ("S", "l1"): Peak(0.7, 4.4),
    ("S", "l1-tall"): Peak(0.6, 2.4),
    ("M", "fast"): Peak(0.9, 1.4),
    ("M", "balanced"): Peak(1.0, 2.5),
    ("M", "l1"): Peak(3.0, 17.0),
    ("M", "l1-tall"): Peak(2.0, 9.2),
    ("R", "fast"): Peak(0.9, 1.3),
    ("R", "balanced"): Peak(1.0, 2.3),
    ("R", "l1"): Peak(3.0, 16.0),
    ("R", "l1-tall"): Peak(2.0, 8.5),
}
"""Most memory that `crypsis prove` was measured to hold, by shape class and parameter set
(docs/performance.md)."""

LOW_BY_DEFAULT: Final = frozenset({"balanced", "l1", "l1-tall"})
"""The sets whose prover keeps no rows on the domain unless it is told to: those with more than 4
points a row (`circuits.stark.prover.RESIDENT_BLOWUP`)."""

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of mallopt: how much free memory at the heap's top is given back; how many blocks may
be mapped on their own."""

_NEVER = 0x7FFFFFFF


def peak_gib(
    shape_classes: Sequence[str], parameter_set: str, memory: MemoryMode = MemoryMode.AUTO
) -> float:
    """Most memory of one process that proves batches of these classes in turn, in GiB: what each
    keeps between its batches is less than the peak of any, so their sum is a bound."""
    return round(sum(_peak(each, parameter_set, memory) for each in set(shape_classes)), 1)


def memory_wanted(
    shape_classes: Sequence[str], parameter_set: str, memory: MemoryMode = MemoryMode.AUTO
) -> str:
    """What a proof takes, by the classes that it may be of, for people who have less."""
    first, *more = (f"{_peak(each, parameter_set, memory)} GiB" for each in shape_classes)
    others = "".join(
        f", {peak} for class {each}" for peak, each in zip(more, shape_classes[1:], strict=True)
    )
    saving = "" if _is_low(parameter_set, memory) else "; less in low-memory mode"
    wanted = f"about {first} are wanted for class {shape_classes[0]}{others}"
    return f"{wanted} at `{parameter_set}`{saving}"


def killed(
    shape_classes: Sequence[str], parameter_set: str, memory: MemoryMode = MemoryMode.AUTO
) -> str:
    """What to say of a prover that was killed from outside, and so could say nothing itself."""
    return f"killed (out of memory? {memory_wanted(shape_classes, parameter_set, memory)})"


def _peak(shape_class: str, parameter_set: str, memory: MemoryMode) -> float:
    peak = PEAK_GIB[shape_class, parameter_set]
    return peak.low if _is_low(parameter_set, memory) else peak.high


def _is_low(parameter_set: str, memory: MemoryMode) -> bool:
    told = memory.is_low
    return parameter_set in LOW_BY_DEFAULT if told is None else told


def keep_freed_memory() -> bool:
    """From now on this process keeps what it frees; False where the C library has no such switch.

    By default glibc gives large blocks back to the system when they are freed, and the system
    clears each page again when the next array first touches it. A prover frees and allocates the
    same sizes over and over: with this, a page is cleared once a process (man 3 mallopt).
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return bool(library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, _NEVER))


def return_freed_memory() -> bool:
    """Give the system back what this process has freed and kept; False where that is not possible.

    What is in use stays. The next large arrays are cleared page by page again.
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    return hasattr(library, "malloc_trim") and bool(library.malloc_trim(0))


def resident_bytes() -> int:
    """Memory that this process holds now; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for reference cycles in here; as it was before, afterwards.

    A batch is a few hundred thousand records without cycles. The collector counts new objects, so
    it would walk over all of them again and again and find nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
