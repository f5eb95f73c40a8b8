"""The market book: what everybody knows of the markets after a batch, which L1 holds by its hash.

State root and book are the state: a batch starts from the book of the batch before and ends with
one that follows from public data alone. So prices, funding and what bounds them need no cell in a
proof, and nobody states what can be computed. Spec: docs/spec/14-funding.md.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Self

from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.oracle.package import SignedPackage
from rollup.protocol.constants import (
    CUSTODY_BITS,
    DEBT_STOP_PART,
    FRACTION_SCALE,
    FUNDING_BITS,
    FUNDING_CAP_MAX,
    MARKETS_MAX,
    NUMBER_BITS,
    STEP_PATIENCE_MS,
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
from rollup.protocol.oracle import STEP_MAX, Feed, lower_median, ticks, values_of
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes, require_flag, require_tuple_of

BOOK_TAG = b"crypsis-book-4"
"""Domain and version of the digest."""

ENTRY_NUMBERS = ("price", "funding", "carry", "step", "funding_cap", "custody")
ENTRY_FLAGS = ("clamped", "missing", "ended")


class PriceFlags(NamedTuple):
    """How a market came by its price, as its entry says it."""

    clamped: bool
    missing: bool

    @property
    def is_steady(self) -> bool:
        """Whether the price is fresh and unclamped."""
        return not (self.clamped or self.missing)


STEADY: Final = PriceFlags(clamped=False, missing=False)
"""Of a price that is fresh, and of one that stands for good because its market has ended."""


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One market after a batch: its price in ticks, its funding F in ticks, what rounding left of F
    in 1 / RATE_SCALE of a tick, and the bounds that its governance said: how far a price moves in
    a batch, and funding in an hour. `custody` is how many lots of an asset L1 holds for all who
    have them together; 0 of a perpetual.

    Of the step's first batch: `clamped`, its price is held back by its bound; `missing`, no quorum
    gave one. `ended`: the market is over from the next step on, at this price and F
    (rollup.protocol.ended)."""

    price: int
    funding: int
    carry: int
    step: int
    funding_cap: int
    clamped: bool
    missing: bool
    custody: int = 0
    ended: bool = False

    def __post_init__(self) -> None:
        require_price_bounds("price", self.price)
        reason, most = Reason.FUNDING_OUT_OF_BOUNDS, 1 << FUNDING_BITS
        require_bounds("funding", self.funding, -most, most + 1, reason)
        require_bounds("carry", self.carry, 0, RATE_SCALE, reason)
        require_bounds("step", self.step, 1, STEP_MAX + 1, Reason.FRACTION_OUT_OF_BOUNDS)
        cap = self.funding_cap
        require_bounds("funding_cap", cap, 0, FUNDING_CAP_MAX + 1, Reason.FUNDING_TOO_HIGH)
        require_bounds("custody", self.custody, 0, 1 << CUSTODY_BITS, Reason.CUSTODY_OUT_OF_BOUNDS)
        for name in ENTRY_FLAGS:
            require_flag(name, getattr(self, name))

    @property
    def is_steady(self) -> bool:
        """Whether the price is fresh and unclamped, or that of an ended market."""
        return PriceFlags(self.clamped, self.missing).is_steady


