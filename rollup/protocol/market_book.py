"""The market book: what everybody knows of the markets after a batch, which L1 holds by its hash.

State root and book are the state: a batch starts from the book of the batch before and ends with
one that follows from public data alone. So prices, funding and what bounds them need no cell in a
proof, and nobody states what can be computed. Spec: docs/spec/14-funding.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from rollup.hash.keccak import keccak256
from rollup.oracle.package import SignedPackage
from rollup.protocol.constants import (
    CUSTODY_BITS,
    FUNDING_BITS,
    FUNDING_CAP_MAX,
    MARKETS_MAX,
    TIME_BITS,
)
from rollup.protocol.funding import (
    HOUR_MS,
    NO_FUNDING,
    RATE_SCALE,
    Funding,
    charged,
    hour,
    rate,
)
from rollup.protocol.market import Governance, Market, require_price_bounds
from rollup.protocol.oracle import STEP_MAX, Feed
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_tuple_of

BOOK_TAG = b"crypsis-book-3"
"""Domain and version of the digest."""

ENTRY_NUMBERS = ("price", "funding", "carry", "step", "funding_cap", "custody")


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One market after a batch: its price in ticks, its funding F in ticks, what rounding left of F
    in 1 / RATE_SCALE of a tick, and the bounds that its governance said: how far a price moves in a
    batch, and funding in an hour. `custody` is how many lots of an asset L1 holds for all who have
    them together; 0 of a perpetual."""

    price: int
    funding: int
    carry: int
    step: int
    funding_cap: int
    custody: int = 0

    def __post_init__(self) -> None:
        require_price_bounds("price", self.price)
        reason, most = Reason.FUNDING_OUT_OF_BOUNDS, 1 << FUNDING_BITS
        require_bounds("funding", self.funding, -most, most + 1, reason)
        require_bounds("carry", self.carry, 0, RATE_SCALE, reason)
        require_bounds("step", self.step, 1, STEP_MAX + 1, Reason.FRACTION_OUT_OF_BOUNDS)
        cap = self.funding_cap
        require_bounds("funding_cap", cap, 0, FUNDING_CAP_MAX + 1, Reason.FUNDING_TOO_HIGH)
        require_bounds("custody", self.custody, 0, 1 << CUSTODY_BITS, Reason.CUSTODY_OUT_OF_BOUNDS)


@dataclass(frozen=True, slots=True)
class MarketBook:
    """The hour whose funding is charged, and every market that was listed: market k is markets[k].

    `open_since` is the time of the batch that opened the step which is still open, 0 if the last
    batch closed its step. The book may list more or fewer markets than the next batch: L1 may
    forget an announcement, or take one.
    """

    hour: int
    open_since: int
    markets: tuple[BookEntry, ...]

    def __post_init__(self) -> None:
        hour_end = (1 << TIME_BITS) // HOUR_MS + 1
        require_bounds("hour", self.hour, 0, hour_end, Reason.TIME_OUT_OF_BOUNDS)
        require_bounds("open_since", self.open_since, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        require_tuple_of("markets", self.markets, BookEntry)
        require_bounds("market count", len(self.markets), 1, MARKETS_MAX + 1, Reason.MARKET_COUNT)

    @classmethod
    def opened(cls, governance: Governance, time: int, prices: Sequence[int]) -> Self:
        """The book at genesis: these prices, and no funding yet."""
        listed = zip(governance.markets, governance.oracle.feeds, prices, strict=True)
        return cls(
            hour(time),
            0,
            tuple(_entry(market, feed, price, NO_FUNDING) for market, feed, price in listed),
        )

    @property
    def is_open(self) -> bool:
        """Whether the last batch left its step open."""
        return self.open_since != 0

    def stepped(self, time: int, *, closed: bool) -> Self:
        """The same after a batch of this time that closed its step, or did not."""
        return replace(self, open_since=0 if closed else self.open_since or time)

    def kept(self, changes: Mapping[int, int]) -> Self:
        """The same with other custody: by market, by how many lots it grew or fell. Rejected if
        more leaves than there is."""
        markets = tuple(
            replace(entry, custody=entry.custody + changes.get(number, 0))
            for number, entry in enumerate(self.markets)
        )
        return replace(self, markets=markets)

    def custody(self, market: int) -> int:
        """Lots of an asset under custody; 0 where the market was not listed."""
        return self.markets[market].custody if market < len(self.markets) else 0

    @property
    def prices(self) -> tuple[int, ...]:
        """A price for each market."""
        return tuple(entry.price for entry in self.markets)

    def encode(self) -> bytes:
        """Canonical bytes: tag, hour, since when the step is open, count of markets, and each
        market's numbers in their order, every one as 8 bytes big-endian, in two's complement."""
        numbers = [self.hour, self.open_since, len(self.markets)]
        for entry in self.markets:
            numbers += [getattr(entry, name) for name in ENTRY_NUMBERS]
        return BOOK_TAG + b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)

    def digest(self) -> bytes:
        """The 32 bytes that L1 holds beside the state root."""
        return keccak256(self.encode())


