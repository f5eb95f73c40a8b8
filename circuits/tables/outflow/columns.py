"""Outflow: the columns, and the integer identities between them.

The identities are generic: constraints run them on cells, the trace on arrays to find the carries.
"""

from typing import Any

from circuits.air.layout import Layout, bit, carries, cell, cells, group, limbs
from circuits.gadgets.integer import PACKED_BITS, Coefficient, Integer, from_limbs, from_packed
from rollup.protocol.constants import CASH_BITS, OUTFLOW_BITS, SIZE_BITS

OUTFLOW_ROWS_MAX = 2**12
"""Tallest table: timestamps stay below 2^13."""

OWNER_WORDS = 6


class Purse(Layout):
    """Cash of one account before and after; or its position in the market of an asset, which is
    biased by less and has no third pair."""

    last_ts = cell()
    before = cells(3)  # packed pairs
    after = limbs(CASH_BITS)
    carries = carries(2, 3)
    traded = cell()  # of an asset: how often an order of the account met another one there
    took = cell()  # and took lots of a liquidated account


class Columns(Layout):
    """One outflow."""

    active = bit()
    transfer = bit()  # to another account; else to the owner at L1
    account = cell()
    receiver = cells(2)  # packed pairs of the other account's number; 0 for a withdrawal
    asset = cell()  # mark of what leaves: the word that it leaves, 0 for cash
    asset_inverse = cell()
    of_asset = bit()  # 1 unless it is cash
    with_cash = cell()  # 1 if cash leaves the account in the batch
    accounts_inverse = cell()  # of the account's number less the receiver's
    amount = cells(3)  # 26, 14 and 13 bits
    amount_inverse = cell()  # of their sum
    payer = group(Purse)
    payee = group(Purse)  # of a transfer

    @property
    def owner(self) -> tuple[Any, ...]:
        """The owner of the account, of a withdrawal: in cells of the payee. A withdrawal has none,
        and all that is asked of these cells as a payee's is asked of transfers; all that is told of
        them as an owner's is told of withdrawals."""
        words = (*self.payee.before[:2], *self.payee.after.cells[:4])
        if len(words) != OWNER_WORDS:
            raise ValueError(f"an owner has {OWNER_WORDS} words")
        return words


def amount_of(row: Any) -> Integer:
    """The amount, from words that the order table has in range."""
    low, high, top = row.amount
    shift = SIZE_BITS - PACKED_BITS
    most = (1 << OUTFLOW_BITS - PACKED_BITS) - 1
    columns = (
        Coefficient(low, 0, (1 << PACKED_BITS) - 1),
        Coefficient(high + top * 2**shift, 0, most),
    )
    return Integer(columns, PACKED_BITS)


def receiver_of(row: Any) -> Any:
    """Number of the account that is paid."""
    low, high = row.receiver
    return low + high * 2**PACKED_BITS


def purse_identity(row: Any, purse: Any, direction: int) -> Integer:
    """After - before - direction x amount: -1 pays, 1 is paid."""
    change = from_limbs(purse.after).packed() - from_packed(purse.before, CASH_BITS)
    amount = amount_of(row)
    return change - amount if direction > 0 else change + amount
