"""Deposit: the columns, and the integer identity of what is credited."""

from typing import Any

from circuits.air.layout import Layout, bit, carries, cell, cells, limbs
from circuits.gadgets.integer import PACKED_BITS, Integer, constant, from_limbs, from_packed
from rollup.field.septic import DEGREE
from rollup.protocol.constants import AMOUNT_BITS, CASH_BITS, DIGEST_LENGTH, POSITION_BITS
from rollup.protocol.encoding import packed

OWNER_WORDS = 6


class Columns(Layout):
    """One queue entry. What became of it is one of twelve bits; none is set on padding."""

    registered = bit()  # a new account, credited
    credited = bit()  # an existing account, credited
    rotated = bit()  # an existing account, credited, that has another key from now on
    key_non_canonical = bit()
    key_off_curve = bit()
    account_exists = bit()
    account_missing = bit()
    overflow = bit()  # more cash, or more lots, than an account may hold
    not_owner = bit()
    asset_unknown = bit()
    unknown_credit = bit()  # that one is a credit
    paid = bit()  # an exit: what it asks for leaves the account
    barred = bit()  # an exit that no batch of this state can pay
    # The entry as in its public message.
    entry = cell()  # its index in the queue
    rotates = bit()  # it asks for another key
    exits = bit()  # it asks for money
    kind = cell()
    account = cell()
    asset = cell()  # mark of what it is of: the word of its position, 0 for USDC
    of_asset = cell()  # 1 unless it is USDC
    amount = cells(3)  # packed pairs of 62 bits
    owner = cells(OWNER_WORDS)
    key_x = cells(DEGREE)
    key_y = cells(DEGREE)
    viewing = cells(DIGEST_LENGTH)
    # Whether the key is on the curve.
    x_squared = cells(DEGREE)
    off_curve_proof = cells(DEGREE)  # weights that show some coordinate of the equation not 0
    keyed = cell()  # 1 if it gets as far as its account with a key
    # Whose account a rotation or an exit is of.
    asks = cell()  # 1 if that decides
    holder = cells(OWNER_WORDS)  # the owner in the account's header
    stranger_proof = cells(OWNER_WORDS)  # weights that show that it is not who sent the entry
    # The cash word of the account.
    previous_ts = cell()
    existed = bit()
    cash_before = cells(3)
    cash_paid = bit()  # it is credited to cash, or paid out of it
    # The word of its position, where lots are added.
    looked = bit()  # it is looked at
    position_ts = cell()
    position_before = cells(2)
    sum = limbs(CASH_BITS)  # cash + amount modulo 2^64, or lots held so high that they overflow too
    sum_carries = carries(2, 2)


LIFT = packed(2**CASH_BITS - 2**POSITION_BITS, CASH_BITS)
"""What a biased position is lifted by, so that one too large passes 2^64 as too much cash does."""


def lifted(row: Any) -> list[Any]:
    """Words of cash or of the lifted position, whichever is added to."""
    position = (*row.position_before, 0)
    pairs = zip(row.cash_before, position, LIFT, strict=True)
    return [cash + row.of_asset * (lots + more - cash) for cash, lots, more in pairs]


def lowered(row: Any) -> list[Any]:
    """The words of `sum` as those of a position; the last must be 0."""
    return [word - more for word, more in zip(row.sum.packed(), LIFT, strict=True)]


def sum_identity(row: Any) -> Integer:
    """sum + 2^64 if it overflows - cash or lifted position - amount, or + amount that is paid."""
    wrapped = constant(2**CASH_BITS, PACKED_BITS).times(row.overflow, 0, 1)
    before = from_packed(lifted(row), CASH_BITS)
    amount = from_packed(row.amount, AMOUNT_BITS).times(1 - 2 * row.paid, -1, 1)
    return from_limbs(row.sum).packed() + wrapped - before - amount
