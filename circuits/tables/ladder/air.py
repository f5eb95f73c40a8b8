"""Ladder: 61 rows are one signature's V = c * P + K, for challenge c and key P of its order row.

Row i of a signature holds the sum before digit i (two bits, most significant first), doubles it
twice and adds the window entry T[digit] = digit * P + S; row 60 holds the end V. The y coordinates
of both doublings are expressions, not cells. The order table serves the four entries and the
challenge, so a row needs no range check: a digit that is not 0..3 finds no entry.

Every sum is on the curve, whose order is odd, so a doubling has no exceptional case. Rows past the
last signature repeat a valid step.
Height: 64 rows a signature. Degree: 3. Buses: receives WINDOW and CHALLENGE, sends LADDER_END.
Claims: docs/spec/claims/ladder.md. Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Mapping, Sequence

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell, cells
from circuits.air.table import Table
from circuits.gadgets.buses import CHALLENGE, LADDER_END, WINDOW
from circuits.gadgets.curve import (
    CircuitPoint,
    require_chord,
    require_tangent,
    third_x,
    third_y,
)
from circuits.tables.schedule import LADDER_ROWS, LADDER_STRIDE
from rollup.crypto import curve, schnorr
from rollup.field.septic import DEGREE

DIGIT_VALUES = 1 << curve.DIGIT_BITS


class Columns(Layout):
    """The columns."""

    x = cells(DEGREE)  # the sum so far
    y = cells(DEGREE)
    slope_1 = cells(DEGREE)
    x_1 = cells(DEGREE)  # of twice the sum
    slope_2 = cells(DEGREE)
    x_2 = cells(DEGREE)  # of four times the sum
    digit = cell()
    value = cell()  # the challenge element's digits so far, as a number
    entry_x = cells(DEGREE)  # T[digit]
    entry_y = cells(DEGREE)
    slope_3 = cells(DEGREE)
    inverse = cells(DEGREE)  # 1 / (entry_x - x_2)


class Fixed(Layout):
    """The fixed columns; all are 0 past the last signature."""

    signature = cell()
    element = cell()  # of the challenge that this row's digit belongs to: 4 down to 0
    starts = cell()  # 1 on row 0 of a signature
    adds = cell()  # 1 on rows 0..59
    opens = cell()  # 1 on the first digit of an element
    closes = cell()  # 1 on its last digit, 11 rows below
    ends = cell()  # 1 on row 60


def fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """The places of height / 64 signatures."""
    digits, part = curve.DIGITS, schnorr.DIGITS_PER_PART
    signatures = height // LADDER_STRIDE
    rows = range(LADDER_ROWS)
    highest = schnorr.CHALLENGE_PARTS - 1
    alike = {
        "element": [highest - i // part if i < digits else 0 for i in rows],
        "starts": [int(i == 0) for i in rows],
        "adds": [int(i < digits) for i in rows],
        "opens": [int(i < digits and i % part == 0) for i in rows],
        "closes": [int(i < digits and i % part == part - 1) for i in rows],
        "ends": [int(i == digits) for i in rows],
    }
    return {
        "signature": [k for k in range(signatures) for _ in rows],
        **{name: values * signatures for name, values in alike.items()},
    }


def constraints(air: Builder, row: Columns, below: Columns) -> None:
    """One digit, or one end."""
    fixed = air.fixed
    # Lie: the sum starts from a point of the signer's choice, which would forge any V.
    start = (*curve.LADDER_START.x, *curve.LADDER_START.y)
    with air.when(fixed.starts):
        air.require_all_equal((*row.x, *row.y), start, "ladder.start")
    _step(air, row, below)
    # Lie: an entry that is not T[digit] of this signature's key, or a digit that is not 0..3.
    entry = [fixed.signature, row.digit, *row.entry_x, *row.entry_y]
    air.receive(WINDOW, entry, fixed.adds, claim="ladder.entry")
    _challenge(air, row, below)
    # Lie: an end of another signature, or a point on the way there, is passed off as V.
    air.send(LADDER_END, [fixed.signature, *row.x, *row.y], fixed.ends, claim="ladder.end")


def _step(air: Builder, row: Columns, below: Columns) -> None:
    """below = 4 * row + entry. The y of both doublings are of degree 2, as products of cells."""
    once = CircuitPoint(row.x, row.y)
    # Lie: a slope that is not the tangent's.
    require_tangent(air, once, row.slope_1, "ladder.double")
    air.require_all_equal(row.x_1, third_x(row.x, row.x, row.slope_1), "ladder.double")
    twice = CircuitPoint(row.x_1, third_y(once, row.x_1, row.slope_1))
    require_tangent(air, twice, row.slope_2, "ladder.double-again")
    air.require_all_equal(row.x_2, third_x(row.x_1, row.x_1, row.slope_2), "ladder.double-again")
    quadruple = CircuitPoint(row.x_2, third_y(twice, row.x_2, row.slope_2))
    # Lie: the two x are equal, so that any slope satisfies the line and the sum is free.
    entry = CircuitPoint(row.entry_x, row.entry_y)
    require_chord(air, quadruple, entry, row.slope_3, row.inverse, "ladder.line")
    # Lie: the next row goes on from another point than the sum.
    with air.transition(), air.when(air.fixed.adds):
        x_sum = third_x(row.x_2, row.entry_x, row.slope_3)
        air.require_all_equal(below.x, x_sum, "ladder.sum")
        y_sum = third_y(quadruple, below.x, row.slope_3)
        air.require_all_equal(below.y, y_sum, "ladder.sum")


def _challenge(air: Builder, row: Columns, below: Columns) -> None:
    """The twelve digits of an element, as a number below 2^24, are that of the challenge."""
    fixed = air.fixed
    # Lie: an element starts with more than its digits.
    with air.when(fixed.opens):
        air.require_equal(row.value, row.digit, "ladder.digits")
    # Lie: the digits added are not those of the challenge.
    with air.transition(), air.when(fixed.adds - fixed.closes):
        grown = row.value * DIGIT_VALUES + below.digit
        air.require_equal(below.value, grown, "ladder.digits")
    # Lie: c is not the hash of (R, P, message), so that R can be solved for afterwards.
    payload = [fixed.signature, fixed.element, row.value]
    air.receive(CHALLENGE, payload, fixed.closes, claim="ladder.challenge")


TABLE = Table("ladder", Columns, constraints, Fixed, fixed_values)
