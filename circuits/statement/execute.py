"""Execute: apply a batch and fill its tables without proving, and say which claims do not hold.

The rules judge first; a batch that they accept and the tables do not is a bug in one of the two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from circuits.air.check import Failure
from circuits.stark.parameters import FAST, Parameters
from circuits.statement.witness import Witness, build
from rollup.crypto.batched import verify_many
from rollup.hash.batched import compress_many
from rollup.native.memory import collector_paused
from rollup.private import Private
from rollup.protocol.batch import Batch
from rollup.protocol.encoding import hex_digest
from rollup.protocol.outcome import Outcome
from rollup.protocol.transition import apply_batch

Progress = Callable[[str], None]
"""Called with one line on each phase as it begins."""


@dataclass(frozen=True, slots=True, repr=False)
class Executed(Private):
    """A batch applied and written into tables; `seconds` by phase."""

    outcome: Outcome
    witness: Witness
    seconds: dict[str, float]


@collector_paused()
def apply_and_fill(batch: Batch, parameters: Parameters, progress: Progress) -> Executed:
    """What a batch does and the witness of it, in tables of its class. Rejected if it breaks a
    rule."""
    seconds: dict[str, float] = {}
    start = perf_counter()
    progress("rules: applying the batch")
    outcome = apply_batch(batch, compress_many=compress_many, verify_many=verify_many)
    seconds["rules"] = perf_counter() - start
    progress("witness: filling the tables")
    start = perf_counter()
    witness = build(outcome, parameters.blinded_rows, batch.shape_class)
    seconds["witness"] = perf_counter() - start
    return Executed(outcome, witness, seconds)


def execute_batch(batch: Batch, progress: Progress) -> dict[str, object]:
    """Apply, fill and check; a record of what happened, `failures` empty if every claim holds.

    A failure has its place and claim; values, which are private, are left to `circuits.air.check`.

    Rejected if the batch breaks a rule.
    """
    executed = apply_and_fill(batch, FAST, progress)
    progress("check: every claim on every row")
    start = perf_counter()
    failures = executed.witness.failures()
    executed.seconds["check"] = perf_counter() - start
    return _record(executed, failures)


def _record(executed: Executed, failures: list[Failure]) -> dict[str, object]:
    outcome = executed.outcome
    return {
        **summary(outcome),
        "phases_s": {name: round(spent, 3) for name, spent in executed.seconds.items()},
        "failures": [{"table": f.table, "row": f.row, "claim": f.claim} for f in failures],
    }


def summary(outcome: Outcome) -> dict[str, object]:
    """Counts and roots of a batch: for the operator, since counts are private."""
    public, steps = outcome.public, outcome.steps
    return {
        "batch": public.number,
        "shape_class": public.shape_class,
        "deposits": len(steps.deposits),
        "orders": len(steps.orders),
        "fills": len(steps.fills),
        "takeovers": len(steps.takeovers),
        "outflows": len(steps.outflows),
        "accounts": len(outcome.accounts),
        "old_root": hex_digest(public.old_root),
        "new_root": hex_digest(public.new_root),
    }
