"""Fill: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

from typing import Any

import numpy as np

from circuits.air.graph import MODULUS
from circuits.air.layout import LIMB_BITS
from circuits.air.trace import U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.compare import fill_difference
from circuits.gadgets.integer import fill_carries
from circuits.tables.fill.columns import (
    FEE_LIMBS,
    REMAINDER_BITS,
    Columns,
    cash_identity,
    fee_identity,
    moved_identity,
    notional_identity,
    position_identity,
    rest_identity,
)
from circuits.tables.fill.counted import distances
from circuits.tables.fill.taken import charged, rested
from circuits.tables.records import BUY, SELL, FillRecords, FillSide
from rollup.protocol.constants import FEE_SCALE, POSITION_LIMIT, PRICE_BITS
from rollup.protocol.order import PEG_BIAS

_LIMB_MASK = 2**LIMB_BITS - 1


def build(records: FillRecords, height: int, blinded: int) -> U32:
    """The trace, one row a fill; the rest is padding of zeros, but for the fee sums."""
    trace = Trace(Columns, height, blinded)
    used = trace.rows(0, len(records.price))
    used.active[...] = 1
    used.seller_takes[...] = records.taker
    used.market[...] = records.market
    put_packed(used.band_low, records.band_low)
    put_packed(used.band_high, records.band_high)
    used.taker_fee[...] = records.taker_fee
    used.maker_fee[...] = records.maker_fee
    put(used.funding, records.funding)
    put_packed(used.oracle, records.oracle)
    put(used.net, records.net)
    used.steady[...] = records.steady
    used.exhausted[...] = records.exhausted
    used.clip_low[...] = records.clip_low
    used.clip_high[...] = records.clip_high
    used.price.fill(records.price)
    used.size.fill(records.size)
    used.size_inverse[...] = inverse_or_zero(sum(used.size.cells[1:], used.size.cells[0]))
    used.notional.fill(records.notional)
    used.notional_carries.fill(fill_carries(notional_identity(used)))
    used.moved.fill(records.moved)
    used.moved_carries.fill(fill_carries(moved_identity(used)))
    fill_difference(used.band_room[:2], records.band_low, records.price, PRICE_BITS)
    fill_difference(used.band_room[2:], records.price, records.band_high, PRICE_BITS)
    buyer, seller = records.sides
    met = 1 - buyer.taken - seller.taken
    used.above[...] = met * (records.price > records.clip_high)
    used.below[...] = met * (records.price < records.clip_low)
    for room, distance in zip((used.above_room, used.below_room), distances(used), strict=True):
        room.fill(met * (distance % 2**room.bits))
    _fill_waived(used, records.waived, met)
    buyer, seller = records.sides
    used.accounts_inverse[...] = inverse_or_zero(buyer.account - seller.account)
    _fill_side(used, used.buyer, records, BUY)
    _fill_side(used, used.seller, records, SELL)
    fill_rest_carries(used)
    trace.fill_rest()
    _fill_fee_sums(trace.row)
    return trace.finish()


def _fill_waived(row: Columns, waived: Any, met: Any) -> None:
    """What the rest is below the whole one, in the rows where a side is taken: of two orders the
    cells are rooms already."""
    last = len(row.waived) - 1
    for place, cell in enumerate(row.waived):
        shifted = waived >> LIMB_BITS * place
        cell[...] = np.where(met == 1, cell, shifted if place == last else shifted & _LIMB_MASK)


def _fill_side(row: Any, side: Any, records: FillRecords, which: int) -> None:
    """The columns of one side."""
    values = records.sides[which]
    side.taken[...] = values.taken
    side.account[...] = values.account
    side.slot[...] = values.slot
    side.generation[...] = values.generation
    put_packed(side.limit, values.limit)
    side.max_fee[...] = values.max_fee
    for name in ("pegged", "reduce_only", "when_clamped", "backstop"):
        getattr(side, name)[...] = getattr(values, name)
    away = (row.oracle[0] - PEG_BIAS, row.oracle[1])
    for worst, signed, peg in zip(side.worst, side.limit, away, strict=True):
        worst[...] = signed + side.pegged * peg
    low, high = records.price, values.limit + values.pegged * (records.oracle - PEG_BIAS)
    if which == SELL:
        low, high = high, low
    fill_difference(side.price_room, low, high, PRICE_BITS)
    _fill_fee(row, side, values, records.notional, records.rate[which])
    _fill_slot(side, values)
    _fill_balances(row, side, values, 1 if which == BUY else -1)
    if which == BUY:
        row.flat[...] = values.position.after == POSITION_LIMIT


def _fill_fee(row: Any, side: Any, values: FillSide, notional: Any, rate: Any) -> None:
    """Fee and what rounding added to it, computed modulo 2^64."""
    side.rate[...] = rate
    side.fee.fill(values.fee)
    charged = values.fee.astype(np.uint64) * np.uint64(FEE_SCALE)
    exact = notional.astype(np.uint64) * rate.astype(np.uint64)
    remainder = ((charged - exact) % np.uint64(2**REMAINDER_BITS)).astype(np.int64)
    remainder *= 1 - values.taken
    side.remainder.fill(remainder)
    side.remainder_room[...] = (FEE_SCALE - 1 - remainder) & _LIMB_MASK
    carries = fill_carries(fee_identity(row, side))
    side.fee_carries.fill([carry * (1 - values.taken) for carry in carries])


def _fill_slot(side: Any, values: FillSide) -> None:
    """What is left of the order."""
    access = values.slot_access
    side.slot_ts[...] = access.previous_ts
    put_packed(side.left_before, access.left_before)
    for place, cell in enumerate(side.left_after):
        cell[...] = access.left_after >> LIMB_BITS * place & _LIMB_MASK


def _fill_balances(row: Any, side: Any, values: FillSide, direction: int) -> None:
    """Cash and position."""
    side.cash_ts[...] = values.cash.previous_ts
    put_packed(side.cash_before, values.cash.before)
    side.cash_after.fill(values.cash.after)
    side.cash_carries.fill(fill_carries(cash_identity(row, side, direction)))
    side.position_ts[...] = values.position.previous_ts
    put_packed(side.position_before, values.position.before)
    side.position_after.fill(values.position.after)
    side.position_carries.fill(fill_carries(position_identity(row, side, direction)))
    side.traded[...] = values.traded
    side.took[...] = values.took


def fill_rest_carries(row: Any) -> None:
    """Carries of what is left to the backstop, in the rows where a side is taken."""
    of_seller, of_buyer = (
        fill_carries(rest_identity(row, side, direction))
        for side, direction in ((row.seller, 1), (row.buyer, -1))
    )
    pairs = zip(of_seller, of_buyer, strict=True)
    row.rest_carries.fill([row.seller.taken * a + row.buyer.taken * b for a, b in pairs])


def _fill_fee_sums(row: Any) -> None:
    """Limb sums down the table; padding rows repeat the last."""
    for k in range(FEE_LIMBS):
        row.fees[k][...] = np.cumsum(charged(row, k)) % MODULUS
        row.rests[k][...] = np.cumsum(rested(row, k)) % MODULUS
