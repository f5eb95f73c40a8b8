"""The margin rule of an account row, net over the batch, at the batch's public prices.

Integers over 13-bit columns (gadgets.integer); every formula runs on Expr (constraints) and on
int64 arrays (`trace.py`) alike, so the witness cannot follow another rule than the circuit.

Requirements are sums of |size| x (price x fraction), where price x fraction is public: linear in
the sizes once the sign is a bit. Equity and maintenance requirement are brought to canonical limbs
once, because the ratio test multiplies them.

The rule asks of `healthier` accounts with negative equity that equity does not fall. That needs no
test of its own: sizes did not grow, so MM' <= MM, and equity' x MM >= equity x MM' with
equity' < 0 < MM' gives equity <= equity' x MM / MM' <= equity'. Only MM' != 0 is left to show
(`healthier_improved`).
"""

from dataclasses import dataclass
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import limb_widths
from circuits.gadgets.integer import (
    Coefficient,
    Integer,
    constant,
    from_cells,
    from_limbs,
    require_identity,
)
from circuits.tables.account.columns import (
    EQUITY_BIAS_BITS,
    LIMB,
    Columns,
    Leaf,
    Position,
    Shrink,
    Value,
)
from rollup.protocol.constants import (
    CASH_LIMIT,
    FRACTION_SCALE,
    MARKETS_MAX,
    POSITION_LIMIT,
    PRICE_BITS,
)

PRICE_WIDTHS = limb_widths(PRICE_BITS)
RISK_BITS = PRICE_BITS + 14
"""price x fraction of FRACTION_SCALE = 10^4 < 2^14."""
RISK_WIDTHS = limb_widths(RISK_BITS)

