"""Septic arithmetic and curve additions in the circuit against the plain ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.air.builder import Builder
from circuits.air.graph import MODULUS
from circuits.air.layout import Layout, cells, group
from circuits.air.table import Table
from circuits.air.trace import Trace
from circuits.gadgets import septic
from circuits.gadgets.curve import (
    CircuitPoint,
    require_addition,
    require_on_curve,
    require_tangent,
    third_x,
    third_y,
)
from rollup.crypto import curve
from rollup.field import septic as plain
from tests.helpers.isolation import Isolated
from tests.helpers.points import beside

elements = st.tuples(*[st.integers(0, MODULUS - 1)] * 7)


@given(elements, elements)
def test_products_match_the_plain_field(a: Any, b: Any) -> None:
    assert septic.multiply(a, b) == plain.multiply(a, b)
    assert septic.square(a) == plain.multiply(a, a)
    arrays = [tuple(np.array([value, 0]) for value in element) for element in (a, b)]
    product = septic.multiply(*arrays)
    assert tuple(int(value[0]) for value in product) == plain.multiply(a, b)


class PointCells(Layout):
    x = cells(7)
    y = cells(7)


class Sum(Layout):
    left = group(PointCells)
    right = group(PointCells)
    slope = cells(7)
    out = group(PointCells)
    apart = cells(2)
    square = cells(7)


def point(cells: Any) -> CircuitPoint:
    return CircuitPoint(cells.x, cells.y)


def add_constraints(air: Builder, row: Sum) -> None:
    sides = (point(row.left), point(row.right))
    require_addition(air, *sides, row.slope, point(row.out), row.apart, "toy.add")


def double_constraints(air: Builder, row: Sum) -> None:
    left = point(row.left)
    require_tangent(air, left, row.slope, "toy.double")
    air.require_all_equal(row.out.x, third_x(left.x, left.x, row.slope), "toy.double")
    air.require_all_equal(row.out.y, third_y(left, row.out.x, row.slope), "toy.double")
    require_on_curve(air, point(row.left), row.square, "toy.on-curve")


ADD = Isolated(Table("toy", Sum, add_constraints))
DOUBLE = Isolated(Table("toy", Sum, double_constraints))
G, A = curve.GENERATOR, curve.FREE_POINT


ADDED = [name for name in Sum.names() if not name.startswith("square")]


def filled(*parts: Sequence[int]) -> Any:
    trace = Trace(Sum, 2)
    trace.cells[...] = np.array([word for part in parts for word in part])[:, None]
    return trace.finish()


def shown(run: Any) -> tuple[int, int]:
    """What shows that a difference is not 0: of its first coefficient, or else of its second."""
    return (pow(run[0], -1, MODULUS), 0) if run[0] else (0, pow(run[1], -1, MODULUS))


def addition(left: curve.Point, right: curve.Point) -> tuple[Any, ...]:
    run = plain.subtract(right.x, left.x)
    inverse = plain.inverse(run)
    slope = plain.multiply(plain.subtract(right.y, left.y), inverse)
    out = curve.add(left, right)
    return (*left, *right, slope, *out, shown(run), plain.ZERO)


def doubling(of: curve.Point) -> tuple[Any, ...]:
    square = plain.multiply(of.x, of.x)
    rise = plain.add(plain.scale(square, 3), (45, 0, 0, 0, 0, 0, 0))
    slope = plain.multiply(rise, plain.inverse(plain.scale(of.y, 2)))
    return (*of, *of, slope, *curve.double(of), (0, 0), square)


def test_an_honest_addition_and_doubling_hold() -> None:
    assert ADD.failed(filled(*addition(G, A))) == set()
    assert DOUBLE.failed(filled(*doubling(A))) == set()


@pytest.mark.parametrize("column", [n for n in ADDED if n.endswith((".0", ".6"))])
def test_a_changed_cell_of_an_addition_fails(column: str) -> None:
    matrix = filled(*addition(G, A))
    value = int(matrix[0, Sum.names().index(column)])
    assert ADD.failed(ADD.forge(matrix, 0, column, value + 1)) == {"toy.add"}


def test_points_of_equal_x_cannot_be_added_with_a_slope_of_choice() -> None:
    """With x1 = x2 the slope equation is 0 = 0 and any slope fits; nothing shows a difference."""
    slope = (5, 4, 3, 2, 1, 0, 7)
    x = plain.subtract(plain.multiply(slope, slope), plain.scale(G.x, 2))
    y = plain.subtract(plain.multiply(slope, plain.subtract(G.x, x)), G.y)
    for apart in ((0, 0), (1, 0), (3, 5)):
        assert ADD.failed(filled(*G, *G, slope, x, y, apart, plain.ZERO)) == {"toy.add"}


def test_either_of_the_first_two_coefficients_shows_a_difference() -> None:
    """And no other: of two x that differ from the third on no sum is proved, though it exists."""
    for place in range(3):
        other = beside(G, place)
        if place < curve.APART_WORDS:
            assert ADD.failed(filled(*addition(G, other))) == set()
            continue
        run = plain.subtract(other.x, G.x)
        slope = plain.multiply(plain.subtract(other.y, G.y), plain.inverse(run))
        out = curve.combine(G, other)
        assert out is not None and run[:2] == (0, 0)
        for apart in ((0, 0), (1, 0), (3, 5)):
            cells = filled(*G, *other, slope, *out, apart, plain.ZERO)
            assert ADD.failed(cells) == {"toy.add"}
        with pytest.raises(curve.ExceptionalAddition):
            curve.add(G, other)


def test_a_point_off_the_curve_is_refused() -> None:
    off = curve.Point(G.x, plain.add(G.y, plain.ONE))
    assert "toy.on-curve" in DOUBLE.failed(filled(*off, *doubling(G)[2:]))
