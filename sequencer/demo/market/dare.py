"""The trader that dares: in the first batch it buys with all the leverage that it gets."""

from dataclasses import dataclass
from typing import Final

from rollup.crypto.envelope import Destination
from rollup.protocol.constants import FEE_SCALE, FRACTION_SCALE
from rollup.protocol.market import Market
from rollup.protocol.order import Order, Side, TimeInForce
from sequencer.demo.market.scene import MAX_FEE
from sequencer.demo.market.trade import Slice
from sequencer.demo.market.trader import Trader

MARGIN_KEPT: Final = 0.98
"""Of what initial margin allows: the rest is for what is rounded."""


@dataclass(frozen=True, slots=True, repr=False)
class Dare:
    """Who buys, who sells to it, and the market, which is the first one."""

    buyer: Trader
    seller: Trader
    destination: Destination
    market: Market

    def orders(self, part: Slice, expiry: int) -> list[Order]:
        """The quote, and the order that takes all of it, at the oracle's price: they are to be the
        first of a batch whose book is empty."""
        price = part.prices[0]
        costs = self.market.initial_fraction / FRACTION_SCALE + self.market.taker_fee / FEE_SCALE
        size = int(MARGIN_KEPT * self.buyer.capital / (price * costs))
        return [
            self._order(self.seller, Side.SELL, price, size, expiry),
            self._order(self.buyer, Side.BUY, price, size, expiry),
        ]

    def _order(self, trader: Trader, side: Side, price: int, size: int, expiry: int) -> Order:
        slot, generation = trader.take_slot()
        is_maker = side is Side.SELL
        return Order(
            chain=self.destination.chain,
            venue=self.destination.venue,
            account=trader.account,
            slot=slot,
            generation=generation,
            market=0,
            side=side,
            price=price,
            size=size,
            expiry=expiry,
            max_fee=MAX_FEE,
            time_in_force=(
                TimeInForce.GOOD_TILL_EXPIRY if is_maker else TimeInForce.IMMEDIATE_OR_CANCEL
            ),
            post_only=is_maker,
        )
