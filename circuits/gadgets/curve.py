"""Affine addition on the septic curve y^2 = x^3 + 45x + 41z^3, with the slope as a witness.

All constraints have degree 2 in points given as cells. The group has prime order, so no point has
y = 0, and a doubling needs no inverse. An addition of points with equal x is not provable: its
`inverse` could not exist, and without that a free slope would forge any result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from circuits.air.builder import Builder
from circuits.gadgets import septic
from rollup.crypto.curve import CURVE_CONSTANT, CURVE_LINEAR


@dataclass(frozen=True, slots=True)
class CircuitPoint:
    """An affine point as two vectors of seven expressions."""

    x: Sequence[Any]
    y: Sequence[Any]


def require_addition(
    air: Builder,
    left: CircuitPoint,
    right: CircuitPoint,
    slope: Sequence[Any],
    out: CircuitPoint,
    inverse: Sequence[Any],
    claim: str,
) -> None:
    """out = left + right, and their x differ: inverse * (right.x - left.x) = 1."""
    run = septic.subtract(right.x, left.x)
    one = (1, 0, 0, 0, 0, 0, 0)
    air.require_all_equal(septic.multiply(run, inverse), one, claim)
    rise = septic.subtract(right.y, left.y)
    air.require_all_equal(septic.multiply(slope, run), rise, claim)
    _require_third_point(air, left, right.x, slope, out, claim)


def require_doubling(
    air: Builder, point: CircuitPoint, slope: Sequence[Any], out: CircuitPoint, claim: str
) -> None:
    """out = 2 * point, for a point on the curve (so that y is not zero)."""
    square = septic.square(point.x)
    tangent = septic.scale(square, 3)
    tangent = (tangent[0] + CURVE_LINEAR, *tangent[1:])
    twice_y = septic.scale(point.y, 2)
    air.require_all_equal(septic.multiply(slope, twice_y), tangent, claim)
    _require_third_point(air, point, point.x, slope, out, claim)


def _require_third_point(
    air: Builder,
    left: CircuitPoint,
    right_x: Sequence[Any],
    slope: Sequence[Any],
    out: CircuitPoint,
    claim: str,
) -> None:
    """out is the mirrored third point of the line through `left` with this slope."""
    x_sum = septic.add(septic.add(left.x, right_x), out.x)
    air.require_all_equal(septic.square(slope), x_sum, claim)
    drop = septic.multiply(slope, septic.subtract(left.x, out.x))
    air.require_all_equal(drop, septic.add(out.y, left.y), claim)


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
