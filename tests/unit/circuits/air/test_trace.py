"""A trace while it is filled: what was never written, and what is no field element."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from circuits.air.layout import Layout, cell, cells
from circuits.air.trace import Trace, inverse_or_zero
from rollup.field.koalabear import P


class Row(Layout):
    head = cell()
    rest = cells(2)


def filled(canonical: bool, change: Callable[[Any], None]) -> np.ndarray[Any, Any]:
    """Eight rows, the last two of them blinded."""
    trace = Trace(Row, 8, 2, canonical=canonical)
    trace.row.head[...] = np.arange(6)
    for column in trace.row.rest:
        column[...] = P - 1
    change(trace.row)
    return trace.finish()


@pytest.mark.parametrize("canonical", [False, True])
def test_rows_come_out_as_they_were_written(canonical: bool) -> None:
    matrix = filled(canonical, lambda row: None)
    assert matrix.dtype == np.uint32
    assert matrix[:6].tolist() == [[k, P - 1, P - 1] for k in range(6)]
    assert not matrix[6:].any()


@pytest.mark.parametrize("canonical", [False, True])
def test_a_cell_never_written_is_named(canonical: bool) -> None:
    trace = Trace(Row, 8, 2, canonical=canonical)
    trace.row.head[...] = 1
    trace.row.rest[0][...] = 1
    trace.row.rest[1][:4] = 1
    with pytest.raises(ValueError, match=r"2 cells were never written, .* column rest\.1, row 4"):
        trace.finish()
    trace.fill_rest()
    assert trace.finish()[4].tolist() == [1, 1, 0]


def test_negative_numbers_are_field_elements_at_the_end() -> None:
    def change(row: Any) -> None:
        row.rest[0][2] = -3

    assert filled(False, change)[2].tolist() == [2, P - 3, P - 1]


def test_cells_of_field_elements_refuse_what_is_none() -> None:
    def change(row: Any) -> None:
        row.rest[0][2] = P

    with pytest.raises(ValueError, match="no field element"):
        filled(True, change)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 64, 101])
def test_inverses_are_taken_together_and_zeros_stay(count: int) -> None:
    values = np.array([(i * i * 12_345_678_901) % P if i % 5 else 0 for i in range(count)])
    found = inverse_or_zero(values - P * (values % 2))
    assert found.dtype == np.int64 and found.shape == values.shape
    assert found.tolist() == [pow(value, -1, P) if value else 0 for value in values.tolist()]
