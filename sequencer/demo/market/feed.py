"""What a demonstration trades: a recorded feed or the seeded market, cut into windows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path
from typing import Final

from rollup.protocol.market import Market
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from sequencer.demo.market.calibration import FEED_MS, btc_flow, eth_flow
from sequencer.demo.market.listing import BTC_MARKET, ETH_MARKET
from sequencer.demo.market.synthetic import flow
from sequencer.demo.market.tape.tables import BAR_TRADES
from sequencer.demo.market.tape.tape import Tape, open_tape
from sequencer.demo.market.trade import Grid, Slice, WantedTrade, slices

BTC, ETH = 0, 1
BEGIN_MS: Final = FEED_MS + 340_000
"""When the synthetic market begins: three batches of class S before the end of an hour, so that the
batch after them charges funding."""

DIVISOR: Final = 10
"""Sizes of the synthetic market are a tenth of what it is calibrated to: 0.001 BTC becomes 10 lots
of 1e-5."""

SECOND_MS: Final = 1000
"""The window of a batch of class S, in which the synthetic market has about 80 trades; of a
larger class as much longer as it holds more."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Markets and trades of a demonstration. `windows` is None where the feed never ends. The last
    markets have no trades in it, and the prices of those that `tracked` names."""

    name: str
    markets: tuple[Market, ...]
    divisors: tuple[int, ...]
    prices: tuple[int, ...]
    grid: Grid
    windows: int | None
    skipped: Mapping[str, int]
    trades: Iterator[WantedTrade] = field(repr=False)
    tracked: tuple[int, ...] = ()

    def slices(self) -> Iterator[Slice]:
        """A slice for every window, once."""
        own = len(self.markets) - len(self.tracked)
        for part in slices(self.trades, self.grid, self.prices[:own]):
            more = (part.prices[market] for market in self.tracked)
            yield replace(part, prices=(*part.prices, *more))

    def batches(self, most: int | None) -> Iterator[tuple[Slice, tuple[WantedTrade, ...]]]:
        """Slices, each with the trades of the one after it; None: for as long as there are any."""
        every = self.slices()
        part = next(every, None)
        for _ in count() if most is None else range(most):
            if part is None:
                return
            later = next(every, None)
            yield part, later.trades if later is not None else ()
            part = later


def room_of(shape: ShapeClass) -> int:
    """Trades wanted of a batch at most: seven of eight, room for what was not planned."""
    return shape.trades * 7 // 8


def window_of(shape: ShapeClass) -> int:
    """Milliseconds of a batch's window where a feed shows single trades."""
    return SECOND_MS * shape.trades // CLASS_S.trades


def open_feed(data: Path | None, seed: int, shape: ShapeClass, room: int | None = None) -> Feed:
    """The recorded feed at `data`, or the synthetic market of `seed`. Raises TapeError."""
    most = room_of(shape) if room is None else room
    if data is None:
        return _synthetic(seed, window_of(shape), most)
    return _recorded(open_tape(data), seed, window_of(shape), most)


def _synthetic(seed: int, window_ms: int, room: int) -> Feed:
    btc = flow(btc_flow(10**BTC_MARKET.size_decimals // DIVISOR), BTC, seed, BEGIN_MS)
    first = next(btc)
    eth, eth_price = _synthetic_eth(seed, first.time, 1.0)
    return Feed(
        name=f"synthetic, seed {seed}",
        markets=(BTC_MARKET, ETH_MARKET),
        divisors=(DIVISOR, DIVISOR),
        prices=(first.mid, eth_price),
        grid=Grid(first.time - 1, window_ms, room),
        windows=None,
        skipped={},
        trades=_merged(chain((first,), btc), eth),
    )


def _recorded(tape: Tape, seed: int, window_ms: int, room: int) -> Feed:
    """A recorded feed; the window of bars is the time between two of the trades they become."""
    grid = Grid(tape.first_ms - 1, max(window_ms, tape.bar_ms // BAR_TRADES), room)
    prices = tuple(listing.oracle(listing.first_mid) for listing in tape.listings)
    feed = Feed(
        name=str(tape.path),
        markets=tuple(listing.market for listing in tape.listings),
        divisors=tuple(listing.divisor for listing in tape.listings),
        prices=prices,
        grid=grid,
        windows=grid.windows_until(tape.last_ms),
        skipped=tape.skipped,
        trades=tape.trades(),
    )
    if len(feed.markets) > 1 or feed.markets[0].symbol == ETH_MARKET.symbol:
        return feed
    eth, eth_price = _synthetic_eth(seed, tape.first_ms, grid.window_ms / window_ms)
    return replace(
        feed,
        markets=(*feed.markets, ETH_MARKET),
        divisors=(*feed.divisors, DIVISOR),
        prices=(*prices, eth_price),
        trades=_merged(feed.trades, eth),
    )


def _synthetic_eth(seed: int, start_ms: int, slower: float) -> tuple[Iterator[WantedTrade], int]:
    """ETH's trades and first price; `slower` keeps their number in a longer window what it is."""
    shape = eth_flow(10**ETH_MARKET.size_decimals // DIVISOR)
    slow = replace(shape, takers_per_second=shape.takers_per_second / slower)
    return flow(slow, ETH, seed, start_ms), shape.start


def _merged(leading: Iterator[WantedTrade], other: Iterator[WantedTrade]) -> Iterator[WantedTrade]:
    """Both by time, for as long as the leading one lasts; the other never ends."""
    waiting = next(other)
    for trade in leading:
        while waiting.time < trade.time:
            yield waiting
            waiting = next(other)
        yield trade
