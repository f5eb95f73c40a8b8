"""Decimals in, ticks and lots out: exactly or not at all."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.protocol.market import Market
from sequencer.client.amounts import (
    cash_of,
    decimal_of,
    lots_of,
    price_of,
    size_of,
    ticks_of,
)
from sequencer.client.errors import NotOnLot, NotOnTick, OutOfRange

BTC = Market("BTC-PERP", 1, 5, 1_000, 500, 400, 500, 200, 250, 600, 0, 0, 1, 1)


def test_a_price_between_two_ticks_is_refused_and_names_the_nearest() -> None:
    with pytest.raises(NotOnTick) as refused:
        ticks_of("61800.26", BTC)
    assert (refused.value.got, refused.value.nearest) == (Decimal("61800.26"), Decimal("61800.3"))
    assert refused.value.step == Decimal("0.1")


def test_a_size_between_two_lots_is_refused_and_never_cut() -> None:
    with pytest.raises(NotOnLot) as refused:
        lots_of("0.000309", BTC)
    assert refused.value.nearest == Decimal("0.00031")


def test_of_two_as_close_the_lower_is_named() -> None:
    with pytest.raises(NotOnTick) as refused:
        ticks_of("0.25", BTC)
    assert refused.value.nearest == Decimal("0.2")


@pytest.mark.parametrize("number", [0.1, 1.0, float("nan"), True, None, Fraction(1, 2)])
def test_what_is_no_decimal_is_refused_as_such(number: object) -> None:
    with pytest.raises(TypeError):
        ticks_of(number, BTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1e3", "1_000", "+1", "-1", ".5", "1.", "NaN", "0x10", "١", "1,5"]
)
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ticks_of(text, BTC)


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_what_is_not_finite_is_refused(number: Decimal) -> None:
    with pytest.raises(ValueError):
        ticks_of(number, BTC)


@pytest.mark.parametrize(
    "number",
    [0, -1, "0", "0.01", Decimal("1E+999999"), Decimal("1E-999999"), "107374182.4", Decimal("-5")],
)
def test_what_no_order_can_carry_is_out_of_range(number: Decimal | str | int) -> None:
    with pytest.raises(OutOfRange):
        ticks_of(number, BTC)


@given(st.integers(1, 2**30 - 1), st.integers(0, 6))
def test_a_price_goes_round_exactly(ticks: int, decimals: int) -> None:
    market = Market("X", decimals, 6 - decimals, 1_000, 500, 400, 500, 200, 250, 600, 0, 0, 1, 1)
    price = price_of(ticks, market)
    assert ticks_of(price, market) == ticks_of(f"{price:f}", market) == ticks
    assert Fraction(price) == Fraction(ticks, 10**decimals)


@given(st.integers(1, 2**40 - 1), st.integers(0, 6))
def test_a_size_goes_round_exactly(lots: int, decimals: int) -> None:
    market = Market("X", 6 - decimals, decimals, 1_000, 500, 400, 500, 200, 250, 600, 0, 0, 1, 1)
    assert lots_of(size_of(lots, market), market) == lots


@given(st.decimals(min_value="0.1", max_value="100000", allow_nan=False, places=3))
def test_a_price_is_taken_as_it_is_or_not_at_all(price: Decimal) -> None:
    try:
        ticks = ticks_of(price, BTC)
    except NotOnTick as refused:
        assert abs(Fraction(refused.nearest) - Fraction(price)) <= Fraction(1, 20)
        assert Fraction(price) * 10 != int(Fraction(price) * 10)
    else:
        assert Fraction(price) * 10 == ticks


def test_nobodys_decimal_context_rounds_anything() -> None:
    with localcontext() as context:
        context.prec = 2
        assert str(price_of(618_003, BTC)) == "61800.3"
        assert ticks_of(Decimal("61800.3"), BTC) == 618_003


@given(st.integers(-(2**63), 2**63 - 1))
def test_cash_is_shown_exactly(quanta: int) -> None:
    assert Fraction(cash_of(quanta)) == Fraction(quanta, 10**6)


def test_a_decimal_keeps_its_zeros() -> None:
    assert str(decimal_of(100, 2)) == "1.00"
