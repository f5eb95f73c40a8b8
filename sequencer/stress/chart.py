"""Charts as SVG, drawn here: lines over time, and bars. Colours are those of the page around them.

Every mark is a number that somebody can read: axes have round ticks, and each chart a name for
those who do not see it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import floor, log10
from typing import Final

from sequencer.stress.candles import moment

WIDTH: Final = 720
HEIGHT: Final = 250
LEFT, RIGHT, TOP, BOTTOM = 68, 12, 14, 30
TICKS: Final = 4
TIME_TICKS: Final = 6
STEPS: Final = (1, 2, 2.5, 5, 10)
HOUR_MS: Final = 3_600_000
TIME_STEPS: Final = tuple(
    minutes * 60_000 for minutes in (1, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440)
)

Words = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Line:
    """A name and values, one for each time of its chart."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Scale:
    """The values of an axis: ends that enclose the data, `step` apart."""

    low: float
    high: float
    step: float

    @property
    def ticks(self) -> list[float]:
        """Round values from end to end."""
        count = round((self.high - self.low) / self.step)
        return [self.low + place * self.step for place in range(count + 1)]

    def height(self, value: float) -> float:
        """Where a value is, from the top of the picture."""
        share = (value - self.low) / (self.high - self.low)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def scale_of(values: Sequence[float], *, from_zero: bool) -> Scale:
    """An axis for values, with about four steps of a round size."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / TICKS
    magnitude = 10.0 ** floor(log10(rough))
    step = next(each * magnitude for each in STEPS if each * magnitude >= rough * 0.999)
    first, last = floor(low / step), -floor(-high / step)
    return Scale(first * step, last * step, step)


def lines(
    title: str, times: Sequence[int], series: Sequence[Line], words: Words, *, from_zero: bool
) -> str:
    """A chart of lines over the same times, in ms."""
    scale = scale_of([value for line in series for value in line.values], from_zero=from_zero)
    across = _across(times[0], times[-1])
    drawn = [
        f'<polyline class="line s{place}" points="{_points(times, line, across, scale)}"/>'
        for place, line in enumerate(series)
    ]
    return _picture(title, times, [line.name for line in series], scale, words, drawn)


def bars(title: str, times: Sequence[int], name: str, values: Sequence[float], words: Words) -> str:
    """A chart of bars, each of which begins at its time; all are as wide as the least distance."""
    scale = scale_of(values, from_zero=True)
    width = min((after - time for time, after in pairwise(times)), default=HOUR_MS)
    end = times[-1] + width
    across = _across(times[0], end)
    drawn = []
    for time, value in zip(times, values, strict=True):
        left, right, top = across(time), across(time + width), scale.height(value)
        tall = scale.height(0) - top
        drawn.append(
            f'<rect class="bar s0" x="{left + 0.5:.1f}" y="{top:.1f}" '
            f'width="{max(0.5, right - left - 1):.1f}" height="{tall:.1f}">'
            f"<title>{moment(time)}: {escape(words(value))}</title></rect>"
        )
    return _picture(title, [*times, end], [name], scale, words, drawn)


def _across(begin: int, end: int) -> Callable[[int], float]:
    """Where a time is, from the left of the picture."""
    span = max(1, end - begin)
    return lambda time: LEFT + (time - begin) / span * (WIDTH - LEFT - RIGHT)


def _points(times: Sequence[int], line: Line, across: Callable[[int], float], scale: Scale) -> str:
    pairs = zip(times, line.values, strict=True)
    return " ".join(f"{across(time):.1f},{scale.height(value):.1f}" for time, value in pairs)


def _picture(
    title: str,
    times: Sequence[int],
    names: Sequence[str],
    scale: Scale,
    words: Words,
    drawn: Sequence[str],
) -> str:
    legend = "".join(
        f'<span class="key s{place}">{escape(name)}</span>' for place, name in enumerate(names)
    )
    return (
        f'<figure><figcaption>{escape(title)}<span class="legend">{legend}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{_value_axis(scale, words)}{_time_axis(times)}{''.join(drawn)}</svg></figure>"
    )


def _value_axis(scale: Scale, words: Words) -> str:
    rows = []
    for tick in scale.ticks:
        y = scale.height(tick)
        rows.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="value" x="{LEFT - 8}" y="{y + 4:.1f}">{escape(words(tick))}</text>'
        )
    return "".join(rows)


def _time_axis(times: Sequence[int]) -> str:
    begin, end = times[0], times[-1]
    across = _across(begin, end)
    wide = (end - begin) / TIME_TICKS
    step = next((each for each in TIME_STEPS if each >= wide), TIME_STEPS[-1])
    cells, last = [], ""
    for time in range(-(-begin // step) * step, end + 1, step):
        day, clock = moment(time).split()
        text = clock if day == last else f"{day[5:]} {clock}"
        cells.append(f'<text class="time" x="{across(time):.1f}" y="{HEIGHT - 10}">{text}</text>')
        last = day
    return "".join(cells)
