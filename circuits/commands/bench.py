"""How fast this machine proves: a Poseidon table, a range table, and their buses, nothing else.

Every active row is a permutation of its own random input. A few compressions and range checks are
asked for by public messages, so that both buses carry something.
"""

import resource
import statistics
import sys
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np

from circuits.air.bus import RANGE
from circuits.air.circuit import Circuit
from circuits.air.publics import PublicLayout
from circuits.commands.profile import profile_record
from circuits.gadgets.buses import HASH
from circuits.stark.committed import generate_key
from circuits.stark.lookup import PublicMessage
from circuits.stark.parameters import Parameters
from circuits.stark.prover import Prover
from circuits.stark.verifier import verify
from circuits.tables.poseidon import trace as poseidon
from circuits.tables.poseidon.air import TABLE as POSEIDON
from circuits.tables.range import trace as ranges
from circuits.tables.range.air import ENTRIES
from circuits.tables.range.air import TABLE as RANGES
from rollup.field.koalabear import P
from rollup.hash.constants import WIDTH
from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.poseidon import compress
from rollup.native.jit import U32Array
from rollup.native.memory import MemoryMode

RANGE_HEIGHT = 2 * (ENTRIES + 1)
ASKED = 4
"""Compressions, and range checks, that public messages ask for."""

NO_STATEMENT = bytes(DIGEST_BYTES)
"""The digest of a public input that is about nothing but its messages."""

SEED = 1
"""Of the inputs, so that two runs prove the same rows."""


def circuit(rows: int) -> Circuit:
    """The benchmark's circuit: a Poseidon table of `rows` rows, a power of two, beside a range."""
    tables = ((POSEIDON, rows), (RANGES, RANGE_HEIGHT))
    return Circuit.build(tables, PublicLayout(()), (HASH, RANGE))


def instance(rows: int, blinded_rows: int) -> tuple[list[U32Array], list[PublicMessage]]:
    """Traces with every active row in use, and the public messages that they answer."""
    used = rows - blinded_rows
    inputs = np.random.default_rng(SEED).integers(0, P, (used, WIDTH), dtype=np.uint32)
    counts = np.zeros(used, dtype=np.int64)
    counts[:ASKED] = 1
    messages = []
    for row in inputs[:ASKED].tolist():
        digest = compress(row[: WIDTH // 2], row[WIDTH // 2 :])
        messages.append(PublicMessage(HASH.identifier, -1, (*row, *digest)))
    asked = [(13, value) for value in range(ASKED)]
    messages += [PublicMessage(RANGE.identifier, 1, pair) for pair in asked]
    pairs, once = np.array(asked, dtype=np.uint32), np.ones(ASKED, dtype=np.int64)
    traces = [
        poseidon.build(inputs, counts, rows, blinded_rows),
        ranges.build(pairs, once, RANGE_HEIGHT, blinded_rows),
    ]
    return traces, messages


def measure(
    parameters: Parameters,
    rows: int,
    runs: int,
    say: Callable[[str], None],
    *,
    memory: MemoryMode = MemoryMode.AUTO,
    profile: bool = False,
) -> dict[str, object]:
    """Prove once unmeasured, then `runs` times, and verify once; the figures of the best run, for
    people and for JSON.

    The first proof of a process loads or compiles kernels and touches its memory for the first
    time, which says nothing about how fast rows are proved.
    """
    statement = circuit(rows)
    prover = Prover(statement, parameters, low_memory=memory.is_low)
    traces, messages = instance(rows, parameters.blinded_rows)
    walls, processors, reports = [], [], []
    say("warming up ...")
    proof = prover.prove(traces, NO_STATEMENT, (), messages).proof
    for run in range(runs):
        wall, processor = perf_counter(), process_time()
        proved = prover.prove(traces, NO_STATEMENT, (), messages)
        walls.append(perf_counter() - wall)
        processors.append(process_time() - processor)
        reports.append(proved.report)
        proof = proved.proof
        say(f"run {run + 1} of {runs}: {walls[-1]:.2f} s")
    peak = _peak_mib()
    key = generate_key(statement, [parameters])
    start = perf_counter()
    verify(statement, key, NO_STATEMENT, (), messages, parameters, proof)
    verify_s = perf_counter() - start
    best = walls.index(min(walls))
    return {
        "parameter_set": parameters.name,
        "memory": memory.value,
        "rows": rows,
        "rows_per_second": round(rows / walls[best]),
        "best_s": walls[best],
        "median_s": statistics.median(walls),
        "cpu_s": processors[best],
        "peak_mib": peak,
        "phases_s": reports[best].phases_s,
        "proof_bytes": len(proof),
        "verify_ms": round(verify_s * 1000),
        "cells": reports[best].cells,
        **({"profile": profile_record(prover.shape, reports[best])} if profile else {}),
    }


def _peak_mib() -> int:
    """Most memory that this process has held so far. Linux counts it in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)