_PAIR_MAX = LIMB * LIMB - 1
_ZERO = Coefficient(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Terms:
    """Public numbers of the four markets as integers: price, price x fraction."""

    price: tuple[Integer, ...]
    initial: tuple[Integer, ...]
    maintenance: tuple[Integer, ...]


def by_market(cells: Any, widths: tuple[int, ...]) -> tuple[Integer, ...]:
    """Limbs of four numbers one after the other, as integers."""
    step = len(widths)
    return tuple(
        from_cells(cells[market * step : (market + 1) * step], widths)
        for market in range(MARKETS_MAX)
    )


def public_terms(air: Builder) -> Terms:
    """The terms as the verifier knows them."""
    risk = MARKETS_MAX * len(RISK_WIDTHS)
    return Terms(
        by_market(air.public("price_limbs", MARKETS_MAX * len(PRICE_WIDTHS)), PRICE_WIDTHS),
        by_market(air.public("initial_limbs", risk), RISK_WIDTHS),
        by_market(air.public("maintenance_limbs", risk), RISK_WIDTHS),
    )


# Formulae, for constraints and witness alike.


def cash(leaf: Leaf) -> Integer:
    """Cash biased by 2^63. The words are packed pairs, each in range on the memory bus."""
    low, middle, high = leaf.cash
    columns = (
        Coefficient(low, 0, _PAIR_MAX),
        _ZERO,
        Coefficient(middle, 0, _PAIR_MAX),
        _ZERO,
        Coefficient(high, 0, LIMB - 1),
    )
    return Integer(columns)


def size(position: Position) -> Integer:
    """The signed size."""
    cells = (*position.low, position.top)
    return from_cells(cells, (*position.low.widths, 2)) - POSITION_LIMIT


def magnitude(position: Position) -> Integer:
    """|size|, because `nonnegative` is its sign."""
    return size(position).times(position.nonnegative * 2 - 1, -1, 1)


def equity(leaf: Leaf, terms: Terms) -> Integer:
    """cash + sum of size x price."""
    total = cash(leaf) - CASH_LIMIT
    for position, price in zip(leaf.positions, terms.price, strict=True):
        total = total + size(position) * price
    return total


def requirement(leaf: Leaf, risk: tuple[Integer, ...]) -> Integer:
    """Sum of |size| x price x fraction, scaled by FRACTION_SCALE."""
    total = constant(0)
    for position, weight in zip(leaf.positions, risk, strict=True):
        total = total + magnitude(position) * weight
    return total


def stated_equity(value: Value) -> Integer:
    """Equity as the row states it in limbs: never below -2^73."""
    *lower, top = value.equity.cells
    *widths, width = value.equity.widths
    cells = (*lower, top + value.solvent * 2**width)
    bias: int = 2**EQUITY_BIAS_BITS
    return from_cells(cells, (*widths, width + 1)) - bias


def equity_gap(leaf: Leaf, terms: Terms) -> Integer:
    """Stated less real equity: zero."""
    return stated_equity(leaf.value) - equity(leaf, terms)


def maintenance_gap(leaf: Leaf, terms: Terms) -> Integer:
    """Stated less real maintenance requirement: zero."""
    return from_limbs(leaf.value.maintenance) - requirement(leaf, terms.maintenance)


def excess_unchanged(row: Columns) -> Integer:
    """cash' - cash."""
    return cash(row.after) - cash(row.before)


def excess_initial(row: Columns, terms: Terms) -> Integer:
    """equity' - initial requirement', scaled."""
    scaled = stated_equity(row.after.value) * FRACTION_SCALE
    return scaled - requirement(row.after, terms.initial)


def excess_maintenance(row: Columns) -> Integer:
    """equity' - maintenance requirement', scaled."""
    value = row.after.value
    return stated_equity(value) * FRACTION_SCALE - from_limbs(value.maintenance)


def excess_healthier(row: Columns) -> Integer:
    """equity' x MM - equity x MM'."""
    before, after = row.before.value, row.after.value
    gained = stated_equity(after) * from_limbs(before.maintenance)
    return gained - stated_equity(before) * from_limbs(after.maintenance)


def healthier(row: Columns) -> Any:
    """1 for the clause of the ratio, in either form."""
    return row.case.healthier_positive + row.case.healthier_improved


def shrinking(row: Columns) -> Any:
    """1 for the clauses that hold only where risk did not grow."""
    return row.case.maintenance + healthier(row)


def shrink_gaps(before: Position, after: Position, shrink: Shrink) -> tuple[Any, Any]:
    """Both columns, base 2^26, of (|size| - |size'|) - shrink, given equal signs: zero.

    |size| has the sign of `before`. The low column lies above -2^27 and below 2^26, so its borrow
    is 0 or 1; the high column has the limbs of a number that is not negative.
    """
    sign = before.nonnegative * 2 - 1
    low, high = (old - new for old, new in zip(before.words, after.words, strict=True))
    shrink_low, shrink_high = shrink.words
    base = LIMB * LIMB
    return (
        sign * low - shrink_low + shrink.borrow * base,
        sign * high - shrink_high - shrink.borrow,
    )


# Constraints.


def require_margin(air: Builder, row: Columns) -> None:
    """Exactly one clause of the rule holds of an account that exists."""
    terms = public_terms(air)
    case = row.case
    # Lie: an account that was traded is given no clause at all.
    cases = (
        case.unchanged,
        case.initial,
        case.maintenance,
        case.healthier_positive,
        case.healthier_improved,
    )
    air.require_one_hot(cases, row.exists, "account.one-clause")
    for leaf in (row.before, row.after):
        _require_value(air, row, leaf, terms)
    _require_not_grown(air, row)
    _require_unchanged(air, row)
    _require_excess(air, row, terms)


def _require_value(air: Builder, row: Columns, leaf: Leaf, terms: Terms) -> None:
    # Lie: "healthier" at a friend's price: before and after are valued at the batch's prices only.
    value = leaf.value
    with air.when(row.exists):
        claim = "account.equity-value"
        require_identity(air, equity_gap(leaf, terms), value.equity_carries, claim)
        claim = "account.maintenance-value"
        require_identity(air, maintenance_gap(leaf, terms), value.maintenance_carries, claim)
    air.require_bit(value.solvent, "account.value-limbs")
    parts = (value.equity, value.equity_carries, value.maintenance, value.maintenance_carries)
    for part in parts:
        air.range_check(part, row.exists, claim="account.value-limbs")


def _require_not_grown(air: Builder, row: Columns) -> None:
    gate = shrinking(row)
    for before, after, shrink in zip(
        row.before.positions, row.after.positions, row.shrink, strict=True
    ):
        # Lie: a position that grew is passed off as a reduction.
        with air.when(gate):
            for gap in shrink_gaps(before, after, shrink):
                air.require_zero(gap, "account.not-grown")
            # Lie: a flip is passed off as a reduction: long 5 to short 4.
            air.require_zero(before.nonnegative * (1 - after.nonnegative), "account.no-flip")
        # Lie: the same from short to long. From below zero, the only number allowed up here is 0.
        crossed = gate * (1 - before.nonnegative) * after.nonnegative
        air.require_equal(shrink.crossing, crossed, "account.no-flip")
        with air.when(shrink.crossing):
            low, high = after.words
            air.require_zero(low, "account.no-flip")
            air.require_equal(high, POSITION_LIMIT // (LIMB * LIMB), "account.no-flip")
        air.require_bit(shrink.borrow, "account.not-grown")
        for high_bit in shrink.high:
            air.require_bit(high_bit, "account.not-grown")
        air.range_check(shrink.low, row.exists, claim="account.not-grown")


def _require_unchanged(air: Builder, row: Columns) -> None:
    # Lie: an account that traded is passed off as one that only received cash.
    with air.when(row.case.unchanged):
        for before, after in zip(row.before.positions, row.after.positions, strict=True):
            air.require_all_equal(after.words, before.words, "account.unchanged-sizes")


def _require_excess(air: Builder, row: Columns, terms: Terms) -> None:
    """The clause's inequality: its excess is the slack, which is not negative."""
    slack, carries, case = from_limbs(row.slack), row.slack_carries, row.case
    # Lie: an account is left under its margin.
    clauses = (
        (case.unchanged, excess_unchanged(row), "account.unchanged"),
        (case.initial, excess_initial(row, terms), "account.initial"),
        (case.maintenance, excess_maintenance(row), "account.maintenance"),
        (healthier(row), excess_healthier(row), "account.healthier"),
    )
    for selected, excess, claim in clauses:
        with air.when(selected):
            require_identity(air, excess - slack, carries, claim)
    air.range_check(row.slack, row.exists, claim="account.slack-limbs")
    air.range_check(row.slack_carries, row.exists, claim="account.slack-limbs")
    # Lie: "healthier" with nothing held and a debt left behind.
    with air.when(case.healthier_positive):
        air.require_equal(row.after.value.solvent, 1, "account.no-deeper-hole")
    with air.when(case.healthier_improved):
        # Seven limbs below 2^13 sum below p: the sum is 0 only if the requirement is.
        held = limb_sum(row.after.value)
        air.require_equal(held * row.requirement_inverse, 1, "account.no-deeper-hole")


def limb_sum(value: Value) -> Any:
    """Sum of the limbs of the maintenance requirement."""
    first, *others = value.maintenance.cells
    return sum(others, first)
