"""Outflow: one row takes cash or lots of an asset out of an account, by a signature that the order
table checked, and whose generation it used up, so that it acts once.

A withdrawal is granted to the owner in the account's header, as the verifier tells L1; a transfer
goes to another account. The row tells the account's row, which then meets initial margin in markets
whose prices are fresh and unclamped. Row j accesses memory at time OUTFLOW_TIMESTAMP + j.
Height: one row an outflow, padded; rows in use need not be contiguous, and are among the first
OUTFLOWS_MAX rows. Degree: 3.
Buses: receives SIGNED_OUTFLOW, OWNER, PAYOUT, OUTFLOW and ASSET, accesses two words of MEMORY.
Claims: docs/spec/claims/outflow.md. Spec: docs/spec/16-outflow.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell
from circuits.air.table import Table
from circuits.gadgets.buses import ASSET, OUTFLOW, OWNER, PAYOUT, SIGNED_OUTFLOW
from circuits.gadgets.integer import require_identity
from circuits.gadgets.memory import require_access
from circuits.tables.outflow.columns import (
    OUTFLOW_ROWS_MAX,
    Columns,
    purse_identity,
    receiver_of,
)
from rollup.protocol.constants import OUTFLOW_TIMESTAMP, OUTFLOWS_MAX


class Fixed(Layout):
    """The fixed columns."""

    place = cell()  # 1 on the rows that may hold an outflow


def fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """The first OUTFLOWS_MAX rows may hold one; half of them in a table too low for so many."""
    return {"place": [1] * min(OUTFLOWS_MAX, height // 2)}


def constraints(air: Builder, row: Columns) -> None:
    """One outflow."""
    for flag in (row.active, row.transfer, row.of_asset):
        air.require_bit(flag, "outflow.flags")
    # Lie: a padding row pays an account.
    air.require_zero(row.transfer * (1 - row.active), "outflow.padding-is-silent")
    # Lie: an outflow beyond the batch's last, at a time not before the fee credit.
    air.require_zero(row.active * (1 - air.fixed.place), "outflow.place")
    # Lie: cash leaves while prices stand still, or while somebody is left below maintenance.
    air.require_zero(row.active * (1 - air.public("closed")), "outflow.step-closed")
    air.require_zero(row.active * air.public("begins_open"), "outflow.step-begun")
    # Lie: cash leaves an account that is not held to initial margin and to fresh prices.
    air.receive(OUTFLOW, (row.account, row.with_cash), row.active, claim="outflow.margin")
    # Lie: cash leaves as an asset does, so that what was borrowed against assets goes.
    cash = row.active - row.of_asset
    air.require_zero(cash * (1 - row.with_cash), "outflow.cash-told")
    _asset(air, row)
    _signed(air, row)
    _receiver(air, row)
    _purses(air, row)


def _asset(air: Builder, row: Columns) -> None:
    # Lie: an asset leaves as cash does, or cash as an asset: what is not cash has no third pair and
    # no bit that says whether an account exists.
    air.require_equal(row.asset * row.asset_inverse, row.of_asset, "outflow.of-asset")
    air.require_zero(row.asset * (1 - row.of_asset), "outflow.of-asset")
    # Lie: lots of a perpetual, or the count of a slot, leave as an asset: any word has a number.
    air.receive(ASSET, (row.asset,), row.of_asset, claim="outflow.asset-listed")
    air.require_zero(row.of_asset * (1 - row.active), "outflow.padding-is-silent")


def _signed(air: Builder, row: Columns) -> None:
    terms = (row.account, row.asset, row.transfer)
    # Lie: nobody signed it; an order passed off as a withdrawal; another amount, asset or
    # receiver; one signature pays twice.
    signed = (*terms, *row.receiver, *row.amount)
    air.receive(SIGNED_OUTFLOW, signed, row.active, claim="outflow.signed")
    first, *others = row.amount
    with air.when(row.active):
        # Lie: an outflow of nothing, to use up somebody's slot. The words sum below p.
        air.require_equal(sum(others, first) * row.amount_inverse, 1, "outflow.amount-positive")


def _receiver(air: Builder, row: Columns) -> None:
    """A withdrawal is the owner's, and public; a transfer is another account's."""
    withdrawal = row.active - row.transfer
    air.bit_elsewhere(withdrawal, "a transfer is active: outflow.padding-is-silent")
    # Lie: two ways to write one withdrawal. The words sum below p.
    air.require_zero(withdrawal * sum(row.receiver), "outflow.no-receiver")
    # Lie: a withdrawal to somebody else than owns the account.
    air.receive(OWNER, (row.account, *row.owner), withdrawal, claim="outflow.owner")
    # Lie: a withdrawal that L1 is not told of, or is told of twice, or of another amount or asset.
    payout = (*row.owner, row.asset, *row.amount)
    air.receive(PAYOUT, payout, withdrawal, claim="outflow.granted")
    distance = row.account - receiver_of(row)
    with air.when(row.transfer):
        # Lie: an account pays itself: what it pays is lost from one word and found in the other.
        air.require_equal(distance * row.accounts_inverse, 1, "outflow.distinct-accounts")


def _purses(air: Builder, row: Columns) -> None:
    """It leaves the account, and a transfer brings it to the other one."""
    purses = (
        (row.payer, row.account, row.active, -1),
        (row.payee, receiver_of(row), row.transfer, 1),
    )
    for purse, account, count, direction in purses:
        # Lie: a balance that overflows and comes back on the other end.
        for number in (purse.after, purse.carries):
            air.range_check(number, count, claim="outflow.bounds")
        with air.when(count):
            # Lie: more leaves than is taken, or is taken than arrives.
            moved = purse_identity(row, purse, direction)
            require_identity(air, moved, purse.carries, "outflow.cash")
        _access(air, row, purse, account, count)


def _access(air: Builder, row: Columns, purse: Any, account: Any, count: Any) -> None:
    # Lie: another account's cash, its position in another market than that of the asset, or an
    # account that does not exist: the last element of its cash, and it has no positions.
    exists = 1 - row.of_asset
    before, after = purse.before, purse.after.packed()
    # Lie: an asset is paid that is not there: what lacks is taken of a third pair.
    for words in (before, after):
        air.require_zero(row.of_asset * words[2], "outflow.of-asset")
    # Lie: cash, with a third pair that counts for orders; an account that only seems to exist.
    counts = (purse.traded, purse.took)
    for number in counts:
        air.require_zero(number * exists, "outflow.of-asset")
    last = exists + purse.took
    values = (
        (*before[:2], before[2] + purse.traded, last),
        (*after[:2], after[2] + purse.traded, last),
    )
    times = (purse.last_ts, row.index + OUTFLOW_TIMESTAMP)
    require_access(air, (account, row.asset), times, values, count, "outflow.cash-access")


TABLE = Table("outflow", Columns, constraints, Fixed, fixed_values, height_max=OUTFLOW_ROWS_MAX)
