"""What an account row says of liquidation: whose lots the backstop may take, and for which fee."""

from circuits.air.builder import Builder
from circuits.air.layout import LIMB_BITS
from circuits.tables.account.columns import Columns


def require_liquidation(air: Builder, row: Columns) -> None:
    """A liquidated account was below maintenance at the mark, signed nothing, is a trader's, and
    ends owing nothing."""
    liquidated, equity = row.liquidated, row.sums.equity_after
    for flag in (liquidated, row.exhausted):
        air.require_bit(flag, "account.flags")
    air.require_zero(liquidated * (1 - row.exists), "account.padding-is-silent")
    # Lie: a healthy account is liquidated, or one that only this batch made poor. The mark is the
    # old leaf; the top limb of its excess has the sign.
    below = (-1 - row.sums.excess_before[-1], LIMB_BITS)
    air.range_check(below, liquidated, claim="account.liquidatable")
    # Lie: its own order trades in the batch, before its lots are taken or after.
    air.require_zero(liquidated * row.opened, "account.liquidated-unsigned")
    # Lie: the backstop takes from itself.
    air.require_zero(liquidated * row.backstop, "account.not-the-backstop")
    # Lie: liquidation leaves it with more than it had.
    air.require_zero(liquidated * (1 - row.shrinks), "account.liquidated-shrinks")
    # Lie: a liquidation that leaves a debt behind, or a fee beyond what is left.
    air.range_check((equity[-1], LIMB_BITS), liquidated, claim="account.liquidated-equity")
    # Lie: a friend is called exhausted, pays less, and has something left.
    air.require_zero(row.exhausted * (1 - liquidated), "account.exhausted")
    # Six limbs below 2^13 each sum below p.
    air.require_zero(row.exhausted * sum(equity[1:], equity[0]), "account.exhausted")
