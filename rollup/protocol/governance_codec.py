"""Governance as a record of numbers and text: one form for batch, public input and genesis."""

from rollup.codec.fields import Node
from rollup.codec.strict import Value
from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.market import SYMBOL_LENGTH_MAX, Governance, Market

MARKET_NUMBERS = (
    "price_decimals",
    "size_decimals",
    "initial_fraction",
    "maintenance_fraction",
    "band_fraction",
    "taker_fee",
    "maker_fee",
)
GOVERNANCE_NUMBERS = ("fee_account", "clock_behind_ms", "clock_ahead_ms")


def governance_value(governance: Governance) -> Value:
    """The record of a governance."""
    return {
        "markets": [_market_value(market) for market in governance.markets],
        **{name: getattr(governance, name) for name in GOVERNANCE_NUMBERS},
    }


def _market_value(market: Market) -> Value:
    return {
        "symbol": market.symbol,
        **{name: getattr(market, name) for name in MARKET_NUMBERS},
    }


def read_governance(node: Node) -> Governance:
    """The governance in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record(("markets", *GOVERNANCE_NUMBERS))
    return Governance(
        markets=tuple(_read_market(market) for market in record["markets"].items(MARKETS_MAX)),
        **{name: record[name].integer() for name in GOVERNANCE_NUMBERS},
    )


def _read_market(node: Node) -> Market:
    record = node.record(("symbol", *MARKET_NUMBERS))
    return Market(
        symbol=record["symbol"].text(SYMBOL_LENGTH_MAX),
        **{name: record[name].integer() for name in MARKET_NUMBERS},
    )
