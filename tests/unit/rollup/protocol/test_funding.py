"""Funding: exact over any hours, bounded, and the same for everybody."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.protocol.constants import INTEREST_HOURS, ORACLE_PRICE_BITS
from rollup.protocol.funding import (
    FUNDING_MAX,
    HOUR_MS,
    NO_FUNDING,
    PRICES_MAX,
    RATE_SCALE,
    Funding,
    charged,
    hour,
    percent,
    rate,
)
from tests.helpers.funding_vectors import FILE, made

PRICE_MOST = (1 << ORACLE_PRICE_BITS) - 1
rates = st.integers(-4_000, 4_000)
prices = st.integers(1_024, PRICE_MOST)


@given(st.lists(st.tuples(rates, prices), max_size=60))
def test_no_rounding_is_ever_lost(hours: list[tuple[int, int]]) -> None:
    """F and carry together are exactly the sum of all charges that were taken."""
    funding, exact = NO_FUNDING, 0
    for each, price in hours:
        after = charged(funding, each, price)
        if after != funding:
            exact += each * price
        funding = after
        assert 0 <= funding.carry < RATE_SCALE
    assert funding.offset * RATE_SCALE + funding.carry == exact


@given(st.integers(-FUNDING_MAX, FUNDING_MAX), st.integers(0, RATE_SCALE - 1), rates, prices)
def test_funding_stays_within_its_bounds_and_may_always_come_back(
    offset: int, carry: int, each: int, price: int
) -> None:
    after = charged(Funding(offset, carry), each, price)
    bound = max(abs(offset), min(FUNDING_MAX, PRICES_MAX * price))
    assert abs(after.offset) <= bound <= FUNDING_MAX
    assert after.carry == (each * price + carry) % RATE_SCALE or after == (offset, carry)
    if offset and each * offset < 0:
        assert after.offset != offset or abs(each * price) < RATE_SCALE


def test_what_a_lot_is_worth_has_thirty_bits() -> None:
    assert PRICE_MOST + FUNDING_MAX < 1 << 30


@given(st.integers(0, 4_000), st.integers(0, 500))
def test_a_rate_is_the_interest_within_the_cap(interest: int, cap: int) -> None:
    assert rate(0, interest, cap) == min(interest, INTEREST_HOURS * cap)
    assert rate(0, -interest, cap) == -rate(0, interest, cap)
    assert rate(7, interest, cap) == rate(0, interest + 7, cap)


@pytest.mark.parametrize(
    ("charge", "said"),
    [(0, "0%"), (1, "0.0000125%"), (-1, "-0.0000125%"), (100, "0.00125%"), (-9 * 10**6, "-112.5%")],
)
def test_a_rate_is_said_in_percent_and_nothing_is_rounded(charge: int, said: str) -> None:
    assert percent(charge) == said
    assert Fraction(said[:-1]) / 100 == Fraction(charge, RATE_SCALE)


@pytest.mark.parametrize("time", [0, HOUR_MS - 1, HOUR_MS, 1_723_000_000_000])
def test_an_hour_is_of_the_clock(time: int) -> None:
    assert hour(time) * HOUR_MS <= time < (hour(time) + 1) * HOUR_MS


def test_the_vectors_are_what_the_code_gives() -> None:
    assert json.loads(FILE.read_text("ascii")) == json.loads(json.dumps(made()))


def test_the_vectors_reach_both_signs_and_both_bounds() -> None:
    found = json.loads(FILE.read_text("ascii"))
    stood = [each for each in found["charges"] if each["funding"] == each["funding_after"]]
    signs = {each["rate"] > 0 for each in found["charges"]}
    assert signs == {True, False} and 2 <= len(stood) < len(found["charges"])
    moved = [book["before"]["digest"] != book["after"]["digest"] for book in found["books"]]
    assert set(moved) == {True, False}
