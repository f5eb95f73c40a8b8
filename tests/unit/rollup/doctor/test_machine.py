"""Each check says what it found, and what to do where something is amiss."""

import os
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.doctor import machine
from rollup.doctor.check import Check, Health, Surroundings
from rollup.harness.served import Served
from rollup.l1.remote import RemoteL1
from rollup.native.memory import PEAK_GIB, MemoryMode, peak_gib
from tests.helpers.serving import serving
from tests.unit.rollup.l1.test_stored import fresh


@pytest.fixture
def about(tmp_path: Path) -> Surroundings:
    return Surroundings(tmp_path / "not" / "there", "127.0.0.1", 0, "fast", ("S",))


def one(check: Callable[[Surroundings], Iterable[Check]], about: Surroundings) -> Check:
    (found,) = check(about)
    assert (found.advice == "") is (found.health is Health.OK)
    return found


def test_an_interpreter_that_is_too_old_is_told(
    about: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one(machine.python, about).health is Health.OK
    monkeypatch.setattr(machine, "PYTHON_LEAST", (99, 0))
    assert one(machine.python, about).advice == "Python 99.0 or later is wanted"


def test_an_extra_whose_library_is_missing_is_named_with_what_to_type(
    about: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {check.health for check in machine.libraries(about)} == {Health.OK}
    monkeypatch.setattr(machine, "libraries_of", lambda extra: [f"no-library-of-{extra}"])
    found = {check.name: check for check in machine.libraries(about)}
    assert found["extra run"].health is Health.FAILED
    assert found["extra cluster"].health is Health.WARNING
    assert found["extra run"].found == "without no-library-of-run"
    assert "pip install 'crypsis[run]'" in found["extra run"].advice


def test_one_core_is_a_warning(about: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert one(machine.cores, about).health is Health.WARNING


@pytest.mark.parametrize(
    ("text", "health"),
    [
        ("MemTotal: 1 kB\nMemAvailable: 99999999 kB\n", Health.OK),
        ("MemAvailable: 1024 kB\n", Health.FAILED),
        ("MemAvailable:\n", Health.WARNING),
        ("nothing\n", Health.WARNING),
    ],
)
def test_memory_is_compared_with_what_a_proof_takes(
    about: Surroundings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    health: Health,
) -> None:
    (tmp_path / "meminfo").write_text(text)
    monkeypatch.setattr(machine, "MEMORY_FILE", tmp_path / "meminfo")
    found = one(machine.memory, about)
    assert found.health is health
    assert str(PEAK_GIB["S", "fast"].high) in found.found + found.advice
    both = one(machine.memory, replace(about, shape_classes=("S", "R")))
    wanted = peak_gib(["S", "R"], "fast")
    assert f"class S and R at `fast` takes {wanted} GiB" in both.found + both.advice


def test_where_low_memory_mode_would_do_it_is_said(
    about: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peak = PEAK_GIB["M", "fast"]
    between = int((peak.low + peak.high) / 2 * 2**20)
    (tmp_path / "meminfo").write_text(f"MemAvailable: {between} kB\n")
    monkeypatch.setattr(machine, "MEMORY_FILE", tmp_path / "meminfo")
    high = replace(about, shape_classes=("M",))
    found = one(machine.memory, high)
    assert found.health is Health.FAILED
    assert f"--memory low takes {peak.low} GiB" in found.advice
    low = one(machine.memory, replace(high, memory=MemoryMode.LOW))
    assert low.health is Health.OK and f"takes {peak.low} GiB" in low.found
    (tmp_path / "meminfo").write_text("MemAvailable: 1024 kB\n")
    assert "--memory" not in one(machine.memory, high).advice


def test_a_folder_that_is_not_there_yet_is_measured_where_it_would_be_and_left_as_it_was(
    about: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "FLUSHES_GOOD", 0)
    found = one(machine.disk, about)
    assert found.health is Health.OK and found.found.startswith(f"{tmp_path}:")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(machine, "FLUSHES_GOOD", 10**9)
    assert "waits for a flush" in one(machine.disk, about).advice
    monkeypatch.setattr(machine, "FREE_GIB", 2.0**60)
    assert "free are wanted" in one(machine.disk, about).advice


def test_a_disk_that_takes_nothing_is_told(
    about: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = one(machine.disk, about)
    assert found.health is Health.FAILED and "No space left on device" in found.found


def test_a_port_that_is_taken_is_told(about: Surroundings) -> None:
    assert one(machine.port, about).health is Health.OK
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = one(machine.port, replace(about, port=taken.getsockname()[1]))
    assert found.health is Health.FAILED and "in use" in found.found


def test_an_l1_that_does_not_answer_is_told(about: Surroundings) -> None:
    assert list(machine.l1(about)) == []
    found = one(machine.l1, replace(about, l1="http://127.0.0.1:1"))
    assert found.health is Health.FAILED


def test_a_clock_that_differs_from_l1s_is_a_warning(
    about: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CLOCK_GOOD_MS", 600_000)
    with serving(Served(fresh())) as url, RemoteL1(url) as remote:
        asked = replace(about, l1=url)
        remote.warp(time.time_ns() // 1_000_000 - remote.now())
        good = one(machine.l1, asked)
        assert good.health is Health.OK and "batch 0 proved, 0 held" in good.found
        remote.warp(3_600_000)
        apart = one(machine.l1, asked)
    assert apart.health is Health.WARNING and "synchronise" in apart.advice
