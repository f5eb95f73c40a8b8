"""Tallies: what a market's trades of an hour add up to, and the premium rate that follows.

Private: the markets leaf of the state commits to them. A batch that begins a step in a later hour
proves of each market the premium rate of the hours before, which is all that anybody learns, and
counts from nothing again. A market that has ended has no premium: in its place are the lots that
were settled. Bounds, and why no sum wraps: docs/circuits/trades.md.
Spec: docs/spec/14-funding.md.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from rollup.private import Private
from rollup.protocol.constants import (
    FEE_SCALE,
    OPEN_INTEREST_BITS,
    PREMIUM_LIMIT,
    PREMIUM_UNIT,
    VOLUME_BITS,
)
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms
from rollup.protocol.units import require_bounds


@dataclass(frozen=True, slots=True, repr=False)
class Tally(Private):
    """Of one market: premium and volume of the fills between orders since the hour was last due,
    in quanta, and its open interest, the lots held by all who hold any. Once it has ended `premium`
    is how many lots were settled, those that were owed below zero."""

    premium: int
    volume: int
    open_interest: int

    def __post_init__(self) -> None:
        reason = Reason.PREMIUM_OUT_OF_BOUNDS
        require_bounds("premium", self.premium, -PREMIUM_LIMIT, PREMIUM_LIMIT, reason)
        require_bounds("volume", self.volume, 0, 1 << VOLUME_BITS, Reason.VOLUME_OUT_OF_BOUNDS)
        lots, end = Reason.OPEN_INTEREST_OUT_OF_BOUNDS, 1 << OPEN_INTEREST_BITS
        require_bounds("open interest", self.open_interest, 0, end, lots)

    def begun_again(self) -> "Tally":
        """The same where an hour is due, or the market ends: who holds what stays."""
        return replace(self, premium=0, volume=0)

    def with_settled(self, lots: int) -> "Tally":
        """The same with so many more lots settled, net, of a market that has ended."""
        return replace(self, premium=self.premium + lots)

    def with_fill(self, price: int, size: int, terms: MarketTerms) -> "Tally":
        """The same with one fill between orders. Rejected if the hour's volume leaves its bounds:
        the premium then is in its own."""
        premium = self.premium + size * clipped(price - terms.price, terms.clip)
        volume = self.volume + size * terms.price
        return Tally(premium, volume, self.open_interest)


NO_TALLY: Final = Tally(0, 0, 0)
"""Of a market that is new."""


class Trade(NamedTuple):
    """A fill between orders, for those who count it."""

    market: int
    price: int
    size: int


def clipped(distance: int, clip: int) -> int:
    """What counts of a fill's distance from the oracle price, in ticks."""
    return max(-clip, min(distance, clip))


def premium_rate(tally: Tally, price: int, impact_notional: int) -> int:
    """Millionths for eight hours by which a market traded above its oracle price, rounded down.

    Measured against what was traded, what is held and what governance says, whichever is most: so
    a few trades do not move the funding of many positions. Where little was traded it is rounded
    down to a multiple of PREMIUM_UNIT. Within 2**17 either way.
    """
    most = max(tally.volume, tally.open_interest * price, impact_notional)
    unit = PREMIUM_UNIT if tally.volume < impact_notional else 1
    return tally.premium * FEE_SCALE // (most * unit) * unit


def tallies_before(
    old: Sequence[Tally], listed: int, *, is_due: bool, ended: Collection[int] = ()
) -> tuple[Tally, ...]:
    """What a batch counts on from in each listed market: from nothing where an hour is due, unless
    it is one that has ended, or where the market is new. Rejected if a market is gone, for its
    positions are not."""
    if len(old) > listed:
        raise Rejected(Reason.TALLY_COUNT, f"{len(old)} markets were listed, not {listed}")
    kept = (
        tally.begun_again() if is_due and market not in ended else tally
        for market, tally in enumerate(old)
    )
    return (*kept, *(NO_TALLY,) * (listed - len(old)))


def tallies_after(
    before: Sequence[Tally],
    trades: Iterable[Trade],
    opened: Sequence[int],
    terms: Sequence[MarketTerms],
    settled: Iterable[tuple[int, int]] = (),
) -> tuple[Tally, ...]:
    """Tallies after a batch of these fills, which opened so many lots of each market, net, and in
    which lots were `settled`, each a market and a size of either sign. Rejected
    where it adds to an open interest that ends above the cap; one that is above may fall, or stay.
    An asset has no open interest: its lots are custody, which is public and has no cap."""
    found = list(before)
    for place, (market, price, size) in enumerate(trades):
        try:
            found[market] = found[market].with_fill(price, size, terms[market])
        except Rejected as refusal:
            raise Rejected(refusal.reason, f"fill {place}: {refusal.detail}") from None
    for market, lots in settled:
        found[market] = found[market].with_settled(lots)
    return tuple(
        _opened(market, tally, lots, each)
        for market, (tally, lots, each) in enumerate(zip(found, opened, terms, strict=True))
    )


def net_settled(tallies: Sequence[Tally], terms: Sequence[MarketTerms]) -> tuple[int, ...]:
    """Lots of each market that were settled, those that were owed below zero: none of one that
    lives."""
    pairs = zip(tallies, terms, strict=True)
    return tuple(tally.premium if each.is_ended else 0 for tally, each in pairs)


def ended_again(tallies: Sequence[Tally], ending: Collection[int]) -> tuple[Tally, ...]:
    """Tallies where these markets end: what they settle is counted from nothing."""
    return tuple(
        tally.begun_again() if market in ending else tally for market, tally in enumerate(tallies)
    )


def _opened(market: int, tally: Tally, lots: int, terms: MarketTerms) -> Tally:
    if terms.is_asset:
        return tally
    after, cap = tally.open_interest + lots, terms.open_interest_cap
    if lots > 0 and after > cap:
        detail = f"market {market}: no batch adds to more than {cap} lots held"
        raise Rejected(Reason.OPEN_INTEREST_FULL, detail)
    return replace(tally, open_interest=after)
