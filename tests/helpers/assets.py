"""A venue with two perpetuals and two assets, and traders who hold some of each."""

from dataclasses import replace

from rollup.protocol.constants import FRACTION_SCALE
from rollup.protocol.market import Market, MarketKind
from tests.helpers.oracle import oracle_terms
from tests.helpers.venue import (
    BTC_MARKET,
    BTC_PRICE,
    ETH_PRICE,
    GOVERNANCE,
    PRICES,
    TOY,
    USDC,
    Suite,
    Venue,
    credit,
    genesis,
)

WBTC, WETH = 2, 3
"""Market numbers."""

WBTC_MARK, WETH_MARK = 3, 4
"""What deposits and outflows call them."""


def asset_market(symbol: str, price_decimals: int) -> Market:
    """An asset as it can be in this version: nothing of it is collateral."""
    return Market(
        symbol=symbol,
        price_decimals=price_decimals,
        size_decimals=6 - price_decimals,
        initial_fraction=FRACTION_SCALE,
        maintenance_fraction=FRACTION_SCALE,
        band_fraction=400,
        taker_fee=500,
        maker_fee=100,
        liquidation_fee=0,
        bucket=0,
        funding_cap=0,
        interest=0,
        impact_notional=0,
        open_interest_cap=0,
        kind=MarketKind.ASSET,
    )


ASSETS = (asset_market("WBTC", BTC_MARKET.price_decimals), asset_market("WETH", 2))
ASSET_PRICES = (*PRICES, BTC_PRICE, ETH_PRICE)
ASSET_GOVERNANCE = replace(
    GOVERNANCE,
    markets=(*GOVERNANCE.markets, *ASSETS),
    oracle=oracle_terms(("BTC", "ETH", "WBTC", "WETH"), ASSET_PRICES),
)
HELD = 100_000
"""Lots of each asset that account 1 begins with; account 2 has none."""


def asset_venue(suite: Suite = TOY) -> Venue:
    """Accounts 1 and 2 with a hundred thousand dollars each; account 1 has both assets."""
    venue = Venue(suite=suite, genesis=genesis(ASSET_GOVERNANCE, ASSET_PRICES), prices=ASSET_PRICES)
    venue.with_traders(10**5 * USDC, 10**5 * USDC)
    first = venue.state.globals.deposits_consumed
    entries = [credit(first, 1, HELD, WBTC_MARK), credit(first + 1, 1, HELD, WETH_MARK)]
    venue.run(venue.batch(entries))
    return venue
