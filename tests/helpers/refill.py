"""Carries counted again: what a prover would do who changed a limb and wants the sums to hold.

The formulae are those of the tables' own traces. Candidates are the rows of one array, so that many
are filled at once; what a formula cannot make true stays false and is noticed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from circuits.air.graph import MODULUS
from circuits.air.layout import Carries
from circuits.gadgets.integer import Integer, fill_carries, from_limbs
from circuits.tables.account import closing
from circuits.tables.batch.columns import credit_identity, sums_identity
from circuits.tables.deposit.columns import sum_identity
from circuits.tables.fill import columns as fill
from circuits.tables.fill.trace import fill_rest_carries
from circuits.tables.market import hour
from circuits.tables.market.columns import lacking
from circuits.tables.outflow import columns as outflow
from circuits.tables.takeover import columns as takeover
from tests.helpers.rows import I64, Source

Refill = Callable[[Any, Source], None]


def put(carries: Carries, identity: Integer) -> None:
    """The carries of an identity."""
    carries.fill(fill_carries(identity))


def refill_fill(row: Any, source: Source) -> None:
    """Notional, fee, cash and position of both sides, and the rest."""
    del source
    put(row.notional_carries, fill.notional_identity(row))
    put(row.moved_carries, fill.moved_identity(row))
    for side, direction in ((row.buyer, 1), (row.seller, -1)):
        carries = fill_carries(fill.fee_identity(row, side))
        side.fee_carries.fill([carry * (1 - side.taken) for carry in carries])
        put(side.cash_carries, fill.cash_identity(row, side, direction))
        put(side.position_carries, fill.position_identity(row, side, direction))
    fill_rest_carries(row)


def refill_takeover(row: Any, source: Source) -> None:
    """Fee, cash of both accounts, and positions of both."""
    del source
    put(row.fee_carries, takeover.fee_identity(row))
    put(row.cash_carries, takeover.cash_identity(row))
    put(row.kept_carries, takeover.kept_identity(row))
    for holder, direction in ((row.liquidated, -1), (row.taker, 1)):
        put(holder.position_carries, takeover.position_identity(row, holder, direction))


def refill_outflow(row: Any, source: Source) -> None:
    """Cash of who pays, and of who is paid where there is somebody."""
    del source
    for purse, direction in ((row.payer, -1), (row.payee, 1)):
        count = row.active if direction < 0 else row.transfer
        carries = fill_carries(outflow.purse_identity(row, purse, direction))
        purse.carries.fill([carry * count for carry in carries])


def refill_account(row: Any, source: Source) -> None:
    """Rest and room of the safety."""
    del source
    put(row.rest_carries, closing.safe_excess(row) - from_limbs(row.rest))
    put(row.room_carries, closing.unsafe_room(row) - from_limbs(row.room).packed())


def refill_total(row: Any, source: Source) -> None:
    """All sums."""
    del source
    for each in row.sums:
        put(each.carries, each.gap())


def refill_batch(row: Any, source: Source) -> None:
    """Fees and rests, and their credit."""
    del source
    for credit in (row.fees, row.rests):
        put(credit.sum_carries, sums_identity(credit))
        put(credit.cash_carries, credit_identity(credit))


def refill_market(row: Any, source: Source) -> None:
    """The tally, the division of a rate, and what a full backstop lacks."""
    del source
    public, tally, rate = row.hour, row.tally, row.rate
    for carries, sizes in zip(tally.size_carries, range(len(tally.sizes)), strict=True):
        put(carries, hour.sizes_identity(tally, sizes))
    put(tally.volume_carries, hour.volume_identity(public, tally))
    put(tally.premium_carries, hour.premium_identity(public, tally))
    put(tally.open_carries, hour.open_identity(tally, row.asset))
    put(tally.cap_carries, hour.cap_identity(public, tally))
    for carries, identity in (
        (rate.thin_carries, hour.thin_identity(public, tally, rate)),
        (rate.traded_carries, hour.traded_identity(public, tally, rate)),
        (rate.held_carries, hour.held_identity(public, tally, rate)),
        (rate.rest_carries, hour.rest_identity(public, tally, rate)),
        (rate.left_carries, hour.left_identity(rate)),
    ):
        carries.fill([carry * public.rated for carry in fill_carries(identity)])
    for place, side in enumerate(row.sides):
        short = fill_carries(lacking(row, place).packed())
        side.short_carries.fill([carry * side.zoned for carry in short])


def refill_deposit(row: Any, source: Source) -> None:
    """The sum of cash and amount."""
    del source
    put(row.sum_carries, sum_identity(row))


REFILLS: dict[str, Refill] = {
    "fill": refill_fill,
    "takeover": refill_takeover,
    "outflow": refill_outflow,
    "account": refill_account,
    "total": refill_total,
    "batch": refill_batch,
    "deposit": refill_deposit,
    "market": refill_market,
}


def refilled(source: Source, rows: I64, keep: np.ndarray | None = None) -> I64:
    """Rows (n, columns) with their carries counted again, but for the columns in `keep`."""
    signed = np.where(rows > MODULUS // 2, rows - MODULUS, rows)
    columns = [column.copy() for column in signed.T]
    REFILLS[source.table.name](source.table.columns.bind(columns), source)
    filled = np.stack(columns, axis=1) % MODULUS
    if keep is not None:
        filled[:, keep] = rows[:, keep]
    return filled
