"""Governance as a record of numbers and text: one form for batch, public input and genesis."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.oracle.package import FEED_BYTES
from rollup.protocol.committee import MEMBER_KEY_BYTES, MEMBERS_MAX, Committee
from rollup.protocol.constants import MARKETS_MAX, OWNER_BYTES
from rollup.protocol.market import (
    GOVERNANCE_TAG,
    SYMBOL_LENGTH_MAX,
    Governance,
    Market,
    MarketKind,
)
from rollup.protocol.oracle import SIGNERS_MAX, Feed, OracleTerms
from rollup.protocol.rejection import Reason, Rejected

MARKET_NUMBERS = (
    "price_decimals",
    "size_decimals",
    "initial_fraction",
    "maintenance_fraction",
    "band_fraction",
    "taker_fee",
    "maker_fee",
    "liquidation_fee",
    "bucket",
    "funding_cap",
    "interest",
    "impact_notional",
    "open_interest_cap",
    "kind",
    "least_order",
    "delisted",
)
GOVERNANCE_NUMBERS = (
    "fee_account",
    "backstop_account",
    "clock_behind_ms",
    "clock_ahead_ms",
    "refresh_fee",
)
ANY_KEYS_MAX: Final = 2 * MEMBERS_MAX
"""More keys than a committee has must still arrive, to be refused as such."""

ORACLE_NUMBERS = ("quorum", "slot_ms", "lag_ms")
FEED_NUMBERS = ("decimals", "step", "listing_price")

T = TypeVar("T")


def governance_value(governance: Governance) -> Value:
    """The record of a governance."""
    return {
        "markets": [_market_value(market) for market in governance.markets],
        **{name: getattr(governance, name) for name in GOVERNANCE_NUMBERS},
        "oracle": _oracle_value(governance.oracle),
        "committee": committee_value(governance.committee),
    }


def market_numbers(market: Market) -> dict[str, int]:
    """All of a market that is a number, by name; its kind and whether it is delisted are, too."""
    return {name: int(getattr(market, name)) for name in MARKET_NUMBERS}


def market_of_numbers(symbol: str, numbers: Mapping[str, int]) -> Market:
    """The market of a symbol and `market_numbers`. Rejected if there is none."""
    try:
        kind = MarketKind(numbers["kind"])
    except ValueError as error:
        raise Rejected(Reason.MALFORMED, "kind must be 0 (perp) or 1 (asset)") from error
    if numbers["delisted"] not in (0, 1):
        raise Rejected(Reason.MALFORMED, "delisted must be 0 or 1")
    others = {n: number for n, number in numbers.items() if n not in ("kind", "delisted")}
    return Market(symbol, **others, kind=kind, delisted=numbers["delisted"] == 1)


def _market_value(market: Market) -> Value:
    return {
        "symbol": market.symbol,
        **market_numbers(market),
    }


def _oracle_value(oracle: OracleTerms) -> Value:
    return {
        "signers": [signer.hex() for signer in oracle.signers],
        **{name: getattr(oracle, name) for name in ORACLE_NUMBERS},
        "feeds": [
            {"feed": each.feed.hex(), **{name: getattr(each, name) for name in FEED_NUMBERS}}
            for each in oracle.feeds
        ],
    }


def committee_value(committee: Committee) -> Value:
    """A committee as a record."""
    return {"threshold": committee.threshold, "keys": [key.hex() for key in committee.keys]}


def read_governance(node: Node) -> Governance:
    """The governance in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record(("markets", *GOVERNANCE_NUMBERS, "oracle", "committee"))
    return Governance(
        markets=tuple(_read_market(market) for market in record["markets"].items(MARKETS_MAX)),
        **{name: record[name].integer() for name in GOVERNANCE_NUMBERS},
        oracle=_read_oracle(record["oracle"]),
        committee=read_committee(record["committee"]),
    )


