"""What an account row says of outflows: whose cash may leave."""

from circuits.air.builder import Builder
from circuits.gadgets.buses import OUTFLOW
from circuits.tables.account.columns import Columns


def require_payment(air: Builder, row: Columns) -> None:
    """Cash leaves an account only if it meets initial margin afterwards, whatever its risk did."""
    air.require_bit(row.paid_out, "account.flags")
    air.require_zero(row.paid_out * (1 - row.exists), "account.padding-is-silent")
    # Lie: an account that only shrinks keeps less than initial margin and takes the rest out.
    air.require_zero(row.paid_out * row.shrinks, "account.paid-out-initial")
    # Lie: cash leaves, and neither margin nor prices are asked for.
    air.require_zero(row.outflows * (1 - row.paid_out), "account.paid-out")
    air.send(OUTFLOW, (row.account,), row.outflows, claim="account.outflow")
