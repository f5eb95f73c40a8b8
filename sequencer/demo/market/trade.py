"""Trades that a feed says should happen, whatever the feed: a tape or a seeded process."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rollup.protocol.order import Side


@dataclass(frozen=True, slots=True)
class WantedTrade:
    """One fill to bring about: `taker` is the aggressor's side, `mid` the middle of the best bid
    and ask just before, in ticks. Trades of one taker order share `time`, market and side."""

    time: int
    market: int
    price: int
    size: int
    taker: Side
    mid: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The trades of one batch, the oracle prices it begins with, and the end of its window.

    `left_out` counts trades of the window that the batch has no room for.
    """

    time: int
    prices: tuple[int, ...]
    trades: tuple[WantedTrade, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows of batches: number k is the `window_ms` up to `start` + k x `window_ms`.

    The clock alone ends a window. One that ended with its n-th trade would publish when there were
    n, and one left out for having none would publish that there was none.
    """

    start: int
    window_ms: int
    room: int
    """Trades of a batch; a busier window is thinned to as many, evenly over its order."""

    def end(self, number: int) -> int:
        """When window `number` ends; they count from 1."""
        return self.start + number * self.window_ms

    def windows_until(self, time: int) -> int:
        """How many windows begin before `time`."""
        return -(-(time - self.start) // self.window_ms)


def slices(trades: Iterable[WantedTrade], grid: Grid, prices: tuple[int, ...]) -> Iterator[Slice]:
    """Cut a stream into the slices of a grid's windows, up to the window of its last trade.

    A slice's oracle price is the middle before its first trade of that market, or the last one
    known, from `prices` on.
    """
    number, known = 1, prices
    part: list[WantedTrade] = []
    for trade in trades:
        while trade.time > grid.end(number):
            yield _slice(grid, number, known, part)
            known, number, part = _known(known, reversed(part)), number + 1, []
        part.append(trade)
    if part:
        yield _slice(grid, number, known, part)


def _slice(grid: Grid, number: int, known: tuple[int, ...], part: list[WantedTrade]) -> Slice:
    room = min(grid.room, len(part))
    kept = tuple(part[place * len(part) // room] for place in range(room))
    return Slice(grid.end(number), _known(known, part), kept, len(part) - room)


def _known(known: tuple[int, ...], part: Iterable[WantedTrade]) -> tuple[int, ...]:
    """Prices, where trades have one the middle of the first in each market."""
    firsts: dict[int, int] = {}
    for trade in part:
        firsts.setdefault(trade.market, trade.mid)
    return tuple(firsts.get(market, price) for market, price in enumerate(known))
