"""The signature curve: published points, group order, and the constants of both schedules."""

import pytest

from rollup.crypto import curve
from rollup.crypto.curve import ExceptionalAddition, Point
from rollup.field.koalabear import P
from tests.helpers.points import beside

NAMED = {
    "e": curve.GENERATOR,
    "sqrt 2": curve.FREE_POINT,
    "sqrt 3": curve.WINDOW_OFFSET,
}

DIGITS = {
    "e": "2718281 8284590 4523536 0287471 3526624 9775724 7093699",
    "sqrt 2": "1414213 5623730 9504880 1688724 2096980 7856967 1875376",
    "sqrt 3": "1732050 8075688 7729352 7446341 5058723 6694280 5253810",
}
"""Decimal digits of each constant, seven to a coefficient, read as hexadecimal."""


@pytest.mark.parametrize("name", NAMED)
def test_named_points_have_the_digits_of_their_constant_and_order_n(name: str) -> None:
    point = NAMED[name]
    digits = [int(word, 16) for word in DIGITS[name].split()]
    if name == "e":
        digits[0] += 1 << 24
    assert list(point.x) == digits
    assert curve.is_on_curve(point)
    assert curve.multiply(curve.ORDER, point) is None


def test_the_order_is_prime_and_lies_in_the_interval_of_hasse() -> None:
    assert pow(3, curve.ORDER - 1, curve.ORDER) == 1
    assert (curve.ORDER - P**7 - 1) ** 2 <= 4 * P**7
    assert curve.ORDER.bit_length() == 217


def test_the_group_law_is_complete() -> None:
    g = curve.GENERATOR
    double = curve.double(g)
    assert curve.combine(g, g) == double == curve.multiply(2, g)
    assert curve.combine(g, curve.negate(g)) is None
    assert curve.combine(None, g) == g == curve.combine(g, None)
    assert curve.add(double, g) == curve.multiply(3, g)
    assert curve.multiply(0, g) is None
    assert curve.add(curve.add(double, g), double) == curve.add(curve.double(double), g)


def test_an_addition_of_equal_x_is_exceptional() -> None:
    g = curve.GENERATOR
    for other in (g, curve.negate(g)):
        with pytest.raises(ExceptionalAddition):
            curve.add(g, other)
        with pytest.raises(ExceptionalAddition):
            curve.add_many([curve.double(g), g], [g, other])


def test_an_addition_of_x_that_begin_alike_is_exceptional() -> None:
    """Two coefficients decide, as in the circuit; the complete group law minds all seven."""
    g, other = curve.GENERATOR, beside(curve.GENERATOR, curve.APART_WORDS)
    assert curve.are_apart(g, beside(g, curve.APART_WORDS - 1))
    assert curve.is_on_curve(other) and other.x != g.x
    with pytest.raises(ExceptionalAddition):
        curve.add(g, other)
    with pytest.raises(ExceptionalAddition):
        curve.add_many([curve.double(g), g], [g, other])
    total = curve.combine(g, other)
    assert total is not None and curve.is_on_curve(total)
    assert curve.add(total, curve.negate(g)) == other


def test_many_additions_are_the_additions() -> None:
    g, points = curve.GENERATOR, [curve.comb_offset(i) for i in range(3)]
    assert curve.add_many(points, [g] * 3) == [curve.add(p, g) for p in points]


def test_pinned_constants_are_those_derived() -> None:
    assert curve.derive_constant_shift() == curve.CONSTANT_SHIFT
    assert curve.derive_comb_start() == curve.COMB_START
    assert curve.derive_ladder_start() == curve.LADDER_START


def test_offsets_are_distinct_points_of_the_curve() -> None:
    offsets = [curve.comb_offset(window) for window in range(curve.BYTES)]
    assert all(curve.is_on_curve(offset) for offset in offsets)
    assert len({offset.x for offset in offsets}) == curve.BYTES


def test_the_hash_to_the_curve_takes_the_smaller_root() -> None:
    point = curve.hash_to_curve(b"test")
    assert curve.is_on_curve(point)
    assert point.y < curve.negate(point).y
    assert point != curve.hash_to_curve(b"test2")


def test_coordinates_that_are_not_canonical_are_off_the_curve() -> None:
    g = curve.GENERATOR
    assert not curve.is_on_curve(Point((g.x[0] + P, *g.x[1:]), g.y))
    assert not curve.is_on_curve(Point((g.x[0] ^ 1, *g.x[1:]), g.y))
    with pytest.raises(ValueError, match="14 words"):
        curve.point((0,) * 13)
