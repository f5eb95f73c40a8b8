"""Markets that the demonstration lists: their names, their risk, and what fits the rules."""

from typing import Final

from rollup.protocol.constants import COLLATERAL_DECIMALS
from rollup.protocol.market import Market

BTC_MARKET: Final = Market(
    "BTC-PERP", 1, 5, 800, 500, 250, 450, 150, 250, 600, 300, 100, 10**10, 10**9
)
ETH_MARKET: Final = Market(
    "ETH-PERP", 2, 4, 950, 600, 300, 450, 150, 300, 250, 300, 100, 10**10, 10**9
)
"""12.5 and 10.5 times leverage, fees of 4.5 and 1.5 hundredths of a percent, half of maintenance
for a liquidation, buckets of a thousandth of the price, interest of 0.01 % for eight hours. One
step down (scene.py) takes who has all that leverage below maintenance."""

QUOTES: Final = ("USDT", "USDC", "FDUSD", "BUSD", "USD")
"""Currencies that a symbol may end with; what is before them names the market."""

BUCKETS: Final = 1_000
"""Buckets below a first price."""

TICKS_MAX: Final = 10**9
"""The highest price of a feed: below the 2**30 of a price, with room for quotes above it."""


def market_name(symbol: str) -> str:
    """BTC-PERP for BTCUSDT; a symbol with another ending is its own name."""
    for quote in QUOTES:
        base = symbol.removesuffix(quote)
        if base and base != symbol:
            return f"{base}-PERP"
    return symbol.replace("_", "-")


def list_market(name: str, price_decimals: int, price: int) -> Market:
    """A market with a tick of that many decimals, whose first price is so many of them: BTC with
    its own risk, all others with ETH's.

    Raises Rejected where the rules have no such market.
    """
    model = BTC_MARKET if name == BTC_MARKET.symbol else ETH_MARKET
    return Market(
        symbol=name,
        price_decimals=price_decimals,
        size_decimals=COLLATERAL_DECIMALS - price_decimals,
        initial_fraction=model.initial_fraction,
        maintenance_fraction=model.maintenance_fraction,
        band_fraction=model.band_fraction,
        taker_fee=model.taker_fee,
        maker_fee=model.maker_fee,
        liquidation_fee=model.liquidation_fee,
        bucket=max(1, price // BUCKETS),
        funding_cap=model.funding_cap,
        interest=model.interest,
        impact_notional=model.impact_notional,
        open_interest_cap=model.open_interest_cap,
        least_order=model.least_order,
    )
