"""The margin rule of an account row, net over the batch, at the batch's public terms.

The sums come as limbs from the total table: excess over maintenance margin (cash and |size| times
the value of a side), excess over initial margin, and maintenance requirement. So two clauses are a
sign each, and one is an inequality of products.

The rule asks of `healthier` accounts equity' x MM >= equity x MM', which is the same as
excess' x MM >= excess x MM', because equity is excess and requirement together. Sizes did not grow,
so MM' <= MM; MM is not zero. Then equity' < 0 means MM' > 0 and equity' >= equity x MM' / MM >=
equity: no hole gets deeper.

Formulae run on Expr (constraints) and on int64 arrays (`trace.py`) alike, so the witness cannot
follow another rule than the circuit.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import LIMB_BITS
from circuits.gadgets.integer import Coefficient, Integer, from_limbs, require_identity
from circuits.tables.account.columns import Columns, Leaf
from circuits.tables.position.sums import LIMB_MAX, PAIR_MAX, normal, normal_unsigned

_ZERO = Coefficient(0, 0, 0)


# Formulae, for constraints and witness alike.


def cash(leaf: Leaf) -> Integer:
    """Cash biased by 2^63. The words are packed pairs, each in range on the memory bus."""
    low, middle, high = leaf.cash
    columns = (
        Coefficient(low, 0, PAIR_MAX),
        _ZERO,
        Coefficient(middle, 0, PAIR_MAX),
        _ZERO,
        Coefficient(high, 0, LIMB_MAX),
    )
    return Integer(columns)


def excess_unchanged(row: Columns) -> Integer:
    """cash' - cash."""
    return cash(row.after) - cash(row.before)


def excess_healthier(row: Columns) -> Integer:
    """excess' x MM - excess x MM'."""
    sums = row.sums
    gained = normal(sums.excess_after) * normal_unsigned(sums.requirement_before)
    return gained - normal(sums.excess_before) * normal_unsigned(sums.requirement_after)


def equity(row: Columns) -> Integer:
    """What the account would have if everybody were closed out at these prices: excess' + MM'."""
    return normal(row.sums.excess_after) + normal_unsigned(row.sums.requirement_after)


def shrinking(row: Columns) -> Any:
    """1 for the clauses that hold only where risk did not grow."""
    return row.case.maintenance + row.case.healthier + row.case.liquidated


# Constraints.


def require_margin(air: Builder, row: Columns) -> None:
    """Exactly one clause of the rule holds of an account that exists."""
    case = row.case
    # Lie: an account that was traded is given no clause at all.
    cases = (case.unchanged, case.initial, case.maintenance, case.healthier, case.liquidated)
    air.require_one_hot(cases, row.exists, "account.one-clause")
    # Lie: an account is left under its margin. The top limb has the sign.
    top = (row.sums.initial_after[-1], LIMB_BITS)
    air.range_check(top, case.initial, claim="account.initial")
    top = (row.sums.excess_after[-1], LIMB_BITS)
    air.range_check(top, case.maintenance, claim="account.maintenance")
    _require_slack(air, row)
    # Lie: "healthier" of an account that held nothing, with a debt left behind.
    with air.when(case.healthier):
        # Six limbs below 2^13 sum below p: the sum is 0 only if the requirement is.
        held = limb_sum(row) * row.requirement_inverse
        air.require_equal(held, 1, "account.no-deeper-hole")


def _require_slack(air: Builder, row: Columns) -> None:
    """What the other three clauses compare is the slack, which is not negative."""
    slack, carries, case = from_limbs(row.slack), row.slack_carries, row.case
    clauses = (
        (case.unchanged, excess_unchanged(row), "account.unchanged"),
        (case.healthier, excess_healthier(row), "account.healthier"),
        # Lie: a liquidation that leaves a debt behind, or a fee beyond what is left.
        (case.liquidated, equity(row), "account.liquidated-equity"),
    )
    for selected, excess, claim in clauses:
        with air.when(selected):
            require_identity(air, excess - slack, carries, claim)
    air.range_check(row.slack, row.exists, claim="account.slack-limbs")
    air.range_check(row.slack_carries, row.exists, claim="account.slack-limbs")


def limb_sum(row: Columns) -> Any:
    """Sum of the limbs of the old maintenance requirement."""
    first, *others = row.sums.requirement_before
    return sum(others, first)
