"""require_at_most: exactly the pairs in order, and no forged difference for the others."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from circuits.air.builder import Builder
from circuits.air.graph import MODULUS
from circuits.air.layout import Layout, cell, cells
from circuits.air.table import Table
from circuits.air.trace import Trace, put_packed
from circuits.gadgets.compare import fill_difference, require_at_most
from tests.helpers.isolation import Isolated


def comparison(bits: int) -> Isolated:
    class Pair(Layout):
        active = cell()
        low = cells(2)
        high = cells(2)
        room = cells(2 if bits <= 39 else 3)

    def constraints(air: Builder, row: Pair) -> None:
        require_at_most(air, row.low, row.high, bits, row.room, row.active, "toy.order")

    return Isolated(Table("toy", Pair, constraints))


TABLES = {bits: comparison(bits) for bits in (30, 40, 52)}


def filled(bits: int, low: int, high: int, active: int = 1) -> Any:
    trace = Trace(TABLES[bits].table.columns, 2)
    one, two = (np.full(2, value, dtype=np.int64) for value in (low, high))
    trace.row.active[...] = active
    put_packed(trace.row.low, one)
    put_packed(trace.row.high, two)
    fill_difference(trace.row.room, one, two, bits)
    return trace.finish()


@pytest.mark.parametrize("bits", TABLES)
@settings(max_examples=60)
@given(st.data())
def test_a_pair_is_provable_if_and_only_if_it_is_in_order(bits: int, data: st.DataObject) -> None:
    number = st.integers(0, 2**bits - 1)
    near = st.integers(-(2**27), 2**27)
    low = data.draw(number)
    high = data.draw(st.one_of(number, near.map(lambda d: min(max(low + d, 0), 2**bits - 1))))
    failed = TABLES[bits].failed(filled(bits, low, high))
    assert failed == (set() if low <= high else {"toy.order"})


def test_a_price_that_wraps_the_field_is_not_small() -> None:
    """high - low + p lies below 2^30 here: a comparison in one element would accept it."""
    low, high = 2**30 - 1, 5
    assert high - low + MODULUS < 2**31
    assert TABLES[30].failed(filled(30, low, high)) == {"toy.order"}


@settings(max_examples=100)
@given(
    st.integers(0, 2**30 - 1),
    st.integers(0, 2**30 - 1),
    st.integers(0, 2**13 - 1),
    st.integers(0, 2**13 - 1),
)
@example(1, 0, 8191, 8191)
def test_no_other_difference_helps(low: int, high: int, first: int, second: int) -> None:
    if low > high:
        matrix = filled(30, low, high)
        matrix[:, -2:] = (first, second)
        assert TABLES[30].failed(matrix) == {"toy.order"}


def test_nothing_is_claimed_where_the_count_is_zero() -> None:
    assert TABLES[30].failed(filled(30, 9, 5, active=0)) == set()


def test_other_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="26 bits need"):
        comparison(26)
