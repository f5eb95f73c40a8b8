"""A whole batch of 128 trades, everything included: rules, witness, proof, verification.

The batch is as full as its shape class: 128 fills of 256 orders, each with a signature of its own,
by 64 accounts. It is proved as a user would, by `crypsis prove` in a process of its own, so that
memory and start-up count; then verified likewise.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from rollup.files import BATCH_FILE, PROOF_FILE, PUBLIC_FOLDER
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.shape_class import CLASS_S
from tests.helpers.venue import Match, Venue, buy, real, sell

ACCOUNTS = 64
DEPOSIT = 10**12
"""A million dollars each: nobody comes near its margin."""


def full_batch() -> bytes:
    """A batch file with as many fills and orders as shape class S takes."""
    venue = Venue(real()).with_traders(*[DEPOSIT] * ACCOUNTS)
    matches = []
    for number in range(CLASS_S.trades):
        round_, pair = divmod(number, ACCOUNTS // 2)
        terms = {"size": 1_000 + number, "slot": round_}
        orders = buy(2 * pair + 1, **terms), sell(2 * pair + 2, **terms)
        matches.append(Match(*orders, size=terms["size"]))
    return batch_to_bytes(venue.batch([], matches))


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and CPU seconds, and the most memory it held, in bytes."""

    wall: float
    cpu: float
    peak: int
    stdout: str


def measure(parameter_set: str, runs: int, say: Callable[[str], None]) -> dict[str, object]:
    """Prove the batch `runs` times and verify it as often; the figures of the best runs."""
    with tempfile.TemporaryDirectory(prefix="crypsis-bench-") as temporary:
        folder = Path(temporary)
        batch = folder / BATCH_FILE
        batch.write_bytes(full_batch())
        options = ["--parameters", parameter_set]
        proofs = []
        for number in range(runs):
            proofs.append(_run("prove", str(batch), "-o", temporary, *options, "--json"))
            say(f"proof {number + 1} of {runs}: {proofs[-1].wall:.2f} s")
        bundle = folder / PUBLIC_FOLDER
        checks = [_run("verify", str(bundle), *options, "--json") for _ in range(runs)]
        best = min(proofs, key=lambda run: run.wall)
        meta = json.loads(best.stdout)
        check = min(checks, key=lambda run: run.wall)
        return {
            **{name: meta[name] for name in ("parameter_set", "bits", "cells", "phases_s")},
            "tables": {
                name: table["height"] * (table["main"] + table["lookup"])
                for name, table in meta["tables"].items()
            },
            "cells_per_trade": meta["cells"] // CLASS_S.trades,
            "seconds": meta["seconds"],
            "trades_per_second": round(CLASS_S.trades / meta["seconds"], 1),
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
    tables = ", ".join(f"{name} {cells / 1e6:.2f}" for name, cells in record["tables"].items())
    return (
        f"whole batch of {CLASS_S.trades} trades at {record['parameter_set']} "
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


def _run(*arguments: str) -> Run:
    """Run `crypsis` and wait for it, with the resources that it alone used."""
    command = [str(Path(sys.executable).parent / "crypsis"), *arguments]
    start = perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = perf_counter() - start
        output.seek(0)
        stdout = output.read().decode()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit {process.returncode}: {stdout}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, stdout)
