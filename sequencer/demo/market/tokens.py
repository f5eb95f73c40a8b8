"""Tokens beside USDC: the assets that a demonstration lists, and the trader that brings them."""

from dataclasses import dataclass, replace
from typing import Final

from rollup.crypto.envelope import Destination
from rollup.l1.mock import MockL1
from rollup.protocol.assets import mark_of
from rollup.protocol.constants import FRACTION_SCALE
from rollup.protocol.market import SYMBOL_LENGTH_MAX, Market, MarketKind
from rollup.protocol.order import Order, Side, TimeInForce
from rollup.protocol.outflow import NO_RECEIVER, Outflow, OutflowKind
from sequencer.demo.market.feed import Feed
from sequencer.demo.market.scene import MAX_FEE
from sequencer.demo.market.trade import Slice
from sequencer.demo.market.trader import Trader

LISTED: Final = 2
"""Assets at most: of the first markets of the feed."""

BROUGHT: Final = (1, 10)
"""Whole tokens of each that the holder deposits."""


def with_assets(feed: Feed) -> Feed:
    """The feed with the tokens of its first markets listed behind them, at the same prices."""
    models = tuple(range(min(LISTED, len(feed.markets))))
    return replace(
        feed,
        markets=(*feed.markets, *(asset_of(feed.markets[each]) for each in models)),
        divisors=(*feed.divisors, *(1 for _ in models)),
        prices=(*feed.prices, *(feed.prices[each] for each in models)),
        tracked=models,
    )


def asset_of(market: Market) -> Market:
    """The token whose price a perpetual follows, in the same ticks and lots: WBTC for BTC-PERP.
    Nothing of it is collateral."""
    name = f"W{market.symbol.removesuffix('-PERP')}"[:SYMBOL_LENGTH_MAX]
    return Market(
        symbol=name,
        price_decimals=market.price_decimals,
        size_decimals=market.size_decimals,
        initial_fraction=FRACTION_SCALE,
        maintenance_fraction=FRACTION_SCALE,
        band_fraction=market.band_fraction,
        taker_fee=market.taker_fee,
        maker_fee=market.maker_fee,
        liquidation_fee=0,
        bucket=0,
        funding_cap=0,
        interest=0,
        impact_notional=0,
        open_interest_cap=0,
        kind=MarketKind.ASSET,
    )


@dataclass(frozen=True, slots=True, repr=False)
class Spot:
    """Who brings the assets, who buys of the first, and in which markets they are."""

    holder: Trader
    buyer: Trader
    destination: Destination
    markets: tuple[tuple[int, Market], ...]

    def lots(self) -> list[tuple[int, int]]:
        """(market, lots) of each that the holder deposits."""
        return [
            (number, whole * 10**market.size_decimals)
            for (number, market), whole in zip(self.markets, BROUGHT, strict=False)
        ]

    def queue(self, l1: MockL1) -> None:
        """The holder's deposits at L1, one an asset."""
        for market, lots in self.lots():
            mark = mark_of(market)
            l1.mint(self.holder.owner, lots, mark)
            l1.credit(self.holder.owner, self.holder.account, lots, mark)

    def orders(self, part: Slice, expiry: int) -> list[Order]:
        """Half of the first asset changes hands at the oracle's price, in a book that is empty."""
        market, lots = self.lots()[0]
        terms = (market, part.prices[market], lots // 2, expiry)
        return [
            self._order(self.holder, Side.SELL, *terms),
            self._order(self.buyer, Side.BUY, *terms),
        ]

    def leave(self, expiry: int) -> Outflow:
        """All of the last asset goes back to its owner at L1."""
        market, lots = self.lots()[-1]
        slot, generation = self.holder.take_slot()
        return Outflow(
            chain=self.destination.chain,
            venue=self.destination.venue,
            account=self.holder.account,
            slot=slot,
            generation=generation,
            kind=OutflowKind.WITHDRAWAL,
            receiver=NO_RECEIVER,
            asset=mark_of(market),
            amount=lots,
            expiry=expiry,
        )

    def _order(
        self, trader: Trader, side: Side, market: int, price: int, size: int, expiry: int
    ) -> Order:
        slot, generation = trader.take_slot()
        is_maker = side is Side.SELL
        return Order(
            chain=self.destination.chain,
            venue=self.destination.venue,
            account=trader.account,
            slot=slot,
            generation=generation,
            market=market,
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


def spot_of(
    holder: Trader, buyer: Trader, destination: Destination, markets: tuple[Market, ...]
) -> Spot:
    """The trades of whatever assets are listed."""
    listed = tuple((n, market) for n, market in enumerate(markets) if market.is_asset)
    return Spot(holder, buyer, destination, listed)
