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
    """The trades of one batch, the oracle prices it begins with, and the end of its window."""

    time: int
    prices: tuple[int, ...]
    trades: tuple[WantedTrade, ...]


def slices(
    trades: Iterable[WantedTrade], count: int, start: int, prices: tuple[int, ...]
) -> Iterator[Slice]:
    """Cut a stream into slices of `count` trades; what is left over at the end is dropped.

    A slice's oracle price is the middle before its first trade of that market, or the last one
    known, from `prices` on. Its window ends with its last trade, and after the one before it.
    """
    known, end = list(prices), start
    part: list[WantedTrade] = []
    for trade in trades:
        part.append(trade)
        if len(part) < count:
            continue
        firsts: dict[int, int] = {}
        for each in part:
            firsts.setdefault(each.market, each.mid)
        for market, mid in firsts.items():
            known[market] = mid
        end = max(part[-1].time, end + 1)
        yield Slice(end, tuple(known), tuple(part))
        for each in part:
            known[each.market] = each.mid
        part = []
