"""Proximity gaps up to the Johnson bound: two published theorems, as functions of m.

With a code of rate rho, the integer m >= 3 fixes eta = sqrt(rho) / (2 m), the proximity parameter
delta = 1 - sqrt(rho) - eta and the list size (m + 1/2) / sqrt(rho). A theorem then bounds the
probability that two far functions have a close random combination, the *line error*. Nothing here
rests on a conjecture: agreement beyond the Johnson bound is not used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from circuits.soundness.counts import Counts

M_MIN = 3
"""The theorems ask for m >= 3."""


def agreement(counts: Counts, m: int) -> float:
    """1 - delta: the fraction of points that a function close to the code shares with it."""
    root = sqrt(counts.rate)
    return root + root / (2 * m)


def list_size(counts: Counts, m: int) -> float:
    """How many codewords can lie within delta of one function."""
    return (m + 0.5) / sqrt(counts.rate)


def bchks25_line_error(counts: Counts, m: int) -> float:
    """BCHKS25 (ePrint 2025/2055), theorem 4.2: O(n / eta^5) over |F|.

    ([2 (m+1/2)^5 + 3 (m+1/2) gamma rho] n / (3 rho^(3/2)) + (m+1/2) / sqrt(rho)) / |F|,
    gamma = 1 - sqrt(rho) (1 + 1/(2 m)).
    """
    rate, half = counts.rate, m + 0.5
    gamma = 1 - agreement(counts, m)
    combinations: float = (2 * half**5 + 3 * half * gamma * rate) * counts.domain / (3 * rate**1.5)
    return (combinations + half / sqrt(rate)) / counts.field_size


def dkt26_line_error(counts: Counts, m: int) -> float:
    """DKT26 (ePrint 2026/2056), theorem 5.12: 8 n (m+1/2)^3 / (3 rho') / |F|, rho' = (k-1)/n."""
    lower_rate = (counts.height - 1) / counts.domain
    return 8 * counts.domain * (m + 0.5) ** 3 / (3 * lower_rate) / counts.field_size


@dataclass(frozen=True, slots=True)
class Bound:
    """A published theorem."""

    name: str
    line_error: Callable[[Counts, int], float]


BCHKS25 = Bound("BCHKS25 theorem 4.2", bchks25_line_error)
"""The reference: a parameter set must hold by this one alone."""

DKT26 = Bound("DKT26 theorem 5.12", dkt26_line_error)
"""Sharper and two months old: shown beside the reference, never relied on."""

BOUNDS = (BCHKS25, DKT26)
