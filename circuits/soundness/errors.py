"""The error terms, one function a round of the proof, in the order of the transcript.

Each returns the probability that a false statement survives that round, given that it was still
doomed before: round-by-round soundness. Grinding before a challenge divides its term by the work.
The formulae with their sources: docs/soundness/README.md, "Error terms". `line` is the line
error of the chosen bound at m, from `circuits.soundness.bounds`.
"""

from circuits.soundness.bounds import agreement, list_size
from circuits.soundness.counts import Counts


def lookup(counts: Counts, m: int) -> float:
    """Challenges alpha, beta: unequal multisets of messages have equal sums of fractions.

    W + 2: W powers of beta in a fingerprint, the root of the numerator, a vanishing denominator.
    """
    total = counts.messages * (counts.fingerprint_power + 2)
    return list_size(counts, m) * total / counts.field_size


def constraint_batching(counts: Counts, m: int) -> float:
    """The constraint challenge: a false constraint vanishes in the sum over its powers."""
    return list_size(counts, m) * counts.constraints / counts.field_size


def out_of_domain(counts: Counts, m: int) -> float:
    """The point zeta: a quotient identity that is false as polynomials holds at one point.

    The groups share one identity. Times X^k - 1, it has on the constraints' side columns of
    degree <= k - s, the factor h s of the blinded rows, and s more where the last active row is
    left out; on the other side the top chunk. Zeta is drawn off the base field.
    """
    rows, blinded = counts.height, counts.blinded_rows
    constraints = counts.constraint_degree * rows + (blinded + 1) * counts.largest_stack
    chunks = (counts.chunks + 1) * rows - (counts.chunks - 1) * blinded + 2
    points = counts.field_size - counts.base_field_size
    return list_size(counts, m) * max(constraints, chunks) / points


def batching(counts: Counts, line: float) -> float:
    """The batch challenge: far functions have a close sum over powers. One line error a power,
    up to the highest."""
    return line * (counts.batched - 1) / 2.0**counts.grinding_batch


def fold(counts: Counts, line: float) -> float:
    """One fold challenge. `line` is the line error of the code before this fold."""
    return line * (counts.fold_arity - 1) / 2.0**counts.grinding_fold


def query(counts: Counts, m: int) -> float:
    """All queries miss every point where a far function differs from the code."""
    return agreement(counts, m) ** counts.queries / 2.0**counts.grinding_query
