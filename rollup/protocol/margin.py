"""The margin rule: what a batch may leave a touched account with. Spec: docs/spec/06-margin.md.

Evaluated once per touched account, net over the batch, with the batch's prices for before and after
alike. Requirements are sums of |size| x price x fraction, kept exact at FRACTION_SCALE: there is no
rounding to favour anyone.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rollup.protocol.constants import FRACTION_SCALE, MARKETS_MAX
from rollup.protocol.market import MarketTerms
from rollup.protocol.outcome import MarginCase, Valuation


class Holding(NamedTuple):
    """What margin looks at: cash in quanta and signed lots per market."""

    cash: int
    positions: tuple[int, ...]


NOTHING = Holding(0, (0,) * MARKETS_MAX)
"""What an account that does not exist holds."""


def value(holding: Holding, terms: Sequence[MarketTerms]) -> Valuation:
    """Equity in quanta; initial and maintenance requirement in quanta / FRACTION_SCALE."""
    equity, initial, maintenance = holding.cash, 0, 0
    for size, market in zip(holding.positions, terms, strict=True):
        if size == 0:
            continue
        exposure = abs(size) * market.price
        equity += size * market.price
        initial += exposure * market.initial_fraction
        maintenance += exposure * market.maintenance_fraction
    return Valuation(equity, initial, maintenance)


def risk_grew(before: Holding, after: Holding) -> bool:
    """Whether any |size| grew or any sign flipped. Fees and losses alone are not risk taken."""
    return any(
        abs(new) > abs(old) or old * new < 0
        for old, new in zip(before.positions, after.positions, strict=True)
    )


def is_healthier(before: Valuation, after: Valuation) -> bool:
    """Whether equity covers no smaller a share of maintenance than before, and no deeper a hole.

    Equity may not fall while it is negative, and must not be negative once nothing is held.
    """
    shares = after.equity * before.maintenance >= before.equity * after.maintenance
    not_deeper = after.equity >= before.equity and after.maintenance != 0
    return shares and (after.equity >= 0 or not_deeper)


def margin_case(before: Holding, after: Holding, terms: Sequence[MarketTerms]) -> MarginCase | None:
    """The first clause of the rule that lets `before` become `after`; None if none does."""
    if after.positions == before.positions and after.cash >= before.cash:
        return MarginCase.UNCHANGED
    value_after = value(after, terms)
    if FRACTION_SCALE * value_after.equity >= value_after.initial:
        return MarginCase.INITIAL
    if risk_grew(before, after):
        return None
    if FRACTION_SCALE * value_after.equity >= value_after.maintenance:
        return MarginCase.MAINTENANCE
    return MarginCase.HEALTHIER if is_healthier(value(before, terms), value_after) else None