@dataclass(frozen=True, slots=True)
class MarketBook:
    """The hour whose funding is charged, and every market that was listed: market k is markets[k].

    `open_since` is the time of the batch that opened the step which is still open, 0 if the last
    batch closed its step. `stalled` counts the last batches in a row that left it open and made no
    progress, once it was open for longer than STEP_PATIENCE_MS. `debt_stop` says that nobody takes
    new debt against assets in the step of the last batch. `governance` is the digest of the
    parameters of the last batch, which stand while its step is open. The book may list more or
    fewer markets than the next batch: L1 may forget an announcement, or take one.
    """

    hour: int
    open_since: int
    stalled: int
    debt_stop: bool
    governance: bytes
    markets: tuple[BookEntry, ...]

    def __post_init__(self) -> None:
        hour_end = (1 << TIME_BITS) // HOUR_MS + 1
        require_bounds("hour", self.hour, 0, hour_end, Reason.TIME_OUT_OF_BOUNDS)
        require_bounds("open_since", self.open_since, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        require_bounds("stalled", self.stalled, 0, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_flag("debt_stop", self.debt_stop)
        require_bytes("governance", self.governance, DIGEST_BYTES)
        require_tuple_of("markets", self.markets, BookEntry)
        require_bounds("market count", len(self.markets), 1, MARKETS_MAX + 1, Reason.MARKET_COUNT)

    @classmethod
    def opened(cls, governance: Governance, time: int, prices: Sequence[int]) -> Self:
        """The book at genesis: these prices, which nobody reported, and no funding yet."""
        listed = zip(governance.markets, governance.oracle.feeds, prices, strict=True)
        none = PriceFlags(clamped=False, missing=True)
        entries = (_entry(market, feed, price, NO_FUNDING, none) for market, feed, price in listed)
        return cls(hour(time), 0, 0, False, governance.digest(), tuple(entries))

    @property
    def is_open(self) -> bool:
        """Whether the last batch left its step open."""
        return self.open_since != 0

    def stepped(self, time: int, *, closed: bool, progress: bool) -> Self:
        """The same after a batch of this time that closed its step, or did not; and made progress,
        or did not."""
        if closed:
            return replace(self, open_since=0, stalled=0)
        since = self.open_since or time
        stalls = not progress and time - since > STEP_PATIENCE_MS
        stalled = 0 if progress else self.stalled + stalls
        return replace(self, open_since=since, stalled=stalled)

    def ending(self, markets: Collection[int]) -> Self:
        """The same where these markets are ended from the next step on."""
        entries = tuple(
            replace(entry, ended=entry.ended or number in markets)
            for number, entry in enumerate(self.markets)
        )
        return replace(self, markets=entries)

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
    def ended(self) -> frozenset[int]:
        """The markets that are over."""
        return frozenset(number for number, entry in enumerate(self.markets) if entry.ended)

    def is_ended(self, market: int) -> bool:
        """Whether a market is over; False where it was not listed."""
        return market < len(self.markets) and self.markets[market].ended

    @property
    def prices(self) -> tuple[int, ...]:
        """A price for each market."""
        return tuple(entry.price for entry in self.markets)

    def encode(self) -> bytes:
        """Canonical bytes: tag, digest of governance, hour, since when the step is open, how many
        batches it stalls for, the debt stop, count of markets, and each market's numbers and flags
        in their order, every one as 8 bytes big-endian, in two's complement."""
        stop = int(self.debt_stop)
        numbers = [self.hour, self.open_since, self.stalled, stop, len(self.markets)]
        for entry in self.markets:
            numbers += [int(getattr(entry, name)) for name in (*ENTRY_NUMBERS, *ENTRY_FLAGS)]
        words = (number.to_bytes(8, "big", signed=True) for number in numbers)
        return b"".join((BOOK_TAG, self.governance, *words))

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
    total: int,
) -> MarketBook:
    """The book after a batch of this time, with these prices made of these reports; but for whether
    the batch closes its step and makes progress (`stepped`), for which markets end with that
    (`ending`), and for what it brings into custody or lets out (`kept`). `total` is the USDC under
    custody before it, in quanta.

    While a step is open its prices stand, and so does how each market came by its own; those of a
    market that has ended stand for good.
    Where an hour is due every market is charged funding once, however many hours passed, by its
    premium rate, of which there is one for each (else none).
    """
    rates = hour_rates(before, governance, time, reports, premium_rates)
    now = hour(time) if hour_is_due(before, time) else before.hour
    flags = price_flags(before, governance, prices, reports)
    listed = zip(governance.markets, governance.oracle.feeds, prices, flags, strict=True)
    markets = []
    for number, (market, feed, price, came) in enumerate(listed):
        funding, custody = NO_FUNDING, before.custody(number)
        if number < len(before.markets):
            entry = before.markets[number]
            funding = Funding(entry.funding, entry.carry)
            if number in rates:
                funding = charged(funding, rates[number], price)
        ended = before.is_ended(number)
        markets.append(_entry(market, feed, price, funding, came, custody, ended))
    stop = is_debt_stopped(before, governance, prices, total)
    stood = (before.open_since, before.stalled, stop)
    return MarketBook(now, *stood, governance.digest(), tuple(markets))


def is_debt_stopped(
    before: MarketBook, governance: Governance, prices: Sequence[int], total: int
) -> bool:
    """Whether nobody takes new debt against assets in a step: what they count for over maintenance
    margin, all that are under custody before its first batch at its prices, is more than
    1 / DEBT_STOP_PART of the USDC that is (`total`, quanta). It stands while the step is open."""
    if before.is_open:
        return before.debt_stop
    listed = enumerate(zip(governance.markets, prices, strict=True))
    counted = sum(
        before.custody(number)
        * (price * (FRACTION_SCALE - market.maintenance_fraction) // FRACTION_SCALE)
        for number, (market, price) in listed
        if market.is_asset
    )
    return DEBT_STOP_PART * counted > total


def price_flags(
    before: MarketBook,
    governance: Governance,
    prices: Sequence[int],
    reports: Sequence[SignedPackage],
) -> tuple[PriceFlags, ...]:
    """How each listed market came by its price: by these reports, or where a step is open by those
    of its first batch. Whether reports count is asked in rollup.protocol.pricing."""
    reported, found = values_of(reports), []
    listed = zip(governance.markets, governance.oracle.feeds, prices, strict=True)
    for number, (market, feed, price) in enumerate(listed):
        if before.is_ended(number):
            found.append(STEADY)
        elif before.is_open and number < len(before.markets):
            entry = before.markets[number]
            found.append(PriceFlags(entry.clamped, entry.missing))
        else:
            found.append(_flags(market, feed, price, reported.get(feed.feed, ())))
    return tuple(found)


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
    that is new or ended, or has no report, so that its price is not of now. Empty where no hour is
    due."""
    if not hour_is_due(before, time):
        return {}
    reported = {report.package.points[0].feed for report in reports}
    listed = zip(before.markets, governance.markets, governance.oracle.feeds, strict=False)
    return {
        number: _rate(entry, market, premium_rates[number])
        for number, (entry, market, feed) in enumerate(listed)
        if feed.feed in reported and not entry.ended
    }


def _rate(before: BookEntry, market: Market, premium_rate: int) -> int:
    """The rate of an hour, within the smaller of the caps of now and of the last batch."""
    return rate(premium_rate, market.interest, min(market.funding_cap, before.funding_cap))


def _flags(market: Market, feed: Feed, price: int, values: Sequence[int]) -> PriceFlags:
    """Of a price that was made of what signers reported, or of nothing."""
    wanted = ticks(lower_median(values), feed, market.price_decimals) if values else price
    return PriceFlags(clamped=price != wanted, missing=not values)


def _entry(
    market: Market,
    feed: Feed,
    price: int,
    funding: Funding,
    came: PriceFlags,
    custody: int = 0,
    ended: bool = False,
) -> BookEntry:
    return BookEntry(
        price=price,
        funding=funding.offset,
        carry=funding.carry,
        step=feed.step,
        funding_cap=market.funding_cap,
        clamped=came.clamped,
        missing=came.missing,
        custody=custody,
        ended=ended,
    )


def require_book(name: str, value: object) -> None:
    """Refuse unless it is a MarketBook."""
    if not isinstance(value, MarketBook):
        raise Rejected(Reason.MALFORMED, f"{name} must be a MarketBook")
