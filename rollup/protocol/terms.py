"""Terms: the public numbers of a market in one batch, from its parameters, its price and its F.

One function for everybody: rules, sequencer, prover and whoever verifies. All of it is in whole
ticks a lot, so in whole quanta a lot, and outside the circuit, which multiplies these numbers with
sizes and adds. Vectors for other languages: tests/vectors/terms.json.
Spec: docs/spec/06-margin.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rollup.protocol.constants import (
    BUCKET_NUMBER_BITS,
    BUCKET_OFFSETS,
    CLIP_FEES,
    FEE_SCALE,
    FRACTION_SCALE,
    PRICE_BITS,
)
from rollup.protocol.market import Governance, Market
from rollup.protocol.market_book import MarketBook
from rollup.protocol.rejection import Reason, Rejected

PRICE_MAX: Final = (1 << PRICE_BITS) - 1


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What one batch's rules need of one market; ticks, but for the taker's and maker's fee rates
    (of FEE_SCALE) and the least order (lots).

    Where nothing of an asset counts its bucket is 0: its value and all that margin is made of are
    0, its sides are in bucket number 0 whatever its price is. Of any asset nobody owes a lot, so
    that its short side counts for nothing and is in bucket number 0; F is 0; and its haircuts are
    in the place of margin fractions. What follows is of perpetuals and of assets that count.

    `funding` is F (rollup.protocol.funding) and `value` what a lot is worth, the price less F, of
    either sign. 1 <= maintenance <= initial <= price < 2**29: a requirement is rounded up, so that
    no position is free to hold while its market lives. A side's value over maintenance counts in
    whole buckets of `bucket` ticks, rounded down: against the holder, by less than a bucket.

    A market that `is_ended` moves no more: nothing is required of its lots, which count at exactly
    what they are worth, and nothing is charged for them (rollup.protocol.ended).

    What is counted of a fill's price towards the premium is within `clip` ticks of the oracle's.
    `impact_notional` (quanta) and `open_interest_cap` (lots) are those of governance.
    """

    price: int
    funding: int
    value: int
    bucket: int
    maintenance: int
    initial: int
    band_low: int
    band_high: int
    taker_fee: int
    maker_fee: int
    liquidation_fee: int
    least_order: int
    clip: int
    impact_notional: int
    open_interest_cap: int
    is_asset: bool = False
    is_ended: bool = False
    long_maintenance: int = field(init=False, repr=False, compare=False)
    """What a lot held adds to the excess over maintenance margin: whole buckets."""
    short_maintenance: int = field(init=False, repr=False, compare=False)
    """The same of a lot owed; nobody owes an asset."""
    numbers: tuple[int, int] = field(init=False, repr=False, compare=False)
    """Biased numbers of the buckets in which a long's and a short's side value are."""

    def __post_init__(self) -> None:
        """What is asked of every account is found once."""
        long = self._whole_buckets(self.value - self.maintenance)
        short = 0 if self.is_asset else self._whole_buckets(-self.value - self.maintenance)
        object.__setattr__(self, "long_maintenance", long)
        object.__setattr__(self, "short_maintenance", short)
        object.__setattr__(self, "numbers", self._numbers())

    @property
    def is_settled(self) -> bool:
        """Whether the market is over and a perpetual's, so that positions become cash."""
        return self.is_ended and not self.is_asset

    @property
    def is_idle(self) -> bool:
        """Whether a lot counts for nothing: that of an asset whose haircuts are the whole of it."""
        return self.bucket == 0

    def _whole_buckets(self, ticks: int) -> int:
        if self.is_idle:
            return 0
        return ticks if self.is_settled else ticks // self.bucket * self.bucket

    @property
    def long_relief(self) -> int:
        """What a lot held adds to the excess at most if it goes: its value for what it counts as.
        At least what maintenance requires of it."""
        return self.value - self.long_maintenance

    @property
    def short_relief(self) -> int:
        """The same of a lot owed."""
        return -self.value - self.short_maintenance

    @property
    def reliefs(self) -> tuple[int, int]:
        """Both, by side."""
        return self.long_relief, self.short_relief

    def _numbers(self) -> tuple[int, int]:
        if self.is_idle:
            return (0, 0)
        long = self.long_maintenance // self.bucket + BUCKET_OFFSETS[0]
        if self.is_asset:
            return (long, 0)
        return long, self.short_maintenance // self.bucket + BUCKET_OFFSETS[1]

    @property
    def least_bid(self) -> int:
        """The least price at which an order buys lots of a liquidated account: a quarter of the
        liquidation fee below the oracle's, rounded in favour of the backstop."""
        return self.price - self.liquidation_fee // 4

    @property
    def most_asked(self) -> int:
        """The highest at which one sells them."""
        return self.price + self.liquidation_fee // 4

    @property
    def long_initial(self) -> int:
        """What a lot held adds to the excess over initial margin."""
        return self.value - self.initial

    @property
    def short_initial(self) -> int:
        """The same of a lot owed; nobody owes an asset."""
        return 0 if self.is_asset else -self.value - self.initial


