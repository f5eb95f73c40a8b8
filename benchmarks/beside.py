"""This commit beside ec87584, by the table of benchmarks/ratios.py; a part of `make bench`.

The two take turns, each from its own sources, in its own environment and with a batch of its own
format, as full as the class; of CPU the least run counts, of wall time the best, of memory the
most. Bytes of proofs are those that the shapes say, held to the proofs that are made here. Circuits
have grown between the two, and no figure is corrected for that: `growth` says by how much.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.older import NOW, OLD_COMMIT, Program, installed
from benchmarks.ratios import L1_SETS, Pair, Row, class_rows, record, table
from benchmarks.resident import Resident, resident
from benchmarks.whole_batch import Run
from rollup.doctor.machine import available_gib
from rollup.field.extension import DEGREE
from rollup.files import PROOF_FILE, PUBLIC_FOLDER
from rollup.program.cli import Output
from rollup.protocol.shape_class import SHAPE_CLASSES

CLASSES = ("S", "M")
"""Those that both have."""

SET = "fast"
OLD_L1_SET = "evm"
OLD_L1_GIB = 9.5
"""What a proof of class M takes at that set, with a little room."""

IN_A_ROW = 3
"""Batches that a resident prover is asked for at once."""

SHORT_RUNS = 5
"""Of processes that take less than a second, at least."""

Figures = dict[str, Pair | str]
First = TypeVar("First")
Second = TypeVar("Second")


@dataclass(frozen=True, slots=True)
class Bench:
    """One program with a batch of one class, and a folder for what it makes."""

    program: Program
    shape_class: str
    folder: Path

    @classmethod
    def of(cls, program: Program, shape_class: str, folder: Path) -> "Bench":
        """With its batch written."""
        folder.mkdir()
        bench = cls(program, shape_class, folder)
        program.drive("batch", shape_class, bench.batch)
        return bench

    @property
    def batch(self) -> str:
        """The batch file."""
        return str(self.folder / "batch")

    def bundle(self, parameter_set: str = SET) -> Path:
        """Where proofs of a set are."""
        return self.folder / parameter_set / PUBLIC_FOLDER

    def prove(self, parameter_set: str = SET, *more: str) -> Run:
        """`crypsis prove` as a process."""
        output = str(self.folder / parameter_set)
        options = self._options(parameter_set)
        return self.program.run("prove", self.batch, "-o", output, *options, "-q", *more)

    def verify(self) -> Run:
        """`crypsis verify` of the last proof at `fast`."""
        return self.program.run("verify", str(self.bundle()), *self._options(SET), "-q")

    def start(self) -> float:
        """CPU-seconds of a process before its first phase."""
        output = str(self.folder / "start")
        return float(self._drive("start", output))

    def steady(self, count: int) -> float:
        """CPU-seconds of a proof alone, the least of so many by a prover that is warm."""
        return min(float(each["proof_cpu_s"]) for each in self._drive("steady", str(count)))

    def _drive(self, question: str, last: str) -> Any:
        return json.loads(self.program.drive(question, self.shape_class, SET, self.batch, last))

    def _options(self, parameter_set: str) -> list[str]:
        return ["--parameters", parameter_set, "--shape-class", self.shape_class]


def in_turn(
    runs: int, before: Callable[[], First], now: Callable[[], Second]
) -> tuple[list[First], list[Second]]:
    """Both, so many times: before, now, before, now."""
    old: list[First] = []
    new: list[Second] = []
    for _ in range(runs):
        old.append(before())
        new.append(now())
    return old, new


def measure(
    old: Program, shape_class: str, runs: int, heavy: bool, say: Callable[[str], None]
) -> Figures:
    """All figures of a class, by the keys of its rows."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory(prefix="crypsis-beside-") as temporary:
        say(f"class {shape_class}: writing full batches")
        before = Bench.of(old, shape_class, Path(temporary) / "before")
        now = Bench.of(NOW, shape_class, Path(temporary) / "now")
        for part in (_sizes, _short, _batches, _steady):
            say(f"class {shape_class}: {part.__name__.strip('_')}")
            figures.update(part(before, now, runs))
        _require_sizes(figures, before, now)
        if shape_class == "M":
            say(f"class {shape_class}: sets for L1")
            figures.update(_sets_for_l1(before, now, runs, heavy))
    return figures


def _sizes(before: Bench, now: Bench, _: int) -> Figures:
    """Bytes of proofs, without making one."""
    name = now.shape_class
    old, new = (proof_kilobytes(bench.program, name) for bench in (before, now))
    sets = {SET: SET, **dict.fromkeys(L1_SETS[name], OLD_L1_SET)}
    return {f"bytes {name} {each}": Pair(old[was], new[each]) for each, was in sets.items()}


def proof_kilobytes(program: Program, shape_class: str) -> dict[str, float]:
    """What a proof of each set has, by its shape, in kB."""
    said = program.run("prover", "info", "--proof", "--shape-class", shape_class, "--json").stdout
    parts = json.loads(said)["proof_bytes"]
    return {name: sum(each.values()) / 1000 for name, each in parts.items()}


def _batches(before: Bench, now: Bench, runs: int) -> Figures:
    """Processes before, a resident prover now; and the peak of a process in either."""
    name, trades = now.shape_class, SHAPE_CLASSES[now.shape_class].trades
    lows = [now.prove(SET, "--memory", "low")]
    with resident(["--parameters", SET, "--shape-class", name]) as prover:
        _in_a_row(prover, now)  # what is made once is made
        olds, rows = in_turn(runs, before.prove, lambda: _in_a_row(prover, now))
    rates = Pair(trades / min(run.wall for run in olds), trades / min(rows))
    return {f"peak {name}": _peaks(olds, lows), f"trades {name}": rates}


