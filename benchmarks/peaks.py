"""`make bench-peaks`: the most memory that a proof takes, and its CPU, by class, set and mode.

Each is `crypsis prove` of a full batch in a process of its own, once: memory hardly depends on what
else the machine does. The lines are those of docs/performance.md, which `rollup.native.memory`
repeats; figures are rounded up.
"""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.whole_batch import Run, full_batch, run_command
from circuits.stark.parameters import PARAMETER_SETS
from rollup.files import BATCH_FILE
from rollup.native.memory import MemoryMode
from rollup.program.cli import Output, conventions
from rollup.protocol.shape_class import SHAPE_CLASSES

MODES = (MemoryMode.LOW, MemoryMode.HIGH)


def gib(run: Run) -> float:
    """Its peak, rounded up to tenths."""
    return math.ceil(10 * run.peak / 2**30) / 10


def measure(batch: Path, shape_class: str, parameter_set: str, mode: MemoryMode) -> Run:
    """One proof of a batch file, thrown away."""
    options = ["--parameters", parameter_set, "--shape-class", shape_class, "--memory", mode.value]
    with tempfile.TemporaryDirectory(prefix="crypsis-peaks-") as output:
        return run_command("prove", str(batch), "-o", output, *options, "-q")


def line(shape_class: str, mode: MemoryMode, runs: Sequence[Run]) -> str:
    """A line of the page's table."""
    figures = " | ".join(str(gib(run)) for run in runs)
    return f"| peak memory, class {shape_class}, {mode.value}, GiB | {figures} |"


@click.command()
@click.option("--shape-class", "classes", type=click.Choice(list(SHAPE_CLASSES)), multiple=True)
@click.option("--parameters", "sets", type=click.Choice(list(PARAMETER_SETS)), multiple=True)
@click.option("--memory", "modes", type=click.Choice([each.value for each in MODES]), multiple=True)
@conventions
def bench(
    output: Output, classes: tuple[str, ...], sets: tuple[str, ...], modes: tuple[str, ...]
) -> None:
    """Measure all classes, sets and modes, or those that are named."""
    records = []
    with tempfile.TemporaryDirectory(prefix="crypsis-peaks-") as temporary:
        batch = Path(temporary) / BATCH_FILE
        for shape_class in classes or tuple(SHAPE_CLASSES):
            batch.write_bytes(full_batch(SHAPE_CLASSES[shape_class]))
            for mode in map(MemoryMode, modes or [each.value for each in MODES]):
                runs = {}
                for name in sets or tuple(PARAMETER_SETS):
                    run = runs[name] = measure(batch, shape_class, name, mode)
                    output.say(
                        f"{shape_class} {name} {mode.value}: {run.peak / 2**30:.2f} GiB, "
                        f"{run.cpu:.1f} CPU-s"
                    )
                found = {name: {"peak": run.peak, "cpu_s": run.cpu} for name, run in runs.items()}
                records.append({"class": shape_class, "memory": mode.value, "sets": found})
                click.echo(line(shape_class, mode, list(runs.values())))
    output.result({"peaks": records}, "")


if __name__ == "__main__":
    bench()
