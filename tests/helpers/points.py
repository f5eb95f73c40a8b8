"""Points of the curve that lie close to others, for additions that are exceptional."""

from rollup.crypto import curve
from rollup.crypto.curve import Point
from rollup.field import septic
from rollup.field.koalabear import P


def beside(point: Point, place: int) -> Point:
    """A point of the curve whose x is that of another but for one coefficient."""
    for step in range(1, 100):
        moved = (*point.x[:place], (point.x[place] + step) % P, *point.x[place + 1 :])
        y = septic.square_root(curve.right_side(moved))
        if y is not None:
            return Point(moved, y)
    raise AssertionError("a hundred x in a row without a point")
