"""How far from a coin somebody is who was right so many times, and how sure that is.

Wilson's interval for a share (E. B. Wilson, "Probable inference, the law of succession, and
statistical inference", J. Amer. Statist. Assoc. 22, 1927): of n answers a share s was right, and z
is the normal quantile of the confidence, then the chance p of a right answer lies in

    (s + z^2 / 2n  +-  z sqrt(s (1 - s) / n + z^2 / 4n^2)) / (1 + z^2 / n)

The advantage is 2 p - 1. Spec: docs/spec/26-leaks.md.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.999
"""Two-sided. Pairs of worlds are several, and each may look unlike a coin by chance: at 0.95 a
table of seven would, three times in ten."""

QUANTILE: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True, slots=True)
class Advantage:
    """`right` answers of `asked`, each about a run that nobody learned from."""

    right: int
    asked: int

    @property
    def value(self) -> float:
        """2 right / asked - 1: 1 for who is always right, 0 for a coin. Below zero is no leak found
        either: nothing was said before which answer would be turned round."""
        return 2 * self.right / self.asked - 1

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, at CONFIDENCE."""
        share, count, z = self.right / self.asked, self.asked, QUANTILE
        middle = share + z * z / (2 * count)
        wide = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
        ends = ((middle + sign * wide) / (1 + z * z / count) for sign in (-1, 1))
        low, high = (2 * each - 1 for each in ends)
        return low, high

    @property
    def is_none(self) -> bool:
        """Whether a coin would do as well, as far as so many answers can tell."""
        low, high = self.interval
        return low <= 0 <= high
