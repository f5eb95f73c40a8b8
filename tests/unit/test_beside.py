"""The table of ratios against an older commit: targets, lines, what is skipped, what is refused.

Nothing is proved here: the two programs are scripts that say what a real one would.
"""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import beside, either, load, older
from benchmarks.older import OLD_COMMIT, OlderMissingError, Program
from benchmarks.ratios import Kind, Pair, Unit, Wanted, class_rows, line, record, table
from benchmarks.whole_batch import Run
from rollup.program.cli import Output

MISSING = "0" * 40
"""No commit of any repository."""

PARTS = {"fast": {"rows": 300_000, "paths": 100_500}}


def program(folder: Path, text: str) -> Program:
    """A program whose `crypsis` is this script."""
    script = folder / "crypsis"
    script.write_text(f"#!{sys.executable}\n{text}")
    script.chmod(0o755)
    return Program("stand-in", folder, folder / "python")


@pytest.mark.parametrize(
    ("wanted", "before", "now", "met"),
    [
        (Wanted(Kind.VALUE_AT_MOST, 390, 380), 1_156, 380, "goal"),
        (Wanted(Kind.VALUE_AT_MOST, 390, 380), 1_156, 380.001, "target"),
        (Wanted(Kind.VALUE_AT_MOST, 390, 380), 1_156, 390.001, "no"),
        (Wanted(Kind.RATIO_AT_MOST, 0.5, 0.25), 4, 1, "goal"),
        (Wanted(Kind.RATIO_AT_MOST, 0.5, 0.25), 4, 2, "target"),
        (Wanted(Kind.RATIO_AT_MOST, 0.5, 0.25), 4, 2.001, "no"),
        (Wanted(Kind.RATIO_AT_LEAST, 2, 3), 100, 300, "goal"),
        (Wanted(Kind.RATIO_AT_LEAST, 2, 3), 100, 299.9, "target"),
        (Wanted(Kind.RATIO_AT_LEAST, 2, 3), 100, 199.9, "no"),
    ],
)
def test_a_figure_meets_its_goal_its_target_or_neither(
    wanted: Wanted, before: float, now: float, met: str
) -> None:
    assert wanted.met_by(before, now) == met


def test_a_line_says_figure_ratio_target_goal_and_whether_they_are_met() -> None:
    rows = {row.key: row for row in class_rows("M")}
    assert line(rows["bytes M fast"], Pair(1214.2, 463.1)) == (
        "| proof, class M, `fast` | 1,214 kB | 463 kB | 0.38 x | 440 kB | 430 kB | no |"
    )
    assert line(rows["trades M"], Pair(200, 500)).endswith(
        "| 200 trades/s | 500 trades/s | 2.50 x | 2 x | 3 x | target |"
    )
    skipped = line(rows["cpu M l1"], "skipped: why")
    assert skipped.endswith("| | | | 0.5 x | 0.4 x | skipped: why |")
    kept = record(rows["cpu M l1"], "skipped: why")
    assert kept["not_measured"] == "skipped: why" and "ratio" not in kept
    assert record(rows["trades M"], Pair(200, 500))["ratio"] == 2.5


def test_rows_of_class_s_that_have_no_target_are_shown_without_one() -> None:
    rows = {row.key: row for row in class_rows("S")}
    assert line(rows["trades S"], Pair(50, 100)).endswith("| 2.00 x |  |  |  |")
    assert record(rows["trades S"], Pair(50, 100))["met"] is None


def test_the_table_has_every_row_and_points_to_the_peers() -> None:
    rows = [row for name in beside.CLASSES for row in class_rows(name)]
    assert len({row.key for row in rows}) == len(rows)
    said = table(rows, {row.key: Pair(2, 1) for row in rows}).splitlines()
    assert len(said) == 2 + len(rows) + 2
    assert {text.count("|") for text in said} == {8}
    assert [text for text in said if "make bench-peers" in text] == said[-2:]


def test_every_unit_says_its_name() -> None:
    said = [unit.text(1234.5678) for unit in Unit]
    assert said == ["1,235 kB", "1234.57 GiB", "1234.57 CPU-s", "1234.568 s", "1,235 trades/s"]


def test_before_and_now_take_turns() -> None:
    order: list[str] = []
    old, new = beside.in_turn(3, lambda: order.append("before"), lambda: order.append("now"))
    assert order == ["before", "now"] * 3 and len(old) == len(new) == 3


def test_of_cpu_the_least_counts_and_of_memory_the_most() -> None:
    old = [Run(9, 5, 2**30, ""), Run(8, 4, 2**31, "")]
    new = [Run(7, 3, 2**29, ""), Run(6, 2, 2**28, "")]
    assert beside._least_cpu(old, new) == (4, 2)
    assert beside._peaks(old, new) == (2, 0.5)


