"""Balanced limbs: every number between -2^31 and 2^31 in one way, and no other number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.gadgets.balanced import COUNT, HALF, LIMB_BITS, TOP, VALUE_BITS, balanced

END = (1 << VALUE_BITS) - 1


@given(st.integers(-END, END))
@pytest.mark.parametrize("chosen", [None, 0, -1, 4095, 4096, -4096, -4097, END, -END])
def test_digits_add_up_and_stay_around_zero(chosen: int | None, drawn: int) -> None:
    value = drawn if chosen is None else chosen
    digits = balanced(value)
    assert sum(digit << LIMB_BITS * place for place, digit in enumerate(digits)) == value
    assert len(digits) == COUNT
    assert all(-HALF <= digit < HALF for digit in digits[:-1])
    assert abs(digits[-1]) <= TOP


@pytest.mark.parametrize("value", [END + 1, -END - 1, 2**62])
def test_a_number_out_of_bounds_has_none(value: int) -> None:
    with pytest.raises(ValueError, match="does not lie between"):
        balanced(value)
