"""Prices minute by minute, through what a candle says of them.

A candle names four prices and no order of the two in the middle. Which of low and high came first,
and when, is drawn from the seed, for all markets alike, since they fall together; between the four
a price moves in a straight line. So a minute's price is made up, and an hour's extremes are not.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final

from rollup.protocol.constants import COLLATERAL_DECIMALS
from rollup.protocol.oracle import PRICE_LEAST
from sequencer.stress.candles import MINUTE_MS, Candle, Candles

TICKS_WANTED: Final = 10**5
"""Ticks of a first price, at least, where sizes leave decimals for them: then a tick is at most a
thousandth of a percent of it."""

Point = tuple[int, Decimal]
"""Minute of a candle, and the price there."""


def decimals_of(first: Decimal) -> int:
    """How many decimals the prices of a market have, by its first one."""
    fine = (each for each in range(COLLATERAL_DECIMALS) if first * 10**each >= TICKS_WANTED)
    return next(fine, COLLATERAL_DECIMALS)


@dataclass(frozen=True, slots=True)
class PricePath:
    """One market's price at every minute of its candles, in ticks."""

    candles: Candles
    decimals: int
    seed: int

    def at(self, time: int) -> int:
        """The price at a time in ms; before the first minute it is the first one's, after the last
        one the last one's."""
        found = self.candles
        inside = min(max(time, found.start), found.end - MINUTE_MS)
        place = (inside - found.start) // found.period
        candle = found.all[place]
        points = waypoints(candle, found.period // MINUTE_MS, self.seed)
        return self._ticks(_between(points, (inside - candle.start) // MINUTE_MS))

    def _ticks(self, price: Decimal) -> int:
        """Rounded down, and never below the least price that a market may have."""
        return max(PRICE_LEAST, int(price * 10**self.decimals))


def waypoints(candle: Candle, minutes: int, seed: int) -> Sequence[Point]:
    """The prices that a candle names, at minutes of it: where there are less than four, the last
    of them."""
    random = Random(f"stress/path/{seed}/{candle.start}")
    low_first = random.random() < 0.5
    first, second = (candle.low, candle.high) if low_first else (candle.high, candle.low)
    prices = [candle.open, first, second, candle.close]
    if minutes < len(prices):
        return list(enumerate(prices[-minutes:]))
    early, late = sorted(random.sample(range(1, minutes - 1), 2))
    return list(zip((0, early, late, minutes - 1), prices, strict=True))


def _between(points: Sequence[Point], minute: int) -> Decimal:
    """The price at a minute, on the straight line between the points around it."""
    after = bisect_right([place for place, _ in points], minute)
    place, price = points[after - 1]
    if after == len(points):
        return price
    end, target = points[after]
    return price + (target - price) * (minute - place) / (end - place)
