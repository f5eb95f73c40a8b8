"""Checks of the machine: interpreter, libraries, cores, memory, disk, port, L1 and its clock."""

import os
import platform
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from rollup.doctor.check import Check, Health, Surroundings
from rollup.installed import libraries_of
from rollup.native.memory import MemoryMode, peak_gib

PYTHON_LEAST: Final = (3, 11)
EXTRAS: Final = {
    "run": "to prove and to run a venue",
    "receipts": "to judge receipts",
    "cluster": "to prove on a cluster",
}
WANTED_EXTRAS: Final = frozenset({"run"})

CORES_GOOD: Final = 2
GIB: Final = 1 << 30
FLUSHES: Final = 20
FLUSHES_GOOD: Final = 50
"""A second. Every group of orders waits for one flush, so fewer than this is felt."""

FREE_GIB: Final = 1.0
CLOCK_GOOD_MS: Final = 1_000
MEMORY_FILE: Final = Path("/proc/meminfo")


def python(_: Surroundings) -> Iterator[Check]:
    """The interpreter."""
    found = f"{platform.python_implementation()} {platform.python_version()}"
    wanted = ".".join(map(str, PYTHON_LEAST))
    good = sys.version_info[:2] >= PYTHON_LEAST
    advice = "" if good else f"Python {wanted} or later is wanted"
    yield Check("python", Health.OK if good else Health.FAILED, found, advice)


def libraries(_: Surroundings) -> Iterator[Check]:
    """Whether each extra's libraries are there."""
    for extra, purpose in EXTRAS.items():
        missing = sorted(_missing(extra))
        if not missing:
            yield Check(f"extra {extra}", Health.OK, f"installed ({purpose})")
            continue
        health = Health.FAILED if extra in WANTED_EXTRAS else Health.WARNING
        advice = f"{purpose}: pip install 'crypsis[{extra}]'"
        yield Check(f"extra {extra}", health, f"without {', '.join(missing)}", advice)


def _missing(extra: str) -> Iterator[str]:
    for library in libraries_of(extra):
        try:
            version(library)
        except PackageNotFoundError:
            yield library


def cores(_: Surroundings) -> Iterator[Check]:
    """Processors that this process may use."""
    count = len(os.sched_getaffinity(0))
    if count >= CORES_GOOD:
        yield Check("cores", Health.OK, str(count))
    else:
        advice = f"{CORES_GOOD} are wanted: a proof keeps one busy while orders come"
        yield Check("cores", Health.WARNING, str(count), advice)


def memory(about: Surroundings) -> Iterator[Check]:
    """What is free of it, beside what a proof of this class takes."""
    named, chosen = about.shape_classes, about.parameter_set
    wanted, least = (peak_gib(named, chosen, mode) for mode in (about.memory, MemoryMode.LOW))
    what = f"class {' and '.join(named)} at `{chosen}` takes {wanted} GiB a prover"
    free = available_gib()
    if free is None:
        yield Check("memory", Health.WARNING, "unknown", what)
    elif free < wanted:
        lower = f"--memory low takes {least} GiB, or " if least <= free else ""
        advice = f"{what}: {lower}another class, another set, or another machine"
        yield Check("memory", Health.FAILED, f"{free:.1f} GiB free", advice)
    else:
        yield Check("memory", Health.OK, f"{free:.1f} GiB free; {what}")


def available_gib() -> float | None:
    """Memory that a new process may have; None where the system does not say."""
    try:
        for line in MEMORY_FILE.read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024 / GIB
    except (OSError, ValueError, IndexError):
        return None
    return None


def disk(about: Surroundings) -> Iterator[Check]:
    """Whether the folder takes files, how much room is left, and how fast it flushes."""
    folder = _existing(about.state)
    try:
        rate = _flushes_a_second(folder)
        free = os.statvfs(folder)
    except OSError as error:
        found = error.strerror or type(error).__name__
        yield Check("disk", Health.FAILED, f"{folder}: {found}", "--state another folder")
        return
    room = free.f_bavail * free.f_frsize / GIB
    found = f"{folder}: {rate:.0f} flushes a second, {room:.1f} GiB free"
    if room < FREE_GIB:
        yield Check("disk", Health.WARNING, found, f"{FREE_GIB:g} GiB free are wanted")
    elif rate < FLUSHES_GOOD:
        advice = "every receipt waits for a flush: a disk of its own helps"
        yield Check("disk", Health.WARNING, found, advice)
    else:
        yield Check("disk", Health.OK, found)


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    path = path.absolute()
    return path if path.is_dir() else _existing(path.parent)


def _flushes_a_second(folder: Path) -> float:
    with tempfile.TemporaryFile(dir=folder) as file:
        begun = time.perf_counter()
        for _ in range(FLUSHES):
            file.write(bytes(512))
            file.flush()
            os.fsync(file.fileno())
        return FLUSHES / max(time.perf_counter() - begun, 1e-9)


def port(about: Surroundings) -> Iterator[Check]:
    """Whether a venue could listen there."""
    family = socket.AF_INET6 if ":" in about.host else socket.AF_INET
    place = f"{about.host}:{about.port}"
    try:
        socket.create_server((about.host, about.port), family=family).close()
    except OSError as error:
        found = f"{place}: {error.strerror or type(error).__name__}"
        yield Check("port", Health.FAILED, found, "--port 0 takes one that is free")
    else:
        yield Check("port", Health.OK, f"{place} is free")


def l1(about: Surroundings) -> Iterator[Check]:
    """Whether an L1 answers, and how far its clock is from this machine's."""
    if about.l1 is None:
        return
    from rollup.l1.connection import RemoteError  # noqa: PLC0415 - httpx is of an extra
    from rollup.l1.remote import RemoteL1  # noqa: PLC0415

    try:
        with RemoteL1(about.l1) as contract:
            apart = contract.now() - time.time_ns() // 1_000_000
            numbers = f"batch {contract.proved_number} proved, {contract.head_number} held"
    except RemoteError as error:
        yield Check("l1", Health.FAILED, str(error), "crypsis l1 up runs a mock")
        return
    found = f"{about.l1}: {numbers}; its clock is {apart:+,} ms from this one"
    if abs(apart) > CLOCK_GOOD_MS:
        advice = "batches are refused by L1 where clocks differ too much: synchronise this one"
        yield Check("l1", Health.WARNING, found, advice)
    else:
        yield Check("l1", Health.OK, found)


CHECKS: Final = (python, libraries, cores, memory, disk, port, l1)
