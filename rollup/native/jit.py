"""The only door to Numba: the `kernel` decorator, its cache folder, and threads to run kernels on.

Numba keeps a kernel with a hash of its own file only, so that an edit of a helper in another file
would go unseen; it fails where it cannot write, and on a file that was cut short. So the cache
folder is named by a hash of every source that reaches machine code and of what compiles it, falls
back where it must, and a file in it that cannot be used counts as missing.
"""

import contextlib
import hashlib
import itertools
import multiprocessing
import os
import re
import stat
import sys
import tempfile
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import llvmlite
import numba
import numpy as np
import numpy.typing as npt
from numba.core.codegen import get_host_cpu_features

from rollup.environment import EnvironmentVariableError
from rollup.native.kernel_cache import KernelCache

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

U8Array = npt.NDArray[np.uint8]
U32Array = npt.NDArray[np.uint32]
U64Array = npt.NDArray[np.uint64]

CACHE_VARIABLE = "CRYPSIS_CACHE"
"""Environment variable that names the folder under which compiled kernels are kept."""

THREADS_VARIABLE = "CRYPSIS_THREADS"
"""Environment variable that bounds the threads a kernel is spread over."""

PACKAGES = ("rollup", "circuits", "sequencer")
"""Packages beside each other whose files may hold kernels."""

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the packages."""

_KERNEL_LINE = re.compile(
    rb"^\s*(?:@kernel\b|@kernel_part\b|@intrinsic\b)|\bkept_arrays\(", re.MULTILINE
)
_KERNEL_WORDS = (b"@kernel", b"@intrinsic", b"kept_arrays(")
"""One of them is in every file with such a line: looked for first, since that is fast."""

_IMPORT_LINE = re.compile(
    rb"^from ((?:rollup|circuits|sequencer)[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE
)
"""Imports of a module by its dotted path alone (`import rollup.x`) are not in use here."""


def _project_files(root: Path) -> dict[str, bytes]:
    """Every Python file of the packages under root: its content by its path from there."""
    found = {}
    waiting = [package for package in PACKAGES if (root / package).is_dir()]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)
                elif name.endswith(".py"):
                    with open(entry.path, "rb") as file:
                        found[name] = file.read()
    return found


def _imported_files(text: bytes) -> Iterable[str]:
    """Where the modules would lie that a source imports from, or imports as modules."""
    for package, names in _IMPORT_LINE.findall(text):
        place = package.decode().replace(".", "/")
        yield f"{place}.py"
        for name in re.findall(rb"\w+", names):
            yield f"{place}/{name.decode()}.py"


def kernel_sources(root: Path) -> dict[str, bytes]:
    """Every file under root that holds kernels, or arrays kept beside them, and every project file
    that those import: contents by path from root, sorted.

    Constants that a kernel imports are frozen into its machine code, so their files count too.
    """
    files = _project_files(root)
    waiting = [
        path
        for path, text in files.items()
        if any(word in text for word in _KERNEL_WORDS) and _KERNEL_LINE.search(text)
    ]
    found: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in found and path in files:
            found.add(path)
            waiting.extend(_imported_files(files[path]))
    return {path: files[path] for path in sorted(found)}


def compiler_identity() -> str:
    """What machine code depends on beside its sources: versions, and the processor it is made for,
    as the machine has it or as NUMBA_CPU_NAME and NUMBA_CPU_FEATURES say."""
    config: Any = numba.config
    name = config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
    chosen = config.CPU_FEATURES
    features = get_host_cpu_features() if chosen is None else chosen  # type: ignore[no-untyped-call]
    versions = (sys.implementation.cache_tag, numba.__version__, llvmlite.__version__)
    return " ".join([*map(str, versions), name, features])


def source_digest(root: Path) -> str:
    """16 hexadecimal digits over all kernel sources and what compiles them for which processor."""
    state = hashlib.sha256(compiler_identity().encode())
    for path, content in kernel_sources(root).items():
        state.update(f"\n{path} {len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()[:16]


def _cache_candidates(digest: str) -> Iterable[Path]:
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        yield Path(chosen) / digest
    else:
        base = os.environ.get("XDG_CACHE_HOME")
        with contextlib.suppress(RuntimeError):  # no home folder is known
            yield (Path(base) if base else Path.home() / ".cache") / "crypsis" / digest
    yield Path(tempfile.gettempdir()) / f"crypsis-{os.getuid()}" / digest


def _require_usable(folder: Path) -> None:
    """Make a folder, if it is not there, and a file in it; OSError unless only the caller can.

    A cached kernel is code: nobody else may plant one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    writable_by_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(status.st_mode):
        raise OSError(0, "not a folder")
    if status.st_uid != os.getuid() or writable_by_others:
        raise OSError(0, "not private: others can write to it")
    with tempfile.TemporaryFile(dir=folder):
        pass


