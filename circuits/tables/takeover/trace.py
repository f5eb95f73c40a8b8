"""Takeover: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

from typing import Any

from circuits.air.trace import U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.integer import fill_carries
from circuits.tables.records import TakeoverHolder, TakeoverRecords
from circuits.tables.takeover.columns import (
    Columns,
    cash_identity,
    fee_identity,
    kept_identity,
    position_identity,
    taken,
)


def build(records: TakeoverRecords, height: int, blinded: int) -> U32:
    """The trace, one row a takeover; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.account))
    row.active[...] = 1
    names = ("account", "market", "short", "exhausted", "closes", "settled", "estate", "standing")
    for name in (*names, "taker_account"):
        getattr(row, name)[...] = getattr(records, name)
    row.counted[...] = row.settled * (1 - 2 * row.short)
    put((*row.value, *row.lot_fee), records.take)
    for given, value in zip(row.given, row.value, strict=True):
        given[...] = (1 - 2 * row.short) * value
    row.size.fill(records.size)
    row.size_inverse[...] = inverse_or_zero(sum(row.size.cells[1:], row.size.cells[0]))
    row.fee.fill(records.fee)
    put(row.waived.cells, records.waived)
    row.fee_carries.fill(fill_carries(fee_identity(row)))
    holders = ((row.liquidated, records.liquidated, -1), (row.taker, records.taker, 1))
    for holder, values, direction in holders:
        there = 1 if direction < 0 else taken(row)
        _fill_holder(row, holder, values, direction, there)
    row.cash_carries.fill(fill_carries(cash_identity(row)))
    kept = fill_carries(kept_identity(row))
    row.kept_carries.fill([carry * taken(row) for carry in kept])
    trace.fill_rest()
    return trace.finish()


def _fill_holder(row: Any, holder: Any, values: TakeoverHolder, direction: int, there: Any) -> None:
    """Cash and position of one account, where it is there."""
    holder.cash_ts[...] = values.cash.previous_ts
    put_packed(holder.cash_before, values.cash.before)
    holder.cash_after.fill(values.cash.after)
    holder.position_ts[...] = values.position.previous_ts
    put_packed(holder.position_before, values.position.before)
    holder.position_after.fill(values.position.after)
    holder.took[...] = values.took
    carries = fill_carries(position_identity(row, holder, direction))
    holder.position_carries.fill([carry * there for carry in carries])
