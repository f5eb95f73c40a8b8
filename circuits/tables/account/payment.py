"""What an account row says of outflows: whose cash may leave, and whose exit may not.

An exit is refused for one of four bars, each of which would make an outflow of the account
impossible in this batch; so that no owner is refused what a batch of this state could pay.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.gadgets.buses import BARRED, OUTFLOW, UNSTEADY
from circuits.gadgets.integer import Integer, from_limbs, from_packed, require_identity
from circuits.tables.account.columns import Columns
from circuits.tables.position.sums import normal
from rollup.protocol.constants import AMOUNT_BITS


def require_payment(air: Builder, row: Columns) -> None:
    """Cash or an asset leaves an account only if it meets initial margin afterwards, whatever its
    risk did; and without its assets where it is cash."""
    air.require_bit(row.paid_out, "account.flags")
    air.require_bit(row.cash_out, "account.flags")
    air.require_zero(row.paid_out * (1 - row.exists), "account.padding-is-silent")
    # Lie: an account that only shrinks keeps less than initial margin and takes the rest out.
    air.require_zero(row.paid_out * row.shrinks, "account.paid-out-initial")
    # Lie: cash leaves a liquidated account, a flagged one or the backstop, without a signature.
    air.require_zero(row.paid_out * row.exempt, "account.paid-out-standing")
    # Lie: cash leaves, and neither margin nor prices are asked for.
    air.require_zero(row.outflows * (1 - row.paid_out), "account.paid-out")
    # Lie: what was borrowed against an asset leaves: of whom cash does, that counts its assets.
    air.require_zero(row.cash_out * (1 - row.paid_out), "account.cash-out")
    air.send(OUTFLOW, (row.account, row.cash_out), row.outflows, claim="account.outflow")


def require_exit(air: Builder, row: Columns) -> None:
    """An exit that is refused has a bar."""
    exit = row.exit
    bars = (exit.shut, exit.standing, exit.unsteady, exit.short)
    air.require_bit(exit.refused, "account.flags")
    # Lie: a padding row bars an exit of an account that nobody opened.
    air.require_zero(exit.refused * (1 - row.exists), "account.padding-is-silent")
    # Lie: the operator refuses an exit that it could pay.
    air.require_one_hot(bars, exit.refused, "account.barred")
    air.send(BARRED, (row.account, *exit.amount), exit.refused, claim="account.barred")
    # Lie: the batch is a step of its own, and is said to pay nobody.
    whole = air.public("closed") * (1 - air.public("begins_open"))
    air.require_zero(exit.shut * whole, "account.barred-shut")
    # Lie: an account is spared the payment that is neither the backstop, nor liquidated, nor
    # flagged.
    air.require_zero(exit.standing * (1 - row.exempt), "account.barred-standing")
    # Lie: prices are said to be clamped or missing that are not, or not of what it holds.
    air.receive(UNSTEADY, (row.account,), exit.unsteady, claim="account.barred-unsteady")
    _require_short(air, row)


def _require_short(air: Builder, row: Columns) -> None:
    """What it has over initial margin as the batch ends, its assets not counted, is below the
    amount. An account out of which something was paid is never said to be short: whether its assets
    count is the payment's to say."""
    exit = row.exit
    air.require_zero(exit.short * row.paid_out, "account.barred-short")
    for number in (exit.lacking, exit.carries):
        air.range_check(number, exit.short, claim="account.barred-short")
    with air.when(exit.short):
        # Lie: an account that has enough is said to be short of it.
        require_identity(air, lacking_gap(row), exit.carries, "account.barred-short")


def lacking_gap(row: Columns) -> Integer:
    """amount - 1 - initial' - lacking; on cells and on arrays."""
    amount = from_packed(row.exit.amount, AMOUNT_BITS)
    left = normal(row.sums.initial_after).packed()
    return amount - 1 - left - from_limbs(row.exit.lacking).packed()


def payment(row: Columns) -> Any:
    """What positions hear of it: 0 of nothing, 1 of an asset, 2 of cash, or that the account is
    looked at as if cash left."""
    return row.paid_out + row.cash_out + 2 * row.exit.short
