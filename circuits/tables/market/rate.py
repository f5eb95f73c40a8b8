"""The premium rate of a market, where a batch proves one: a division, rounded down.

Of the state before the batch and the price of the batch: what was traded since an hour was last
due, and what is held.
"""

from circuits.air.builder import Builder
from circuits.gadgets.integer import require_identity
from circuits.tables.market.columns import Columns
from circuits.tables.market.hour import (
    held_identity,
    left_identity,
    rest_identity,
    thin_identity,
    traded_identity,
)
from rollup.protocol.constants import PREMIUM_UNIT
from rollup.protocol.encoding import LIMB


def require_rate(air: Builder, row: Columns) -> None:
    """One market."""
    hour, tally, rate = row.hour, row.tally, row.rate
    for flag in (hour.due, hour.rated, rate.thin, rate.held):
        air.require_bit(flag, "market.flags")
    # Lie: a rate is said of a market whose price is clamped or missing, or of one that is new.
    for digit in hour.rate:
        air.require_zero((1 - hour.rated) * digit, "market.rate-unasked")
    numbers = (rate.thin_room, rate.base, rate.gap, rate.rest, rate.left, rate.tens)
    carried = (rate.thin_carries, rate.traded_carries, rate.held_carries)
    for number in (*numbers, *carried, rate.rest_carries, rate.left_carries):
        air.range_check(number, hour.rated, claim="market.rate-bounds")
    with air.when(hour.rated):
        # Lie: much was traded and the rate is coarse, or little, and it tells of a trade.
        thin = thin_identity(hour, tally, rate)
        require_identity(air, thin, rate.thin_carries, "market.rate-thin")
        # Lie: measured against less than was traded, than is held, or than governance says; or
        # against more than each of these, so that the rate is small. One of them is the base, and
        # what the other lacks is not below zero.
        traded = traded_identity(hour, tally, rate)
        require_identity(air, traded, rate.traded_carries, "market.rate-base")
        held = held_identity(hour, tally, rate)
        require_identity(air, held, rate.held_carries, "market.rate-base")
        # Lie: a rate of another sign, or one too high; the rest is not below zero.
        rest = rest_identity(hour, tally, rate)
        require_identity(air, rest, rate.rest_carries, "market.rate")
        # Lie: one too low; the rest is below what one more takes.
        require_identity(air, left_identity(rate), rate.left_carries, "market.rate")
        low, top = hour.rate
        tens = rate.tens.values()[0]
        exact = low + LIMB * top - PREMIUM_UNIT * tens
        air.require_zero(rate.thin * exact, "market.rate-unit")
