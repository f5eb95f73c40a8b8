"""Takeover: the columns, and the integer identities between them.

The identities are generic: constraints run them on cells, the trace on arrays to find the carries.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.layout import Layout, bit, carries, cell, cells, group, limb_widths, limbs
from circuits.gadgets.balanced import COUNT, HALF, TOP
from circuits.gadgets.integer import Coefficient, Integer, from_cells, from_limbs, from_packed
from rollup.protocol.constants import (
    CASH_BITS,
    POSITION_BITS,
    PRICE_BITS,
    SIZE_BITS,
    TAKEOVER_FEE_BITS,
)

FULL_FEE_BITS = 70
"""The whole fee: 2^40 lots at less than 2^30 ticks a lot."""

TAKEOVER_ROWS_MAX = 2**12
"""Tallest table: timestamps stay below 2^13."""

_ZERO = Coefficient(0, 0, 0)


class Holder(Layout):
    """One of the two accounts: its cash and position before and after."""

    cash_ts = cell()
    cash_before = cells(3)  # packed pairs
    cash_after = limbs(CASH_BITS)
    position_ts = cell()
    position_before = cells(2)
    position_after = limbs(POSITION_BITS)
    position_carries = carries(1, 3)
    took = cell()  # how often it took lots there before


class Columns(Layout):
    """One takeover."""

    active = bit()
    account = cell()
    market = cell()
    short = bit()  # the lots were owed, not held
    exhausted = bit()  # the account pays what it has left, and not the whole fee
    closes = bit()  # the taker is not the backstop: it loses as many lots of the other side
    settled = bit()  # nobody takes the lots: their market has ended, and they become cash
    counted = cell()  # 1 where lots are settled that were held, -1 where they were owed
    estate = bit()  # there is no taker: the lots leave the state
    standing = cell()  # of the taker, where it is not the backstop
    taker_account = cell()
    value = cells(COUNT)  # of a lot, balanced limbs
    given = cells(COUNT)  # what the account gets for a lot: the value, or its opposite
    lot_fee = cells(3)  # ticks a lot, limbs
    size = limbs(SIZE_BITS)
    size_inverse = cell()  # of the sum of its limbs
    fee = limbs(TAKEOVER_FEE_BITS)
    waived = limbs(FULL_FEE_BITS)  # what the fee is below the whole one
    fee_carries = carries(5, 16)
    cash_carries = carries(5, 17)
    kept_carries = carries(2, 3)
    liquidated = group(Holder)
    taker = group(Holder)


def liquidates(row: Any) -> Any:
    """1 where lots leave who is liquidated; on cells and on arrays."""
    return row.active - row.settled


def taken(row: Any) -> Any:
    """1 where an account takes the lots; on cells and on arrays."""
    return row.active - row.settled - row.estate


def fee_identity(row: Any) -> Integer:
    """size x fee a lot - fee - waived."""
    lot_fee = from_cells(row.lot_fee, limb_widths(PRICE_BITS))
    return from_limbs(row.size) * lot_fee - from_limbs(row.fee) - from_limbs(row.waived)


def cash_identity(row: Any) -> Integer:
    """Cash after - before - size x what a lot gives + fee, of the liquidated account."""
    holder = row.liquidated
    change = from_limbs(holder.cash_after) - _unpacked(holder.cash_before)
    return change - from_limbs(row.size) * _balanced(row.given) + from_limbs(row.fee)


def kept_identity(row: Any) -> Integer:
    """The cash of both after - of both before."""
    total = Integer((_ZERO,), base_bits=26)
    for holder in (row.liquidated, row.taker):
        total = total + from_limbs(holder.cash_after).packed()
        total = total - from_packed(holder.cash_before, CASH_BITS)
    return total


def position_identity(row: Any, holder: Any, direction: int) -> Integer:
    """Position after - before - direction x size: -1 gives the lots away, 1 gets them; the lots of
    a short are negative ones."""
    moved = from_limbs(row.size).packed().times(1 - 2 * row.short, -1, 1)
    after = from_limbs(holder.position_after).packed()
    change = after - from_packed(holder.position_before, POSITION_BITS)
    return change - (moved if direction > 0 else -moved)


def _balanced(digits: Sequence[Any]) -> Integer:
    """A public number of either sign, or its opposite: the verifier bounds its digits."""
    reaches = [*[HALF] * (COUNT - 1), TOP]
    return Integer(
        tuple(Coefficient(digit, -most, most) for digit, most in zip(digits, reaches, strict=True))
    )


def _unpacked(words: Sequence[Any]) -> Integer:
    """Cash in base 2^13 from its packed pairs, which are in range on the memory bus."""
    columns = []
    for column in from_packed(words, CASH_BITS).columns:
        columns += [column, _ZERO]
    return Integer(tuple(columns[:-1]))
