"""Candle files that tests write: made-up prices of a fall."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

START_MS = 1_700_000_040_000
"""A whole minute."""

MINUTE_MS = 60_000
HEADER = "date,open,high,low,close,volume\n"
Prices = tuple[float, float, float, float]


def date(time: int) -> str:
    """A time as candle files write it."""
    return str(datetime.fromtimestamp(time // 1000, UTC))


def row(time: int, prices: Prices) -> str:
    """A line of a candle: open, high, low, close."""
    return ",".join((date(time), *map(str, prices), "0.0")) + "\n"


def write(
    path: Path, prices: Sequence[Prices], period: int = MINUTE_MS, start: int = START_MS
) -> Path:
    """A file of candles, one after the other."""
    rows = [row(start + place * period, each) for place, each in enumerate(prices)]
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def fall(first: float, share: float, count: int) -> list[Prices]:
    """Candles each of which closes a share lower than it opened, or higher by one below zero."""
    found, price = [], first
    for _ in range(count):
        close = round(price * (1 - share), 2)
        found.append((price, max(price, close), min(price, close), close))
        price = close
    return found
