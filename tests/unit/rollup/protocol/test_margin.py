"""The closing rule, part by part, on whole numbers that anyone can check by hand."""

from dataclasses import replace

import pytest

from rollup.protocol.constants import SAFETY_MAX
from rollup.protocol.holding import Holding
from rollup.protocol.margin import closing, margin_refusal, risk_grew, triggers_of, value
from rollup.protocol.outcome import Closing, Valuation
from rollup.protocol.positions import NO_POSITIONS
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms
from tests.helpers.venue import (
    BTC_PRICE,
    USDC,
    Match,
    Venue,
    buy,
    cancel,
    credit,
    held,
    refusal,
    sell,
)

MARKET = MarketTerms(
    price=100,
    funding=0,
    value=100,
    bucket=5,
    maintenance=5,
    initial=10,
    band_low=96,
    band_high=104,
    taker_fee=0,
    maker_fee=0,
    liquidation_fee=2,
    least_order=1,
    clip=0,
    impact_notional=1,
    open_interest_cap=2**40 - 1,
)
TERMS = (MARKET, MARKET)


def holding(equity: int, *positions: int) -> Holding:
    """A holding of this equity at price 100: ten lots need 100 initial and 50 maintenance, and a
    bucket of them is worth 50."""
    return Holding(equity - 100 * sum(positions), held(*positions))


def closed(before: Holding, after: Holding, *, traded: bool = True) -> Closing:
    return closing(before, after, TERMS, traded=traded)


def refused(before: Holding, after: Holding, *, traded: bool = True) -> Reason:
    return refusal(lambda: closing(before, after, TERMS, traded=traded))


def test_a_value_counts_lots_at_what_they_add() -> None:
    assert value(holding(7, 3, -2), TERMS) == Valuation(7, 7 - 5 * 5, 7 - 5 * 10, 5 * 5)


def test_side_values_are_rounded_down_to_whole_buckets() -> None:
    terms = replace(MARKET, bucket=8)
    assert (terms.long_maintenance, terms.short_maintenance) == (88, -112)


def test_a_position_in_a_market_that_is_not_listed_has_no_value() -> None:
    with pytest.raises(Rejected, match="market-absent"):
        value(holding(7, 0, 0, 1), TERMS)


def test_risk_that_grew_needs_initial_margin() -> None:
    assert closed(holding(120), holding(100, 10)).grew
    assert refused(holding(120), holding(99, 10)) is Reason.MARGIN


def test_risk_that_shrank_needs_maintenance() -> None:
    assert closed(holding(160, 20), holding(50, 10)).safety == 0
    assert refused(holding(160, 20), holding(49, 10)) is Reason.MARGIN


def test_a_flip_passed_off_as_a_reduction_needs_initial_margin() -> None:
    assert refused(holding(60, 10), holding(60, -9)) is Reason.MARGIN
    assert not closed(holding(60, 10), holding(60, 9)).grew


def test_a_reduction_in_one_market_does_not_hide_growth_in_another() -> None:
    assert closed(holding(60, 10, 0), holding(60, 5, 1)).grew
    assert refused(holding(60, 10, 0), holding(59, 5, 1)) is Reason.MARGIN


def test_closing_everything_above_water_is_allowed_and_leaves_no_safety() -> None:
    assert closed(holding(10, 10), holding(0)).safety == 0
    assert closed(holding(10, 10), holding(10**9)).safety == 0
    assert refused(holding(10, 10), holding(-1)) is Reason.MARGIN


def test_safety_is_the_greatest_number_of_buckets_that_may_go() -> None:
    assert closed(holding(100), holding(100, 10)).safety == 1
    assert closed(holding(149), holding(149, 10)).safety == 1
    assert closed(holding(150), holding(150, 10)).safety == 2
    assert closed(holding(10**9), holding(10**9, 10)).safety == SAFETY_MAX


def test_at_its_triggers_an_account_still_meets_maintenance() -> None:
    for equity in range(100, 400, 7):
        found = closed(holding(equity), holding(equity, 7, -3))
        lots, k = 10, found.safety
        assert found.after.excess - k * 5 * lots >= 0 > found.after.excess - (k + 1) * 5 * lots


def test_a_trigger_is_safety_below_the_bucket_of_its_side_but_not_below_the_first() -> None:
    longs, shorts = 19 + 2**14, -21 + 2**16 - 2**14
    assert MARKET.numbers == (longs, shorts)
    assert triggers_of(held(7, -3), 2, TERMS) == (longs - 2, shorts - 2)
    assert triggers_of(held(7), longs + 1, TERMS) == (0,)


def test_an_account_below_maintenance_at_the_mark_may_be_left_so_for_a_while() -> None:
    drowning = holding(20, 10)
    found = closed(drowning, drowning, traded=False)
    assert found.below and found.safety == 0
    assert closed(drowning, holding(10, 5), traded=False).below  # partly liquidated
    assert closed(drowning, holding(49, 10), traded=False).below  # paid in too little
    assert not closed(drowning, holding(50, 10), traded=False).below


def test_a_healthy_account_is_not_left_below_maintenance() -> None:
    assert refused(holding(50, 10), holding(49, 10), traded=False) is Reason.MARGIN


