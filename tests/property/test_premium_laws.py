"""Whether funding can be bought: trading with oneself costs at least what it brings
(docs/soundness/funding.md, bound 2)."""

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from rollup.protocol.constants import FEE_SCALE, INTEREST_HOURS, PREMIUM_UNIT
from rollup.protocol.tally import Tally, premium_rate
from rollup.protocol.terms import MarketTerms, market_terms
from rollup.protocol.trade import fee
from tests.helpers.venue import BTC_MARKET, BTC_PRICE


class Wash(NamedTuple):
    """An hour with fills of one who trades with himself: what that brings his position, and what
    he pays."""

    gain: Fraction
    share: Fraction
    fees: int
    rounding: Fraction

    @property
    def is_covered(self) -> bool:
        """Whether his fees are as much as his share of what is held asks."""
        return self.gain <= self.share * self.fees + self.rounding


def washed(
    terms: MarketTerms, hour: Tally, size: int, side: int, opened: int, share: Fraction
) -> Wash:
    """He holds a share of a side (1: shorts, who get what a higher rate moves) after fills of this
    size at the edge of what counts, by which so many lots are opened."""
    price = terms.price + side * terms.clip
    after = hour.with_fill(price, size, terms)
    after = replace(after, open_interest=hour.open_interest + opened)
    rates = [premium_rate(each, terms.price, terms.impact_notional) for each in (hour, after)]
    lots = share * after.open_interest
    hourly = Fraction(terms.price, INTEREST_HOURS * FEE_SCALE)
    thin = min(hour.volume, after.volume) < terms.impact_notional
    return Wash(
        gain=lots * hourly * side * (rates[1] - rates[0]),
        share=share,
        fees=fee(size * price, terms.taker_fee) + fee(size * price, terms.maker_fee),
        # The clip is of the oracle's price, and fees of one below it at most by the clip.
        rounding=lots * hourly * (PREMIUM_UNIT if thin else 1)
        + share * Fraction(size * terms.clip * (terms.taker_fee + terms.maker_fee), FEE_SCALE),
    )


@st.composite
def hours(draw: st.DrawFn) -> tuple[MarketTerms, Tally]:
    """Terms, and what all others left: their premium at either end, or between."""
    taker, maker = draw(st.integers(0, 8_191)), draw(st.integers(0, 8_191))
    impact = draw(st.sampled_from((1, 10**9, 10**12)))
    market = replace(
        BTC_MARKET,
        taker_fee=taker,
        maker_fee=maker,
        funding_cap=0,
        interest=0,
        impact_notional=impact,
    )
    terms = market_terms(market, BTC_PRICE, 0)
    lots = draw(st.integers(0, 10**7))
    far = draw(st.sampled_from((-terms.clip, terms.clip)) | st.integers(-terms.clip, terms.clip))
    held = draw(st.just(lots) | st.integers(0, 10**7))
    return terms, Tally(far * lots, terms.price * lots, held)


@given(
    hours(),
    st.integers(1, 10**7),
    st.sampled_from((-1, 1)),
    st.fractions(0, 1),
    st.fractions(-1, 1),
)
def test_who_trades_with_himself_pays_what_it_brings_him(
    hour: tuple[MarketTerms, Tally], size: int, side: int, share: Fraction, opening: Fraction
) -> None:
    terms, tally = hour
    opened = max(int(opening * size), -tally.open_interest)
    assert washed(terms, tally, size, side, opened, share).is_covered


def extreme(clip: int) -> Wash:
    """Everybody else traded at the low end, as much as is held; who holds all shorts trades a
    little at the high one, as far as this clip."""
    terms = replace(market_terms(BTC_MARKET, BTC_PRICE, 0), clip=clip)
    lots = 10**8
    hour = Tally(-clip * lots, terms.price * lots, lots)
    return washed(terms, hour, lots // 50, 1, 0, Fraction(1))


def test_the_bound_is_near_where_others_traded_at_the_other_end() -> None:
    clip = market_terms(BTC_MARKET, BTC_PRICE, 0).clip
    wash = extreme(clip)
    assert wash.is_covered and wash.gain > Fraction(9, 10) * wash.fees


def test_with_a_clip_of_eight_times_the_fees_it_would_pay() -> None:
    clip = market_terms(BTC_MARKET, BTC_PRICE, 0).clip
    assert not extreme(2 * clip).is_covered
