"""What can be paid in and out: USDC by that name, and assets by the symbols of their markets."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from rollup.protocol.assets import USDC, mark_of
from rollup.protocol.constants import COLLATERAL_DECIMALS, OUTFLOW_BITS, SIZE_BITS
from rollup.protocol.market import Market
from sequencer.client.amounts import Number, decimal_of, steps_of
from sequencer.client.errors import OutOfRange, WrongAnswer

CASH: Final = "USDC"


class Asset(NamedTuple):
    """What people call it, its mark, and its grid: steps of 10^-decimals, below 2^bits of them."""

    symbol: str
    mark: int
    decimals: int
    bits: int

    def steps(self, amount: Number) -> int:
        """An amount in quanta or lots. OutOfRange, TypeError, ValueError."""
        return steps_of("amount", amount, self.decimals, self.bits)

    def amount(self, steps: int) -> Decimal:
        """An amount for people."""
        return decimal_of(steps, self.decimals)


_CASH: Final = Asset(CASH, USDC, COLLATERAL_DECIMALS, OUTFLOW_BITS)


def asset_named(symbol: str, markets: Sequence[Market]) -> Asset:
    """USDC, or the asset of this symbol. OutOfRange if the venue keeps nothing of that name."""
    for found in (_CASH, *_listed(markets)):
        if found.symbol == symbol:
            return found
    names = ", ".join(found.symbol for found in (_CASH, *_listed(markets)))
    raise OutOfRange(f"asset: one of {names} is wanted, not {symbol[:40]!r}")


def asset_marked(mark: int, markets: Sequence[Market]) -> Asset:
    """What the venue means by a mark. WrongAnswer if nothing has it."""
    for found in (_CASH, *_listed(markets)):
        if found.mark == mark:
            return found
    raise WrongAnswer(f"an asset of the mark {mark}, of {len(markets)} markets")


def _listed(markets: Sequence[Market]) -> list[Asset]:
    return [
        Asset(market.symbol, mark_of(number), market.size_decimals, SIZE_BITS)
        for number, market in enumerate(markets)
        if market.is_asset
    ]
