"""Memory of long computations: how much a proof takes, freed blocks kept, collector paused."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PEAK_GIB = {
    ("S", "fast"): 0.5,
    ("S", "balanced"): 0.8,
    ("S", "evm"): 2.4,
    ("M", "fast"): 1.4,
    ("M", "balanced"): 2.5,
    ("M", "evm"): 9.2,
    ("R", "fast"): 1.3,
    ("R", "balanced"): 2.3,
    ("R", "evm"): 8.5,
}
"""Most memory that `crypsis prove` was measured to hold, by shape class and parameter set
(docs/performance.md)."""

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of mallopt: how much free memory at the heap's top is given back; how many blocks may
be mapped on their own."""

_NEVER = 0x7FFFFFFF


def peak_gib(shape_classes: Sequence[str], parameter_set: str) -> float:
    """Most memory of one process that proves batches of these classes in turn, in GiB: what each
    keeps between its batches is less than the peak of any, so their sum is a bound."""
    return round(sum(PEAK_GIB[each, parameter_set] for each in set(shape_classes)), 1)


def memory_wanted(shape_classes: Sequence[str], parameter_set: str) -> str:
    """What a proof takes, by the classes that it may be of, for people who have less."""
    first, *others = shape_classes
    more = "".join(f", {PEAK_GIB[each, parameter_set]} GiB for class {each}" for each in others)
    peak = PEAK_GIB[first, parameter_set]
    return f"about {peak} GiB are wanted for class {first}{more} at `{parameter_set}`"


def killed(shape_classes: Sequence[str], parameter_set: str) -> str:
    """What to say of a prover that was killed from outside, and so could say nothing itself."""
    return f"killed (out of memory? {memory_wanted(shape_classes, parameter_set)})"


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
