"""`make load`: orders through the whole sequencer beside an older one, and over HTTP at a devnet.

The sequencer of today and that of commit ec87584 take turns, each in a process of its own and on
the same orders (benchmarks/engine.py, engine_ec87584.py), so that both meet the same machine; of
each the run with the least CPU counts. The older sources come out of this repository's history;
its first run compiles its kernels, which nothing counts.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.network import measure
from benchmarks.network import text as network_text
from benchmarks.older import OLD_COMMIT, ROOT, OlderMissingError, last_line
from benchmarks.older import sources as older_sources
from benchmarks.timing import processor_name
from rollup.native.jit import thread_count
from rollup.program.cli import CommandError, ExitCode, Output, conventions
from rollup.protocol.shape_class import SHAPE_CLASSES

OLD_SCRIPT = ROOT / "benchmarks" / f"engine_{OLD_COMMIT}.py"
PARTS = ("submit_s", "answers_s", "close_s")
ORDERS = 2048


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU seconds of so many orders: taken and matched, answered, and their batches closed."""

    orders: int
    submit_s: float
    answers_s: float
    close_s: float

    @property
    def cpu_s(self) -> float:
        """All of it."""
        return self.submit_s + self.answers_s + self.close_s

    @property
    def rate(self) -> float:
        """Orders through the whole sequencer per CPU-second."""
        return self.orders / self.cpu_s

    def record(self) -> dict[str, float]:
        """For JSON."""
        parts = {name: getattr(self, name) for name in PARTS}
        return {"orders": self.orders, **parts, "orders_per_cpu_s": self.rate}


def least(runs: Sequence[Measured]) -> Measured:
    """The run that used the least CPU: what else the machine did is in the others."""
    return min(runs, key=lambda run: run.cpu_s)


def parsed(line: str, orders: int) -> Measured:
    """What a run printed. ValueError for anything else."""
    found = json.loads(line)
    if not isinstance(found, dict) or set(found) != set(PARTS):
        raise ValueError(f"a record of {', '.join(PARTS)} is wanted")
    return Measured(orders, *(float(found[name]) for name in PARTS))


def run_now(shape_class: str, orders: int) -> Measured:
    """One run of today's sequencer."""
    options = ["--shape-class", shape_class, "--orders", str(orders)]
    return _run([sys.executable, "-m", "benchmarks.engine", *options], ROOT, orders)


def run_old(sources: Path, shape_class: str, orders: int) -> Measured:
    """One run of the older sequencer, whose sources are in a folder."""
    return _run([sys.executable, str(OLD_SCRIPT), shape_class, str(orders)], sources, orders)


def _run(command: list[str], sources: Path, orders: int) -> Measured:
    return parsed(last_line(command, sources), orders)


def side_by_side(shape_class: str, orders: int, runs: int, sources: Path) -> dict[str, Any]:
    """Both, `runs` times in turn."""
    old, now = [], []
    for _ in range(runs):
        old.append(run_old(sources, shape_class, orders))
        now.append(run_now(shape_class, orders))
    before, after = least(old), least(now)
    return {
        "shape_class": shape_class,
        OLD_COMMIT: before.record(),
        "now": after.record(),
        "ratio": after.rate / before.rate,
        "ratios": [b.rate / a.rate for a, b in zip(old, now, strict=True)],
    }


def text(record: Mapping[str, Any]) -> str:
    """The figures for people."""
    before, after = record[OLD_COMMIT], record["now"]
    pairs = ", ".join(f"{ratio:.2f}" for ratio in record["ratios"])
    parts = ", ".join(
        f"{name.removesuffix('_s')} {before[name] / before['orders'] * 1e6:.0f} -> "
        f"{after[name] / after['orders'] * 1e6:.0f}"
        for name in PARTS
    )
    return (
        f"class {record['shape_class']}: {before['orders_per_cpu_s']:,.0f} orders a CPU-second at "
        f"{OLD_COMMIT}, {after['orders_per_cpu_s']:,.0f} now ({record['ratio']:.2f} x; "
        f"by pair {pairs})\n  CPU us an order: {parts}"
    )


@click.command()
@click.option("--engine", is_flag=True, help="Only the sequencer in one process, beside an older.")
@click.option("--network", is_flag=True, help="Only over HTTP, at a devnet of its own on loopback.")
@click.option("--connections", type=click.IntRange(1, 64), default=8, show_default=True)
@click.option("--group", type=click.IntRange(1, 64), default=16, help="Envelopes of a request.")
@click.option("--interval", type=click.IntRange(500, 60_000), default=5_000, help="Ms of a batch.")
@click.option("--orders", type=click.IntRange(64, 6_000), default=ORDERS)
@click.option("--runs", type=click.IntRange(1, 20), default=3, help="Of each, in turn.")
@click.option("--shape-class", "classes", type=click.Choice(list(SHAPE_CLASSES)), multiple=True)
@conventions
def load(
    output: Output,
    engine: bool,
    network: bool,
    connections: int,
    group: int,
    interval: int,
    orders: int,
    runs: int,
    classes: tuple[str, ...],
) -> None:
    """Measure what an order costs the sequencer, and how fast it is receipted over HTTP.

    Both if neither is named. Everything stays on this machine and ends by itself.
    """
    output.say(f"{processor_name()}, {thread_count()} threads")
    both = not engine and not network
    record: dict[str, Any] = {}
    if engine or both:
        record["classes"] = _beside(output, orders, runs, classes or tuple(SHAPE_CLASSES))
    if network or both:
        record["network"] = measure(orders, group, connections, interval)
        said = f"over HTTP, {connections} connections, {group} envelopes a request:\n"
        output.say(said + network_text(record["network"]))
    output.result(record, "")


def _beside(
    output: Output, orders: int, runs: int, classes: tuple[str, ...]
) -> list[dict[str, Any]]:
    try:
        sources = older_sources()
    except OlderMissingError as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
    run_old(sources, next(iter(SHAPE_CLASSES)), 64)
    records = []
    for name in classes:
        records.append(side_by_side(name, orders, runs, sources))
        output.say(text(records[-1]))
    return records


if __name__ == "__main__":
    load()
