"""Funding: what a lot held pays a lot owed, as one public number of a market that grows.

A claim on price less F pays the rise of F to whoever sold it, by whole quanta and without a cell in
any account. A rate has two parts: interest, which governance says, and the premium rate, by which a
market that trades above its oracle price charges its longs more; that one is proved
(rollup.protocol.tally). The rest is pure, and outside the circuit.
Vectors for other languages: tests/vectors/funding.json.
Spec: docs/spec/14-funding.md.
"""

from typing import Final, NamedTuple

from rollup.protocol.constants import FEE_SCALE, FUNDING_BITS, INTEREST_HOURS

HOUR_MS: Final = 3_600_000
RATE_SCALE: Final = INTEREST_HOURS * FEE_SCALE
"""Rates are counted in 1 / (8 x 10**6) of the price an hour: whole millionths of eight hours."""

FUNDING_MAX: Final = 1 << FUNDING_BITS
PRICES_MAX: Final = 64
"""F stays within so many prices: with prices below 2**29, price less F stays below 2**30."""


class Funding(NamedTuple):
    """`offset` is F, in ticks; `carry` what rounding left of a tick, in 1 / RATE_SCALE."""

    offset: int
    carry: int


NO_FUNDING: Final = Funding(0, 0)
"""Of a market that is new."""


def hour(time: int) -> int:
    """The hour since 1970 that a time in ms is in."""
    return time // HOUR_MS


def rate(premium_rate: int, interest: int, cap: int) -> int:
    """The rate of an hour, in 1 / RATE_SCALE: premium rate and interest, which are of eight hours,
    together within the cap, which is of one."""
    most = INTEREST_HOURS * cap
    return max(-most, min(premium_rate + interest, most))


def percent(rate: int) -> str:
    """A rate as people say it, exactly: percent of the price for an hour."""
    whole, rest = divmod(abs(rate) * 10**7 * 100 // RATE_SCALE, 10**7)
    sign = "-" if rate < 0 else ""
    return f"{sign}{whole}.{rest:07d}".rstrip("0").rstrip(".") + "%"


def charged(before: Funding, rate: int, price: int) -> Funding:
    """Funding after one hour at a rate and a price. Where F would leave its bounds it stands."""
    offset, carry = divmod(rate * price + before.carry, RATE_SCALE)
    offset += before.offset
    if abs(offset) > max(abs(before.offset), min(FUNDING_MAX, PRICES_MAX * price)):
        return before
    return Funding(offset, carry)
