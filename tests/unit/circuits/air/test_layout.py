"""Columns by name: order, shapes, limbs and carries, for expressions and arrays alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.air.layout import (
    Layout,
    bit,
    bits,
    carries,
    cell,
    cells,
    group,
    limb_widths,
    limbs,
    many,
)


class Inner(Layout):
    a = cell()
    b = limbs(14)


class Outer(Layout):
    flag = bit()
    number = limbs(30)
    flags = bits(2)
    key = cells(3)
    inner = group(Inner)
    rows = many(2, group(Inner))
    carry = carries(2, 17)


def test_columns_come_in_the_order_of_declaration() -> None:
    assert Outer.names() == (
        *("flag", "number.0", "number.1", "number.2", "flags.0", "flags.1"),
        *("key.0", "key.1", "key.2", "inner.a", "inner.b.0", "inner.b.1"),
        *("rows.0.a", "rows.0.b.0", "rows.0.b.1", "rows.1.a", "rows.1.b.0", "rows.1.b.1"),
        *("carry.0.0", "carry.0.1", "carry.1.0", "carry.1.1"),
    )
    bound = Outer.bind(list(range(Outer.width())))
    assert bound.number.cells == (1, 2, 3)
    assert bound.rows[1].b.cells == (16, 17)
    assert bound.carry.limbs[1].cells == (20, 21)


def test_kinds_tell_bits_and_limbs_from_free_cells() -> None:
    kinds = dict(zip(Outer.names(), Outer.kinds(), strict=True))
    assert kinds["flag"] == kinds["flags.1"] == "bit"
    assert kinds["number.2"] == kinds["inner.b.0"] == kinds["carry.0.1"] == "limb"
    assert kinds["key.0"] == "cell"


@pytest.mark.parametrize(
    ("number", "widths"),
    [(1, (1,)), (13, (13,)), (30, (13, 13, 4)), (40, (13, 13, 13, 1)), (64, (13,) * 4 + (12,))],
)
def test_limbs_are_13_bits_and_the_top_one_narrower(number: int, widths: tuple[int, ...]) -> None:
    assert limb_widths(number) == widths


def test_a_layout_refuses_reserved_names_and_a_wrong_count() -> None:
    with pytest.raises(TypeError, match="first is reserved"):
        type("Bad", (Layout,), {"first": cell()})
    with pytest.raises(ValueError, match="Inner has 3 columns, got 2"):
        Inner.bind([1, 2])


@given(st.integers(0, 2**64 - 1))
def test_limbs_of_a_filled_number_are_its_digits(value: int) -> None:
    class Number(Layout):
        wide = limbs(64)

    columns = np.zeros((5, 1), dtype=np.int64)
    row = Number.bind(list(columns))
    row.wide.fill(np.array([value], dtype=np.uint64))
    digits = [int(limb[0]) for limb in row.wide]
    assert sum(digit << 13 * k for k, digit in enumerate(digits)) == value
    assert all(digit < 1 << width for digit, width in zip(digits, row.wide.widths, strict=True))
    packed = [int(pair[0]) for pair in row.wide.packed()]
    assert sum(pair << 26 * k for k, pair in enumerate(packed)) == value


@given(st.integers(-(2**16), 2**16 - 1))
def test_a_filled_carry_reads_back_signed(value: int) -> None:
    class One(Layout):
        carry = carries(1, 17)

    columns = np.zeros((2, 1), dtype=np.int64)
    row = One.bind(list(columns))
    row.carry.fill([np.array([value])])
    assert int(row.carry.values()[0][0]) == value
    assert columns.min() >= 0


def test_a_number_too_wide_for_the_field_has_no_single_value() -> None:
    row = Outer.bind([1] * Outer.width())
    assert row.number.value() == 1 + 2**13 + 2**26

    class Wide(Layout):
        number = limbs(31)

    with pytest.raises(ValueError, match="31 bits does not fit"):
        Wide.bind([0, 0, 0]).number.value()
