"""`make bench`: measure this machine, and this commit beside an older one; print tables, write
JSON.

The first part takes kernels, rows a second and whole batches of every class (two minutes on two
quiet cores); the second, benchmarks/beside.py, prints the table of ratios against ec87584 (five
minutes; the older program's environment, once, three more; with `--heavy` four more).
"""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks import beside, kernels, whole_batch
from benchmarks.older import OlderMissingError
from benchmarks.timing import Row, calibration, processor_name
from circuits.commands.bench import measure
from circuits.commands.text import bench_text
from circuits.stark.parameters import PARAMETER_SETS
from rollup.files import write_whole
from rollup.native.jit import thread_count
from rollup.program.cli import CommandError, ExitCode, Output, conventions
from rollup.protocol.shape_class import SHAPE_CLASSES

DEFAULT_FILE = Path("target/bench.json")
POSEIDON_ROWS = 1 << 16


@click.command()
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), default=DEFAULT_FILE)
@click.option("--here", is_flag=True, help="Only this commit: kernels, rows, whole batches.")
@click.option("--beside", "ratios", is_flag=True, help="Only the table of ratios.")
@click.option(
    "--parameters",
    "parameter_set",
    type=click.Choice(list(PARAMETER_SETS)),
    default="fast",
    help="Of what is measured of this commit alone.",
)
@click.option("--shape-class", "classes", type=click.Choice(list(SHAPE_CLASSES)), multiple=True)
@click.option("--runs", type=click.IntRange(1, 20), default=3, help="Proofs of each kind.")
@click.option("--heavy", is_flag=True, help="Class M at the sets for L1 too: 9.5 GiB, minutes.")
@conventions
def bench(
    output: Output,
    file: Path,
    here: bool,
    ratios: bool,
    parameter_set: str,
    classes: tuple[str, ...],
    runs: int,
    heavy: bool,
) -> None:
    """Measure this machine and this commit, and this commit beside an older one.

    Both if neither is named, and every class if none is; the older one has no class R.
    """
    named = classes or tuple(SHAPE_CLASSES)
    machine = {
        "processor": processor_name(),
        "threads": thread_count(),
        "python": platform.python_version(),
    }
    output.say("{processor}, {threads} threads, Python {python}\n".format(**machine))
    before = _print(output, calibration())
    record: dict[str, Any] = {"machine": machine}
    if here or not ratios:
        record |= _here(output, parameter_set, named, runs)
    if ratios or not here:
        record["beside"] = _beside(output, named, runs, heavy, wanted=ratios)
    after = _print(output, calibration())
    record["calibration"] = [row.to_record() for row in (*before, *after)]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(record, indent=2) + "\n").encode("utf-8"))
    output.result(record, f"figures: {file}")


def _here(
    output: Output, parameter_set: str, classes: Sequence[str], runs: int
) -> dict[str, object]:
    """This commit alone."""
    rows = _print(output, kernels.measure())
    proofs = measure(PARAMETER_SETS[parameter_set], POSEIDON_ROWS, runs, output.detail)
    output.say("\n" + bench_text(proofs) + "\n")
    batches = {}
    for name in classes:
        batch = whole_batch.measure(parameter_set, SHAPE_CLASSES[name], runs, output.detail)
        output.say(whole_batch.text(batch) + "\n")
        batches[name] = batch
    return {
        "kernels": [row.to_record() for row in rows],
        "poseidon": proofs,
        "batches": batches,
    }


def _beside(
    output: Output, classes: Sequence[str], runs: int, heavy: bool, *, wanted: bool
) -> dict[str, Any]:
    """This commit beside the older one. CommandError where there is none and it was `wanted` by
    name; else the record says why there are no ratios."""
    try:
        return beside.compare(
            output, [name for name in classes if name in beside.CLASSES], runs, heavy
        )
    except OlderMissingError as error:
        if wanted:
            raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
        output.say(f"no ratios: {error}")
        return {"skipped": str(error)}


def _print(output: Output, rows: list[Row]) -> list[Row]:
    for row in rows:
        output.say(row.to_text())
    return rows


if __name__ == "__main__":
    bench()
