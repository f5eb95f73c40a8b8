"""Fill: the columns, and the integer identities between them.

The identities are generic: constraints run them on cells, the trace on arrays to find the carries.
"""

from typing import Any

from circuits.air.layout import Layout, Limbs, bit, carries, cell, cells, group, limb_widths, limbs
from circuits.gadgets.balanced import COUNT
from circuits.gadgets.integer import (
    Integer,
    from_balanced,
    from_cells,
    from_limbs,
    from_packed,
    from_small,
)
from rollup.protocol.constants import (
    CASH_BITS,
    FEE_RATE_BITS,
    FEE_SCALE,
    MOVED_BITS,
    NOTIONAL_BITS,
    POSITION_BITS,
    PRICE_BITS,
    REST_BITS,
    SIZE_BITS,
)

FEE_BITS = REST_BITS
"""2^52 quanta at a rate of 2^13 / 10^6 stay below 2^45.1; and a rest has as many bits."""

REMAINDER_BITS = 20
"""What rounding up adds: below FEE_SCALE < 2^20."""

FEE_LIMBS = 4

MOVED_BIAS = 1 << MOVED_BITS
"""What a fill moves is of either sign, and held above zero by this."""

FILL_ROWS_MAX = 2**11
"""Tallest fill table: sums of two fee limbs a row stay below 2^25, so that what they carry is one
limb; and timestamps below 2^13, two to a row."""


class Side(Layout):
    """One side of a fill: its order, and its cash, position and slot before and after. Or, if it
    is taken, a liquidated account: then there is no order, and the fee is the backstop's rest."""

    taken = bit()
    account = cell()
    slot = cell()
    generation = cell()  # of the slot while the order is there
    limit = cells(2)  # price of the order, packed pairs
    max_fee = cell()
    pegged = cell()  # the limit is an offset from the oracle's price, biased
    reduce_only = cell()
    when_clamped = cell()
    backstop = cell()  # it is an order of the backstop
    worst = cells(2)  # the limit in this batch: a packed pair, or a sum of such
    price_room = cells(2)  # lower limbs of the distance to the limit
    rate = cell()
    fee = limbs(FEE_BITS)
    remainder = limbs(REMAINDER_BITS)  # fee * 10^6 - notional * rate
    remainder_room = cell()  # low limb of 10^6 - 1 - remainder
    fee_carries = carries(4, 14)
    slot_ts = cell()
    left_before = cells(2)  # lots left of the order, packed pairs
    left_after = cells(3)  # lower limbs of the lots left afterwards
    cash_ts = cell()
    cash_before = cells(3)
    cash_after = limbs(CASH_BITS)
    cash_carries = carries(2, 3)
    position_ts = cell()
    position_before = cells(2)
    position_after = limbs(POSITION_BITS)
    position_carries = carries(1, 2)
    traded = cell()  # how often an order of the account met another one in the market before
    took = cell()  # and took lots of a liquidated account


class Columns(Layout):
    """One fill."""

    active = bit()
    market = cell()
    band_low = cells(2)  # terms of the market: packed pairs
    band_high = cells(2)
    taker_fee = cell()
    maker_fee = cell()
    funding = cells(COUNT)  # F of the market, in balanced limbs
    oracle = cells(2)  # the market's price: a packed pair
    net = cells(3)  # what a liquidated account gets or gives for a lot, but for F: limbs
    steady = cell()  # 1 if the market's price is fresh and unclamped
    exhausted = bit()  # it leaves the backstop what it has, and not the whole rest
    rest_carries = carries(5, 16)
    clip_low = cell()  # the lowest price that counts whole towards the premium
    clip_high = cell()  # and the highest
    seller_takes = bit()  # which side pays the taker's rate
    flat = bit()  # the buyer holds nothing afterwards
    price = limbs(PRICE_BITS)
    size = limbs(SIZE_BITS)
    size_inverse = cell()  # of the sum of its limbs
    notional = limbs(NOTIONAL_BITS)
    notional_carries = carries(5, 16)
    moved = limbs(MOVED_BITS + 1)  # size * (price - F), biased
    moved_carries = carries(5, 17)
    band_room = cells(4)  # lower limbs of price - band low, and of band high - price
    above = bit()  # the price is the highest that counts whole, or above it: it counts as that one
    below = bit()  # the same below the lowest
    above_room = limbs(PRICE_BITS)  # how far it is from the highest, on the side that is said
    below_room = limbs(PRICE_BITS)  # and from the lowest; of two orders, both of them
    accounts_inverse = cell()  # of buyer's account - seller's
    buyer = group(Side)
    seller = group(Side)
    fees = cells(FEE_LIMBS)  # limb sums of all fees up to this row
    rests = cells(FEE_LIMBS)  # and of all rests

    @property
    def waived(self) -> Limbs:
        """What the rest is below the whole one, where a side is taken: in the cells of the rooms,
        since what a liquidated account loses is not counted."""
        (first, second, _), (third, fourth, _) = self.above_room, self.below_room
        return Limbs((first, second, third, fourth), limb_widths(REST_BITS))


def notional_identity(row: Any) -> Integer:
    """price * size - notional."""
    return from_limbs(row.price) * from_limbs(row.size) - from_limbs(row.notional)


def moved_identity(row: Any) -> Integer:
    """size * (price - F) - moved."""
    claim = from_limbs(row.price) - from_balanced(row.funding)
    return from_limbs(row.size) * claim - from_limbs(row.moved) + MOVED_BIAS


def fee_identity(row: Any, side: Any) -> Integer:
    """fee * 10^6 - notional * rate - remainder."""
    rate = from_small(side.rate, 0, 2**FEE_RATE_BITS - 1)
    charged = from_limbs(side.fee) * FEE_SCALE
    return charged - from_limbs(row.notional) * rate - from_limbs(side.remainder)


def rest_identity(row: Any, side: Any, direction: int) -> Integer:
    """rest + waived - size * (price - net) * direction: 1 where lots that were held are bought, -1
    where lots that were owed are sold."""
    better = from_limbs(row.price) - from_cells(row.net, limb_widths(PRICE_BITS))
    whole = from_limbs(row.size) * (better if direction > 0 else -better)
    return from_limbs(side.fee) + from_limbs(row.waived) - whole


def cash_identity(row: Any, side: Any, direction: int) -> Integer:
    """cash after - before + direction * moved + fee; direction 1 buys, -1 sells."""
    moved = from_limbs(row.moved).packed() - MOVED_BIAS
    change = from_limbs(side.cash_after).packed() - from_packed(side.cash_before, CASH_BITS)
    change = change + (moved if direction > 0 else -moved)
    return change + from_limbs(side.fee).packed()


def position_identity(row: Any, side: Any, direction: int) -> Integer:
    """position after - before - direction * size."""
    moved = from_limbs(row.size).packed()
    after = from_limbs(side.position_after).packed()
    change = after - from_packed(side.position_before, POSITION_BITS)
    return change - (moved if direction > 0 else -moved)