def test_bytes_and_sizes_are_read_from_what_a_program_says(tmp_path: Path) -> None:
    groups = {
        name: {"height": 8, "fixed_columns": 1, "main_columns": each, "lookup_columns": 10}
        for name, each in (("short", 5), ("tall", 7))
    }
    said = {"cells": 99, "groups": groups, "proof_bytes": PARTS}
    stand_in = program(tmp_path, f"print({json.dumps(said)!r})")
    assert beside.proof_kilobytes(stand_in, "S") == {"fast": 400.5}
    assert beside.circuit_size(stand_in, "S") == (99, 18)


def test_a_program_that_fails_is_no_measurement(tmp_path: Path) -> None:
    failing = program(tmp_path, "raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="exit 3"):
        beside.proof_kilobytes(failing, "S")
    with pytest.raises(RuntimeError, match="exit 0"):
        older.last_line([sys.executable, "-c", ""], tmp_path)


def test_a_proof_of_another_size_than_its_shape_says_is_no_measurement(tmp_path: Path) -> None:
    benches = [beside.Bench(older.NOW, "S", tmp_path / name) for name in ("before", "now")]
    for bench, size in zip(benches, (3_000, 1_000), strict=True):
        bench.bundle().mkdir(parents=True)
        (bench.bundle() / "proof.bin").write_bytes(bytes(size))
    beside._require_sizes({"bytes S fast": Pair(3.0, 1.0)}, *benches)
    with pytest.raises(RuntimeError, match="their shapes say"):
        beside._require_sizes({"bytes S fast": Pair(3.0, 1.5)}, *benches)


def test_growth_says_what_the_ratios_include() -> None:
    grown = {"cells": Pair(49_400_000, 52_110_000), "columns": Pair(1_627, 2_899)}
    said = beside.growth_text("M", grown)
    assert "49.4 -> 52.1 M cells (1.05 x), 1,627 -> 2,899 columns (1.78 x)" in said


def test_what_is_heavy_is_measured_only_if_asked_for_and_where_memory_is_enough() -> None:
    assert "--heavy" in str(beside.why_not(False, 100.0))
    assert beside.why_not(True, 4.0) == "skipped: 9.5 GiB are wanted, 4.0 are free"
    assert beside.why_not(True, 100.0) is None and beside.why_not(True, None) is None


def test_a_program_does_not_hear_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("MAKEFLAGS", "w -- ARGS=--beside")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("KEPT", "1")
    found = older.environment()
    gone = {"PYTHONPATH", "MAKEFLAGS", "PYTHONDONTWRITEBYTECODE"}
    assert found["KEPT"] == "1" and not gone & set(found)


def test_a_commit_that_the_history_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OlderMissingError, match=r"not in this repository's history.*whole clone"):
        older.unpack(MISSING, tmp_path / "sources")
    assert list(tmp_path.iterdir()) == []


def test_without_git_the_older_sources_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OlderMissingError, match="git is wanted"):
        older.unpack(OLD_COMMIT, tmp_path / "sources")


def test_sources_that_are_there_are_not_unpacked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(older, "FOLDER", tmp_path)
    monkeypatch.setattr(older, "OLD_COMMIT", MISSING)
    assert older.sources() == tmp_path


def refuse(_: object) -> Program:
    raise OlderMissingError("commit is not there")


def test_the_command_says_why_there_are_no_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error where they were asked for by name; else the other figures are worth having."""
    monkeypatch.setattr(beside, "installed", refuse)
    found = command._beside(Output(verbosity=-1), ["S"], 1, False, wanted=False)
    assert found == {"skipped": "commit is not there"}
    monkeypatch.setattr(command, "calibration", list)
    done = CliRunner().invoke(command.bench, ["--beside", "--shape-class", "S"])
    assert done.exit_code == 3 and "commit is not there" in done.output


def test_orders_are_not_compared_without_the_older_sources(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> Path:
        raise OlderMissingError("commit is not there")

    monkeypatch.setattr(load, "older_sources", missing)
    done = CliRunner().invoke(load.load, ["--engine"])
    assert done.exit_code == 3 and "commit is not there" in done.output


def test_what_is_said_before_the_first_phase_goes_on() -> None:
    said: list[tuple[object, dict[str, object]]] = []
    either.Ear(lambda text, **how: said.append((text, how)))("a warning", err=True)
    assert said == [("a warning", {"err": True})]


def test_the_first_phase_ends_the_process_with_its_cpu_time(tmp_path: Path) -> None:
    script = (
        "from benchmarks.either import Ear; ear = Ear(print); ear.decoding = -1000.0; "
        "ear('rules: applying', err=True); print('never')"
    )
    said = json.loads(older.last_line([sys.executable, "-c", script], older.ROOT))
    assert 1_000 < said < 2_000
