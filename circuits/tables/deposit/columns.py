"""Deposit: the columns, and the integer identity of the credited cash."""

from typing import Any

from circuits.air.layout import Layout, bit, carries, cell, cells, limbs
from circuits.gadgets.integer import PACKED_BITS, Integer, constant, from_limbs, from_packed
from rollup.field.septic import DEGREE
from rollup.protocol.constants import AMOUNT_BITS, CASH_BITS, DIGEST_LENGTH

OWNER_WORDS = 6


class Columns(Layout):
    """One queue entry. What became of it is one of nine bits; none is set on padding."""

    registered = bit()  # a new account, credited
    credited = bit()  # an existing account, credited
    rotated = bit()  # an existing account, credited, that has another key from now on
    key_non_canonical = bit()
    key_off_curve = bit()
    account_exists = bit()
    account_missing = bit()
    cash_overflow = bit()
    not_owner = bit()
    # The entry as in its public message.
    entry = cell()  # its index in the queue
    rotates = bit()  # it asks for another key
    kind = cell()
    account = cell()
    amount = cells(3)  # packed pairs of 62 bits
    owner = cells(OWNER_WORDS)
    key_x = cells(DEGREE)
    key_y = cells(DEGREE)
    viewing = cells(DIGEST_LENGTH)
    # Whether the key is on the curve.
    x_squared = cells(DEGREE)
    off_curve_proof = cells(DEGREE)  # weights that show some coordinate of the equation not 0
    keyed = cell()  # 1 if it gets as far as its account with a key
    # Whose account a rotation is of.
    asks = cell()  # 1 if that decides
    holder = cells(OWNER_WORDS)  # the owner in the account's header
    stranger_proof = cells(OWNER_WORDS)  # weights that show that it is not who sent the entry
    # The cash word of the account.
    previous_ts = cell()
    existed = bit()
    cash_before = cells(3)
    cash_sum = limbs(CASH_BITS)  # cash + amount modulo 2^64
    sum_carries = carries(2, 2)


def sum_identity(row: Any) -> Integer:
    """sum + 2^64 if it overflows - cash - amount, all biased cash."""
    wrapped = constant(2**CASH_BITS, PACKED_BITS).times(row.cash_overflow, 0, 1)
    before = from_packed(row.cash_before, CASH_BITS)
    amount = from_packed(row.amount, AMOUNT_BITS)
    return from_limbs(row.cash_sum).packed() + wrapped - before - amount