def choose_cache(digest: str) -> tuple[Path | None, list[str]]:
    """The first folder that can be made, is private and takes a file, None if there is none; and
    why those before it cannot be used."""
    refused = []
    for folder in _cache_candidates(digest):
        try:
            _require_usable(folder)
        except FileExistsError:
            refused.append(f"{folder}: a file is in its place")
        except OSError as error:
            refused.append(f"{folder}: {error.strerror or type(error).__name__}")
        else:
            return folder, refused
    return None, refused


def _open_cache() -> bool:
    """Point Numba at the cache folder; False if kernels cannot be kept.

    One warning, by the first process of several, names the folders that were wanted in vain.
    """
    folder, refused = choose_cache(source_digest(ROOT))
    if refused and multiprocessing.parent_process() is None:
        instead = "not at all" if folder is None else f"in {folder}"
        warnings.warn(
            f"compiled kernels cannot be kept in {'; '.join(refused)}: they are kept {instead}; "
            f"{CACHE_VARIABLE} names a folder of your own",
            RuntimeWarning,
            stacklevel=2,
        )
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    return folder is not None


_CACHED = _open_cache()


def cache_folder() -> Path | None:
    """Where the compiled kernels of these sources are kept; None if they cannot be kept."""
    return Path(numba.config.CACHE_DIR) if _CACHED else None  # type: ignore[attr-defined]


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    compiled = numba.njit(nogil=True, error_model="numpy", **options)(function)
    if _CACHED and not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        compiled._cache = KernelCache(function)
    return compiled


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function over arrays and integers with Numba, keeping its type for the checker.

    It runs without the interpreter lock, divides as NumPy does, and is kept in the cache folder.
    """
    return cast("Callable[Parameters, Result]", _compile(function))


def kernel_part(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function that only kernels call, often, and that makes no array.

    The arrays it is given are not counted as references: two atomic operations an array and call
    would cost more than a short part's work. It must not allocate, slice into a result or fail.
    """
    return cast("Callable[Parameters, Result]", _compile(function, _nrt=False))


def thread_count() -> int:
    """Threads that `parallel` uses: THREADS_VARIABLE, else the cores this process may run on.

    EnvironmentVariableError if the variable is no count.
    """
    chosen = os.environ.get(THREADS_VARIABLE)
    if chosen is None:
        return len(os.sched_getaffinity(0))
    if not chosen.isdecimal() or int(chosen) < 1:
        raise EnvironmentVariableError(
            f"{THREADS_VARIABLE} is a count of at least 1, not {chosen!r}"
        )
    return int(chosen)


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=threads, thread_name_prefix="kernel")


PARTS_PER_THREAD = 4
"""Parts that a range is cut into for each thread, so that a busy core does not hold up the rest."""


def parallel(function: Callable[..., None], count: int, *arguments: Any, grain: int = 1) -> None:
    """Run function(start, stop, *arguments) over the range 0..count, cut into parts, on threads.

    A part has at least `grain` items: less work than a few microseconds is not worth a thread.
    The parts of one call must write to disjoint places. Returns when all are done; raises what a
    failing part raised, without starting those left. The caller works too, and leaves alone a
    helper that did not wake up before the last part was taken: on short calls waking a thread is
    what costs.
    """
    threads = thread_count()
    if threads == 1 or count < 2 * grain:
        function(0, count, *arguments)
        return
    parts = min(count // grain, threads * PARTS_PER_THREAD)
    bounds = [count * part // parts for part in range(parts + 1)]
    waiting = deque(itertools.pairwise(bounds))

    def work() -> None:
        while True:
            try:
                start, stop = waiting.popleft()
            except IndexError:
                return
            try:
                function(start, stop, *arguments)
            except BaseException:
                waiting.clear()
                raise

    helpers = [_pool(threads).submit(work) for _ in range(min(threads, parts) - 1)]
    try:
        work()
    finally:
        wait([helper for helper in helpers if not helper.cancel()])
    for helper in helpers:
        if not helper.cancelled():
            helper.result()
