"""A whole batch, everything included: rules, witness, proof, verification.

The batch is as full as its shape class: 128 fills of 256 orders by 64 accounts, each order with a
signature of its own, or 1,568 fills by 1,000 accounts, of orders that are signed in it and of as
many that rested before. It is proved as a user
would, by `crypsis prove` in a process of its own, so that memory and start-up count; then verified
likewise.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.batches import refreshing_batch, trading_batches
from rollup.files import BATCH_FILE, PROOF_FILE, PUBLIC_FOLDER
from rollup.protocol.shape_class import CLASS_M, CLASS_R, CLASS_S, SHAPE_CLASSES, ShapeClass

PROGRAM = Path(sys.executable).with_name("crypsis")
"""This commit's program."""

ACCOUNTS = {CLASS_S.name: 64, CLASS_M.name: 1_000}
"""Traders of a full batch."""

BOOK = 100_000
"""Accounts of the book in which a batch of class R refreshes as many as it takes."""


def full_batch(shape_class: ShapeClass) -> bytes:
    """A batch file with as many fills and orders as its class takes; of class R, refreshes."""
    if shape_class is CLASS_R:
        refreshed = random.Random(1).sample(range(2, BOOK), (CLASS_R.accounts - 1) // 2 * 2)
        return refreshing_batch(sorted(refreshed), BOOK)
    accounts = range(1, ACCOUNTS[shape_class.name] + 1)
    return next(trading_batches(shape_class.trades, accounts, shape_class))


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and CPU seconds, and the most memory it held, in bytes."""

    wall: float
    cpu: float
    peak: int
    stdout: str


def measure(
    parameter_set: str, shape_class: ShapeClass, runs: int, say: Callable[[str], None]
) -> dict[str, object]:
    """Prove the batch `runs` times and verify it as often; the figures of the best runs."""
    with tempfile.TemporaryDirectory(prefix="crypsis-bench-") as temporary:
        folder = Path(temporary)
        batch = folder / BATCH_FILE
        batch.write_bytes(full_batch(shape_class))
        options = ["--parameters", parameter_set, "--shape-class", shape_class.name]
        proofs = []
        for number in range(runs):
            proofs.append(run_command("prove", str(batch), "-o", temporary, *options, "--json"))
            say(f"proof {number + 1} of {runs}: {proofs[-1].wall:.2f} s")
        bundle = folder / PUBLIC_FOLDER
        checks = [run_command("verify", str(bundle), *options, "--json") for _ in range(runs)]
        best = min(proofs, key=lambda run: run.wall)
        meta = json.loads(best.stdout)
        check = min(checks, key=lambda run: run.wall)
        return {
            **{
                name: meta[name]
                for name in ("shape_class", "parameter_set", "bits", "cells", "phases_s")
            },
            "tables": {
                **{name: table["cells"] for name, table in meta["tables"].items()},
                "sums and masks": meta["shared_cells"],
            },
            "cells_per_trade": meta["cells"] // shape_class.trades,
            "seconds": meta["seconds"],
            "trades_per_second": round(shape_class.trades / meta["seconds"], 1),
            "process_s": best.wall,
            "cpu_s": best.cpu,
            "peak_bytes": max(run.peak for run in proofs),
            "proof_bytes": (bundle / PROOF_FILE).stat().st_size,
            "verify_ms": json.loads(check.stdout)["milliseconds"],
            "verify_process_ms": round(check.wall * 1000),
        }


def text(record: Mapping[str, Any]) -> str:
    """The figures for people."""
    phases = ", ".join(f"{name} {seconds:.2f}" for name, seconds in record["phases_s"].items())
    trades = SHAPE_CLASSES[record["shape_class"]].trades
    tables = ", ".join(f"{name} {cells / 1e6:.2f}" for name, cells in record["tables"].items())
    return (
        f"whole batch of {trades:,} trades at {record['parameter_set']} "
        f"({record['bits']} proven bits, zero knowledge):\n"
        f"  {record['seconds']:.2f} s, {record['trades_per_second']} trades/s; process "
        f"{record['process_s']:.2f} s, {record['cpu_s']:.2f} CPU-seconds, "
        f"{record['peak_bytes'] / 2**30:.2f} GiB\n"
        f"  seconds by phase: {phases}\n"
        f"  {record['cells'] / 1e6:.2f} M cells, {record['cells_per_trade']} a trade; "
        f"by table in M: {tables}\n"
        f"  proof {record['proof_bytes'] / 1024:.0f} KiB, verified in {record['verify_ms']} ms "
        f"(process {record['verify_process_ms']} ms)"
    )


def run_command(
    *arguments: str, program: Path = PROGRAM, environment: Mapping[str, str] | None = None
) -> Run:
    """Run `crypsis` and wait for it, with the resources that it alone used."""
    command = [str(program), *arguments]
    start = perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = perf_counter() - start
        output.seek(0)
        stdout = output.read().decode()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit {process.returncode}: {stdout}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, stdout)
