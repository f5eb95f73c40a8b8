"""What an account row says of liquidation: whose lots the backstop may take, and for which fee."""

from circuits.air.builder import Builder
from circuits.air.layout import LIMB_BITS
from circuits.tables.account.columns import Columns


def require_liquidation(air: Builder, row: Columns) -> None:
    """A liquidated account was below maintenance at the mark, signed nothing, and is a trader's."""
    case = row.case
    air.require_bit(row.exhausted, "account.flags")
    # Lie: a healthy account is liquidated, or one that only this batch made poor. The mark is the
    # old leaf; the top limb of its excess has the sign.
    below = (-1 - row.sums.excess_before[-1], LIMB_BITS)
    air.range_check(below, case.liquidated, claim="account.liquidatable")
    # Lie: its own order trades in the batch, before its lots are taken or after.
    air.require_zero(case.liquidated * row.opened, "account.liquidated-unsigned")
    with air.when(case.liquidated):
        # Lie: the backstop takes from itself, or is let off its margin.
        distance = row.account - air.public("backstop_account")
        air.require_equal(distance * row.backstop_inverse, 1, "account.not-the-backstop")
    # Lie: a friend is called exhausted, pays less, and has something left.
    air.require_zero(row.exhausted * (1 - case.liquidated), "account.exhausted")
    first, *others = row.slack
    # Limbs below 2^13 each: twelve of them sum below p.
    air.require_zero(row.exhausted * sum(others, first), "account.exhausted")
