"""Points that miss the curve in one coordinate of the equation: exactly that constraint says no.

A point that misses it in one coordinate of seven needs a square root, which no search of the kill
matrix draws.
"""

import numpy as np
import pytest

from circuits.air.check import check_constraints
from circuits.air.evaluate import filled
from rollup.crypto.curve import CURVE_CONSTANT, CURVE_LINEAR
from rollup.field import septic
from rollup.field.septic import DEGREE, Element
from tests.helpers.signatures import BLINDED, circuit, honest, public_values
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


def broken_claims(forged: np.ndarray) -> list[str]:
    table = filled(circuit().table("order"), forged, BLINDED)
    publics = public_values()
    return [failure.claim for failure in check_constraints(table, publics)]


def closed(forged: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The last addition, R + V = F, solved for slope and F."""

    def point(name: str) -> tuple[Element, Element]:
        x, y = (forged[0, columns(names, f"{name}.{c}")] for c in "xy")
        return tuple(int(v) for v in x), tuple(int(v) for v in y)  # type: ignore[return-value]

    (x, y), (other_x, other_y) = point("nonce"), point("ladder_end")
    run = septic.subtract(other_x, x)
    slope = septic.multiply(septic.subtract(other_y, y), septic.inverse(run))
    x_sum = septic.subtract(septic.subtract(septic.square(slope), x), other_x)
    y_sum = septic.subtract(septic.multiply(slope, septic.subtract(x, x_sum)), y)
    for name, value in (("slope", slope), ("comb_end.x", x_sum), ("comb_end.y", y_sum)):
        forged[0, columns(names, name)] = value
    return forged


@pytest.mark.parametrize("place", range(DEGREE))
@pytest.mark.parametrize("of_square", [False, True])
def test_a_nonce_off_the_curve_in_one_coordinate(place: int, of_square: bool) -> None:
    """Of the curve's equation, or of the one that says what the square of x is."""
    forged = honest().traces["order"].copy()
    names = circuit().table("order").table.columns.names()
    x = septic.element([int(v) for v in forged[0, columns(names, "nonce.x")]])
    y = None if of_square else near_miss(x, place)
    step = 0
    while y is None:
        step += 1
        false_square = septic.add(septic.square(x), unit(place, step))
        y = septic.square_root(right_side(x, false_square))
        forged[0, columns(names, "nonce_x_squared")] = false_square
    forged[0, columns(names, "nonce.y")] = y
    assert broken_claims(closed(forged, names)) == ["order.nonce-on-curve"]
