"""A comb that starts elsewhere: every later row follows honestly, so only the start is a lie.

The search of the kill matrix cannot carry a change over a whole scalar; this does, coordinate by
coordinate.
"""

import pytest

from circuits.air.check import check_constraints, failed_claims
from circuits.air.evaluate import filled
from circuits.exit.circuit import exit_circuit
from circuits.exit.inputs import EXIT_PUBLICS
from circuits.tables.schedule import COMB_ROWS
from rollup.field import septic
from rollup.field.koalabear import P
from rollup.field.septic import DEGREE
from tests.helpers.private_exits import some_escape


def moved(trace, place: int):  # type: ignore[no-untyped-def]
    """The trace from a start with one coordinate changed."""
    forged = trace.copy()
    names = exit_circuit().table("comb").table.columns.names()
    at = {name: [names.index(f"{name}.{k}") for k in range(DEGREE)] for name in COLUMNS}
    apart = [names.index(f"apart.{k}") for k in range(2)]
    point = [int(value) for value in forged[0, at["x"] + at["y"]]]
    point[place] = (point[place] + 1) % P
    x, y = tuple(point[:DEGREE]), tuple(point[DEGREE:])
    for row in range(COMB_ROWS):
        forged[row, at["x"]], forged[row, at["y"]] = x, y
        entry_x = tuple(int(value) for value in forged[row, at["entry_x"]])
        entry_y = tuple(int(value) for value in forged[row, at["entry_y"]])
        run = septic.subtract(entry_x, x)
        slope = septic.multiply(septic.subtract(entry_y, y), septic.inverse(run))
        forged[row, at["slope"]] = slope
        adds = row < COMB_ROWS - 1
        forged[row, apart] = (pow(run[0], -1, P) if adds else 0, 0)
        x_sum = septic.subtract(septic.subtract(septic.square(slope), x), entry_x)
        drop = septic.multiply(slope, septic.subtract(x, x_sum))
        x, y = x_sum, septic.subtract(drop, y)
    return forged


COLUMNS = ("x", "y", "entry_x", "entry_y", "slope")


@pytest.mark.parametrize("place", range(2 * DEGREE))
def test_a_start_of_the_signers_choice_breaks_the_start_alone(place: int) -> None:
    witness = some_escape(3, 5).witness()
    forged = moved(witness.traces["comb"], place)
    table = filled(exit_circuit().table("comb"), forged, witness.blinded)
    failures = check_constraints(table, (0,) * EXIT_PUBLICS.width)
    assert failed_claims(failures) == {"comb.start"} and len(failures) == 1
