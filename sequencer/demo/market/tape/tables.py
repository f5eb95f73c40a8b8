"""Binance's public data: rows of aggTrades or klines, futures or spot, with or without a header.

A bar (kline) is no list of trades. It becomes four of a quarter of its volume each, at the quarters
of its time: open, low, high, close where it closed above its open, else open, high, low, close.
That is the shortest path through the four prices. As many of the four are buys as the takers' share
of bought volume says, to the nearest; the high is the first to be one and the low the last, because
buyers lift a price. What quarters leave over of the volume, the first trades have.
"""

import csv
from collections.abc import Sequence
from typing import Final

from rollup.protocol.order import Side
from sequencer.demo.market.tape.error import WANTED, BrokenLine
from sequencer.demo.market.tape.record import (
    DECIMALS,
    RecordedTrade,
    Skipped,
    above_zero,
    milliseconds,
    number,
)

Columns = tuple[str, ...]
AGGREGATED_FUTURES: Final = (
    "agg_trade_id",
    "price",
    "quantity",
    "first_trade_id",
    "last_trade_id",
    "transact_time",
    "is_buyer_maker",
)
AGGREGATED_SPOT: Final = (*AGGREGATED_FUTURES, "is_best_match")
BARS: Final = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
COLUMNS: Final = {len(columns): columns for columns in (AGGREGATED_FUTURES, AGGREGATED_SPOT, BARS)}
"""Which file it is follows from how many columns it has; a header only confirms it."""

BAR_TRADES: Final = 4


class TableReader:
    """Rows to trades of one symbol."""

    def __init__(self, symbol: str, skipped: Skipped) -> None:
        self._symbol = symbol
        self._skipped = skipped
        self._columns: Columns = ()
        self.bar_ms = 0
        """How long the first bar is; 0 where there are no bars."""

    def read(self, data: bytes) -> tuple[RecordedTrade, ...]:
        """The trades of a line. Raises BrokenLine."""
        row = _row(data)
        if not self._columns:
            self._columns = _columns(row)
            if not row[0].isdigit():
                return ()
        if len(row) != len(self._columns):
            raise BrokenLine(f"{len(self._columns)} columns are wanted, {len(row)} came")
        if self._columns is BARS:
            return self._bar(row)
        return (self._aggregated(row),)

    def _aggregated(self, row: Sequence[str]) -> RecordedTrade:
        price, size = above_zero("price", row[1]), above_zero("quantity", row[2])
        maker = row[6].lower()
        if maker not in ("true", "false"):
            raise BrokenLine("is_buyer_maker must be true or false")
        taker = Side.SELL if maker == "true" else Side.BUY
        return RecordedTrade(self._symbol, _time(row, 5), price, size, taker, price)

    def _bar(self, row: Sequence[str]) -> tuple[RecordedTrade, ...]:
        start, end = _time(row, 0), _time(row, 6) + 1
        if end - start < BAR_TRADES:
            raise BrokenLine("close_time must be after open_time")
        self.bar_ms = self.bar_ms or end - start
        opened, high, low, close = (above_zero(BARS[place], row[place]) for place in range(1, 5))
        if not low <= min(opened, close) <= max(opened, close) <= high:
            raise BrokenLine("open and close must lie between low and high")
        volume, bought = number("volume", row[5]), number("taker_buy_volume", row[9])
        if bought > volume:
            raise BrokenLine("taker_buy_volume must not exceed volume")
        if volume == 0:
            self._skipped.add("bar without volume")
            return ()
        rises = close > opened
        prices = (opened, low, high, close) if rises else (opened, high, low, close)
        sizes = _quarters(volume, _grain(row[5]))
        sides = _sides(rises, (2 * BAR_TRADES * bought + volume) // (2 * volume))
        return tuple(
            RecordedTrade(
                self._symbol, start + place * (end - start) // BAR_TRADES, price, size, side, price
            )
            for place, (price, size, side) in enumerate(zip(prices, sizes, sides, strict=True))
            if size
        )


def require_columns(data: bytes) -> None:
    """Refuse a table of which this is the first row unless it is one that is read."""
    _columns(_row(data))


def _row(data: bytes) -> list[str]:
    try:
        (row,) = csv.reader((data.decode("utf-8-sig"),), strict=True)
    except (ValueError, csv.Error):
        raise BrokenLine("a row of CSV is wanted") from None
    return row


def _columns(row: Sequence[str]) -> Columns:
    """The columns of a table by its first row, which may be a header."""
    columns = COLUMNS.get(len(row), ())
    is_header = not row[0].isdigit() if row else False
    if not columns or (is_header and _spelt(row[:2]) != _spelt(columns[:2])):
        raise BrokenLine(f"a CSV of these {len(row)} columns is not read; wanted: {WANTED}")
    return columns


def _spelt(names: Sequence[str]) -> list[str]:
    """Names of columns however a publisher joins their words."""
    return [name.strip().lower().replace("_", "").replace(" ", "") for name in names]


def _time(row: Sequence[str], place: int) -> int:
    text = row[place]
    fits = text.isascii() and text.isdigit() and len(text) <= 20
    return milliseconds(f"column {place + 1}", int(text) if fits else None)


def _grain(text: str) -> int:
    """The last decimal place that a number shows, in 1e-8."""
    shown = len(text.partition(".")[2])
    grain: int = 10 ** (DECIMALS - min(shown, DECIMALS))
    return grain


def _quarters(volume: int, grain: int) -> tuple[int, ...]:
    """Four sizes of whole grains that add up to the volume."""
    each, left = divmod(volume // grain, BAR_TRADES)
    return tuple(grain * (each + (place < left)) for place in range(BAR_TRADES))


def _sides(rises: bool, buys: int) -> tuple[Side, ...]:
    """Sides of the four trades in order of time, of which `buys` are buys."""
    first_to_buy = (2, 3, 0, 1) if rises else (1, 0, 3, 2)
    chosen = first_to_buy[:buys]
    return tuple(Side.BUY if place in chosen else Side.SELL for place in range(BAR_TRADES))
