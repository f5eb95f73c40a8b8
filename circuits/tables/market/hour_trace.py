"""Market: how a tally and the rate that follows are filled. Numbers beyond 64 bits are Python's.

Nothing is checked: a forged record gives a forged row.
"""

from typing import Any

import numpy as np

from circuits.air.layout import Carries, Limbs
from circuits.gadgets.integer import Integer, fill_carries
from circuits.gadgets.tally import NOTIONAL
from circuits.tables.market.hour import (
    Hour,
    Rate,
    Tally,
    cap_identity,
    held_identity,
    left_identity,
    open_identity,
    premium_identity,
    rest_identity,
    sizes_identity,
    thin_identity,
    traded_identity,
    volume_identity,
)
from circuits.tables.records import MarketRecords
from rollup.protocol.constants import FEE_SCALE, PREMIUM_LIMIT, PREMIUM_UNIT
from rollup.protocol.encoding import LIMB_BITS


def fill_tally(hour: Hour, tally: Tally, records: MarketRecords) -> None:
    """What is counted, and the tally before and after it."""
    numbers = (tally.premium, tally.volume, tally.open_interest)
    for place, pair in enumerate(numbers):
        for limbs, values in zip(pair, records.tally, strict=True):
            limbs.fill(values[:, place])
    for kind, sums in enumerate(tally.counted):
        for place, cell in enumerate(sums):
            cell[...] = records.counted[:, kind, place]
    for kind in range(NOTIONAL):
        tally.sizes[kind].fill(whole(tally.counted[kind]))
        tally.size_carries[kind].fill(fill_carries(sizes_identity(tally, kind)))
    tally.volume_carries.fill(fill_carries(volume_identity(hour, tally)))
    tally.premium_carries.fill(fill_carries(premium_identity(hour, tally)))
    tally.open_carries.fill(fill_carries(open_identity(tally, records.asset)))
    before, after = (whole(limbs) for limbs in tally.open_interest)
    tally.not_grown[...] = after <= before
    most = np.where(after <= before, before, whole(hour.cap))
    _fill(tally.cap_room, most - after)
    tally.cap_carries.fill(fill_carries(cap_identity(hour, tally)))


def fill_rate(hour: Hour, tally: Tally, rate: Rate) -> None:
    """The division, in the rows that prove a rate; zeros in others."""
    rated = hour.rated
    premium, volume, lots = (
        whole(pair[0]) for pair in (tally.premium, tally.volume, tally.open_interest)
    )
    impact, exposed = whole(hour.impact), lots * whole(hour.price)
    thin = volume < impact
    said = hour.rate[0] + (hour.rate[1] << LIMB_BITS)
    most = np.maximum(volume, impact)
    base = np.maximum(most, exposed)
    rest = (premium - PREMIUM_LIMIT) * FEE_SCALE - said.astype(object) * base
    step = base * np.where(thin, PREMIUM_UNIT, 1).astype(object)
    rate.thin[...] = rated * thin
    _fill(rate.thin_room, np.where(thin, impact - 1 - volume, volume - impact) * rated)
    _fill(rate.base, base * rated)
    rate.held[...] = rated * (exposed > most)
    _fill(rate.gap, abs(exposed - most) * rated)
    _fill(rate.rest, rest * rated)
    _fill(rate.left, (step - 1 - rest) * rated)
    rate.tens.fill([rate.thin * (said // PREMIUM_UNIT)])
    for carries, identity in (
        (rate.thin_carries, thin_identity(hour, tally, rate)),
        (rate.traded_carries, traded_identity(hour, tally, rate)),
        (rate.held_carries, held_identity(hour, tally, rate)),
        (rate.rest_carries, rest_identity(hour, tally, rate)),
        (rate.left_carries, left_identity(rate)),
    ):
        _fill_carries(carries, identity, rated)


def whole(limbs: Any) -> Any:
    """The numbers of limbs, of any length."""
    return sum(cell.astype(object) << LIMB_BITS * place for place, cell in enumerate(limbs))


def _fill(limbs: Limbs, values: Any) -> None:
    """Numbers of any length; what a forged record makes of them is taken modulo their bits."""
    limbs.fill(values % 2**limbs.bits)


def _fill_carries(carries: Carries, identity: Integer, rated: Any) -> None:
    carries.fill([carry * rated for carry in fill_carries(identity)])
