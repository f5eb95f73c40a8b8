"""Tallies and premium rates in the market table alone: rule and rows agree, and no lie stands."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from circuits.air.graph import MODULUS
from circuits.gadgets.buses import TALLY
from circuits.gadgets.tally import (
    ABOVE,
    BELOW,
    INSIDE,
    KINDS,
    LIMBS,
    NOTIONAL,
    OPENED,
    SETTLED,
)
from circuits.statement.inputs import Hour, hour_numbers
from circuits.statement.replay_markets import tallies
from circuits.tables.market import trace as market_trace
from circuits.tables.market.air import TABLE
from circuits.tables.records import MarketRecords
from rollup.protocol.constants import PREMIUM_LIMIT, PREMIUM_RATE_BITS
from rollup.protocol.encoding import LIMB_BITS
from rollup.protocol.tally import NO_TALLY, Tally, premium_rate
from rollup.protocol.terms import MarketTerms, market_terms
from tests.helpers.assets import asset_market
from tests.helpers.closings import markets_of, positions_of
from tests.helpers.isolation import Isolated
from tests.helpers.venue import BTC_MARKET, BTC_PRICE

MARKET = Isolated(TABLE)
HEIGHT = 4
COLUMNS = TABLE.columns.names()
TERMS = market_terms(BTC_MARKET, BTC_PRICE, 0)
OVER = market_terms(BTC_MARKET, BTC_PRICE, 0, is_ended=True)
LOW, HIGH = BTC_PRICE - TERMS.clip, BTC_PRICE + TERMS.clip
BEFORE = Tally(-123_456_789_012, 3 * 10**12 + 7, 5_000_001)
FILLS = ((BTC_PRICE + 7, 9_000), (LOW - 1, 3), (HIGH + 50, 2**30), (BTC_PRICE - 1, 2**32))


def limbs_of(value: int) -> Any:
    return np.array([value >> LIMB_BITS * k & 2**LIMB_BITS - 1 for k in range(LIMBS)])


def counted(fills: tuple[tuple[int, int], ...], opened: int, terms: MarketTerms = TERMS) -> Any:
    """What fills and one position say."""
    low, high = terms.price - terms.clip, terms.price + terms.clip
    sums = np.zeros((1, KINDS, LIMBS), dtype=np.int64)
    for price, size in fills:
        kind = ABOVE if price > high else BELOW if price < low else INSIDE
        sums[0, kind] += limbs_of(size)
        if kind == INSIDE:
            sums[0, NOTIONAL] += limbs_of(price * size)
    sums[0, OPENED] += (1 if opened > 0 else -1) * limbs_of(abs(opened))
    return sums


def records(
    hour: Hour,
    before: Tally = BEFORE,
    fills: tuple[tuple[int, int], ...] = (),
    opened: int = 0,
    terms: MarketTerms = TERMS,
    settled: int = 0,
    *,
    ends: bool = False,
) -> MarketRecords:
    """One market, honestly counted; `ends` with the batch, or over and so many lots `settled`."""
    after = (before.begun_again() if hour.is_due else before).with_settled(settled)
    for price, size in fills:
        after = after.with_fill(price, size, terms)
    if not terms.is_asset:
        after = replace(after, open_interest=after.open_interest + opened)
    sums = counted(fills, opened, terms)
    sums[0, SETTLED] += (1 if settled > 0 else -1) * limbs_of(abs(settled))
    return replace(
        markets_of((terms,)),
        ends=np.array([int(ends)]),
        hour=np.array([hour_numbers(terms, hour)]),
        tally=(tallies((before,)), tallies((after.begun_again() if ends else after,))),
        counted=sums,
    )


def trace(found: MarketRecords) -> Any:
    return market_trace.build(found, positions_of([], [], ()), HEIGHT, 0)


def failed(found: MarketRecords) -> set[str]:
    return MARKET.failed(trace(found))


def rated(rate: int) -> Hour:
    return Hour(True, True, rate)


THIN = Tally(-(10**6), TERMS.impact_notional - 1, 7)
QUIET = Hour(False, False, 0)
BEGUN = Hour(True, False, 0)
RATE = premium_rate(BEFORE, BTC_PRICE, TERMS.impact_notional)


def every_kind() -> list[Any]:
    """Honest rows: with a rate of much and of little that was traded, and of more that was held; of
    a market that is new as an hour begins, and as none does; of an asset; of one that ends while
    orders meet, and of one that is over, in which lots held and lots owed are settled."""
    held = replace(BEFORE, open_interest=2**40 - 10)
    rates = [
        records(rated(premium_rate(before, BTC_PRICE, TERMS.impact_notional)), before, FILLS)
        for before in (BEFORE, THIN, held)
    ]
    new = [
        replace(records(hour, NO_TALLY, FILLS, 77), listed=np.zeros(1, dtype=np.int64))
        for hour in (BEGUN, QUIET)
    ]
    terms = market_terms(asset_market("WBTC", 1), BTC_PRICE, 0)
    spot = records(QUIET, fills=FILLS, terms=terms)
    over = [
        records(QUIET, Tally(premium, 9, 2**40 - 1), (), -7, OVER, settled)
        for premium, settled in ((0, 2**40 - 1), (-(2**41), -(2**39) - 12_345))
    ]
    ending = records(rated(RATE), BEFORE, FILLS, ends=True)
    return [trace(each) for each in (*rates, *new, spot, *over, ending)]


@pytest.mark.parametrize("place", range(9))
def test_every_kind_is_honest(place: int) -> None:
    assert MARKET.failed(every_kind()[place]) == set()


@pytest.mark.parametrize("hour", [QUIET, BEGUN, rated(RATE)], ids=str)
@pytest.mark.parametrize("opened", [0, 77, -5_000_001])
@pytest.mark.parametrize("fills", [(), FILLS], ids=len)
def test_an_honest_market_holds(hour: Hour, opened: int, fills: Any) -> None:
    assert failed(records(hour, fills=fills, opened=opened)) == set()


def drawn(random: Random) -> tuple[Tally, MarketTerms]:
    """A tally as an hour could leave it, at the edges of what there can be, and terms."""
    fee = random.choice((0, 1, 450, 8_191))
    market = replace(
        BTC_MARKET,
        taker_fee=fee,
        maker_fee=fee,
        funding_cap=0,
        interest=0,
        bucket=2**21 - 1,
        impact_notional=random.choice((1, 10**10, 2**52 - 1)),
    )
    terms = market_terms(market, random.choice((1, 1_024, BTC_PRICE, 2**29 - 1)), 0)
    volume = random.choice((0, 1, random.randrange(2**52), random.randrange(2**64), 2**64 - 1))
    most = volume * 8 * fee // 10**6
    premium = random.choice((-most, most, 0, random.randint(-most, most)))
    lots = random.choice((0, 1, random.randrange(2**40), 2**40 - 1))
    return Tally(premium, volume, lots), terms


@pytest.mark.parametrize("seed", range(8))
def test_the_rate_of_the_rule_is_the_only_one(seed: int) -> None:
    random = Random(f"rate/{seed}")
    for _ in range(20):
        tally, terms = drawn(random)
        rate = premium_rate(tally, terms.price, terms.impact_notional)
        unit = 10 if tally.volume < terms.impact_notional else 1
        assert failed(records(rated(rate), tally, terms=terms)) == set()
        for other in (rate - unit, rate + unit, -rate, rate + random.randint(1, 99) * unit):
            if abs(other) < 2**PREMIUM_RATE_BITS and other != rate:
                assert "market.rate" in failed(records(rated(other), tally, terms=terms))


@pytest.mark.parametrize("other", [-1, 1, 5])
def test_a_rate_of_a_thin_hour_is_in_tens(other: int) -> None:
    thin = Tally(10**6, TERMS.impact_notional - 1, 0)
    rate = premium_rate(thin, BTC_PRICE, TERMS.impact_notional)
    assert rate == 100
    assert "market.rate-unit" in failed(records(rated(rate + other), thin))


def test_a_rate_that_is_not_asked_for() -> None:
    for hour in (Hour(True, False, 1), Hour(False, False, -9_000)):
        assert failed(records(hour)) == {"market.rate-unasked"}


def with_tally(found: MarketRecords, *, before: int = 0, **changed: int) -> MarketRecords:
    """Numbers of the new tally changed, or of the old one."""
    pair = [each.copy() for each in found.tally]
    for place, name in enumerate(("premium", "volume", "open_interest")):
        was = int(pair[1 - before][0, place])
        pair[1 - before][0, place] = (was + changed.get(name, 0)) % 2**64
    return replace(found, tally=(pair[0], pair[1]))


@pytest.mark.parametrize("by", [-1, 1, 2**13, 2**40])
@pytest.mark.parametrize("hour", [QUIET, BEGUN], ids=str)
def test_a_tally_that_is_not_what_was_counted(hour: Hour, by: int) -> None:
    found = records(hour, fills=FILLS, opened=77)
    assert failed(with_tally(found, premium=by)) == {"market.premium"}
    assert failed(with_tally(found, volume=by)) == {"market.volume"}
    assert failed(with_tally(found, open_interest=by)) >= {"market.open-interest"}


def test_an_hour_that_is_not_begun_again_and_one_begun_too_early() -> None:
    kept, begun = records(QUIET, fills=FILLS), records(BEGUN, fills=FILLS)
    swapped = {"market.premium", "market.volume"}
    assert failed(replace(kept, tally=begun.tally)) == swapped
    assert failed(replace(begun, tally=kept.tally)) == swapped


def test_a_fill_at_a_clipped_price_counted_whole() -> None:
    far = (HIGH + 50, 2**30)
    honest, moved = records(QUIET, fills=(far,)), counted(((HIGH, 2**30),), 0)
    moved[0, NOTIONAL] = limbs_of(far[0] * far[1])
    assert failed(replace(honest, counted=moved)) == {"market.premium"}


CAPPED = replace(TERMS, open_interest_cap=5_000_100)


@pytest.mark.parametrize(("opened", "claims"), [(99, set()), (100, {"market.open-interest-cap"})])
def test_lots_beyond_the_cap(opened: int, claims: set[str]) -> None:
    assert failed(records(QUIET, opened=opened, terms=CAPPED)) == claims


def test_above_the_cap_open_interest_falls_or_stays() -> None:
    above = replace(TERMS, open_interest_cap=1_000)
    for opened in (0, -1, -5_000_001):
        assert failed(records(QUIET, opened=opened, terms=above)) == set()
    assert failed(records(QUIET, opened=1, terms=above)) == {"market.open-interest-cap"}


def test_tokens_that_come_in_are_no_open_interest() -> None:
    """An asset's cap is 0, and whatever is brought of it goes through."""
    terms = market_terms(asset_market("WBTC", 1), BTC_PRICE, 0)
    held = Tally(0, 10**12, 0)
    fills = ((BTC_PRICE, 9), (BTC_PRICE + 30, 2**32), (BTC_PRICE - 1, 3))
    for opened in (2**40 - 1, -77):
        found = records(QUIET, held, fills, opened, terms)
        assert found.tally[1][0, 2] == 0
        assert failed(found) == set()
        assert failed(with_tally(found, open_interest=opened)) >= {"market.open-interest"}


