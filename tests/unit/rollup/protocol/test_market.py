"""Governance refuses parameters that would not be safe, and its digest sees every number."""

from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rollup.hash.keccak import keccak256
from rollup.oracle.package import feed_id
from rollup.protocol.continuing import require_continues
from rollup.protocol.market import ABSENT_OF_ASSETS, Governance, Market, MarketKind
from rollup.protocol.oracle import PRICE_LEAST
from rollup.protocol.pricing import step_range
from rollup.protocol.rejection import Reason
from rollup.protocol.terms import fraction_up, market_terms
from tests.helpers.assets import asset_market
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
        ({"liquidation_fee": -1}, Reason.FRACTION_OUT_OF_BOUNDS),
        ({"liquidation_fee": 490}, Reason.LIQUIDATION_FEE_TOO_HIGH),
        ({"maintenance_fraction": 260}, Reason.LIQUIDATION_FEE_TOO_HIGH),
        ({"bucket": 0}, Reason.BUCKET_OUT_OF_BOUNDS),
        ({"bucket": 2**21}, Reason.BUCKET_OUT_OF_BOUNDS),
        ({"funding_cap": 201}, Reason.FUNDING_TOO_HIGH),
        ({"funding_cap": 501, "maker_fee": 300}, Reason.FUNDING_TOO_HIGH),
        ({"taker_fee": 99}, Reason.FUNDING_TOO_HIGH),
        ({"maker_fee": 99}, Reason.FUNDING_TOO_HIGH),
        ({"interest": 1601}, Reason.FUNDING_TOO_HIGH),
        ({"interest": -1}, Reason.FUNDING_TOO_HIGH),
        ({"impact_notional": 0}, Reason.IMPACT_OUT_OF_BOUNDS),
        ({"impact_notional": 2**52}, Reason.IMPACT_OUT_OF_BOUNDS),
        ({"open_interest_cap": 0}, Reason.OPEN_INTEREST_OUT_OF_BOUNDS),
        ({"open_interest_cap": 2**40}, Reason.OPEN_INTEREST_OUT_OF_BOUNDS),
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
        ({"backstop_account": 2**30}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"backstop_account": 0}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"clock_ahead_ms": -1}, Reason.TIME_OUT_OF_BOUNDS),
        ({"refresh_fee": -1}, Reason.REFRESH_FEE_OUT_OF_BOUNDS),
        ({"refresh_fee": 2**13}, Reason.REFRESH_FEE_OUT_OF_BOUNDS),
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
    "liquidation_fee": 251,
    "bucket": 601,
    "funding_cap": 201,
    "interest": 101,
    "impact_notional": 10**10 + 1,
    "open_interest_cap": 2**40 - 2,
    "kind": MarketKind.ASSET,
    "least_order": 2,
    "delisted": True,
}


@pytest.mark.parametrize("name", ABSENT_OF_ASSETS)
def test_what_an_asset_does_not_have_is_zero(name: str) -> None:
    assert refusal(lambda: replace(asset_market("WBTC", 1), **{name: 1})) is Reason.ASSET_TERMS


@pytest.mark.parametrize("name", MARKET_CHANGES)
def test_the_digest_sees_every_number_of_a_market(name: str) -> None:
    market = replace(BTC_MARKET)
    object.__setattr__(market, name, MARKET_CHANGES[name])
    other = replace(GOVERNANCE, markets=(market, ETH_MARKET))
    assert other.digest() != GOVERNANCE.digest()


@pytest.mark.parametrize(
    "name",
    ["fee_account", "backstop_account", "clock_behind_ms", "clock_ahead_ms", "refresh_fee"],
)
def test_the_digest_sees_every_number_of_governance(name: str) -> None:
    moved = -1 if name == "backstop_account" else 1
    other = replace(GOVERNANCE, **{name: getattr(GOVERNANCE, name) + moved})
    assert other.digest() != GOVERNANCE.digest()


def test_no_member_is_left_out_of_those_tests() -> None:
    assert set(MARKET_CHANGES) == {member.name for member in fields(Market)}
    assert {member.name for member in fields(Governance)} == {
        "markets",
        "fee_account",
        "backstop_account",
        "clock_behind_ms",
        "clock_ahead_ms",
        "oracle",
        "refresh_fee",
        "committee",
    }


def test_the_digest_is_keccak_of_the_members_in_order() -> None:
    numbers = (1, 5, 1000, 500, 400, 500, 100, 250, 600, 200, 100, 10**10, 2**40 - 1, 0, 0, 0)
    one = listing(GOVERNANCE, [BTC_MARKET])
    expected = b"crypsis-governance-6" + (1).to_bytes(8, "big")
    expected += b"BTC" + bytes(13) + b"".join(n.to_bytes(8, "big") for n in numbers)
    expected += b"".join(n.to_bytes(8, "big") for n in (0, 2**30 - 1, 60_000, 5_000, 0))
    expected += (3).to_bytes(8, "big") + b"".join(key.address for key in KEYS)
    expected += b"".join(n.to_bytes(8, "big") for n in (2, 100, 1_000, 1))
    expected += b"BTC" + bytes(29)
    expected += b"".join(n.to_bytes(8, "big") for n in (8, STEP, 600_000))
    expected += (0).to_bytes(8, "big") + (0).to_bytes(8, "big")
    assert one.digest() == keccak256(expected)


# Theorem T: what one step moves an account by is less than what maintenance margin holds back.


