"""What an account row says of refresh fees: who pays one, how much, and that its cash has it.

The fee is taken on the way from the cash word's last value to the new leaf, so that what the
account is judged by, its sums, is what it has left. Their sum goes to the batch table, which
credits it to the backstop.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.air.graph import MODULUS
from circuits.air.layout import LIMB_BITS
from circuits.gadgets.buses import FLAGGED
from circuits.tables.account.columns import Columns
from rollup.protocol.constants import REFRESH_FEE_BITS

PAIR = 1 << 2 * LIMB_BITS
_PER_LIMB = pow(2**LIMB_BITS, -1, MODULUS)


def cash_before_fee(row: Columns) -> list[Any]:
    """The words of the cash of which the fee is taken; on cells and on arrays."""
    low, middle, high = row.after.cash
    refresh = row.refresh
    carries = refresh.stops + refresh.passes
    return [
        low + refresh.charged - carries * PAIR,
        middle + carries - refresh.passes * PAIR,
        high + refresh.passes,
    ]


def require_refresh(air: Builder, row: Columns) -> None:
    """Who was due pays, unless it is liquidated, flagged or the backstop: the fee, or all of its
    excess."""
    refresh = row.refresh
    for flag in (refresh.pays, refresh.stops, refresh.passes):
        air.require_bit(flag, "account.flags")
    # Lie: a friend pays nothing, or somebody pays whom the price had not passed, or of whom lots
    # are taken for a fee of their own.
    pays = row.due * (1 - row.liquidated) * row.ordinary
    air.require_equal(refresh.pays, pays, "account.refreshed")
    _require_fee(air, row)
    _require_cash(air, row)


def _require_fee(air: Builder, row: Columns) -> None:
    """min(fee, excess before it): the whole fee, or nothing is left. That the excess is not below
    zero the closing rule says, and its limbs then are not either."""
    refresh = row.refresh
    charged, short = refresh.charged, air.public("refresh_fee") - refresh.charged
    # Lie: a fee of who does not pay one.
    air.require_zero(charged * (1 - refresh.pays), "account.refresh-fee")
    # Lie: an enemy pays more than others. Lie: a friend is paid.
    for part in (charged, short):
        air.range_check((part, REFRESH_FEE_BITS), refresh.pays, claim="account.refresh-fee")
    first, *others = row.sums.excess_after
    with air.when(refresh.pays):
        # Lie: a friend pays less, and has something left. Six limbs sum below p.
        air.require_zero(short * sum(others, first), "account.refresh-fee")


def _require_cash(air: Builder, row: Columns) -> None:
    """The leaf's words are pairs of limbs: those of the cash before, less the fee."""
    refresh, (low, middle, high) = row.refresh, row.after.cash
    top = ((low - refresh.cash_low) * _PER_LIMB, LIMB_BITS)
    for part in ((refresh.cash_low, LIMB_BITS), top):
        air.range_check(part, refresh.pays, claim="account.refresh-cash")
    carries = refresh.stops + refresh.passes
    # Lie: cash from nowhere by a carry that was not.
    air.require_zero(carries * (1 - refresh.pays), "account.refresh-cash")
    air.require_zero(refresh.passes * (middle + 1 - PAIR), "account.refresh-cash")
    # Lie: words that are no pairs: a fee is taken of a pair that has nothing, and p - 1 is left.
    into = refresh.stops * (middle + 1) + refresh.passes * (high + 1)
    air.require_equal(into * refresh.inverse, carries, "account.refresh-cash")


def require_told(air: Builder, row: Columns, following: Columns) -> None:
    """How many more accounts are flagged, and all fees, summed down the rows and told on the last
    one."""

    def more(each: Columns) -> Any:
        return each.after.below - each.before.below

    # Lie: an account is left below maintenance and nobody counts it, so that the step closes.
    # Lie: a fee that is charged and credited to nobody.
    with air.first_row():
        air.require_equal(row.flagged, more(row), "account.flagged")
        air.require_equal(row.refresh.sum, row.refresh.charged, "account.refreshes-summed")
    with air.transition():
        air.require_equal(following.flagged, row.flagged + more(following), "account.flagged")
        total = row.refresh.sum + following.refresh.charged
        air.require_equal(following.refresh.sum, total, "account.refreshes-summed")
    air.send(FLAGGED, (row.flagged, row.refresh.sum), row.last, claim="account.flagged")
