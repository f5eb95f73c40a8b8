"""The statement at its lowest heights, proved by a prover that skips its own checks.

One cell of one column is forged on a used row; multiplicities of the tables that answer are counted
again, so that the lie is the only thing wrong; then the real prover and the real verifier run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
import pytest

from circuits.air.circuit import Circuit
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.prover import Prover
from circuits.stark.verifier import verify
from circuits.statement.circuit import circuit_with
from circuits.statement.replay import replay
from circuits.statement.witness import Witness, build_from, fill_lookups
from rollup.field.koalabear import P
from rollup.protocol.shape_class import ShapeClass
from tests.helpers.honest import busy_batch, busy_venue
from tests.helpers.malice import reckless
from tests.helpers.rows import source_of

ANSWERING = ("poseidon", "range", "base")

LOWEST = {
    "poseidon": 2**12,
    "range": 2**15,
    "tree": 2**10,
    "base": 2**10,
    "ladder": 2**10,
    "signature": 2**7,
    "order": 2**7,
    "fill": 2**7,
    "takeover": 2**7,
    "outflow": 2**7,
    "account": 2**7,
    "header": 2**7,
    "position": 2**7,
    "total": 2**7,
    "market": 2**7,
    "trigger": 2**7,
    "slot": 2**7,
    "deposit": 2**7,
    "batch": 2**7,
}
LOWEST_CLASS = ShapeClass(
    "lowest", trades=32, orders=64, slots=64, accounts=100, positions=256, triggers=100, nodes=900
)
"""Room for the busy batch, the blinded rows of `insecure-test` and the entries of the lookups."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """One cell of one column, changed."""

    table: str
    column: str
    row: int
    value: int

    def __str__(self) -> str:
        return f"{self.table}.{self.column} = {self.value} in row {self.row}"


class Whole:
    """Prover, key and honest witness of the lowest statement."""

    def __init__(self) -> None:
        outcome = busy_venue().apply(busy_batch())
        self.circuit: Circuit = circuit_with(LOWEST, LOWEST_CLASS)
        blinded = INSECURE_TEST.blinded_rows
        self.witness: Witness = build_from(replay(outcome), outcome.public, self.circuit, blinded)
        self.prover = Prover(self.circuit, INSECURE_TEST)
        self.key: VerificationKey = generate_key(self.circuit, [INSECURE_TEST])

    def columns(self) -> list[tuple[str, str]]:
        """(table, column) of every witness column."""
        return [(p.name, name) for p in self.circuit.tables for name in p.table.columns.names()]

    def forge(self, table: str, column: str, random: Random) -> Forgery:
        """A change of that column on a used row: an active one, or one that is not padding."""
        placed = self.circuit.table(table)
        trace = self.witness.traces[table]
        active = placed.height - self.witness.blinded
        names = placed.table.columns.names()
        used = np.flatnonzero((trace[:active] != trace[active - 1]).any(axis=1))
        if "active" in names:
            used = np.flatnonzero(trace[:active, names.index("active")])
        row = int(used[random.randrange(len(used))])
        place = names.index(column)
        old = int(trace[row, place])
        value = random.choice([old + 1, old - 1, 1 - old, old + 8192, random.randrange(P)]) % P
        return Forgery(table, column, row, value if value != old else (old + 2) % P)

    def honest_cells(self, forgery: Forgery) -> dict[str, int]:
        """What the columns of the forged row hold, by name."""
        return source_of(self.witness, forgery.table).cells(forgery.row)

    def traces(self, forgery: Forgery) -> Mapping[str, np.ndarray]:
        """All traces with the forged cell, answers counted again."""
        placed = self.circuit.table(forgery.table)
        forged = self.witness.traces[forgery.table].copy()
        forged[forgery.row, placed.table.columns.names().index(forgery.column)] = forgery.value
        traces = {**self.witness.traces, forgery.table: forged}
        if forgery.table in ANSWERING:
            return traces
        asking = {name: trace for name, trace in traces.items() if name not in ANSWERING}
        try:
            fill_lookups(asking, self.witness.publics, self.circuit, self.witness.blinded)
        except (ValueError, IndexError):
            return traces
        return asking

    def verdict(self, forgery: Forgery | None) -> Failure | None:
        """Why the proof is refused; None if it is accepted."""
        return self.reason(self.proof(forgery))

    def proof(self, forgery: Forgery | None) -> bytes:
        """What the prover makes of the forged cell."""
        traces = self.witness.traces if forgery is None else self.traces(forgery)
        ordered = [traces[placed.name] for placed in self.circuit.tables]
        known = self.witness.known
        with pytest.MonkeyPatch.context() as patches:
            reckless(patches)
            return self.prover.prove(ordered, *known).proof

    def reason(self, proof: bytes) -> Failure | None:
        """Why a proof is refused; None if it is accepted."""
        try:
            verify(self.circuit, self.key, *self.witness.known, INSECURE_TEST, proof)
        except VerificationError as refused:
            return refused.reason
        return None


@cache
def whole() -> Whole:
    """The one of this process."""
    return Whole()
