"""Prices for development: a few slow waves around a market's first price.

A function of the time alone, so that a venue which goes on after a stop goes on with its prices. It
stands where signed reports of an oracle will stand; nobody should trade money on it.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import Final

from rollup.protocol.constants import FRACTION_SCALE

WAVES: Final = ((47_000, 0.1), (311_000, 0.3), (1_999_000, 0.6))
"""Length in ms, and share of the swing: the shares sum to one, so the swing bounds the price."""


class DevelopmentPrices:
    """Prices of all markets at a time. The same seed gives the same prices."""

    def __init__(self, first: Sequence[int], swings: Sequence[int], seed: int) -> None:
        random = Random(f"prices/{seed}")
        phases = [[random.uniform(0, math.tau) for _ in WAVES] for _ in first]
        self._markets = list(zip(first, swings, phases, strict=True))

    def at(self, time: int) -> tuple[int, ...]:
        """A price for each market, at a time in ms."""
        return tuple(self._price(time, *market) for market in self._markets)

    def _price(self, time: int, first: int, swing: int, phases: Sequence[float]) -> int:
        height = sum(
            share * math.sin(math.tau * (time % length) / length + phase)
            for (length, share), phase in zip(WAVES, phases, strict=True)
        )
        return first + int(height * swing * first / FRACTION_SCALE)
