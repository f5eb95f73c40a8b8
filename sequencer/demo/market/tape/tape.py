"""A feed as markets to list and trades to bring about: what it shows decides what they are.

A file is read twice: once whole, to learn its symbols, their decimals and their largest trade, and
again, as far as the demonstration goes, for the trades.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.protocol.constants import COLLATERAL_DECIMALS, MARKETS_MAX
from rollup.protocol.market import Market
from rollup.protocol.oracle import PRICE_LEAST
from rollup.protocol.rejection import Rejected
from sequencer.demo.market.listing import TICKS_MAX, list_market, market_name
from sequencer.demo.market.tape.error import TapeError
from sequencer.demo.market.tape.record import DECIMALS, RecordedTrade
from sequencer.demo.market.tape.recording import Recording
from sequencer.demo.market.trade import WantedTrade

LARGEST_NOTIONAL: Final = 300_000
"""Dollars of the largest trade that the demonstration's traders are asked for: a tenth of what the
feed shows, or a hundredth..., if that is more. Their capital is 0.1 to 1 million each."""

FIRST_LEAST: Final = 10 * PRICE_LEAST
"""Ticks of a first price, at least, where sizes leave decimals for it: room to fall."""

BEYOND: Final = f"trade of a symbol beyond the {MARKETS_MAX} most traded"


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol of a feed and the market it became; sizes are the feed's over `divisor`, a power of
    ten, rounded down, and at least one lot. `first_mid` is of its first trade, in 1e-8."""

    symbol: str
    market: Market
    divisor: int
    first_mid: int

    def ticks(self, price: int) -> int:
        """A price of 1e-8 in ticks, rounded down."""
        return _in_ticks(price, self.market.price_decimals)

    def oracle(self, mid: int) -> int:
        """A middle of 1e-8 as an oracle's price, which is at least the least."""
        return max(PRICE_LEAST, self.ticks(mid))

    def lots(self, size: int) -> int:
        """A size of 1e-8 in lots."""
        lots_per_coin: int = 10**self.market.size_decimals
        return max(1, size * lots_per_coin // (10**DECIMALS * self.divisor))


@dataclass(frozen=True, slots=True)
class Tape:
    """A feed that was read once. `bar_ms` is 0 where it shows single trades."""

    path: Path
    listings: tuple[Listing, ...]
    skipped: Mapping[str, int]
    first_ms: int
    last_ms: int
    bar_ms: int

    def trades(self) -> Iterator[WantedTrade]:
        """The listed symbols' trades in order of time. TapeError if the file is another by now."""
        places = {listing.symbol: place for place, listing in enumerate(self.listings)}
        for trade in Recording(self.path).trades():
            place = places.get(trade.symbol)
            if place is not None:
                yield self._wanted(trade, place)

    def _wanted(self, trade: RecordedTrade, place: int) -> WantedTrade:
        listing = self.listings[place]
        price, size = listing.ticks(trade.price), listing.lots(trade.size)
        mid = listing.oracle(trade.mid)
        largest = LARGEST_NOTIONAL * 10**COLLATERAL_DECIMALS
        if not (0 < price <= TICKS_MAX and mid <= TICKS_MAX and price * size <= largest):
            raise TapeError(self.path, 0, "the file changed while it was read")
        return WantedTrade(trade.time, place, price, size, trade.taker, mid)


@dataclass(slots=True)
class _Seen:
    """What the first reading learns of one symbol, in 1e-8."""

    trades: int = 0
    price_grain: int = 0
    size_grain: int = 0
    highest: int = 0
    largest: int = 0
    first_mid: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def add(self, trade: RecordedTrade) -> None:
        self.first_mid = self.first_mid or trade.mid
        self.first_ms = self.first_ms or trade.time
        self.last_ms = trade.time
        self.trades += 1
        self.price_grain = math.gcd(self.price_grain, trade.price)
        self.size_grain = math.gcd(self.size_grain, trade.size)
        self.highest = max(self.highest, trade.price, trade.mid)
        self.largest = max(self.largest, trade.price * trade.size)


def open_tape(path: Path) -> Tape:
    """Read a feed once. Raises TapeError where it is not as wanted, or fits no market."""
    recording = Recording(path)
    seen: dict[str, _Seen] = {}
    for trade in recording.trades():
        seen.setdefault(trade.symbol, _Seen()).add(trade)
    by_trades = sorted(seen, key=lambda symbol: -seen[symbol].trades)
    listed, beyond = by_trades[:MARKETS_MAX], by_trades[MARKETS_MAX:]
    if beyond:
        recording.skipped.add(BEYOND, sum(seen[symbol].trades for symbol in beyond))
    skipped = dict(sorted(recording.skipped.counts.items()))
    if not listed:
        counts = ", ".join(f"{count} {kind}" for kind, count in skipped.items()) or "nothing"
        raise TapeError(path, 0, f"the feed holds no trade; skipped: {counts}")
    names = _names(listed)
    return Tape(
        path=path,
        listings=tuple(_listing(path, s, names[s], seen[s]) for s in listed),
        skipped=skipped,
        first_ms=min(seen[symbol].first_ms for symbol in listed),
        last_ms=max(seen[symbol].last_ms for symbol in listed),
        bar_ms=recording.bar_ms,
    )


def _names(symbols: list[str]) -> dict[str, str]:
    """Names of markets; two symbols that would share one keep their own."""
    names = [market_name(symbol) for symbol in symbols]
    return {
        symbol: name if names.count(name) == 1 else symbol.replace("_", "-")
        for symbol, name in zip(symbols, names, strict=True)
    }


def _listing(path: Path, symbol: str, name: str, seen: _Seen) -> Listing:
    """The market for a symbol: as many decimals of a price as it shows, or more if a tick would be
    too much of its price, the rest for sizes."""
    size_decimals = _decimals(seen.size_grain)
    price_decimals = _decimals(seen.price_grain)
    while _in_ticks(seen.first_mid, price_decimals) < FIRST_LEAST and (
        price_decimals + size_decimals < COLLATERAL_DECIMALS
    ):
        price_decimals += 1
    if price_decimals + size_decimals > COLLATERAL_DECIMALS:
        raise TapeError(
            path,
            0,
            f"{symbol} does not fit: decimals of price and size must add up to at most "
            f"{COLLATERAL_DECIMALS}, the feed shows {price_decimals} + {size_decimals}",
        )
    if seen.highest >= TICKS_MAX * 10 ** (DECIMALS - price_decimals):
        detail = f"prices below {TICKS_MAX:,} ticks of {price_decimals} decimals are wanted"
        raise TapeError(path, 0, f"{symbol} does not fit: {detail}")
    try:
        first = _in_ticks(seen.first_mid, price_decimals)
        market = list_market(name, price_decimals, first)
    except Rejected as error:
        raise TapeError(path, 0, f"{symbol} does not fit: {error}") from error
    return Listing(symbol, market, _divisor(seen.largest), seen.first_mid)


def _in_ticks(price: int, price_decimals: int) -> int:
    tick: int = 10 ** (DECIMALS - price_decimals)
    return price // tick


def _decimals(grain: int) -> int:
    """The fewest decimals that show every multiple of a grain of 1e-8."""
    return next(d for d in range(DECIMALS + 1) if grain % 10 ** (DECIMALS - d) == 0)


def _divisor(largest: int) -> int:
    """The power of ten that makes the largest trade, in 1e-16, small enough for the traders."""
    divisor = 1
    while largest > divisor * LARGEST_NOTIONAL * 10 ** (2 * DECIMALS):
        divisor *= 10
    return divisor
