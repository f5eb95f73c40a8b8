"""Terms of a market: whole ticks, rounded for the venue, and the same in every language."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.gadgets.balanced import LIMB_BITS
from circuits.statement.inputs import risk_numbers, trade_numbers
from rollup.protocol.rejection import Rejected
from rollup.protocol.terms import market_terms, price_band, terms_of
from tests.helpers.market_books import terms_at
from tests.helpers.terms_vectors import market_of, terms_vectors, vector
from tests.helpers.venue import BTC_MARKET


@pytest.mark.parametrize(
    ("price", "fraction", "band"),
    [
        (100, 400, (96, 104)),
        (101, 400, (97, 105)),
        (1, 400, (1, 1)),
        (1, 10_000, (1, 2)),
        (2**30 - 1, 9999, (107_375, 2**30 - 1)),
    ],
)
def test_a_band_is_rounded_inward_and_clipped(
    price: int, fraction: int, band: tuple[int, int]
) -> None:
    assert price_band(price, fraction) == band


@given(st.integers(1, 2**30 - 1), st.integers(1, 10_000))
def test_a_band_holds_its_price_and_no_more_than_its_fraction(price: int, fraction: int) -> None:
    low, high = price_band(price, fraction)
    assert 1 <= low <= price <= high < 2**30
    assert (price - low) * 10_000 <= price * fraction
    assert (high - price) * 10_000 <= price * fraction


def test_requirements_are_whole_ticks_and_rounded_up() -> None:
    market = replace(BTC_MARKET, initial_fraction=1000, maintenance_fraction=333, bucket=30)
    terms = market_terms(market, 101, 0)
    assert (terms.value, terms.initial, terms.maintenance) == (101, 11, 4)
    assert (terms.long_initial, terms.short_initial) == (90, -112)
    assert (terms.long_maintenance, terms.short_maintenance) == (90, -120)


def test_no_lot_is_free_to_hold_at_the_least_price() -> None:
    terms = market_terms(BTC_MARKET, 1, 0)
    assert terms.initial == terms.maintenance == terms.value == 1


@given(st.integers(1, 2**29 - 1), st.integers(1, 9_999), st.integers(1, 10_000))
def test_a_requirement_is_at_least_its_fraction_and_less_than_a_tick_above(
    price: int, maintenance: int, initial: int
) -> None:
    low, high = sorted((maintenance, initial))
    market = replace(BTC_MARKET, bucket=2**21 - 1)
    object.__setattr__(market, "maintenance_fraction", low)
    object.__setattr__(market, "initial_fraction", high)
    terms = market_terms(market, price, 0)
    assert 1 <= terms.maintenance <= terms.initial <= terms.value == price
    for ticks, fraction in ((terms.maintenance, low), (terms.initial, high)):
        assert price * fraction <= ticks * 10_000 < price * fraction + 10_000


def test_a_market_that_is_not_listed_has_no_terms() -> None:
    terms = terms_at((600_000, 250_000))
    assert terms_of(terms, 1).price == 250_000
    with pytest.raises(Rejected, match="market-absent"):
        terms_of(terms, 2)


def test_the_vectors_are_what_this_program_computes() -> None:
    found = terms_vectors()
    assert len(found["terms"]) >= 8
    for each in found["terms"]:
        again = vector(each["market"], each["price"], each["funding"], ended=each["ended"])
        assert json.loads(json.dumps(again)) == each


def test_the_vectors_reach_the_ends_of_prices_and_fractions() -> None:
    found = terms_vectors()["terms"]
    assert {1, 2**29 - 1} <= {each["price"] for each in found if each["terms"]}
    assert {-(2**28), 0, 2**28} <= {each["funding"] for each in found}
    assert any(each["terms"] is None for each in found)
    assert {11, 10_000} <= {market_of(each["market"]).initial_fraction for each in found} | {
        market_of(each["market"]).maintenance_fraction for each in found
    }


IN_BUCKETS = [each for each in terms_vectors()["terms"] if each["terms"]]


@pytest.mark.parametrize("each", IN_BUCKETS, ids=lambda each: str(each["price"]))
def test_the_circuit_is_sent_the_numbers_of_the_vectors(each: dict[str, object]) -> None:
    numbers = (market_of(each["market"]), each["price"], each["funding"])
    terms = market_terms(*numbers, is_ended=each["ended"])
    digits = risk_numbers(terms)
    sides = ("long_maintenance", "short_maintenance", "long_initial", "short_initial")
    place = 0
    for name, count in (*((name, 3) for name in sides), ("bucket", 2), ("value", 3)):
        number = sum(digit << LIMB_BITS * k for k, digit in enumerate(digits[place:][:count]))
        assert number == each["terms"][name]  # type: ignore[index]
        place += count
    assert digits[place:] == (each["terms"]["long_bucket"], each["terms"]["short_bucket"])  # type: ignore[index]
    low, low_high, high, high_high, taker, maker, *others = trade_numbers(terms)
    funding, (price, price_high), near, net = others[:3], others[3:5], others[5:9], others[9:15]
    lowest, highest = others[15:]
    assert highest - terms.price == terms.price - lowest == terms.clip
    assert low + (low_high << 26) == terms.band_low
    assert high + (high_high << 26) == terms.band_high
    assert (taker, maker) == (terms.taker_fee, terms.maker_fee)
    number = sum(digit << LIMB_BITS * k for k, digit in enumerate(funding))
    assert number == terms.funding == (0 if terms.is_asset else each["funding"])
    assert price + (price_high << 26) == each["price"]
    quarter, fee = terms.liquidation_fee // 4, terms.liquidation_fee
    least, most = near[0] + (near[1] << 26), near[2] + (near[3] << 26)
    assert (terms.price - least, most - terms.price) == (quarter, quarter)
    for limbs_, way in ((net[:3], -1), (net[3:], 1)):
        number = sum(digit << LIMB_BITS * k for k, digit in enumerate(limbs_))
        assert number == terms.price + way * fee
