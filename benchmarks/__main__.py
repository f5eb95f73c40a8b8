"""`make bench`: measure kernels, rows a second and a whole batch; print a table, write JSON."""

import json
import platform
from pathlib import Path

import click

from benchmarks import kernels, whole_batch
from benchmarks.timing import Row, calibration, processor_name
from circuits.commands.bench import measure
from circuits.commands.text import bench_text
from circuits.stark.parameters import PARAMETER_SETS
from rollup.files import write_whole
from rollup.native.jit import thread_count
from rollup.program.cli import Output, conventions
from rollup.protocol.shape_class import SHAPE_CLASSES

DEFAULT_FILE = Path("target/bench.json")
POSEIDON_ROWS = 1 << 16


@click.command()
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), default=DEFAULT_FILE)
@click.option(
    "--parameters", "parameter_set", type=click.Choice(list(PARAMETER_SETS)), default="fast"
)
@click.option("--runs", type=click.IntRange(1, 20), default=3, help="Proofs of each kind.")
@conventions
def bench(output: Output, file: Path, parameter_set: str, runs: int) -> None:
    """Measure this machine and this commit."""
    parameters = PARAMETER_SETS[parameter_set]
    threads = thread_count()
    machine = {
        "processor": processor_name(),
        "threads": threads,
        "python": platform.python_version(),
    }
    output.say(f"{machine['processor']}, {threads} threads, Python {machine['python']}\n")
    before = _print(output, calibration())
    rows = _print(output, kernels.measure())
    proofs = measure(parameters, POSEIDON_ROWS, runs, output.detail)
    output.say("\n" + bench_text(proofs) + "\n")
    batches = {}
    for shape_class in SHAPE_CLASSES.values():
        batch = whole_batch.measure(parameter_set, shape_class, runs, output.detail)
        output.say(whole_batch.text(batch) + "\n")
        batches[shape_class.name] = batch
    after = _print(output, calibration())
    record = {
        "machine": machine,
        "calibration": [row.to_record() for row in (*before, *after)],
        "kernels": [row.to_record() for row in rows],
        "poseidon": proofs,
        "batches": batches,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(record, indent=2) + "\n").encode("utf-8"))
    output.result(record, f"figures: {file}")


def _print(output: Output, rows: list[Row]) -> list[Row]:
    for row in rows:
        output.say(row.to_text())
    return rows


if __name__ == "__main__":
    bench()
