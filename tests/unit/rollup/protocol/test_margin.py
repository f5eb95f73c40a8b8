"""The margin rule, clause by clause, on whole numbers that anyone can check by hand."""

import pytest

from rollup.protocol.margin import Holding, is_healthier, margin_case, risk_grew, value
from rollup.protocol.outcome import MarginCase, Valuation
from rollup.protocol.positions import NO_POSITIONS
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms
from tests.helpers.venue import (
    BTC_PRICE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    held,
    register,
    sell,
)

MARKET = MarketTerms(
    price=100,
    funding=0,
    value=100,
    maintenance=5,
    initial=10,
    band_low=96,
    band_high=104,
    taker_fee=0,
    maker_fee=0,
    liquidation_fee=2,
)
TERMS = (MARKET, MARKET)


def holding(equity: int, *positions: int) -> Holding:
    """A holding of this equity at price 100: ten lots need 100 initial and 50 maintenance."""
    return Holding(equity - 100 * sum(positions), held(*positions))


def case(before: Holding, after: Holding) -> MarginCase | None:
    return margin_case(before, after, TERMS)


def test_value_is_cash_plus_size_times_price_and_requirements_are_exact() -> None:
    assert value(holding(7, 3, -2), TERMS) == Valuation(7, 5 * 10, 5 * 5)


def test_a_position_in_a_market_that_is_not_listed_has_no_value() -> None:
    with pytest.raises(Rejected, match="market-absent"):
        value(holding(7, 0, 0, 1), TERMS)


@pytest.mark.parametrize(("equity", "expected"), [(100, MarginCase.INITIAL), (99, None)])
def test_risk_that_grew_needs_initial_margin(equity: int, expected: MarginCase | None) -> None:
    assert case(holding(120), holding(equity, 10)) is expected


@pytest.mark.parametrize(("equity", "expected"), [(50, MarginCase.MAINTENANCE), (49, None)])
def test_risk_that_shrank_needs_maintenance(equity: int, expected: MarginCase | None) -> None:
    assert case(holding(160, 20), holding(equity, 10)) is expected


def test_a_flip_passed_off_as_a_reduction_needs_initial_margin() -> None:
    assert case(holding(60, 10), holding(60, -9)) is None
    assert case(holding(60, 10), holding(60, 9)) is MarginCase.MAINTENANCE


def test_a_reduction_in_one_market_does_not_hide_growth_in_another() -> None:
    assert case(holding(60, 10, 0), holding(60, 5, 1)) is MarginCase.INITIAL
    assert case(holding(60, 10, 0), holding(59, 5, 1)) is None


def test_closing_everything_above_water_is_allowed() -> None:
    assert case(holding(10, 10), holding(0)) is MarginCase.INITIAL
    assert case(holding(10, 10), holding(-1)) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [((20, 10), (10, 5)), ((20, 10), (16, 5)), ((0, 10), (0, 5)), ((-20, 10), (-10, 5))],
)
def test_an_account_below_maintenance_may_become_healthier(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    assert case(holding(*before), holding(*after)) is MarginCase.HEALTHIER


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((20, 10), (9, 5)),  # a smaller share of maintenance
        ((20, 10), (19, 10)),  # nothing shrank
        ((20, 10), (-1, 1)),  # under water
        ((-20, 10), (-11, 5)),  # a deeper hole for what is still held
        ((-20, 10), (-20, 5)),
        ((-20, 10), (-20, 0)),  # nothing left to liquidate, and a hole
    ],
)
def test_it_may_not_become_worse(before: tuple[int, int], after: tuple[int, int]) -> None:
    assert case(holding(*before), holding(*after)) is None


def test_a_hole_may_shrink_while_something_is_held() -> None:
    assert is_healthier(Valuation(-20, 0, 500), Valuation(-16, 0, 400))
    assert not is_healthier(Valuation(-20, 0, 500), Valuation(-17, 0, 400))
    assert not is_healthier(Valuation(-20, 0, 500), Valuation(-1, 0, 0))


def test_a_touch_that_changes_no_size_and_lowers_no_cash_is_always_allowed() -> None:
    drowning = holding(-500, 10)
    assert case(drowning, drowning) is MarginCase.UNCHANGED
    assert case(drowning, holding(-499, 10)) is MarginCase.UNCHANGED
    assert case(drowning, holding(-501, 10)) is None


def test_a_fee_alone_is_not_risk() -> None:
    assert not risk_grew(holding(100, 10), holding(40, 10))
    assert case(holding(100, 10), holding(50, 10)) is MarginCase.MAINTENANCE


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


def test_healthier_at_a_friends_price_is_refused(venue: Venue) -> None:
    venue = unhealthy(venue)
    price = venue.prices[0]
    friendly = price * 9601 // 10_000
    at_oracle = Match(
        buy(2, 500, price, generation=2), sell(1, 500, friendly, generation=2), 500, price
    )
    at_friends = Match(at_oracle.buy, at_oracle.sell, 500, friendly)
    outcome = venue.apply(venue.batch(matches=[at_oracle]))
    assert outcome.accounts[1].margin is MarginCase.HEALTHIER
    assert venue.refusal(venue.batch(matches=[at_friends])) is Reason.MARGIN


def test_an_unhealthy_account_may_not_add_to_its_position(venue: Venue) -> None:
    venue = unhealthy(venue)
    price = venue.prices[0]
    match = Match(buy(1, 1, price, generation=2), sell(2, 1, price, generation=2), 1, price)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARGIN


def test_a_deposit_into_an_unhealthy_account_is_allowed(venue: Venue) -> None:
    venue = unhealthy(venue)
    outcome = venue.run(venue.batch([credit(2, 1, 1)]))
    assert outcome.accounts[1].margin is MarginCase.UNCHANGED


def test_prices_before_and_after_are_both_the_batchs(venue: Venue) -> None:
    venue = unhealthy(venue)
    outcome = venue.apply(venue.batch([register(2, 3, 1)]))
    assert outcome.public.prices[0] == BTC_PRICE * 92 // 100