def last_price(book: MarketBook, number: int, feed: Feed) -> int:
    """The price that a market's next one goes on from: its listing price where it had none."""
    return book.markets[number].price if number < len(book.markets) else feed.listing_price


def step_bound(book: MarketBook, number: int, feed: Feed) -> int:
    """How far a price may move now: by the smaller of what governance says and said at the last
    batch, under whose maintenance margins accounts were left."""
    return min(feed.step, book.markets[number].step) if number < len(book.markets) else feed.step


def book_after(
    before: MarketBook,
    governance: Governance,
    time: int,
    prices: Sequence[int],
    reports: Sequence[SignedPackage],
    premium_rates: Sequence[int],
) -> MarketBook:
    """The book after a batch of this time, with these prices made of these reports; but for whether
    the batch closes its step (`stepped`), and for what it brings into custody or lets out (`kept`).

    Where an hour is due every market is charged funding once, however many hours passed, by its
    premium rate, of which there is one for each (else none).
    """
    rates = hour_rates(before, governance, time, reports, premium_rates)
    now = hour(time) if hour_is_due(before, time) else before.hour
    listed = zip(governance.markets, governance.oracle.feeds, prices, strict=True)
    markets = []
    for number, (market, feed, price) in enumerate(listed):
        funding, custody = NO_FUNDING, before.custody(number)
        if number < len(before.markets):
            entry = before.markets[number]
            funding = Funding(entry.funding, entry.carry)
            if number in rates:
                funding = charged(funding, rates[number], price)
        markets.append(_entry(market, feed, price, funding, custody))
    return MarketBook(now, before.open_since, tuple(markets))


def hour_is_due(before: MarketBook, time: int) -> bool:
    """Whether a batch of this time is the first of a later hour that begins a step: then funding is
    charged, and what is counted of an hour starts again."""
    return not before.is_open and hour(time) > before.hour


def hour_rates(
    before: MarketBook,
    governance: Governance,
    time: int,
    reports: Sequence[SignedPackage],
    premium_rates: Sequence[int],
) -> dict[int, int]:
    """The rate that each market is charged for the hour that is due, in 1 / RATE_SCALE: not one
    that is new, or has no report, so that its price is not of now. Empty where no hour is due."""
    if not hour_is_due(before, time):
        return {}
    reported = {report.package.points[0].feed for report in reports}
    listed = zip(before.markets, governance.markets, governance.oracle.feeds, strict=False)
    return {
        number: _rate(entry, market, premium_rates[number])
        for number, (entry, market, feed) in enumerate(listed)
        if feed.feed in reported
    }


def _rate(before: BookEntry, market: Market, premium_rate: int) -> int:
    """The rate of an hour, within the smaller of the caps of now and of the last batch."""
    return rate(premium_rate, market.interest, min(market.funding_cap, before.funding_cap))


def _entry(market: Market, feed: Feed, price: int, funding: Funding, custody: int = 0) -> BookEntry:
    return BookEntry(price, funding.offset, funding.carry, feed.step, market.funding_cap, custody)


def require_book(name: str, value: object) -> None:
    """Refuse unless it is a MarketBook."""
    if not isinstance(value, MarketBook):
        raise Rejected(Reason.MALFORMED, f"{name} must be a MarketBook")
