"""What a position says of the work on an open step: its account was due, or it is closed out.

An account is dealt with if it was due, which one of its positions shows, or if it is below
maintenance no more; then all its positions count as rows that are spent on the step. Of one that
takeovers close out nothing is left, which happens once.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.gadgets.buses import DUE, SPENT
from circuits.tables.position.columns import Columns, number_of

CLOSED_OUT_PLACE = 1
"""Of positions that are closed out among what is spent (circuits.gadgets.buses.SPENT)."""

DEALT_PLACE = 3
"""And of positions of accounts that are dealt with."""


def require_work(air: Builder, row: Columns) -> None:
    """One position's part in it."""
    _require_due(air, row)
    _require_closed_out(air, row)
    # Lie: padding counts as work.
    air.require_zero(row.dealt * (1 - row.active), "position.padding-is-silent")
    air.bit_elsewhere(row.dealt, "the account's row says so, and the chain carries it")
    air.send(SPENT, (DEALT_PLACE,), row.dealt, claim="position.spent")


def _require_due(air: Builder, row: Columns) -> None:
    """Its old trigger is above the price's bucket exactly if it says so. A row without an old
    position has any trigger, and may have none."""
    before, due = row.before, row.due
    # Lie: where nothing was held there is no trigger that a leaf vouches for.
    air.require_zero(due * (1 - before.held), "position.due")
    air.range_check(row.due_room, row.active, claim="position.due")
    # Lie: accounts that nobody had to look at are refreshed, and the step goes on for ever.
    # Lie: a friend who was due says nothing, and pays no fee.
    air.require_equal(row.due_room.value(), due_gap(row), "position.due")
    air.send(DUE, (row.account,), due, claim="position.due")


def due_gap(row: Columns) -> Any:
    """How far the old trigger is above the price's bucket, less one, of a position that is due; how
    far below it, of any other. On cells and on arrays."""
    passed = row.before.trigger - number_of(row.risk, row.before.short)
    return (2 * row.due - 1) * passed - row.due


def _require_closed_out(air: Builder, row: Columns) -> None:
    """Nothing but takeovers changes what a liquidated account holds, or one that is deleveraged
    there."""
    before, after, closed_out = row.before, row.after, row.closed_out
    air.require_bit(closed_out, "position.flags")
    # Lie: a lot a batch is taken of what has many, and each counts.
    air.require_zero(closed_out * after.held, "position.closed-out")
    # Lie: nothing was held, or its holder sold it.
    air.require_zero(closed_out * (1 - before.held), "position.closed-out")
    reduced = row.liquidated + row.deleveraged
    air.require_zero(closed_out * (1 - reduced), "position.closed-out")
    air.send(SPENT, (CLOSED_OUT_PLACE,), closed_out, claim="position.spent")
