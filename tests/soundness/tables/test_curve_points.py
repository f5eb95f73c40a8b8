"""Points that miss the curve in one coordinate of the equation: exactly that constraint says no.

A point that misses it in one coordinate of seven needs a square root, which no search of the kill
matrix draws.
"""

import pytest

from rollup.crypto.curve import CURVE_CONSTANT, CURVE_LINEAR
from rollup.field import septic
from rollup.field.septic import DEGREE, Element
from tests.soundness.tables import test_deposit


def right_side(x: Element, x_squared: Element) -> Element:
    """x^3 + 45x + 41z^3 with any x_squared."""
    line = septic.add(septic.scale(x, CURVE_LINEAR), septic.element(CURVE_CONSTANT))
    return septic.add(septic.multiply(x, x_squared), line)


def unit(place: int, step: int) -> Element:
    """step z^place."""
    return septic.element([step * (k == place) for k in range(DEGREE)])


def near_miss(x: Element, place: int) -> Element:
    """A y whose square is the right side but for one coordinate."""
    for step in range(1, 100):
        root = septic.square_root(septic.add(right_side(x, septic.square(x)), unit(place, step)))
        if root is not None:
            return root
    raise AssertionError("a hundred elements in a row without a root")


def columns(names: tuple[str, ...], name: str) -> list[int]:
    return [names.index(f"{name}.{k}") for k in range(DEGREE)]


@pytest.mark.parametrize("place", range(DEGREE))
def test_a_registered_key_off_the_curve_in_one_coordinate(place: int) -> None:
    entry, cash = test_deposit.CASES["registration"]
    matrix = test_deposit.trace(entry, cash, test_deposit.judged(entry, cash))
    names = test_deposit.TABLE.columns.names()
    x = septic.element([int(v) for v in matrix[0, columns(names, "key_x")]])
    matrix[0, columns(names, "key_y")] = near_miss(x, place)
    failures = test_deposit.TABLE_ALONE.failures(matrix)
    assert [failure.claim for failure in failures] == ["deposit.key-on-curve"]
