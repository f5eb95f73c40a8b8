"""What every reader of feeds makes of its lines: trades, with numbers as integers."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from rollup.protocol.order import Side
from sequencer.demo.market.tape.error import BrokenLine

DECIMALS: Final = 8
"""Prices and sizes are integers of 1e-8, the finest that Binance shows."""

NUMBER: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,30}))?", re.ASCII)
SYMBOL: Final = re.compile(r"[A-Z0-9]{2,20}(?:_[A-Z0-9]{1,10})?", re.ASCII)
KIND: Final = re.compile(r"[A-Za-z0-9_]{1,20}", re.ASCII)

MICROSECONDS_FROM: Final = 10**14
"""As milliseconds this is the year 5138, as microseconds 1973: no feed has either by right."""

TIME_MAX: Final = 10**17
KINDS_MAX: Final = 16
"""Kinds of skipped lines that are named; a feed can invent any number of them."""

OTHER: Final = "other events"


@dataclass(frozen=True, slots=True)
class RecordedTrade:
    """A trade as a feed shows it: time in ms, price, size and middle in 1e-8."""

    symbol: str
    time: int
    price: int
    size: int
    taker: Side
    mid: int


@dataclass(slots=True)
class Skipped:
    """How many lines were no trade though nothing is wrong with them, by kind."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, count: int = 1) -> None:
        """Count lines of a kind."""
        known = kind in self.counts or len(self.counts) < KINDS_MAX
        self.counts[kind if known else OTHER] += count

    def named(self, before: str, name: object) -> None:
        """Count a line whose kind the feed names, if its name is one to print."""
        fits = isinstance(name, str) and KIND.fullmatch(name)
        self.add(f"{before} {name}" if fits else f"{before} of unknown name")


def number(name: str, text: object) -> int:
    """A decimal text, as an integer of 1e-8."""
    found = NUMBER.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BrokenLine(f"{name} must be a decimal number as text")
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > DECIMALS:
        raise BrokenLine(f"{name} must have at most {DECIMALS} decimals")
    return int(whole + fraction.ljust(DECIMALS, "0"))


def above_zero(name: str, text: object) -> int:
    """A decimal text above zero, as an integer of 1e-8."""
    value = number(name, text)
    if value == 0:
        raise BrokenLine(f"{name} must be above zero")
    return value


def milliseconds(name: str, value: object) -> int:
    """A time since 1970 in milliseconds or microseconds, as milliseconds."""
    if type(value) is not int or not 0 < value < TIME_MAX:
        raise BrokenLine(f"{name} must be a time in milliseconds or microseconds")
    return value // 1000 if value >= MICROSECONDS_FROM else value
