"""A seeded market with the tape's habits: bursts of takers, persistent sides, log-normal sizes.

The same seed gives the same trades on every machine: only integers leave the generator, and its
floats go through IEEE operations that Python's `random` fixes.
"""

import math
from collections.abc import Iterator
from random import Random

from rollup.protocol.order import Side
from sequencer.demo.market.calibration import (
    FILLS_PER_TAKER,
    MANY_FILLS,
    SAME_SIDE,
    SIZE_LOG_DEVIATION,
    SPREAD_ONE_TICK,
    SWEEP,
    FlowShape,
)
from sequencer.demo.market.trade import WantedTrade


def flow(shape: FlowShape, market: int, seed: int, start_ms: int) -> Iterator[WantedTrade]:
    """Endless trades of one market, in order of time."""
    random = Random(f"{seed}/{market}")
    time, bid, side = float(start_ms), shape.start, Side.BUY
    while True:
        wait = random.expovariate(shape.takers_per_second)
        time += 1000 * wait
        bid = _moved(random, bid, shape.move_per_second * math.sqrt(wait))
        ask = bid + (1 if random.random() < SPREAD_ONE_TICK else 2 + int(random.random() * 5))
        if random.random() >= SAME_SIDE:
            side = Side.SELL if side is Side.BUY else Side.BUY
        mid = (bid + ask) // 2
        best, away = (ask, 1) if side is Side.BUY else (bid, -1)
        for level, size in _fills(random, shape):
            yield WantedTrade(int(time), market, best + away * level, size, side, mid)


def _moved(random: Random, bid: int, deviation: float) -> int:
    """The best bid after a pause: mostly where it was, sometimes a jump, on average `deviation`.

    Moves come in one step out of five, so that quotes live long enough to be filled in parts.
    """
    if random.random() >= 0.2:
        return bid
    move = random.gauss(0.0, deviation * math.sqrt(5.0)) * bid
    return max(2, bid + round(move))


def _fills(random: Random, shape: FlowShape) -> Iterator[tuple[int, int]]:
    """(levels away from the best price, size) of each fill of one taker."""
    count = _fill_count(random)
    sweeps = count > 1 and random.random() < SWEEP / (1 - FILLS_PER_TAKER[0])
    level = 0
    for _ in range(count):
        size = shape.size_median * math.exp(random.gauss(0.0, SIZE_LOG_DEVIATION))
        yield level, min(max(1, round(size)), shape.size_largest)
        if sweeps and random.random() < 0.5:
            level += 1 + int(random.random() * 3)


def _fill_count(random: Random) -> int:
    draw = random.random()
    for count, share in enumerate(FILLS_PER_TAKER[:-1], start=1):
        draw -= share
        if draw < 0:
            return count
    return len(FILLS_PER_TAKER) + int(random.expovariate(1 / (MANY_FILLS - len(FILLS_PER_TAKER))))
