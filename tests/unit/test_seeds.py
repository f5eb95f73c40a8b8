"""Which examples tests draw: the same in `make test`, others in a search, and again by its seed."""

import json
import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings

from tests.fuzz import engine
from tests.fuzz.targets import Target
from tests.helpers.seed import announced_seed, draws
from tests.soundness.run import pytest_of

ROOT = Path(__file__).resolve().parents[2]

PROBE = """
import json
from hypothesis import given, settings
from hypothesis import strategies as st

drawn = []

@settings(max_examples=20)
@given(st.integers(0, 2**60))
def test_probe(value):
    drawn.append(value)

def test_last():
    with open({out!r}, "w") as out:
        json.dump(drawn, out)
"""


def surroundings(**changes: str) -> dict[str, str]:
    """The environment of a run, without what would choose examples."""
    inherited = {"CI", "HYPOTHESIS_PROFILE", "SEED"}
    kept = {name: value for name, value in os.environ.items() if name not in inherited}
    return {**kept, **changes}


def drawn(folder: Path, environment: dict[str, str], *options: str) -> list[int]:
    """What the project's profiles draw in a pytest of its own."""
    probe, out = folder / "test_probe.py", folder / "drawn"
    probe.write_text(PROBE.format(out=str(out)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", os.devnull]
    command += ["-p", "no:cacheprovider", f"--rootdir={folder}", *options, str(probe)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    values = json.loads(out.read_text())
    assert len(values) >= 20
    return list(values)


def test_the_tests_draw_the_same_examples_every_time_and_everywhere(tmp_path: Path) -> None:
    assert drawn(tmp_path, surroundings()) == drawn(tmp_path, surroundings(CI="true"))


def test_a_search_draws_other_examples_every_time_but_those_of_its_seed_again(
    tmp_path: Path,
) -> None:
    command, environment = pytest_of(5)
    assert "--hypothesis-seed=5" in command and environment["SEED"] == "5"
    searching = surroundings(CI="true", HYPOTHESIS_PROFILE=environment["HYPOTHESIS_PROFILE"])
    runs = [
        drawn(tmp_path, searching, *options) for options in ((), (), command[5:6], command[5:6])
    ]
    assert runs[0] != runs[1] != runs[2] == runs[3]


@pytest.mark.parametrize("profile", ["random", "night"])
def test_no_profile_of_a_search_leaves_chance_to_the_surroundings(profile: str) -> None:
    chosen = settings.get_profile(profile)
    assert chosen.derandomize is False and chosen.database is None and chosen.deadline is None


def test_a_search_says_its_seed_and_how_to_run_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SEED", raising=False)
    seed = announced_seed("fuzz")
    assert f"make fuzz SEED={seed}" in capsys.readouterr().out
    assert seed != announced_seed("fuzz")
    monkeypatch.setenv("SEED", str(seed))
    assert announced_seed("soundness") == seed
    assert f"make soundness SEED={seed}" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["-1", "4294967296", "x", "٣"])
def test_a_seed_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SEED", text)
    with pytest.raises(ValueError, match="SEED is a number from 0 to"):
        announced_seed("fuzz")


def test_a_test_draws_from_the_seed_of_its_search_or_always_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SEED", raising=False)
    fixed = draws(1).random()
    assert fixed == draws(1).random() != draws(2).random()
    monkeypatch.setenv("SEED", "1")
    searched = draws(1).random()
    assert fixed != searched == draws(1).random() != draws(2).random()


def edits_drawn(monkeypatch: pytest.MonkeyPatch, seed: int) -> list[bytes]:
    """What a fuzzer of one target makes until a clock that counts its readings stops it."""
    seen: list[bytes] = []

    def run(data: bytes) -> str:
        seen.append(data)
        return "seen"

    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=count().__next__))
    engine.fuzz(Target("no-such-target", lambda: [b"known"], run), 200, seed, keep=False)
    return seen


def test_the_fuzzer_makes_the_same_inputs_of_one_seed_and_others_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = edits_drawn(monkeypatch, 1)
    assert len(set(first)) > 50
    assert first == edits_drawn(monkeypatch, 1)
    assert first != edits_drawn(monkeypatch, 2)