@pytest.mark.parametrize(
    "tally",
    [Tally(0, 0, 1), Tally(0, 1, 0), Tally(-1, 0, 0)],
    ids=["open interest", "volume", "premium"],
)
def test_a_new_market_begins_with_nothing(tally: Tally) -> None:
    new = {"listed": np.zeros(1, dtype=np.int64)}
    assert failed(replace(records(QUIET, NO_TALLY), **new)) == set()
    assert failed(replace(records(QUIET, tally), **new)) == {"market.new-tally"}


def test_what_is_counted_is_heard_limb_by_limb_and_by_no_other_row() -> None:
    matrix = trace(records(QUIET, fills=FILLS, opened=-77))
    sums = counted(FILLS, -77)[0]
    said = MARKET.messages(matrix, TALLY)
    wanted = {(0, k, m): -int(sums[k, m]) for k in range(KINDS) for m in range(LIMBS)}
    assert said == {message: count for message, count in wanted.items() if count}
    padded = MARKET.forge(matrix, 2, "tally.counted.0.0", 5)
    assert MARKET.messages(padded, TALLY) == said


EITHER = {"tally.not_grown"}
"""Where open interest has not changed, and is not above the cap, both are true."""

TENS = {"rate.tens.0.0", "rate.tens.0.1"}
"""Where the hour was not thin nobody asks for them."""


