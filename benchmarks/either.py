"""What this commit and ec87584 are asked alike: a script that runs with the modules of either.

    either.py batch CLASS FILE               write a full batch
    either.py start CLASS SET FILE FOLDER    CPU-seconds of `crypsis prove` before its first phase
    either.py steady CLASS SET FILE COUNT    so many batches by a prover that is warm, a record each

Started with a Python into which the sources are installed and with the sources on PYTHONPATH
(benchmarks/older.py); it names nothing that one of the two does not have. The answer is a line of
JSON.
"""

import gc
import json
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import click

FIRST_PHASE = "rules"
PROOF = "proof:"


class Ear:
    """Hears what the program says, ends the process when the first phase begins, and says what CPU
    time it had used by then, decoding excluded: one program decodes before that line, the other
    after."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say
        self.decoding = 0.0

    def __call__(self, message: object = None, **how: Any) -> None:
        """In the place of `click.echo`."""
        if str(message).startswith(FIRST_PHASE):
            os.write(1, (json.dumps(process_time() - self.decoding) + "\n").encode())
            os._exit(0)
        self._say(message, **how)


def write_batch(shape_class: str, file: str) -> None:
    """A batch as full as its class, in the format of the program that is asked."""
    from benchmarks.whole_batch import full_batch
    from rollup.protocol.shape_class import SHAPE_CLASSES

    Path(file).write_bytes(full_batch(SHAPE_CLASSES[shape_class]))
    print(json.dumps(file))


def start(shape_class: str, parameter_set: str, file: str, folder: str) -> None:
    """Run the program as its users do, up to the first phase."""
    click.echo = ear = Ear(click.echo)
    _time_decoding(ear)
    options = ["--parameters", parameter_set, "--shape-class", shape_class, "-v"]
    sys.argv = ["crypsis", "prove", file, "-o", folder, *options]
    runpy.run_path(str(Path(sys.executable).with_name("crypsis")), run_name="__main__")


def _time_decoding(ear: Ear) -> None:
    """Before anybody imports the decoder by name."""
    gc.disable()  # as one of the programs does while it imports
    from rollup.protocol import batch_codec

    gc.enable()
    decode = batch_codec.batch_from_bytes

    def timed(data: bytes) -> object:
        begin = process_time()
        batch = decode(data)
        ear.decoding += process_time() - begin
        return batch

    batch_codec.batch_from_bytes = timed  # type: ignore[assignment]


def steady(shape_class: str, parameter_set: str, file: str, count: str) -> None:
    """Wall and CPU seconds of each batch after the first, and CPU seconds of its proof alone."""
    from circuits.prove import StarkProver

    prover, data = StarkProver(parameter_set, shape_class), Path(file).read_bytes()
    proofs_begun: list[float] = []

    def heard(phase: str, _: float = 0.0) -> None:
        if phase.startswith(PROOF):
            proofs_begun.append(process_time())

    records = []
    for _ in range(int(count) + 1):
        proofs_begun.clear()
        wall, cpu = perf_counter(), process_time()
        prover.prove_bundle(data, heard)
        end = process_time()
        spent = {"wall_s": perf_counter() - wall, "cpu_s": end - cpu}
        records.append({**spent, "proof_cpu_s": end - proofs_begun[0]})
    print(json.dumps(records[1:]))


QUESTIONS: dict[str, Callable[..., None]] = {"batch": write_batch, "start": start, "steady": steady}

if __name__ == "__main__":
    QUESTIONS[sys.argv[1]](*sys.argv[2:])
