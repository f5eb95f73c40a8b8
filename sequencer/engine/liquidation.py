"""What a liquidated account loses: as little as makes it healthy, or all it has.

Pure numbers: `takings` looks at one account at the mark and says what has to be taken of it. Who
takes it is decided elsewhere: it makes no difference to the account.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rollup.protocol.holding import Holding
from rollup.protocol.margin import excess, value
from rollup.protocol.takeover import full_fee
from rollup.protocol.terms import MarketTerms
from rollup.protocol.units import require_cash, require_position


class Taking(NamedTuple):
    """`size` lots of the side that is held in a market go for what they are worth at the oracle's
    price, and `fee` quanta are paid for that."""

    market: int
    size: int
    fee: int


def takings(holding: Holding, terms: Sequence[MarketTerms]) -> tuple[Taking, ...]:
    """What has to be taken of an account whose excess is below zero: the position whose lots
    relieve it most goes first, and no more lots than are needed, rounded up to whole ones.

    Where everything must go and the whole fees would leave less than nothing, fees are what is
    left: such an account is exhausted. What counts for nothing is not taken, and nothing of a
    market that is settled. Empty where there is less than nothing before any fee, which no ending
    allows.
    """
    wanted, chosen = -excess(holding, terms), []
    held = live(holding, terms)
    for market, size in sorted(held, key=lambda each: _order(each, terms)):
        if wanted <= 0:
            break
        gain = relief(size, terms[market])
        lots = min(abs(size), -(-wanted // gain)) if gain > 0 else abs(size)
        chosen.append(Taking(market, lots, full_fee(lots, terms[market])))
        wanted -= lots * gain
    if wanted <= 0:
        return tuple(chosen)
    return _exhausted(chosen, value(holding, terms).equity)


def live(holding: Holding, terms: Sequence[MarketTerms]) -> list[tuple[int, int]]:
    """What can be taken of all that is held: market and size."""
    takeable = [not (each.is_settled or each.is_idle) for each in terms]
    return [each for each in holding.positions.held if takeable[each[0]]]


def _exhausted(chosen: Sequence[Taking], left: int) -> tuple[Taking, ...]:
    """All that is held, for fees that are together just what is left."""
    if left < 0:
        return ()
    found = []
    for taking in chosen:
        fee = min(taking.fee, left)
        left -= fee
        found.append(taking._replace(fee=fee))
    return tuple(found)


def _order(held: tuple[int, int], terms: Sequence[MarketTerms]) -> tuple[int, int]:
    market, size = held
    return -relief(size, terms[market]), market


def relief(size: int, terms: MarketTerms) -> int:
    """By how much one lot less raises the excess, its fee paid."""
    value = terms.value if size > 0 else -terms.value
    return value - _side_value(size, terms) - terms.liquidation_fee


def _side_value(size: int, terms: MarketTerms) -> int:
    return terms.long_maintenance if size > 0 else terms.short_maintenance


def moved(holding: Holding, market: int, size: int, fee: int, terms: MarketTerms) -> Holding:
    """A holding after `size` more lots, signed, at the oracle's price, and a fee paid (received,
    where it is below zero). Rejected out of bounds."""
    cash = holding.cash - size * terms.value - fee
    require_cash("cash", cash)
    position = holding.positions[market] + size
    require_position("position", position)
    return Holding(cash, holding.positions.put(market, position))


def lost(holding: Holding, chosen: Iterable[Taking], terms: Sequence[MarketTerms]) -> Holding:
    """An account after what was chosen of it. Rejected out of bounds."""
    for market, size, fee in chosen:
        signed = size if holding.positions[market] > 0 else -size
        holding = moved(holding, market, -signed, fee, terms[market])
    return holding


def gained(
    backstop: Holding, of: Holding, chosen: Iterable[Taking], terms: Sequence[MarketTerms]
) -> Holding:
    """The backstop after taking what was chosen of an account. Rejected out of bounds."""
    for market, size, fee in chosen:
        signed = size if of.positions[market] > 0 else -size
        backstop = moved(backstop, market, signed, -fee, terms[market])
    return backstop
