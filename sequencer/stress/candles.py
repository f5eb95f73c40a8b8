"""Candle files: what prices did, as CSV of date, open, high, low, close and volume.

The date is the beginning of a candle in ISO 8601, UTC unless it says otherwise. The market's name
is the first word of the file's name that is no number: BTC of `20200312_btc_usdt-1h-mark.csv`.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from sequencer.demo.market.listing import market_name
from sequencer.demo.market.tape.error import BrokenLine, TapeError
from sequencer.demo.market.tape.source import content_name, read_lines

COLUMNS: Final = ("date", "open", "high", "low", "close", "volume")
MINUTE_MS: Final = 60_000
PERIOD_MAX_MS: Final = 24 * 60 * MINUTE_MS
PRICE_LIMIT: Final = Decimal(10**9)
"""Prices of a file are below this, in its own unit."""

PRICE_PLACES: Final = 12
SUFFIX: Final = "-PERP"


@dataclass(frozen=True, slots=True)
class Candle:
    """What a price did from `start` on, in ms: 0 < low <= open, close <= high."""

    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@dataclass(frozen=True, slots=True)
class Candles:
    """One market's candles, each of `period` ms, whole minutes, without a gap."""

    path: Path
    symbol: str
    period: int
    all: tuple[Candle, ...]

    @property
    def start(self) -> int:
        """When the first one begins, in ms."""
        return self.all[0].start

    @property
    def end(self) -> int:
        """When the last one ends."""
        return self.all[-1].start + self.period


def read_candles(path: Path) -> Candles:
    """The candles of a file: plain, .gz, or .zip of one file. TapeError says where it is wrong."""
    found: list[Candle] = []
    period = 0
    for line in read_lines(path):
        try:
            row = _row(line.data)
            if line.number == 1:
                _require_header(row)
                continue
            candle = _candle(row)
            if found:
                period = _require_next(found, candle, period)
        except BrokenLine as error:
            raise TapeError(path, line.number, str(error)) from None
        found.append(candle)
    if len(found) < 2:
        raise TapeError(path, 0, "two candles are wanted at least, which say how long one is")
    return Candles(path, symbol_of(path), period, tuple(found))


def symbol_of(path: Path) -> str:
    """The market that a file's name names. TapeError if it names none."""
    words = re.split(r"[^A-Za-z0-9]+", content_name(path).upper())
    for word in words:
        if word and not word.isdigit():
            return market_name(word).removesuffix(SUFFIX) + SUFFIX
    raise TapeError(path, 0, "a file name that begins with a market's name is wanted")


def window(files: Sequence[Candles], begin: int | None, hours: int | None) -> tuple[int, int]:
    """The time, in ms, that all files have candles of, from `begin` on and for so many hours.

    TapeError where they have none in common, or where it ends before it should.
    """
    first, last = max(each.start for each in files), min(each.end for each in files)
    start = first if begin is None else begin
    end = last if hours is None else start + hours * 60 * MINUTE_MS
    if not first <= start < end <= last:
        common = f"the files have {moment(first)} to {moment(last)} in common"
        raise TapeError(files[0].path, 0, f"{common}: {moment(start)} to {moment(end)} is wanted")
    return start, end


def moment(time: int) -> str:
    """A time in ms as people write it."""
    return datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%d %H:%M")


def time_of(text: str) -> int:
    """The time in ms that a text in ISO 8601 names, UTC unless it says otherwise. ValueError."""
    found = datetime.fromisoformat(text)
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _row(data: bytes) -> list[str]:
    try:
        (row,) = csv.reader((data.decode("utf-8-sig"),), strict=True)
    except (ValueError, csv.Error):
        raise BrokenLine("a row of CSV is wanted") from None
    if len(row) != len(COLUMNS):
        raise BrokenLine(f"{len(COLUMNS)} columns are wanted, {len(row)} came")
    return row


def _require_header(row: Sequence[str]) -> None:
    if tuple(name.strip().lower() for name in row) != COLUMNS:
        raise BrokenLine(f"a header of {', '.join(COLUMNS)} is wanted")


def _candle(row: Sequence[str]) -> Candle:
    try:
        start = time_of(row[0])
    except ValueError:
        raise BrokenLine("a date in ISO 8601 is wanted") from None
    if start % MINUTE_MS:
        raise BrokenLine("a candle begins with a minute")
    opened, high, low, close = _prices(row[1:5])
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise BrokenLine("open and close must lie between low and high")
    return Candle(start, opened, high, low, close)


def _prices(cells: Sequence[str]) -> Iterator[Decimal]:
    for name, text in zip(COLUMNS[1:5], cells, strict=True):
        try:
            price = Decimal(text)
        except InvalidOperation:
            raise BrokenLine(f"{name}: a number is wanted") from None
        if not (price.is_finite() and 0 < price < PRICE_LIMIT):
            raise BrokenLine(f"{name}: above 0 and below {PRICE_LIMIT:,} is wanted")
        yield round(price, PRICE_PLACES)


def _require_next(found: Sequence[Candle], candle: Candle, period: int) -> int:
    """How long candles are: each begins where the one before it ended."""
    since = candle.start - found[-1].start
    if not 0 < since <= PERIOD_MAX_MS:
        raise BrokenLine("a candle that begins after the last one, by a day at most, is wanted")
    if period and since != period:
        minutes = period // MINUTE_MS
        raise BrokenLine(f"a candle {minutes} minutes after the last one is wanted: no gaps")
    return since