def _in_a_row(prover: Resident, bench: Bench) -> float:
    """Seconds a batch, of several asked for at once."""
    return prover.prove_in_a_row(Path(bench.batch), bench.folder / SET, IN_A_ROW)


def _peaks(before: Sequence[Run], now: Sequence[Run]) -> Pair:
    """Most memory, in GiB."""
    old, new = (max(run.peak for run in runs) / 2**30 for runs in (before, now))
    return Pair(old, new)


def _short(before: Bench, now: Bench, runs: int) -> Figures:
    """Start-up, and verification of a proof that is made for it. The first start is not counted:
    it may keep what later ones read."""
    name, count = now.shape_class, max(runs, SHORT_RUNS)
    in_turn(1, before.start, now.start)
    starts = in_turn(count, before.start, now.start)
    in_turn(1, before.prove, now.prove)
    old, new = in_turn(count, before.verify, now.verify)
    walls = Pair(min(run.wall for run in old), min(run.wall for run in new))
    return {
        f"start {name}": Pair(*map(min, starts)),
        f"verify {name}": walls,
        f"verify-cpu {name}": _least_cpu(old, new),
    }


def _least_cpu(before: Sequence[Run], now: Sequence[Run]) -> Pair:
    return Pair(min(run.cpu for run in before), min(run.cpu for run in now))


def _steady(before: Bench, now: Bench, runs: int) -> Figures:
    """CPU-seconds of a proof alone."""
    found = in_turn(runs, lambda: before.steady(IN_A_ROW), lambda: now.steady(IN_A_ROW))
    return {f"proving {now.shape_class}": Pair(*map(min, found))}


def _require_sizes(figures: Figures, before: Bench, now: Bench) -> None:
    """RuntimeError if a proof at `fast` has other bytes than its shape says."""
    said = figures[f"bytes {now.shape_class} {SET}"]
    made = [(each.bundle() / PROOF_FILE).stat().st_size / 1000 for each in (before, now)]
    if list(said) != made:
        raise RuntimeError(f"proofs have {made} kB, their shapes say {said}")


def _sets_for_l1(before: Bench, now: Bench, runs: int, heavy: bool) -> Figures:
    """Processes at the sets for L1, where asked for and where memory is enough."""
    name = now.shape_class
    why = why_not(heavy, available_gib())
    if why is not None:
        return {f"{key} {name} {each}": why for key in ("peak", "cpu") for each in L1_SETS[name]}
    olds: list[Run] = []
    news: dict[str, list[Run]] = {each: [] for each in L1_SETS[name]}
    for _ in range(runs):
        olds.append(before.prove(OLD_L1_SET))
        for each, done in news.items():
            done.append(now.prove(each))
    figures: Figures = {}
    for each, done in news.items():
        figures[f"peak {name} {each}"] = _peaks(olds, done)
        figures[f"cpu {name} {each}"] = _least_cpu(olds, done)
    return figures


def why_not(heavy: bool, free_gib: float | None) -> str | None:
    """Why the sets for L1 are not measured in class M; None if they are."""
    if not heavy:
        return f"skipped: --heavy measures it ({OLD_L1_GIB:g} GiB)"
    if free_gib is not None and free_gib < OLD_L1_GIB:
        return f"skipped: {OLD_L1_GIB:g} GiB are wanted, {free_gib:.1f} are free"
    return None


def growth(old: Program, shape_class: str) -> dict[str, Pair]:
    """Committed cells of a class, and columns of its traces, before and now."""
    found = [circuit_size(each, shape_class) for each in (old, NOW)]
    cells, columns = zip(*found, strict=True)
    return {"cells": Pair(*cells), "columns": Pair(*columns)}


def circuit_size(program: Program, shape_class: str) -> tuple[int, int]:
    """Committed cells; and fixed, main and lookup columns, of which the last hold an element of
    the extension each."""
    said = json.loads(program.run("prover", "info", "--shape-class", shape_class, "--json").stdout)
    words = {"fixed_columns": 1, "main_columns": 1, "lookup_columns": DEGREE}
    groups = said["groups"].values()
    columns = sum(group[kind] // each for group in groups for kind, each in words.items())
    return said["cells"], columns


def growth_text(shape_class: str, grown: dict[str, Pair]) -> str:
    """What the ratios of a class include, for people."""
    cells, columns = grown["cells"], grown["columns"]
    return (
        f"class {shape_class} has grown, and no ratio is corrected for it: "
        f"{cells.before / 1e6:.1f} -> {cells.now / 1e6:.1f} M cells ({cells.ratio:.2f} x), "
        f"{columns.before:,} -> {columns.now:,} columns ({columns.ratio:.2f} x)"
    )


def compare(output: Output, classes: Sequence[str], runs: int, heavy: bool) -> dict[str, Any]:
    """Measure, print the table, and return it for JSON. OlderMissingError where the older program
    cannot be had."""
    old = installed(output.say)
    rows: list[Row] = []
    figures: Figures = {}
    grown = {}
    for name in classes:
        rows += class_rows(name)
        figures |= measure(old, name, runs, heavy, output.say)
        grown[name] = growth(old, name)
    output.say(f"\nbeside {OLD_COMMIT}:\n\n{table(rows, figures)}\n")
    for name, each in grown.items():
        output.say(growth_text(name, each))
    return {
        "commit": OLD_COMMIT,
        "rows": [record(row, figures[row.key]) for row in rows],
        "circuits": {name: dict(_plain(each)) for name, each in grown.items()},
    }


def _plain(grown: dict[str, Pair]) -> Iterator[tuple[str, dict[str, float]]]:
    for key, pair in grown.items():
        yield key, pair._asdict()
