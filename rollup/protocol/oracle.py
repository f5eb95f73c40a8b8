"""Whose prices a venue takes: signers, quorum, slots, and the feed of every market.

Part of governance. What a signer signs says neither decimals nor venue, so both are bound here.
Spec: docs/spec/12-prices.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rollup.oracle.package import FEED_BYTES, SignedPackage
from rollup.protocol.constants import FRACTION_SCALE, MARKETS_MAX, ORACLE_PRICE_BITS, OWNER_BYTES
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes, require_tuple_of

SIGNERS_MAX: Final = 8
"""Signers of a venue: a batch's reports stay below 74 kB for 64 markets."""

REPORTS_MAX: Final = MARKETS_MAX * SIGNERS_MAX
"""Reports of a batch: each signer once for each market."""

FEED_DECIMALS_MAX: Final = 18
STEP_MAX: Final = FRACTION_SCALE - 1
"""A step below the whole price."""

PRICE_LEAST: Final = 2**10
"""Least price of a market, in ticks: a tick is below ten ten-thousandths of any price, which is
what theorem T allows roundings (rollup.protocol.market)."""

PRICE_MOST: Final = (1 << ORACLE_PRICE_BITS) - 1
"""Greatest price of a market."""

SLOT_MS_MAX: Final = 3_600_000
LAG_MS_MAX: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Feed:
    """What a market's price is made of: feed `feed` (32 bytes), whose values have `decimals`.

    `step` bounds how far a price moves in one batch, in ten-thousandths of the last one;
    `listing_price`, in ticks, is the last one of a market that had none.
    """

    feed: bytes
    decimals: int
    step: int
    listing_price: int

    def __post_init__(self) -> None:
        require_bytes("feed", self.feed, FEED_BYTES)
        if not any(self.feed):
            raise Rejected(Reason.MALFORMED, "feed must have a name")
        decimals_end, reason = FEED_DECIMALS_MAX + 1, Reason.MARKET_SCALE
        require_bounds("feed decimals", self.decimals, 0, decimals_end, reason)
        require_bounds("step", self.step, 1, STEP_MAX + 1, Reason.FRACTION_OUT_OF_BOUNDS)
        price, price_end = self.listing_price, PRICE_MOST + 1
        require_bounds("listing price", price, PRICE_LEAST, price_end, Reason.PRICE_OUT_OF_BOUNDS)

    def encode(self) -> bytes:
        """Feed id, then each number as 8 bytes big-endian."""
        numbers = (self.decimals, self.step, self.listing_price)
        return self.feed + b"".join(number.to_bytes(8, "big") for number in numbers)


@dataclass(frozen=True, slots=True)
class OracleTerms:
    """Signers (L1 addresses, rising), how many of them make a price, and which moment counts.

    Times in ms: slots are the multiples of `slot_ms`; a batch's is the last one that is not after
    its time less `lag_ms`. Market k has the feed feeds[k].
    """

    signers: tuple[bytes, ...]
    quorum: int
    slot_ms: int
    lag_ms: int
    feeds: tuple[Feed, ...]

    def __post_init__(self) -> None:
        require_tuple_of("signers", self.signers, bytes)
        count = len(self.signers)
        require_bounds("count of signers", count, 1, SIGNERS_MAX + 1, Reason.ORACLE)
        for signer in self.signers:
            require_bytes("signer", signer, OWNER_BYTES)
        if any(before >= after for before, after in pairwise(self.signers)):
            raise Rejected(Reason.ORACLE, "signers must rise, so that they are distinct")
        require_bounds("quorum", self.quorum, count // 2 + 1, count + 1, Reason.ORACLE)
        require_bounds("slot_ms", self.slot_ms, 1, SLOT_MS_MAX + 1, Reason.TIME_OUT_OF_BOUNDS)
        require_bounds("lag_ms", self.lag_ms, 0, LAG_MS_MAX + 1, Reason.TIME_OUT_OF_BOUNDS)
        require_tuple_of("feeds", self.feeds, Feed)
        require_bounds("count of feeds", len(self.feeds), 1, MARKETS_MAX + 1, Reason.MARKET_COUNT)
        if len({each.feed for each in self.feeds}) != len(self.feeds):
            raise Rejected(Reason.ORACLE, "two markets have the same feed")

    def encode(self) -> bytes:
        """Canonical bytes: count of signers, each; quorum, slot_ms, lag_ms; count of feeds, each.
        Numbers are 8 bytes big-endian."""
        numbers = (self.quorum, self.slot_ms, self.lag_ms, len(self.feeds))
        return b"".join(
            (
                len(self.signers).to_bytes(8, "big"),
                *self.signers,
                *(number.to_bytes(8, "big") for number in numbers),
                *(feed.encode() for feed in self.feeds),
            )
        )

    def slot(self, time: int) -> int:
        """The moment that the prices of a batch of this time are of: below 0 there is none."""
        return (time - self.lag_ms) // self.slot_ms * self.slot_ms


def require_reports(reports: object) -> None:
    """Refuse unless these are packages of one feed each, no more than a batch can have. Whether
    they count for anything is asked in rollup.protocol.pricing."""
    require_tuple_of("reports", reports, SignedPackage)
    if not isinstance(reports, tuple) or len(reports) > REPORTS_MAX:
        raise Rejected(Reason.TOO_MANY, f"at most {REPORTS_MAX} reports a batch")
    if any(len(report.package.points) != 1 for report in reports):
        raise Rejected(Reason.MALFORMED, "a report is of one feed")


def ticks(value: int, feed: Feed, price_decimals: int) -> int:
    """A feed's value in ticks of a market, rounded down: by less than a tick, and against longs."""
    found: int = value * 10**price_decimals // 10**feed.decimals
    return found


def lower_median(values: Sequence[int]) -> int:
    """The middle one; of two middle ones the lower."""
    return sorted(values)[(len(values) - 1) // 2]


def values_of(reports: Sequence[SignedPackage]) -> Mapping[bytes, list[int]]:
    """All that reports say of each feed. Whether they count is asked in rollup.protocol.pricing."""
    found: dict[bytes, list[int]] = {}
    for report in reports:
        for point in report.package.points:
            found.setdefault(point.feed, []).append(point.value)
    return found
