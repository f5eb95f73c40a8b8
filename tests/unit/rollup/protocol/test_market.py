"""Governance refuses parameters that would not be safe, and its digest sees every number."""

from dataclasses import fields, replace

import pytest

from rollup.hash.keccak import keccak256
from rollup.protocol.market import (
    Governance,
    Market,
)
from rollup.protocol.rejection import Reason
from tests.helpers.oracle import KEYS, STEP, listing
from tests.helpers.venue import BTC_MARKET, ETH_MARKET, GOVERNANCE, refusal


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"maintenance_fraction": 1001}, Reason.MARGIN_CROSSED),
        ({"band_fraction": 500}, Reason.BAND_TOO_WIDE),
        ({"maintenance_fraction": 1000}, Reason.BAND_TOO_WIDE),
        ({"band_fraction": 0}, Reason.FRACTION_OUT_OF_BOUNDS),
        ({"maintenance_fraction": 0}, Reason.FRACTION_OUT_OF_BOUNDS),
        ({"initial_fraction": 10_001}, Reason.FRACTION_OUT_OF_BOUNDS),
        ({"taker_fee": 2**13}, Reason.FEE_RATE_OUT_OF_BOUNDS),
        ({"maker_fee": -1}, Reason.FEE_RATE_OUT_OF_BOUNDS),
        ({"price_decimals": 2}, Reason.MARKET_SCALE),
        ({"price_decimals": -1, "size_decimals": 7}, Reason.MARKET_SCALE),
        ({"symbol": ""}, Reason.MALFORMED),
        ({"symbol": "btc"}, Reason.MALFORMED),
        ({"symbol": "B" * 17}, Reason.MALFORMED),
        ({"symbol": None}, Reason.MALFORMED),
    ],
)
def test_an_unsafe_market_cannot_be_made(changes: dict[str, object], reason: Reason) -> None:
    assert refusal(lambda: replace(BTC_MARKET, **changes)) is reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"markets": ()}, Reason.MARKET_COUNT),
        ({"markets": (BTC_MARKET, BTC_MARKET)}, Reason.MALFORMED),
        ({"markets": [BTC_MARKET]}, Reason.MALFORMED),
        ({"fee_account": 2**30}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"clock_ahead_ms": -1}, Reason.TIME_OUT_OF_BOUNDS),
    ],
)
def test_an_unsafe_governance_cannot_be_made(changes: dict[str, object], reason: Reason) -> None:
    assert refusal(lambda: replace(GOVERNANCE, **changes)) is reason  # type: ignore[arg-type]


def test_sixty_five_markets_are_too_many() -> None:
    markets = tuple(replace(BTC_MARKET, symbol=f"M{i}") for i in range(65))
    assert refusal(lambda: replace(GOVERNANCE, markets=markets)) is Reason.MARKET_COUNT


MARKET_CHANGES = {
    "symbol": "XBT",
    "price_decimals": 2,
    "size_decimals": 4,
    "initial_fraction": 1001,
    "maintenance_fraction": 501,
    "band_fraction": 401,
    "taker_fee": 501,
    "maker_fee": 101,
}


@pytest.mark.parametrize("name", MARKET_CHANGES)
def test_the_digest_sees_every_number_of_a_market(name: str) -> None:
    market = replace(BTC_MARKET)
    object.__setattr__(market, name, MARKET_CHANGES[name])
    other = replace(GOVERNANCE, markets=(market, ETH_MARKET))
    assert other.digest() != GOVERNANCE.digest()


@pytest.mark.parametrize("name", ["fee_account", "clock_behind_ms", "clock_ahead_ms"])
def test_the_digest_sees_every_number_of_governance(name: str) -> None:
    other = replace(GOVERNANCE, **{name: getattr(GOVERNANCE, name) + 1})
    assert other.digest() != GOVERNANCE.digest()


def test_no_member_is_left_out_of_those_tests() -> None:
    assert set(MARKET_CHANGES) == {member.name for member in fields(Market)}
    assert {member.name for member in fields(Governance)} == {
        "markets",
        "fee_account",
        "clock_behind_ms",
        "clock_ahead_ms",
        "oracle",
    }


def test_the_digest_is_keccak_of_the_members_in_order() -> None:
    numbers = (1, 5, 1000, 500, 400, 500, 100)
    one = listing(GOVERNANCE, [BTC_MARKET])
    expected = b"crypsis-governance-2" + (1).to_bytes(8, "big")
    expected += b"BTC" + bytes(13) + b"".join(n.to_bytes(8, "big") for n in numbers)
    expected += b"".join(n.to_bytes(8, "big") for n in (0, 60_000, 5_000))
    expected += (3).to_bytes(8, "big") + b"".join(key.address for key in KEYS)
    expected += b"".join(n.to_bytes(8, "big") for n in (2, 100, 1_000, 1))
    expected += b"BTC" + bytes(29)
    expected += b"".join(n.to_bytes(8, "big") for n in (8, STEP, 600_000))
    assert one.digest() == keccak256(expected)
