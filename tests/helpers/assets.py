"""A venue with two perpetuals and two assets, and traders who hold some of each."""

from dataclasses import replace
from typing import Any

from rollup.protocol.batch import Batch
from rollup.protocol.constants import FRACTION_SCALE
from rollup.protocol.market import Market, MarketKind
from rollup.protocol.outflow import Outflow, SignedOutflow
from tests.helpers.oracle import oracle_terms
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    BTC_PRICE,
    ETH_PRICE,
    GOVERNANCE,
    PRICES,
    TOY,
    USDC,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    genesis,
    sell,
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


def paying(venue: Venue, *outflows: Outflow | SignedOutflow, **parts: Any) -> Batch:
    """A batch with these outflows, whose prices are reported."""
    return venue.batch(outflows=outflows, reported=True, **parts)


def spot(seller: int, buyer: int, size: int, market: int = WBTC, price: int = BTC_PRICE) -> Match:
    """Lots of an asset sold at a price."""
    terms = {"market": market, "price": price, "slot": 4}
    return Match(buy(buyer, size, **terms), sell(seller, size, **terms), size, price)


ON_MARGIN = 1_500_000
"""Lots of a perpetual that need most of what an account begins with."""


def bought_on_margin(venue: Venue) -> None:
    """Account 2 buys ON_MARGIN lots of a perpetual from account 1."""
    terms = {"market": BTC, "slot": 1}
    match = Match(buy(2, ON_MARGIN, **terms), sell(1, ON_MARGIN, **terms), ON_MARGIN)
    venue.run(venue.batch(matches=[match]))