@pytest.mark.parametrize(
    ("before", "free"), [(BEFORE, EITHER | TENS), (THIN, EITHER)], ids=["busy", "thin"]
)
def test_every_cell_of_a_tally_and_of_a_rate_is_bound(before: Tally, free: set[str]) -> None:
    """Each changed alone breaks a claim: nothing in the sums and in the division floats. What is
    counted, and public numbers, are heard on a bus."""
    rate = premium_rate(before, BTC_PRICE, TERMS.impact_notional)
    matrix = trace(records(rated(rate), before, FILLS))
    assert MARKET.failed(matrix) == set()
    names = [name for name in COLUMNS if name.startswith(("tally.", "rate."))]
    names = [name for name in names if not name.startswith("tally.counted")]
    silent = set()
    for name in names:
        was = int(matrix[0, COLUMNS.index(name)])
        for value in {(was + 1) % MODULUS, (was - 1) % MODULUS}:
            if not MARKET.failed(MARKET.forge(matrix, 0, name, value)):
                silent.add(name)
    assert len(names) > 130 and silent <= free


@pytest.mark.parametrize("far", [-1, 1])
def test_a_base_that_is_none_of_the_three(far: int) -> None:
    """With base and what it lacks of the larger one moved together, it is not the other one."""
    matrix = trace(records(rated(RATE), fills=FILLS))
    forged = matrix
    for group in ("base", "gap"):
        name = f"rate.{group}.0"
        was = int(matrix[0, COLUMNS.index(name)])
        forged = MARKET.forge(forged, 0, name, was + far)
    assert "market.rate-base" in MARKET.failed(forged)


def test_a_base_that_is_the_smaller_one() -> None:
    """What was traded instead of what is held, or the reverse: the gap would be below zero."""
    matrix = trace(records(rated(RATE), fills=FILLS))
    was = int(matrix[0, COLUMNS.index("rate.held")])
    forged = MARKET.forge(matrix, 0, "rate.held", 1 - was)
    assert "market.rate-base" in MARKET.failed(forged)
    gap = [int(matrix[0, COLUMNS.index(f"rate.gap.{place}")]) for place in range(6)]
    assert any(gap)


def test_a_premium_of_the_bias_alone_is_nothing() -> None:
    nothing = Tally(0, 10**12, 0)
    assert premium_rate(nothing, BTC_PRICE, 1) == 0
    found = records(rated(0), nothing)
    assert int(found.tally[0][0, 0]) == PREMIUM_LIMIT
    assert failed(found) == set()
