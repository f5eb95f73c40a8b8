"""`make bench-resident`: a batch in a prover that stays up beside the same in a process of its own.

The two take turns, so that both meet the same machine; of each the run with the least CPU counts.
What stays up has proved once before anything counts. Its memory is asked after each batch.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import IO, Any

import click

from benchmarks.timing import processor_name
from benchmarks.whole_batch import full_batch, run_command
from circuits.stark.parameters import PARAMETER_SETS
from rollup.files import BATCH_FILE
from rollup.native.jit import thread_count
from rollup.program.cli import Output, conventions
from rollup.protocol.shape_class import SHAPE_CLASSES

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """One batch: wall and CPU seconds, and the memory that its process held afterwards, in bytes
    (of a process that ended: at most)."""

    wall: float
    cpu: float
    memory: int


class Resident:
    """`crypsis prover serve`, asked one batch after the other."""

    def __init__(self, process: "subprocess.Popen[str]", requests: IO[str], said: IO[str]) -> None:
        self._process, self._requests, self._said = process, requests, said
        self._hear()  # ready

    def prove(self, batch: Path, output: Path) -> Sample:
        """One batch. RuntimeError if it is not proved."""
        start, cpu = perf_counter(), self._cpu()
        self._ask(batch, output)
        self._hear_proof()
        return Sample(perf_counter() - start, self._cpu() - cpu, self._memory())

    def prove_in_a_row(self, batch: Path, output: Path, count: int) -> float:
        """Wall seconds a batch, where so many are asked for before the first is proved.
        RuntimeError if one is not proved."""
        start = perf_counter()
        for _ in range(count):
            self._ask(batch, output)
        for _ in range(count):
            self._hear_proof()
        return (perf_counter() - start) / count

    def _ask(self, batch: Path, output: Path) -> None:
        request = {"id": 0, "batch": str(batch), "output": str(output)}
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()

    def _hear_proof(self) -> None:
        while "phase" in (answer := self._hear()):
            pass
        if not answer.get("ok"):
            raise RuntimeError(f"no proof: {answer.get('error')}")

    def _hear(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self._said.readline())
        return record

    def _cpu(self) -> float:
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _memory(self) -> int:
        return int(self._proc("statm").split()[1]) * PAGE

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="ascii")


@contextmanager
def resident(options: list[str]) -> Iterator[Resident]:
    """A prover that is warm, and that ends with the block."""
    command = [str(Path(sys.executable).with_name("crypsis")), "prover", "serve", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("pipes to the prover are wanted")
        yield Resident(process, process.stdin, process.stdout)
        process.stdin.close()


def measure(parameter_set: str, shape_class: str, runs: int, batches: int) -> dict[str, Any]:
    """Both, `runs` times in turn; then so many batches more that it proved `batches` in all."""
    options = ["--parameters", parameter_set, "--shape-class", shape_class]
    with tempfile.TemporaryDirectory(prefix="crypsis-resident-") as temporary:
        batch, output = Path(temporary) / BATCH_FILE, Path(temporary) / "out"
        batch.write_bytes(full_batch(SHAPE_CLASSES[shape_class]))
        once, again = [], []
        with resident(options) as prover:
            first = prover.prove(batch, output)
            for _ in range(runs):
                run = run_command("prove", str(batch), "-o", str(output), *options, "--json")
                once.append(Sample(run.wall, run.cpu, run.peak))
                again.append(prover.prove(batch, output))
            for _ in range(batches - runs - 1):
                again.append(prover.prove(batch, output))
    alone, kept = (min(each, key=lambda sample: sample.cpu) for each in (once, again[:runs]))
    return {
        "shape_class": shape_class,
        "parameter_set": parameter_set,
        "process_s": alone.wall,
        "process_cpu_s": alone.cpu,
        "resident_s": kept.wall,
        "resident_cpu_s": kept.cpu,
        "cpu_ratio": kept.cpu / alone.cpu,
        "batches": 1 + len(again),
        "memory_first": first.memory,
        "memory_most": max(sample.memory for sample in again),
        "memory_last": again[-1].memory,
    }


def text(record: Mapping[str, Any]) -> str:
    """The figures for people."""
    first, most, last = (record[f"memory_{name}"] / 2**20 for name in ("first", "most", "last"))
    return (
        f"class {record['shape_class']} at {record['parameter_set']}: a process "
        f"{record['process_s']:.2f} s, {record['process_cpu_s']:.2f} CPU-s; staying up "
        f"{record['resident_s']:.2f} s, {record['resident_cpu_s']:.2f} CPU-s "
        f"({record['cpu_ratio']:.2f} x)\n"
        f"  memory after 1 batch {first:.0f} MiB, after {record['batches']} {last:.0f} MiB "
        f"({last / first:.3f} x), at most {most:.0f} MiB"
    )


@click.command()
@click.option("--parameters", type=click.Choice(list(PARAMETER_SETS)), default="fast")
@click.option("--runs", type=click.IntRange(1, 20), default=3, help="Of each, in turn.")
@click.option("--batches", type=click.IntRange(1, 1000), default=10, help="That it proves in all.")
@click.option("--shape-class", "classes", type=click.Choice(list(SHAPE_CLASSES)), multiple=True)
@conventions
def bench(
    output: Output, parameters: str, runs: int, batches: int, classes: tuple[str, ...]
) -> None:
    """Measure what staying up saves, and whether memory stays."""
    output.say(f"{processor_name()}, {thread_count()} threads")
    records = []
    for name in classes or tuple(SHAPE_CLASSES):
        records.append(measure(parameters, name, runs, batches))
        output.say(text(records[-1]))
    output.result({"classes": records}, "")


if __name__ == "__main__":
    bench()
