"""Under water an account is frozen but for buyers above the oracle price (06-margin.md)."""

import pytest

from rollup.protocol.margin import Holding, margin_case, value
from rollup.protocol.outcome import MarginCase
from rollup.protocol.positions import NO_POSITIONS
from rollup.protocol.trade import fee
from tests.helpers.market_books import terms_at
from tests.helpers.venue import BTC_PRICE, ETH_PRICE, GOVERNANCE, USDC, held

LOTS = 1600
TAKER_FEE = GOVERNANCE.markets[0].taker_fee
COST = LOTS * BTC_PRICE
CENT = USDC // 100
LONG = Holding(100 * USDC - COST - fee(COST, TAKER_FEE), held(LOTS))
"""100 USDC that bought 960 USDC of BTC at 60,000.0."""

SHALLOW, DEEP = 535_000, 500_000
"""Oracle prices at which the account is a little, and far, under water."""


def sale(oracle: int, lots: int, price: int) -> MarginCase | None:
    """By which clause the account may sell so many lots, as the taker, at a price of the band."""
    terms = terms_at((oracle, ETH_PRICE))
    assert terms[0].band_low <= price <= terms[0].band_high
    cash = LONG.cash + lots * price - fee(lots * price, TAKER_FEE)
    return margin_case(LONG, Holding(cash, held(LOTS - lots)), terms)


@pytest.mark.parametrize(
    ("oracle", "cents"), [(560_000, 3552), (SHALLOW, -448), (DEEP, -6048)], ids=str
)
def test_equity_is_that_of_the_specification(oracle: int, cents: int) -> None:
    terms = terms_at((oracle, ETH_PRICE))
    assert value(LONG, terms).equity == cents * CENT


@pytest.mark.parametrize("lots", [1, LOTS // 2, LOTS])
def test_above_water_the_account_may_sell_at_the_oracle_price(lots: int) -> None:
    assert sale(560_000, lots, 560_000) is not None


@pytest.mark.parametrize("lots", [1, LOTS // 2, LOTS])
@pytest.mark.parametrize("oracle", [SHALLOW, DEEP])
def test_under_water_it_may_sell_nothing_at_the_oracle_price(oracle: int, lots: int) -> None:
    assert sale(oracle, lots, oracle) is None


@pytest.mark.parametrize("lots", [1, LOTS // 2, LOTS])
def test_a_little_under_water_a_buyer_above_the_oracle_price_frees_it(lots: int) -> None:
    assert sale(SHALLOW, lots, 538_070) is not None
    assert sale(SHALLOW, lots, 538_069) is None


@pytest.mark.parametrize("lots", [1, LOTS // 2, LOTS])
def test_far_under_water_no_price_of_the_band_frees_it(lots: int) -> None:
    band_high = terms_at((DEEP, ETH_PRICE))[0].band_high
    assert band_high == 520_000
    assert sale(DEEP, lots, band_high) is None


def test_a_short_under_water_buys_back_below_the_oracle_price_only() -> None:
    oracle = 665_000
    terms = terms_at((oracle, ETH_PRICE))
    short = Holding(100 * USDC + COST - fee(COST, TAKER_FEE), held(-LOTS))
    assert value(short, terms).equity == -448 * CENT

    def purchase(price: int) -> MarginCase | None:
        cost = LOTS * price
        after = Holding(short.cash - cost - fee(cost, TAKER_FEE), NO_POSITIONS)
        return margin_case(short, after, terms)

    assert purchase(oracle) is None
    assert purchase(oracle - oracle // 100) is not None


@pytest.mark.parametrize("oracle", [SHALLOW, DEEP])
def test_a_deposit_is_always_taken_and_one_that_fills_the_hole_frees_it(oracle: int) -> None:
    terms = terms_at((oracle, ETH_PRICE))
    hole = -value(LONG, terms).equity
    assert margin_case(LONG, LONG._replace(cash=LONG.cash + 1), terms) is MarginCase.UNCHANGED
    notional = LOTS * oracle
    paid = LONG.cash + hole + fee(notional, TAKER_FEE) + notional - fee(notional, TAKER_FEE)
    assert margin_case(LONG, Holding(paid, NO_POSITIONS), terms) is MarginCase.INITIAL
