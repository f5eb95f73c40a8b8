"""Batch: the columns, and the integer identities of the fee credit."""

from typing import Any

from circuits.air.layout import LIMB_BITS, Layout, carries, cell, cells, group, limbs
from circuits.gadgets.integer import Coefficient, Integer, from_limbs, from_packed, from_sums
from circuits.tables.account.columns import ACCOUNT_ROWS_MAX
from circuits.tables.fill.columns import FEE_LIMBS, FILL_ROWS_MAX
from rollup.protocol.constants import CASH_BITS, SALT_LENGTH, TIME_BITS
from rollup.protocol.outcome import Spent

DIGEST = 8
FEE_SUM_MAX = FILL_ROWS_MAX * 2 * (2**LIMB_BITS - 1)
"""Each row of the fill table adds two limbs to a sum. Below 2^25, far from the modulus."""

REFRESH_SUM_MAX = ACCOUNT_ROWS_MAX * (2**LIMB_BITS - 1)
"""Each row of the account table adds a limb to the sum: below 2^25."""

FEE_TOTAL_BITS = 58
"""2^11 rows of two fees below 2^46 each."""


SPENT_BITS = 2 * LIMB_BITS
"""Rows are below 2^13, and 2 x 64 frontiers come down by less than 2^16 buckets each."""


class State(Layout):
    """What the state root commits to, and the hashes on the way to it."""

    accounts_root = cells(DIGEST)
    frontiers = cells(DIGEST)  # the markets leaf as far as its markets
    markets_salt = cells(SALT_LENGTH)
    markets = cells(DIGEST)
    triggers_root = cells(DIGEST)
    flagged = cell()  # accounts below maintenance
    globals_salt = cells(SALT_LENGTH)
    globals_middle = cells(DIGEST)
    globals_digest = cells(DIGEST)
    left = cells(DIGEST)  # compress(accounts root, markets)
    right = cells(DIGEST)  # compress(triggers root, globals)


class Credit(Layout):
    """What one account is credited of all fills at once."""

    sums = cells(FEE_LIMBS)
    amount = limbs(FEE_TOTAL_BITS)
    sum_carries = carries(4, 13)
    previous_ts = cell()
    cash_before = cells(3)
    cash_after = limbs(CASH_BITS)
    cash_carries = carries(2, 3)


class Columns(Layout):
    """All of it is on the first row; other rows are free and say nothing."""

    before = group(State)
    after = group(State)
    leaves = cell()  # how many are published
    published = cells(DIGEST)  # the commitment as far as they
    with_markets = cells(DIGEST)
    markets_count = cell()
    last_listed = cell()  # 1 if no market is new
    lagging = cell()  # sides whose frontier is above the price
    open_inverse = cell()  # of these and the flagged accounts together
    spent = cells(len(Spent._fields))  # what is done for the step
    reasons = cells(len(Spent._fields) + 1)  # why it is progress: it is closed, or one of these
    spent_room = limbs(SPENT_BITS)  # by how much that is more than wanted
    old_time = limbs(TIME_BITS)
    time_room = cells(3)  # lower limbs of time - old time - 1
    fees = group(Credit)  # of the fee account
    rests = group(Credit)  # of the backstop
    refreshed = cell()  # all refresh fees, which are the backstop's too
    rested = cell()  # 1 if something is left to it


def sums_identity(credit: Any) -> Integer:
    """The amount - the sums of the fill table, which are no limbs yet."""
    return from_limbs(credit.amount) - from_sums(credit.sums, FEE_SUM_MAX)


def credit_identity(credit: Any, more: Any = 0) -> Integer:
    """cash after - before - the amount - more."""
    after = from_limbs(credit.cash_after).packed()
    change = after - from_packed(credit.cash_before, CASH_BITS) - from_limbs(credit.amount).packed()
    return change - Integer((Coefficient(more, 0, REFRESH_SUM_MAX),), 2 * LIMB_BITS)
