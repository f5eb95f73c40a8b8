"""What an account row says of outflows: whose cash may leave."""

from typing import Any

from circuits.air.builder import Builder
from circuits.gadgets.buses import OUTFLOW
from circuits.tables.account.columns import Columns


def require_payment(air: Builder, row: Columns) -> None:
    """Cash or an asset leaves an account only if it meets initial margin afterwards, whatever its
    risk did; and without its assets where it is cash."""
    air.require_bit(row.paid_out, "account.flags")
    air.require_bit(row.cash_out, "account.flags")
    air.require_zero(row.paid_out * (1 - row.exists), "account.padding-is-silent")
    # Lie: an account that only shrinks keeps less than initial margin and takes the rest out.
    air.require_zero(row.paid_out * row.shrinks, "account.paid-out-initial")
    # Lie: cash leaves, and neither margin nor prices are asked for.
    air.require_zero(row.outflows * (1 - row.paid_out), "account.paid-out")
    # Lie: what was borrowed against an asset leaves: of whom cash does, that counts its assets.
    air.require_zero(row.cash_out * (1 - row.paid_out), "account.cash-out")
    air.send(OUTFLOW, (row.account, row.cash_out), row.outflows, claim="account.outflow")


def payment(row: Columns) -> Any:
    """What positions hear of it: 0 of nothing, 1 of an asset, 2 of cash."""
    return row.paid_out + row.cash_out
