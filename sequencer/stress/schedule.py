"""When the batches of a run end: after so many minutes, and sooner where prices move fast.

A price goes one governance step a batch. Were batches long in a crash, the venue would follow the
market by that one step in all that time; so a batch ends before a price has moved further than half
of it, but lasts a minute at least.
"""

from collections.abc import Sequence
from typing import Final

from rollup.protocol.constants import FRACTION_SCALE
from sequencer.demo.market.scene import STEP
from sequencer.stress.candles import MINUTE_MS
from sequencer.stress.path import PricePath

STEP_SHARE: Final = 2
"""Of a governance step, as a divisor: how far a price moves within a batch of more than a
minute."""


def batch_times(
    paths: Sequence[PricePath], prelude: int, span: tuple[int, int], every: int
) -> list[int]:
    """The ends of all batches in ms: `prelude` of them a minute apart, up to the beginning of the
    span, then those of the span, at most `every` minutes each."""
    start, end = span
    times = [start - place * MINUTE_MS for place in reversed(range(prelude))]
    while times[-1] < end:
        times.append(_next(paths, times[-1], min(end, times[-1] + every * MINUTE_MS)))
    return times


def _next(paths: Sequence[PricePath], last: int, latest: int) -> int:
    """The end of the batch after the one that ended at `last`."""
    before = _reported(paths, last)
    time = last + MINUTE_MS
    while time < latest and _is_near(before, _reported(paths, time + MINUTE_MS)):
        time += MINUTE_MS
    return time


def _reported(paths: Sequence[PricePath], time: int) -> list[int]:
    """What a batch that ends then is told: the prices of the minute before."""
    return [path.at(time - MINUTE_MS) for path in paths]


def _is_near(before: Sequence[int], after: Sequence[int]) -> bool:
    return all(
        STEP_SHARE * FRACTION_SCALE * abs(new - old) <= STEP * old
        for old, new in zip(before, after, strict=True)
    )
