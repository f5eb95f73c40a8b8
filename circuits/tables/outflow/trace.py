"""Outflow: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

from typing import Any

import numpy as np

from circuits.air.trace import U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.integer import fill_carries
from circuits.tables.outflow.columns import Columns, purse_identity, receiver_of
from circuits.tables.records import CashAccess, OutflowRecords
from rollup.protocol.assets import USDC
from rollup.protocol.constants import SIZE_BITS


def build(records: OutflowRecords, height: int, blinded: int) -> U32:
    """The trace, one row an outflow; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.account))
    row.active[...] = 1
    for name in ("transfer", "account", "asset"):
        getattr(row, name)[...] = getattr(records, name)
    put_packed(row.receiver, records.receiver)
    row.of_asset[...] = records.asset != USDC
    row.with_cash[...] = np.isin(records.account, records.account[records.asset == USDC])
    row.asset_inverse[...] = inverse_or_zero(records.asset)
    row.accounts_inverse[...] = row.transfer * inverse_or_zero(row.account - receiver_of(row))
    _fill_amount(row, records)
    _fill_purse(row, row.payer, records.payer, -1, row.active)
    _fill_purse(row, row.payee, records.payee, 1, row.transfer)
    for purse, counts in zip((row.payer, row.payee), records.counts, strict=True):
        put((purse.traded, purse.took), counts)
    for cell, word in zip(row.owner, records.owner.T, strict=True):
        cell[...] = np.where(row.transfer == 1, cell, word)
    trace.fill_rest()
    return trace.finish()


def _fill_amount(row: Columns, records: OutflowRecords) -> None:
    put_packed(row.amount[:2], records.amount % 2**SIZE_BITS)
    row.amount[2][...] = records.amount // 2**SIZE_BITS
    first, *others = row.amount
    row.amount_inverse[...] = inverse_or_zero(sum(others, first))


def _fill_purse(row: Columns, purse: Any, cash: CashAccess, direction: int, count: Any) -> None:
    """What one account has; zeros where a withdrawal pays none."""
    purse.last_ts[...] = cash.previous_ts
    put_packed(purse.before, cash.before)
    purse.after.fill(cash.after)
    carries = fill_carries(purse_identity(row, purse, direction))
    purse.carries.fill([carry * count for carry in carries])
