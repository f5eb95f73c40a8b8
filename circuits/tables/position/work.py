"""What a position says of the work on an open step: that its account is dealt with.

An account is dealt with if it is liquidated, deleveraged, or was due. One of its positions shows
so: it lost lots to a takeover, or the price has passed the trigger that it had. Then all its
positions count as rows that are spent on the step.
"""

from circuits.air.builder import Builder
from circuits.gadgets.buses import DEALT, SPENT
from circuits.tables.position.columns import Columns, number_of

PLACE = 3
"""Of positions among what is spent (circuits.gadgets.buses.SPENT)."""


def require_dealt(air: Builder, row: Columns) -> None:
    """One position's part in it."""
    before, due = row.before, row.due
    # Lie: where nothing is held there is no trigger that a leaf vouches for.
    air.require_zero(due * (1 - before.held), "position.due")
    # The distance has one meaning at a time.
    air.require_zero(due * (row.deleveraged + row.behind), "position.due")
    with air.when(due):
        # Lie: accounts that nobody had to look at are refreshed, and the step goes on for ever.
        passed = before.trigger - number_of(row.risk, before.short) - 1
        air.require_equal(row.zone_room.value(), passed, "position.due")
    air.send(DEALT, (row.account,), due + row.lost, claim="position.dealt")
    # Lie: padding counts as work.
    air.require_zero(row.dealt * (1 - row.active), "position.padding-is-silent")
    air.bit_elsewhere(row.dealt, "the account's row says so, and the chain carries it")
    air.send(SPENT, (PLACE,), row.dealt, claim="position.spent")