def test_below_maintenance_no_position_grows() -> None:
    """The side value with initial margin is finer than a bucket: it alone does not refuse this."""
    coarse = (replace(MARKET, bucket=40),)
    before, after = holding(20, 10), holding(110, 11)
    assert value(after, coarse).initial == 0 and value(after, coarse).excess < 0
    found = refusal(lambda: closing(before, after, coarse, traded=False))
    assert found is Reason.BELOW_RISK


def test_below_maintenance_its_own_orders_do_not_trade() -> None:
    assert refused(holding(20, 10), holding(20, 5)) is Reason.BELOW_TRADED
    assert margin_refusal(holding(20, 10), holding(20, 5), TERMS) is Reason.MARGIN


def test_an_account_below_maintenance_may_cure_itself() -> None:
    assert not closed(holding(20, 10), holding(20, 4)).below


def test_a_hole_is_never_left_without_a_position() -> None:
    """It could only be paid in to, and its step could not be closed."""
    assert refused(holding(20, 10), holding(-1), traded=False) is Reason.MARGIN


def test_an_account_may_not_grow_beyond_what_every_sum_can_hold() -> None:
    wide = (replace(MARKET, bucket=64),)
    lots = 2**45 // 64 - 1
    rich, after = Holding(2**62, NO_POSITIONS), Holding(2**62, held(lots))
    assert closing(rich, after, wide, traded=True).grew
    more = Holding(2**62, held(lots + 1))
    assert refusal(lambda: closing(rich, more, wide, traded=True)) is Reason.LADDER
    assert margin_refusal(rich, more, wide) is Reason.LADDER
    assert not closing(more, after, wide, traded=True).grew


def test_a_fee_alone_is_not_risk() -> None:
    assert not risk_grew(holding(100, 10), holding(40, 10), TERMS)
    assert not closed(holding(100, 10), holding(50, 10)).grew


@pytest.fixture
def venue() -> Venue:
    """Account 1 can afford 1,000 dollars of BTC at ten times; account 2 is rich."""
    return Venue().with_traders(100 * USDC, 1_000_000 * USDC)


def test_an_account_left_under_its_margin_is_refused(venue: Venue) -> None:
    lots = 1000 * USDC // BTC_PRICE
    batch = venue.batch(matches=[Match(buy(1, 2 * lots), sell(2, 2 * lots), lots + 10)])
    assert venue.refusal(batch) is Reason.MARGIN


def test_the_counterparty_is_held_to_the_rule_too(venue: Venue) -> None:
    lots = 1000 * USDC // BTC_PRICE
    batch = venue.batch(matches=[Match(buy(2, 2 * lots), sell(1, 2 * lots), lots + 10)])
    assert venue.refusal(batch) is Reason.MARGIN


def test_the_rule_is_net_over_the_batch(venue: Venue) -> None:
    lots = 2 * 1000 * USDC // BTC_PRICE
    round_trip = [
        Match(buy(1, lots), sell(2, lots), lots),
        Match(buy(2, lots, slot=1), sell(1, lots, slot=1), lots),
    ]
    outcome = venue.apply(venue.batch(matches=round_trip))
    assert outcome.accounts[1].after is not None
    assert outcome.accounts[1].after.positions == NO_POSITIONS


def unhealthy(venue: Venue) -> Venue:
    """Account 1 buys 900 dollars at ten times, then the price falls by 8 percent."""
    lots = 900 * USDC // BTC_PRICE
    venue.run(venue.batch(matches=[Match(buy(1, lots), sell(2, lots), lots)]))
    venue.prices = (BTC_PRICE * 92 // 100, *venue.prices[1:])
    return venue


def test_who_is_left_below_maintenance_cancels_and_places_nothing(venue: Venue) -> None:
    venue = unhealthy(venue)
    kept = venue.batch(refreshed=[1])
    assert venue.apply(kept).accounts[1].closing.below
    assert venue.refusal(venue.batch(cancels=[cancel(1, slot=4)])) is Reason.BELOW_TRADED
    assert venue.refusal(venue.batch(placed=[buy(1, 1, slot=4)])) is Reason.BELOW_TRADED


def test_a_partial_cure_by_own_orders_is_refused(venue: Venue) -> None:
    venue = unhealthy(venue)
    price = venue.prices[0]
    match = Match(buy(2, 500, price, generation=2), sell(1, 500, price, generation=2), 100, price)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.BELOW_TRADED


def test_a_cure_at_the_oracle_price_is_not(venue: Venue) -> None:
    venue = unhealthy(venue)
    price, lots = venue.prices[0], 1400
    match = Match(
        buy(2, lots, price, generation=2), sell(1, lots, price, generation=2), lots, price
    )
    outcome = venue.apply(venue.batch(matches=[match]))
    assert not outcome.accounts[1].closing.below and outcome.public.closed


def test_an_unhealthy_account_may_not_add_to_its_position(venue: Venue) -> None:
    venue = unhealthy(venue)
    price = venue.prices[0]
    match = Match(buy(1, 1, price, generation=2), sell(2, 1, price, generation=2), 1, price)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARGIN


def test_a_deposit_into_an_unhealthy_account_is_taken_and_flags_it(venue: Venue) -> None:
    venue = unhealthy(venue)
    outcome = venue.run(venue.batch([credit(2, 1, 1)]))
    assert outcome.accounts[1].closing.below and outcome.globals_after.flagged == 1
    assert not outcome.public.closed
