"""What an account holds: cash and positions, and how something comes to it or leaves it.

Spec: docs/spec/06-margin.md and 17-assets.md.
"""

from typing import NamedTuple

from rollup.protocol.assets import USDC, market_of
from rollup.protocol.positions import NO_POSITIONS, Positions
from rollup.protocol.units import require_cash, require_position


class Holding(NamedTuple):
    """What margin looks at: cash in quanta and positions in lots."""

    cash: int
    positions: Positions


NOTHING = Holding(0, NO_POSITIONS)
"""What an account that does not exist holds."""


def received(holding: Holding, mark: int, amount: int) -> Holding:
    """The same with so much more of what a mark names; less, where `amount` is below zero. Rejected
    if that is no cash or no position."""
    if mark == USDC:
        cash = holding.cash + amount
        require_cash("cash", cash)
        return holding._replace(cash=cash)
    market = market_of(mark)
    lots = holding.positions[market] + amount
    require_position("position", lots)
    return holding._replace(positions=holding.positions.put(market, lots))


def balance(holding: Holding, mark: int) -> int:
    """How much of what a mark names is held: quanta or lots."""
    return holding.cash if mark == USDC else holding.positions[market_of(mark)]
