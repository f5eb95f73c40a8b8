"""Governance as a record of numbers and text: one form for batch, public input and genesis."""

import struct

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.market import GOVERNANCE_TAG, SYMBOL_LENGTH_MAX, Governance, Market

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


def governance_from_bytes(data: bytes) -> Governance:
    """The governance whose `encode` is `data`. Raises CodecError on other bytes, Rejected on values
    out of bounds."""
    head, tail = len(GOVERNANCE_TAG) + 8, struct.calcsize(_TAIL)
    count, rest = divmod(len(data) - head - tail, struct.calcsize(_MARKET))
    if rest or not 1 <= count <= MARKETS_MAX:
        raise CodecError(f"governance: 1 to {MARKETS_MAX} markets are wanted in its bytes")
    rows = struct.iter_unpack(_MARKET, data[head : len(data) - tail])
    governance = Governance(
        tuple(
            Market(symbol.rstrip(b"\0").decode("latin-1"), *numbers) for symbol, *numbers in rows
        ),
        *struct.unpack(_TAIL, data[-tail:]),
    )
    if governance.encode() != data:
        raise CodecError("governance: not its canonical bytes")
    return governance


_MARKET = f">{SYMBOL_LENGTH_MAX}s{len(MARKET_NUMBERS)}Q"
_TAIL = f">{len(GOVERNANCE_NUMBERS)}Q"
"""Layouts of `Governance.encode`, whose bytes are compared again."""