def _read_market(node: Node) -> Market:
    record = node.record(("symbol", *MARKET_NUMBERS))
    numbers = {name: record[name].integer() for name in MARKET_NUMBERS}
    return market_of_numbers(record["symbol"].text(SYMBOL_LENGTH_MAX), numbers)


def _read_oracle(node: Node) -> OracleTerms:
    record = node.record(("signers", *ORACLE_NUMBERS, "feeds"))
    signers = record["signers"].items(SIGNERS_MAX)
    return OracleTerms(
        signers=tuple(signer.hexadecimal(OWNER_BYTES) for signer in signers),
        **{name: record[name].integer() for name in ORACLE_NUMBERS},
        feeds=tuple(_read_feed(feed) for feed in record["feeds"].items(MARKETS_MAX)),
    )


def read_committee(node: Node) -> Committee:
    """The committee in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record(("threshold", "keys"))
    keys = (key.hexadecimal(MEMBER_KEY_BYTES) for key in record["keys"].items(ANY_KEYS_MAX))
    return Committee(record["threshold"].integer(), tuple(keys))


def _read_feed(node: Node) -> Feed:
    record = node.record(("feed", *FEED_NUMBERS))
    return Feed(
        feed=record["feed"].hexadecimal(FEED_BYTES),
        **{name: record[name].integer() for name in FEED_NUMBERS},
    )


def governance_from_bytes(data: bytes) -> Governance:
    """The governance whose `encode` is `data`. Raises CodecError on other bytes, Rejected on values
    out of bounds."""
    reader = _Reader(data)
    reader.take(f">{len(GOVERNANCE_TAG)}s")
    markets = reader.many(MARKETS_MAX, _take_market)
    numbers = reader.take(f">{len(GOVERNANCE_NUMBERS)}Q")
    signers = reader.many(SIGNERS_MAX, lambda rest: rest.take(f">{OWNER_BYTES}s")[0])
    quorum, slot_ms, lag_ms = reader.take(f">{len(ORACLE_NUMBERS)}Q")
    feeds = reader.many(MARKETS_MAX, lambda rest: Feed(*rest.take(_FEED)))
    oracle = OracleTerms(signers, quorum, slot_ms, lag_ms, feeds)
    keys = reader.many(MEMBERS_MAX, lambda rest: rest.take(f">{MEMBER_KEY_BYTES}s")[0], least=0)
    (threshold,) = reader.take(">Q")
    committee = Committee(threshold, keys)
    named = dict(zip(GOVERNANCE_NUMBERS, numbers, strict=True))
    governance = Governance(markets=markets, oracle=oracle, committee=committee, **named)
    if governance.encode() != data:
        raise CodecError("governance: not its canonical bytes")
    return governance


_MARKET: Final = f">{SYMBOL_LENGTH_MAX}s{len(MARKET_NUMBERS)}Q"
_FEED: Final = f">{FEED_BYTES}s{len(FEED_NUMBERS)}Q"
"""Layouts of `Governance.encode`, whose bytes are compared again."""


class _Reader:
    """Bytes taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        """The next members. CodecError if there are no more bytes."""
        try:
            found = struct.unpack_from(layout, self._data, self._place)
        except struct.error as error:
            raise CodecError("governance: more bytes are wanted") from error
        self._place += struct.calcsize(layout)
        return found

    def many(self, most: int, read: Callable[["_Reader"], T], least: int = 1) -> tuple[T, ...]:
        """Records after their count."""
        (count,) = self.take(">Q")
        if not least <= count <= most:
            raise CodecError(f"governance: {least} to {most} records are wanted in its bytes")
        return tuple(read(self) for _ in range(count))


def _take_market(reader: _Reader) -> Market:
    symbol, *numbers = reader.take(_MARKET)
    named = dict(zip(MARKET_NUMBERS, numbers, strict=True))
    return market_of_numbers(symbol.rstrip(b"\0").decode("latin-1"), named)
