"""Tallies: premium, volume and open interest by hand, and the premium rate at its edges."""

from dataclasses import replace
from random import Random

import pytest

from rollup.protocol.constants import FEE_RATE_BITS, PREMIUM_RATE_BITS
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.tally import (
    NO_TALLY,
    Tally,
    Trade,
    premium_rate,
    tallies_after,
    tallies_before,
)
from rollup.protocol.terms import market_terms
from tests.helpers.assets import asset_market
from tests.helpers.venue import BTC_MARKET, BTC_PRICE, refusal

TERMS = market_terms(BTC_MARKET, BTC_PRICE, 0)
CAPPED = replace(TERMS, open_interest_cap=100)


def test_what_counts_of_a_price_is_four_times_the_fees_of_both_sides() -> None:
    assert TERMS.clip == BTC_PRICE * 4 * (500 + 100) // 10**6 == 1_440


def test_a_fill_counts_its_distance_within_the_clip_and_its_size_at_the_oracle_price() -> None:
    tally = NO_TALLY
    for price, counted in (
        (BTC_PRICE + 10, 10),
        (BTC_PRICE - 10, -10),
        (BTC_PRICE + 1_441, 1_440),
        (BTC_PRICE - 9_999, -1_440),
    ):
        after = tally.with_fill(price, 7, TERMS)
        assert after == Tally(tally.premium + 7 * counted, tally.volume + 7 * BTC_PRICE, 0)
        tally = after


def test_volume_beyond_its_bounds_is_refused_where_the_fill_is() -> None:
    full = Tally(0, 2**64 - 1 - BTC_PRICE, 3)
    trades = [Trade(0, BTC_PRICE, 1), Trade(0, BTC_PRICE, 1)]
    with pytest.raises(Rejected, match="fill 1") as refusal:
        tallies_after([full], trades, [0], [TERMS])
    assert refusal.value.reason is Reason.VOLUME_OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((-(2**63) - 1, 0, 0), Reason.PREMIUM_OUT_OF_BOUNDS),
        ((2**63, 0, 0), Reason.PREMIUM_OUT_OF_BOUNDS),
        ((0, -1, 0), Reason.VOLUME_OUT_OF_BOUNDS),
        ((0, 2**64, 0), Reason.VOLUME_OUT_OF_BOUNDS),
        ((0, 0, -1), Reason.OPEN_INTEREST_OUT_OF_BOUNDS),
        ((0, 0, 2**40), Reason.OPEN_INTEREST_OUT_OF_BOUNDS),
    ],
)
def test_a_tally_that_would_wrap_cannot_be_made(
    numbers: tuple[int, int, int], reason: Reason
) -> None:
    assert refusal(lambda: Tally(*numbers)) is reason


@pytest.mark.parametrize(
    ("tally", "rate"),
    [
        (Tally(0, 0, 0), 0),
        (Tally(10**6, 10**11, 0), 10),
        (Tally(10**6 - 1, 10**11, 0), 9),
        (Tally(-1, 10**11, 0), -1),
        (Tally(-(10**6) - 1, 10**11, 0), -11),
        (Tally(25 * 10**4, 10**10, 0), 25),
        (Tally(25 * 10**4, 10**10 - 1, 0), 20),  # thin: against the impact notional, in tens
        (Tally(-25 * 10**4, 10**10 - 1, 0), -30),
        (Tally(10**6, 10**11, 10**6), 1),  # 1,000,000 lots of 600,000 ticks are most
        (Tally(10**6, 10**9, 10**6), 0),
    ],
)
def test_a_premium_rate_is_of_what_is_most_and_rounded_down(tally: Tally, rate: int) -> None:
    assert premium_rate(tally, BTC_PRICE, 10**10) == rate


def test_no_premium_rate_leaves_its_bits() -> None:
    """The highest fees, every fill clipped on one side, the oracle price anywhere."""
    random, fee = Random("rates"), (1 << FEE_RATE_BITS) - 1
    market = replace(BTC_MARKET, taker_fee=fee, maker_fee=fee)
    for _ in range(200):
        tally, far = NO_TALLY, random.choice((-1, 1))
        for _ in range(random.randint(1, 5)):
            price = random.randint(1_024, 2**24)
            terms = market_terms(market, price, 0)
            paid = price + far * terms.clip
            tally = tally.with_fill(paid, random.randint(1, 2**24), terms)
        assert abs(premium_rate(tally, price, random.choice((1, 10**10)))) < 1 << PREMIUM_RATE_BITS


def test_an_hour_that_is_due_counts_again_and_keeps_who_holds_what() -> None:
    old = (Tally(-5, 7, 9),)
    assert tallies_before(old, 2, is_due=True) == (Tally(0, 0, 9), NO_TALLY)
    assert tallies_before(old, 2, is_due=False) == (Tally(-5, 7, 9), NO_TALLY)
    gone = refusal(lambda: tallies_before((*old, *old), 1, is_due=False))
    assert gone is Reason.TALLY_COUNT


@pytest.mark.parametrize(("before", "lots"), [(0, 100), (99, 1), (150, -1), (150, 0), (150, -150)])
def test_open_interest_ends_within_its_cap_or_does_not_grow(before: int, lots: int) -> None:
    (after,) = tallies_after([Tally(0, 0, before)], [], [lots], [CAPPED])
    assert after == Tally(0, 0, before + lots)


def test_an_asset_has_no_open_interest_and_no_premium() -> None:
    terms = market_terms(asset_market("WBTC", BTC_MARKET.price_decimals), BTC_PRICE, 0)
    trades = [Trade(0, BTC_PRICE + 1_000, 7)]
    for lots in (2**62 - 1, -5):
        (after,) = tallies_after([NO_TALLY], trades, [lots], [terms])
        assert after == Tally(0, 7 * BTC_PRICE, 0)


@pytest.mark.parametrize(("before", "lots"), [(0, 101), (100, 1), (150, 1)])
def test_no_batch_adds_to_an_open_interest_above_its_cap(before: int, lots: int) -> None:
    begun = [Tally(0, 0, before)]
    found = refusal(lambda: tallies_after(begun, [], [lots], [CAPPED]))
    assert found is Reason.OPEN_INTEREST_FULL
