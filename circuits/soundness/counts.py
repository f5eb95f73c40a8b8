"""What the error terms count: sizes of a real circuit under a real parameter set, none assumed."""

from dataclasses import dataclass

from circuits.air.graph import COLUMN_DEGREE_MAX
from circuits.stark.parameters import CHUNKS, FOLD_LOG2
from circuits.stark.shape import Shape
from rollup.field.extension import DEGREE
from rollup.field.koalabear import P


@dataclass(frozen=True, slots=True)
class Counts:
    """What the error terms of docs/soundness/README.md count.

    `height` is k, rows of the tallest table; `log2_blowup` gives the rate 2^-log2_blowup.
    `largest_stack` is s, the columns of the shortest table that make one of full height;
    `blinded_rows` is h; `batched` counts functions, of which the last has the highest power.
    """

    height: int
    log2_blowup: int
    queries: int
    grinding_query: int
    grinding_batch: int
    grinding_fold: int
    blinded_rows: int
    digest_bytes: int
    largest_stack: int
    constraints: int
    batched: int
    messages: int
    fingerprint_power: int
    folds: int
    constraint_degree: int = COLUMN_DEGREE_MAX
    chunks: int = CHUNKS
    fold_arity: int = 1 << FOLD_LOG2
    base_field_size: int = P
    field_size: int = P**DEGREE

    @property
    def rate(self) -> float:
        """rho: rows per point of the evaluation domain."""
        return 2.0**-self.log2_blowup

    @property
    def domain(self) -> int:
        """n: points of the evaluation domain."""
        return self.height << self.log2_blowup


def counts_of(shape: Shape, public_messages: int) -> Counts:
    """The counts of a circuit's shape, with the most public messages that a statement may bring."""
    parameters = shape.parameters
    return Counts(
        height=shape.height,
        log2_blowup=parameters.log2_blowup,
        queries=parameters.queries,
        grinding_query=parameters.grinding_query,
        grinding_batch=parameters.grinding_batch,
        grinding_fold=parameters.grinding_fold,
        blinded_rows=parameters.blinded_rows,
        digest_bytes=parameters.digest_bytes,
        largest_stack=shape.largest_stack,
        constraints=shape.constraints,
        batched=shape.batched,
        messages=shape.interactions + public_messages,
        fingerprint_power=shape.fingerprint_power,
        folds=shape.folds,
    )
