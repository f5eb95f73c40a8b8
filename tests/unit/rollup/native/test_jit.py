"""The cache of compiled kernels: it sees every edit, and falls back where it cannot write."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rollup.environment import EnvironmentVariableError
from rollup.native import jit

ROOT = Path(jit.__file__).resolve().parents[2]

HELPER = """from rollup.native.jit import kernel

@kernel
def helper(x):
    return x + {constant}
"""

CALLER = """from rollup.native.jit import kernel
from rollup.probe_helper import helper

@kernel
def caller(x):
    return helper(x)

print(caller(1))
"""


def project(folder: Path, constant: int) -> Path:
    """A small copy of the project with a kernel that calls a helper in another file."""
    package = folder / "rollup"
    (package / "native").mkdir(parents=True, exist_ok=True)
    for name in ("__init__.py", "native/__init__.py"):
        (package / name).touch()
    for name in ("environment.py", "native/jit.py", "native/kernel_cache.py"):
        shutil.copy(ROOT / "rollup" / name, package / name)
    (package / "probe_helper.py").write_text(HELPER.format(constant=constant))
    (package / "probe_caller.py").write_text(CALLER)
    return folder


def probe(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the caller of a small project."""
    return subprocess.run(
        [sys.executable, "-m", "rollup.probe_caller"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def run(folder: Path, cache: Path) -> str:
    return probe(folder, **{jit.CACHE_VARIABLE: str(cache)}).stdout.strip()


def test_an_edit_of_a_helper_in_another_file_reaches_the_cached_caller(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run(project(tmp_path / "copy", 1), cache) == "2"
    assert run(project(tmp_path / "copy", 5), cache) == "6"
    assert len(list(cache.iterdir())) == 2


def test_the_digest_covers_constants_that_kernels_import(tmp_path: Path) -> None:
    package = project(tmp_path, 1) / "rollup"
    (package / "numbers").mkdir()
    (package / "numbers" / "prime.py").write_text("P = 7\n")
    caller = package / "probe_caller.py"
    caller.write_text("from rollup.numbers import (\n    prime,\n)\n" + CALLER)
    before = jit.source_digest(tmp_path)
    (package / "unrelated.py").write_text("Q = 1\n")
    assert jit.source_digest(tmp_path) == before
    (package / "numbers" / "prime.py").write_text("P = 11\n")
    assert jit.source_digest(tmp_path) != before


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NUMBA_CPU_NAME", "generic"), ("NUMBA_CPU_FEATURES", "+sse2")],
)
def test_kernels_for_another_processor_are_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    cache = tmp_path / "cache"
    copy = project(tmp_path / "copy", 1)
    run(copy, cache)
    monkeypatch.setenv(variable, value)
    run(copy, cache)
    assert len(list(cache.iterdir())) == 2


def test_damaged_cache_files_are_compiled_and_written_anew(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    copy = project(tmp_path / "copy", 1)
    count = "from rollup.native.kernel_cache import KernelCache\nprint(KernelCache.compiled)\n"
    (copy / "rollup" / "probe_caller.py").write_text(CALLER + count)
    assert run(copy, cache).split() == ["2", "2"]
    index, data = (sorted(cache.rglob(f"*.{ending}")) for ending in ("nbi", "nbc"))
    index[0].write_bytes(b"")
    data[1].write_bytes(data[1].read_bytes()[:100])
    assert run(copy, cache).split()[0] == "2"
    assert run(copy, cache).split() == ["2", "0"]


def test_a_cache_that_is_full_costs_the_kernel_and_nothing_else(tmp_path: Path) -> None:
    copy = project(tmp_path / "copy", 1)
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
    (copy / "rollup" / "probe_caller.py").write_text(limit + CALLER)
    done = probe(copy, CRYPSIS_CACHE=str(tmp_path / "cache"))
    assert done.stdout.strip().split()[-1] == "2"
    assert f"cannot be kept in {tmp_path / 'cache'}" in done.stderr
    assert "File too large" in done.stderr


def test_a_folder_that_others_may_write_to_is_not_used_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(jit.CACHE_VARIABLE, str(tmp_path / "chosen"))
    monkeypatch.setattr(jit.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    folder, refused = jit.choose_cache("digest")
    assert folder == tmp_path / "chosen" / "digest"
    assert folder is not None and refused == []
    folder.chmod(0o777)
    fallback, refused = jit.choose_cache("digest")
    assert fallback is not None
    assert fallback.parent.parent == tmp_path / "temporary"
    assert refused == [f"{folder}: not private: others can write to it"]


def test_without_any_folder_there_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv(jit.CACHE_VARIABLE, str(blocked))
    monkeypatch.setattr(jit.tempfile, "gettempdir", lambda: str(blocked))
    folder, refused = jit.choose_cache("digest")
    assert folder is None
    assert [each.partition(": ")[0] for each in refused] == [
        str(blocked / "digest"),
        str(blocked / f"crypsis-{os.getuid()}" / "digest"),
    ]


def test_a_chosen_folder_that_cannot_be_used_is_said_with_its_cause(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    copy = project(tmp_path / "copy", 1)
    done = probe(copy, CRYPSIS_CACHE=str(blocked), TMPDIR=str(tmp_path))
    assert done.stdout.strip() == "2"
    warning = next(line for line in done.stderr.splitlines() if "RuntimeWarning" in line)
    assert f"{blocked}/" in warning and "a file is in its place" in warning
    assert f"they are kept in {tmp_path}/crypsis-" in warning


@pytest.mark.parametrize("threads", ["1", "3"])
def test_parts_cover_the_range_once(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jit.THREADS_VARIABLE, threads)
    seen: list[int] = []
    jit.parallel(lambda start, stop: seen.extend(range(start, stop)), 101, grain=7)
    assert sorted(seen) == list(range(101))


def test_a_failing_part_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jit.THREADS_VARIABLE, "2")

    def fail(start: int, stop: int) -> None:
        raise ArithmeticError(f"{start} to {stop}")

    with pytest.raises(ArithmeticError):
        jit.parallel(fail, 10)


def test_what_comes_after_a_failing_part_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jit.THREADS_VARIABLE, "2")
    started: list[int] = []

    def interrupted(start: int, stop: int) -> None:
        started.append(start)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jit.parallel(interrupted, 80)
    assert len(started) <= 2


def test_an_index_error_of_a_part_is_not_taken_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jit.THREADS_VARIABLE, "2")

    def fail(start: int, stop: int) -> None:
        raise IndexError(f"{start} to {stop}")

    with pytest.raises(IndexError, match="to"):
        jit.parallel(fail, 10)


def test_a_part_may_itself_be_spread_over_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jit.THREADS_VARIABLE, "2")
    seen: list[int] = []

    def part(start: int, stop: int) -> None:
        for item in range(start, stop):
            jit.parallel(lambda a, b, tens: seen.extend(range(tens + a, tens + b)), 10, 10 * item)

    jit.parallel(part, 12)
    assert sorted(seen) == list(range(120))


def test_nothing_is_returned_before_every_part_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jit.THREADS_VARIABLE, "4")
    done: list[int] = []

    def slow(start: int, stop: int) -> None:
        time.sleep(0.002 * (start % 3))
        done.extend(range(start, stop))

    for _ in range(20):
        done.clear()
        jit.parallel(slow, 16)
        assert sorted(done) == list(range(16))


def test_a_thread_count_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jit.THREADS_VARIABLE, "none")
    with pytest.raises(EnvironmentVariableError, match=jit.THREADS_VARIABLE):
        jit.thread_count()
