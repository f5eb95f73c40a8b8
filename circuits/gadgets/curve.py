"""Affine addition on the septic curve y^2 = x^3 + 45x + 41z^3, with the slope as a witness.

All constraints have degree 2 in points given as cells. The group has prime order, so no point has
y = 0, and a doubling needs no more. An addition of points with equal x is not provable: its cells
`apart` could not exist, and without them a free slope would forge any result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from circuits.air.builder import Builder
from circuits.gadgets import septic
from rollup.crypto.curve import APART_WORDS, CURVE_CONSTANT, CURVE_LINEAR


@dataclass(frozen=True, slots=True)
class CircuitPoint:
    """An affine point as two vectors of seven expressions."""

    x: Sequence[Any]
    y: Sequence[Any]


def require_chord(
    air: Builder,
    left: CircuitPoint,
    right: CircuitPoint,
    slope: Sequence[Any],
    apart: Sequence[Any],
    claim: str,
    added: Any = 1,
) -> None:
    """slope is that of the line through two points, and `apart` shows that their x differ.

    For d = right.x - left.x its APART_WORDS cells have apart[0] d[0] + apart[1] d[1] = 1,
    so one of these coefficients is not 0, as `rollup.crypto.curve.add` demands. Where `added` is 0
    nobody uses the sum, and they show nothing.
    """
    run = septic.subtract(right.x, left.x)
    shown = [cell * part for cell, part in zip(apart, run[:APART_WORDS], strict=True)]
    air.require_equal(sum(shown[1:], shown[0]), added, claim)
    rise = septic.subtract(right.y, left.y)
    air.require_all_equal(septic.multiply(slope, run), rise, claim)


def require_tangent(air: Builder, point: CircuitPoint, slope: Sequence[Any], claim: str) -> None:
    """slope is that of the tangent at a point on the curve (so that y is not zero)."""
    square = septic.square(point.x)
    tangent = septic.scale(square, 3)
    tangent = (tangent[0] + CURVE_LINEAR, *tangent[1:])
    twice_y = septic.scale(point.y, 2)
    air.require_all_equal(septic.multiply(slope, twice_y), tangent, claim)


def third_x(left_x: Sequence[Any], right_x: Sequence[Any], slope: Sequence[Any]) -> septic.Septic:
    """x of the sum of two points on a line of this slope: slope^2 - left.x - right.x."""
    return septic.subtract(septic.subtract(septic.square(slope), left_x), right_x)


def third_y(left: CircuitPoint, x_sum: Sequence[Any], slope: Sequence[Any]) -> septic.Septic:
    """y of the sum, once its x is known: slope * (left.x - x_sum) - left.y."""
    drop = septic.multiply(slope, septic.subtract(left.x, x_sum))
    return septic.subtract(drop, left.y)


def require_addition(
    air: Builder,
    left: CircuitPoint,
    right: CircuitPoint,
    slope: Sequence[Any],
    out: CircuitPoint,
    apart: Sequence[Any],
    claim: str,
) -> None:
    """out = left + right, and their x differ."""
    require_chord(air, left, right, slope, apart, claim)
    air.require_all_equal(out.x, third_x(left.x, right.x, slope), claim)
    air.require_all_equal(out.y, third_y(left, out.x, slope), claim)


def curve_right_side(x: Sequence[Any], x_squared: Sequence[Any]) -> septic.Septic:
    """x^3 + 45x + 41z^3, given x^2 as seven cells: degree 2."""
    cube = septic.multiply(x, x_squared)
    line = septic.scale(x, CURVE_LINEAR)
    return tuple(c + m + k for c, m, k in zip(cube, line, CURVE_CONSTANT, strict=True))


def require_on_curve(
    air: Builder, point: CircuitPoint, x_squared: Sequence[Any], claim: str
) -> None:
    """point lies on the curve. `x_squared` is a witness of seven cells for point.x^2."""
    air.require_all_equal(septic.square(point.x), x_squared, claim)
    right = curve_right_side(point.x, x_squared)
    air.require_all_equal(septic.square(point.y), right, claim)