def stepping(step: int, **changes: int) -> Governance:
    """One market whose price moves by `step` ten-thousandths at most."""
    market = replace(BTC_MARKET, **changes)
    feed = replace(GOVERNANCE.oracle.feeds[0], step=step)
    return replace(GOVERNANCE, markets=(market,), oracle=replace(GOVERNANCE.oracle, feeds=(feed,)))


@pytest.mark.parametrize(
    ("widest", "changes"),
    [
        (487, {}),
        (489, {"funding_cap": 0, "interest": 0}),
        (484, {"taker_fee": 500, "maker_fee": 250, "funding_cap": 500}),
        (248, {"maintenance_fraction": 261}),
        (1, {"maintenance_fraction": 14, "liquidation_fee": 3}),
    ],
)
def test_a_step_is_as_wide_as_maintenance_allows_and_no_wider(
    widest: int, changes: dict[str, int]
) -> None:
    assert stepping(widest, **changes).oracle.feeds[0].step == widest
    assert refusal(lambda: stepping(widest + 1, **changes)) is Reason.STEP_TOO_WIDE


@given(
    maintenance=st.integers(12, 9_000),
    cap=st.integers(0, 500),
    price=st.integers(PRICE_LEAST, 2**24),
)
def test_an_account_at_maintenance_is_above_zero_after_the_worst_step(
    maintenance: int, cap: int, price: int
) -> None:
    """The widest step that governance takes, to either side, with a whole hour of funding against
    the account, everything rounded against it."""
    room = (maintenance - 10) * 10**6 - 10_000 * cap - 1
    step = room // (10**6 + cap)
    assume(step >= 1)
    governance = stepping(
        step,
        maintenance_fraction=maintenance,
        initial_fraction=10_000,
        liquidation_fee=0,
        taker_fee=8_191,
        maker_fee=8_191,
        funding_cap=cap,
        interest=0,
    )
    terms = market_terms(governance.markets[0], price, 0)
    low, high = step_range(price, step)
    worst = ((1, low, terms.long_maintenance), (-1, high, terms.short_maintenance))
    for side, after, excess in worst:
        assert side * after - (cap * after // 10**6 + 1) - excess > 0


def test_a_liquidation_fee_leaves_a_tick_of_maintenance_at_every_price() -> None:
    market = replace(BTC_MARKET, liquidation_fee=489)
    for price in (PRICE_LEAST, 12_345, 600_000, 2**30 - 1):
        fee = fraction_up(price, market.liquidation_fee)
        assert fee <= fraction_up(price, market.maintenance_fraction)


def test_buckets_are_fine_enough_for_numbers_and_coarse_enough_for_the_listing_price() -> None:
    assert stepping(400, bucket=74).markets[0].bucket == 74
    assert refusal(lambda: stepping(400, bucket=73)) is Reason.BUCKET_OUT_OF_BOUNDS


# What may follow.


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": "XBT"},
        {"price_decimals": 2, "size_decimals": 4},
        {"bucket": 601},
        {"maintenance_fraction": 500 + STEP + 1, "initial_fraction": 2_000},
        {"maintenance_fraction": 500 - 101},
    ],
)
def test_a_market_keeps_what_its_positions_rest_on(changes: dict[str, object]) -> None:
    before = stepping(100) if changes.get("maintenance_fraction") == 399 else stepping(STEP)
    market = replace(before.markets[0], **changes)  # type: ignore[arg-type]
    feed = replace(before.oracle.feeds[0], step=100)
    oracle = replace(before.oracle, feeds=(feed,))
    after = replace(before, markets=(market,), oracle=oracle)
    assert refusal(lambda: require_continues(before, after)) is Reason.GOVERNANCE_CHANGED


@pytest.mark.parametrize(("old", "new"), [(300, 100), (100, 300)])
def test_maintenance_moves_by_the_narrower_step_of_both(old: int, new: int) -> None:
    """A step that is lowered with it, or raised with it, gives it no more room."""
    before, after = stepping(old, band_fraction=300), stepping(new, band_fraction=300)

    def moved(by: int) -> Governance:
        market = replace(after.markets[0], maintenance_fraction=500 + by)
        return replace(after, markets=(market,))

    for by in (-100, 100):
        require_continues(before, moved(by))
    for by in (-101, 101):
        found = refusal(lambda by=by: require_continues(before, moved(by)))
        assert found is Reason.GOVERNANCE_CHANGED


def test_a_market_may_be_given_another_feed() -> None:
    """What its price then is, it walks to by steps (oracle.bound)."""
    (feed,) = stepping(100).oracle.feeds
    for changes in ({"feed": feed_id("XBT")}, {"decimals": feed.decimals - 1}):
        oracle = replace(stepping(100).oracle, feeds=(replace(feed, **changes),))
        require_continues(stepping(100), replace(stepping(100), oracle=oracle))


def test_maintenance_moves_by_a_step_and_a_venues_accounts_stay() -> None:
    before = stepping(100, band_fraction=300)
    for moved in (-100, 100):
        market = replace(before.markets[0], maintenance_fraction=500 + moved)
        require_continues(before, replace(before, markets=(market,)))
    for name in ("fee_account", "backstop_account"):
        after = replace(before, **{name: 5})
        assert refusal(lambda after=after: require_continues(before, after)) is (
            Reason.GOVERNANCE_CHANGED
        )