def market_terms(
    market: Market,
    price: int,
    funding: int,
    *,
    is_ended: bool = False,
    is_stopped: bool = False,
) -> MarketTerms:
    """Terms of one market at a price of 1 to 2**29 - 1 ticks, and F within 2**28 of 0. Rejected if
    a side's value is in no bucket that has a number: a market ends before its price gets there.
    Where it `is_stopped`, or is over, nothing of an asset counts over initial margin: no new debt.
    What an asset counts for over maintenance margin stands when it is over; a perpetual then asks
    for nothing."""
    low, high = price_band(price, market.band_fraction)
    if market.is_idle:
        return _idle_terms(market, price, (low, high), is_ended=is_ended)
    stopped = market.is_asset and (is_stopped or is_ended)
    offset = 0 if market.is_asset else funding
    asked = 0 if is_ended and not market.is_asset else 1
    terms = MarketTerms(
        price=price,
        funding=offset,
        value=price - offset,
        bucket=market.bucket,
        maintenance=asked * fraction_up(price, market.maintenance_fraction),
        initial=price if stopped else asked * fraction_up(price, market.initial_fraction),
        band_low=low,
        band_high=high,
        taker_fee=market.taker_fee,
        maker_fee=market.maker_fee,
        liquidation_fee=asked * fraction_up(price, market.liquidation_fee),
        least_order=asked * market.least_order,
        clip=0 if market.is_asset else premium_clip(price, market),
        impact_notional=market.impact_notional,
        open_interest_cap=market.open_interest_cap,
        is_asset=market.is_asset,
        is_ended=is_ended,
    )
    if not all(0 <= number < 1 << BUCKET_NUMBER_BITS for number in terms.numbers):
        detail = f"{market.symbol}: a price of {price} ticks is in no bucket"
        raise Rejected(Reason.PRICE_OUTSIDE_BUCKETS, detail)
    return terms


def _idle_terms(
    market: Market, price: int, band: tuple[int, int], *, is_ended: bool
) -> MarketTerms:
    """Terms of an asset of which nothing counts: what an order pays."""
    return MarketTerms(
        price=price,
        funding=0,
        value=0,
        bucket=0,
        maintenance=0,
        initial=0,
        band_low=band[0],
        band_high=band[1],
        taker_fee=market.taker_fee,
        maker_fee=market.maker_fee,
        liquidation_fee=0,
        least_order=0,
        clip=0,
        impact_notional=0,
        open_interest_cap=0,
        is_asset=True,
        is_ended=is_ended,
    )


def batch_terms(governance: Governance, book: MarketBook) -> tuple[MarketTerms, ...]:
    """Terms of all listed markets at the prices and funding of a batch, by market number: `book` is
    that before it is known whether the batch closes its step. No asset stands for new debt under
    the debt stop, nor one whose price is clamped or missing."""
    pairs = zip(governance.markets, book.markets, strict=True)
    return tuple(
        market_terms(
            market,
            entry.price,
            entry.funding,
            is_ended=entry.ended,
            is_stopped=book.debt_stop or not entry.is_steady,
        )
        for market, entry in pairs
    )


def fraction_up(price: int, fraction: int) -> int:
    """A fraction of FRACTION_SCALE of a price in whole ticks, rounded up: for the venue."""
    return -(-price * fraction // FRACTION_SCALE)


def premium_clip(price: int, market: Market) -> int:
    """How many ticks of a fill's distance from the oracle price count, rounded down: what both its
    sides pay in fees, CLIP_FEES times."""
    return price * CLIP_FEES * (market.taker_fee + market.maker_fee) // FEE_SCALE


def price_band(price: int, band_fraction: int) -> tuple[int, int]:
    """Lowest and highest fair fill price around an oracle price, both rounded inward.

    Never below 1 and never above 2**30 - 1.
    """
    low = fraction_up(price, FRACTION_SCALE - band_fraction)
    high = price * (FRACTION_SCALE + band_fraction) // FRACTION_SCALE
    return max(low, 1), min(high, PRICE_MAX)


def terms_of(terms: Sequence[MarketTerms], market: int) -> MarketTerms:
    """Terms of one market. Rejected if it is not listed."""
    if market >= len(terms):
        raise Rejected(Reason.MARKET_ABSENT, f"{len(terms)} markets are listed")
    return terms[market]
