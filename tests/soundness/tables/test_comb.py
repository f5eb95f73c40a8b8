"""A comb that starts elsewhere: every later row follows honestly, so only the start is a lie.

The search of the kill matrix cannot carry a change over a whole signature; this does, coordinate by
coordinate.
"""

import pytest

from circuits.air.check import check_constraints, failed_claims
from circuits.air.evaluate import filled
from circuits.tables.schedule import COMB_ROWS
from rollup.field import septic
from rollup.field.koalabear import P
from rollup.field.septic import DEGREE
from tests.helpers.signatures import BLINDED, PUBLICS, circuit, honest


def moved(trace, place: int):  # type: ignore[no-untyped-def]
    """The trace of signature 0 from a start with one coordinate changed."""
    forged = trace.copy()
    names = circuit().table("comb").table.columns.names()
    at = {name: [names.index(f"{name}.{k}") for k in range(DEGREE)] for name in COLUMNS}
    point = [int(value) for value in forged[0, at["x"] + at["y"]]]
    point[place] = (point[place] + 1) % P
    x, y = tuple(point[:DEGREE]), tuple(point[DEGREE:])
    for row in range(COMB_ROWS):
        forged[row, at["x"]], forged[row, at["y"]] = x, y
        entry_x = tuple(int(value) for value in forged[row, at["entry_x"]])
        entry_y = tuple(int(value) for value in forged[row, at["entry_y"]])
        inverse = septic.inverse(septic.subtract(entry_x, x))
        slope = septic.multiply(septic.subtract(entry_y, y), inverse)
        forged[row, at["inverse"]], forged[row, at["slope"]] = inverse, slope
        x_sum = septic.subtract(septic.subtract(septic.square(slope), x), entry_x)
        drop = septic.multiply(slope, septic.subtract(x, x_sum))
        x, y = x_sum, septic.subtract(drop, y)
    return forged


COLUMNS = ("x", "y", "entry_x", "entry_y", "slope", "inverse")


@pytest.mark.parametrize("place", range(2 * DEGREE))
def test_a_start_of_the_signers_choice_breaks_the_start_alone(place: int) -> None:
    forged = moved(honest().traces["comb"], place)
    publics = (0,) * PUBLICS.width
    table = filled(circuit().table("comb"), forged, BLINDED)
    failures = check_constraints(table, publics)
    assert failed_claims(failures) == {"comb.start"} and len(failures) == 1
