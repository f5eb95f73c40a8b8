"""What an account row says of liquidation: whose lots may be taken, for which fee, and who may stay
where others are deleveraged."""

from circuits.air.builder import Builder
from circuits.air.layout import LIMB_BITS
from circuits.gadgets.balanced import HALF, TOP
from circuits.gadgets.buses import BACKSTOP, DUE, NEEDED, SPENT
from circuits.gadgets.integer import Coefficient, Integer, from_limbs, require_identity
from circuits.tables.account.columns import Columns
from circuits.tables.position.sums import normal


def needed_gap(row: Columns) -> Integer:
    """What one lot adds at most - 1 - excess' - spare; on cells and on arrays."""
    *lower, top = row.relief
    digits = [Coefficient(digit, -2 * HALF, 2 * HALF) for digit in lower]
    relief = Integer((*digits, Coefficient(top, -2 * TOP, 2 * TOP)))
    return relief - 1 - normal(row.sums.excess_after) - from_limbs(row.spare)


def require_liquidation(air: Builder, row: Columns) -> None:
    """A liquidated account was below maintenance at the mark, signed nothing, and ends owing
    nothing."""
    liquidated, equity = row.liquidated, row.sums.equity_after
    for flag in (liquidated, row.exhausted):
        air.require_bit(flag, "account.flags")
    air.require_zero(liquidated * (1 - row.exists), "account.padding-is-silent")
    # Lie: a healthy account is liquidated, or one that only this batch made poor. The mark is the
    # old leaf; the top limb of its excess has the sign.
    below = (-1 - row.sums.excess_before[-1], LIMB_BITS)
    air.range_check(below, liquidated, claim="account.liquidatable")
    # Lie: its own order trades in the batch, before its lots are taken or after.
    air.require_zero(liquidated * (row.keyed + row.rekeyed), "account.liquidated-unsigned")
    # Lie: liquidation leaves it with more than it had.
    air.require_zero(liquidated * (1 - row.shrinks), "account.liquidated-shrinks")
    # Lie: a liquidation that leaves a debt behind, or a fee beyond what is left.
    air.range_check((equity[-1], LIMB_BITS), liquidated, claim="account.liquidated-equity")
    # Lie: a friend is called exhausted, pays less, and has something left.
    air.require_zero(row.exhausted * (1 - liquidated), "account.exhausted")
    _require_needed(air, row)
    # Six limbs below 2^13 each sum below p.
    air.require_zero(row.exhausted * sum(equity[1:], equity[0]), "account.exhausted")


def _require_needed(air: Builder, row: Columns) -> None:
    """With one lot less taken, at its whole value, it would be below maintenance as the batch ends.
    That its excess is not negative the closing rule says."""
    air.require_bit(row.healed, "account.flags")
    air.require_equal(row.healed, row.liquidated * (1 - row.after.below), "account.healed")
    # Lie: lots are worth more to it than they are, or none of it were taken at all.
    relief = (row.account, *row.relief)
    air.receive(NEEDED, relief, row.healed, claim="account.needed")
    for number in (row.spare, row.spare_carries):
        air.range_check(number, row.healed, claim="account.needed")
    with air.when(row.healed):
        # Lie: one lot too many, or lots of an account that a deposit of the batch rescued.
        require_identity(air, needed_gap(row), row.spare_carries, "account.needed")


def require_standing(air: Builder, row: Columns) -> None:
    """Where it stands when others are deleveraged, and what the backstop has left."""
    unflagged = 1 - row.after.below
    air.require_equal(row.ordinary, unflagged * (1 - row.backstop), "account.exempt")
    # Lie: a friend is exempt, and keeps what he would lose next; or one that is, is deleveraged.
    left = row.ordinary * (1 - row.before.below) * (1 - row.liquidated)
    air.require_equal(row.exempt, 1 - left, "account.exempt")
    # Lie: others are deleveraged while the backstop has lots that a takeover would close.
    takes = row.backstop * (1 - row.liquidated) * unflagged
    air.require_equal(row.clear, takes, "account.clear")
    # Lie: somebody else's means are passed off as the backstop's.
    air.require_zero(row.told * (1 - row.backstop), "account.backstop-told")
    air.require_zero(row.told * (1 - row.exists), "account.padding-is-silent")
    sums = row.sums
    means = (*sums.initial_after, *sums.excess_after, *sums.ladder_after)
    air.send(BACKSTOP, means, row.told, claim="account.backstop-told")


HEALED_PLACE = 1
"""Of accounts that takeovers heal among what is spent (circuits.gadgets.buses.SPENT)."""

DEALT_PLACE = 2
"""And of those that are dealt with."""


def require_dealt(air: Builder, row: Columns) -> None:
    """It counts as progress where one of its positions shows that it was due, or where it is below
    maintenance no more. A flagged account has its triggers at the price, so that it is not due.
    """
    for flag in (row.due, row.dealt):
        air.require_bit(flag, "account.flags")
    air.require_zero(row.due * (1 - row.exists), "account.padding-is-silent")
    # Lie: accounts are opened for nothing, and the step is kept open with them.
    # Lie: one that was due is not, so that it pays nothing. A count of positions is below p.
    air.receive(DUE, (row.account,), row.dues, claim="account.due")
    air.require_equal(row.dues * row.dues_inverse, row.due, "account.due")
    air.require_zero(row.dues * (1 - row.due), "account.due")
    # Lie: one that stays below counts in every batch that takes a lot of it.
    cured = row.before.below * (1 - row.after.below)
    air.require_equal(row.dealt, row.due + cured, "account.dealt")
    air.send(SPENT, (DEALT_PLACE,), row.dealt, claim="account.spent")
    air.send(SPENT, (HEALED_PLACE,), row.healed, claim="account.spent")
