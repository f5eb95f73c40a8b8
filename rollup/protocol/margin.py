"""The margin rule: what a batch may leave a touched account with. Spec: docs/spec/06-margin.md.

Evaluated once per touched account, net over the batch, with the batch's prices for before and after
alike. Requirements are sums of |size| x whole ticks a lot (rollup.protocol.terms), so equity and
requirements are whole quanta and are compared exactly.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rollup.protocol.outcome import MarginCase, Valuation
from rollup.protocol.positions import NO_POSITIONS, Positions
from rollup.protocol.terms import MarketTerms, terms_of


class Holding(NamedTuple):
    """What margin looks at: cash in quanta and positions in lots."""

    cash: int
    positions: Positions


NOTHING = Holding(0, NO_POSITIONS)
"""What an account that does not exist holds."""


def value(holding: Holding, terms: Sequence[MarketTerms]) -> Valuation:
    """Equity, initial and maintenance requirement in quanta. Rejected for a market not listed."""
    equity, initial, maintenance = holding.cash, 0, 0
    for market, size in holding.positions.held:
        found = terms_of(terms, market)
        equity += size * found.value
        initial += abs(size) * found.initial
        maintenance += abs(size) * found.maintenance
    return Valuation(equity, initial, maintenance)


def excess(holding: Holding, terms: Sequence[MarketTerms]) -> int:
    """What equity is above maintenance margin, in quanta. Rejected for a market not listed."""
    total = holding.cash
    for market, size in holding.positions.held:
        found = terms_of(terms, market)
        total += abs(size) * (found.short_maintenance if size < 0 else found.long_maintenance)
    return total


def risk_grew(before: Holding, after: Holding) -> bool:
    """Whether any |size| grew or any sign flipped. Fees and losses alone are not risk taken."""
    old = dict(before.positions.held)
    return any(
        abs(new) > abs(old.get(market, 0)) or old.get(market, 0) * new < 0
        for market, new in after.positions.held
    )


def is_healthier(before: Valuation, after: Valuation) -> bool:
    """Whether equity covers no smaller a share of maintenance than before, where risk did not grow.

    Something must have been held, so that there is a share. Then no hole gets deeper: equity that
    stays below zero did not fall, because the requirement did not grow; and an account that holds
    nothing any more has no negative equity, because 0 x share is no bound below zero.
    """
    shares = after.equity * before.maintenance >= before.equity * after.maintenance
    return shares and before.maintenance != 0


def margin_case(before: Holding, after: Holding, terms: Sequence[MarketTerms]) -> MarginCase | None:
    """The first clause of the rule that lets `before` become `after`; None if none does."""
    if after.positions == before.positions and after.cash >= before.cash:
        return MarginCase.UNCHANGED
    value_after = value(after, terms)
    if value_after.equity >= value_after.initial:
        return MarginCase.INITIAL
    if risk_grew(before, after):
        return None
    if value_after.equity >= value_after.maintenance:
        return MarginCase.MAINTENANCE
    return MarginCase.HEALTHIER if is_healthier(value(before, terms), value_after) else None
