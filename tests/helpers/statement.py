"""The statement at a small shape class, and what `check` finds in the witness of an outcome."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from circuits.air.check import Failure, failed_claims
from circuits.air.circuit import Circuit
from circuits.statement.circuit import circuit_with
from circuits.statement.replay import replay
from circuits.statement.witness import Traces, Witness, fill_tables, witness_of
from circuits.tables.batch.columns import Columns
from circuits.tables.records import Records
from rollup.hash.poseidon import Digest, compress
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import ShapeClass

SMALL_HEIGHTS = {
    "poseidon": 2**11,
    "range": 2**14,
    "tree": 2**10,
    "base": 2**10,
    "ladder": 2**8,
    "signature": 2**6,
    "order": 2**6,
    "fill": 2**5,
    "takeover": 2**5,
    "outflow": 2**5,
    "account": 2**5,
    "header": 2**5,
    "position": 2**5,
    "total": 2**5,
    "market": 2**7,
    "trigger": 2**6,
    "slot": 2**5,
    "deposit": 2**5,
    "batch": 2**5,
}
"""Room for 16 orders. The lookup tables keep their entries, so they keep their size."""

SMALL_CLASS = ShapeClass(
    "small", trades=12, orders=16, slots=24, accounts=100, positions=256, triggers=60, nodes=900
)

BLINDED = 1
"""Rows that `check` leaves out, as the engine would; small tables can spare one."""


ANSWERS = {"poseidon.compression", "range.entry", "base.entry"}
"""Claims of tables that only answer: where a question is false, the true answer finds nobody."""


@cache
def small_circuit() -> Circuit:
    return circuit_with(SMALL_HEIGHTS, SMALL_CLASS)


def small_witness(outcome: Outcome) -> Witness:
    """The witness of an outcome, honest or forged."""
    return forged_witness(replay(outcome), outcome.public)


def forged_witness(records: Records, public: PublicInput) -> Witness:
    """The witness of records that may say anything, and publish what they say: who lies about a
    leaf commits to the data of the lie."""
    traces = fill_tables(records, small_circuit(), BLINDED)
    public = replace(public, data_commitment=published_by(traces))
    return witness_of(traces, public, small_circuit(), BLINDED)


def published_by(traces: Traces) -> Digest:
    """The data commitment at which the first row of the batch table arrives."""
    row = Columns.bind([int(cell) for cell in traces["batch"][0]])
    return compress(row.with_markets, row.after.right)


def failures_of(outcome: Outcome) -> list[Failure]:
    return small_witness(outcome).failures()


def claims_broken_by(outcome: Outcome) -> set[str]:
    """Claims that the circuit denies of an outcome."""
    return denied(failures_of(outcome))


def claims_broken_in(records: Records, public: PublicInput) -> set[str]:
    """Claims that the circuit denies of records."""
    return denied(forged_witness(records, public).failures())


def denied(failures: Iterable[Failure]) -> set[str]:
    """The claims that fail, those of answers left out."""
    return failed_claims(failures) - ANSWERS
