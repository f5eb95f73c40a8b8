"""Ladder: 31 rows are one signature's V = c * P + K, for challenge c and key P of its order row.

Row i of a signature holds the sum before digits 2i and 2i + 1 (two bits each, most significant
first). For each of them in turn it doubles the sum twice and adds the window entry
T[digit] = digit * P + S; row 30 holds the end V. Cells hold what has to be squared or multiplied
again: the y of all points between are expressions, and so is the x of four times a sum. The order
table serves the four entries and the challenge, so a row needs no range check: a digit that is not
0..3 finds no entry.

Every sum is on the curve, whose order is odd, so a doubling has no exceptional case. Rows past the
last signature repeat an end, which adds nothing: what it goes on with is never used.
Height: 32 rows a signature. Degree: 3. Buses: receives WINDOW and CHALLENGE, sends LADDER_END.
Claims: docs/spec/claims/ladder.md. Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell, cells, group
from circuits.air.table import Table
from circuits.gadgets.buses import CHALLENGE, LADDER_END, WINDOW
from circuits.gadgets.curve import (
    CircuitPoint,
    require_chord,
    require_tangent,
    third_x,
    third_y,
)
from circuits.gadgets.septic import Septic
from circuits.tables.schedule import DIGITS_PER_ROW, LADDER_ROWS, LADDER_STRIDE
from rollup.crypto import curve, schnorr
from rollup.field.septic import DEGREE

DIGIT_VALUES = 1 << curve.DIGIT_BITS
ROW_VALUES = DIGIT_VALUES**DIGITS_PER_ROW


class Step(Layout):
    """One digit: what it makes of the sum before it."""

    slope_1 = cells(DEGREE)
    x_1 = cells(DEGREE)  # of twice the sum
    slope_2 = cells(DEGREE)
    digit = cell()
    entry_x = cells(DEGREE)  # T[digit]
    entry_y = cells(DEGREE)
    slope_3 = cells(DEGREE)
    apart = cells(curve.APART_WORDS)  # shows that entry_x is not the x of four times the sum


class Columns(Layout):
    """The columns."""

    x = cells(DEGREE)  # the sum so far
    y = cells(DEGREE)
    high = group(Step)  # of the more significant digit
    middle_x = cells(DEGREE)  # of the sum after the higher digit
    low = group(Step)
    value = cell()  # the challenge element's digits so far, as a number


class Fixed(Layout):
    """The fixed columns; all are 0 past the last signature."""

    signature = cell()
    element = cell()  # of the challenge that this row's digits belong to: 4 down to 0
    starts = cell()  # 1 on row 0 of a signature
    adds = cell()  # 1 on rows 0..29
    opens = cell()  # 1 on the first digits of an element
    closes = cell()  # 1 on its last digits, 5 rows below
    ends = cell()  # 1 on row 30


def fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """The places of height / 32 signatures."""
    steps, part = LADDER_ROWS - 1, schnorr.DIGITS_PER_PART // DIGITS_PER_ROW
    signatures = height // LADDER_STRIDE
    rows = range(LADDER_ROWS)
    highest = schnorr.CHALLENGE_PARTS - 1
    alike = {
        "element": [highest - i // part if i < steps else 0 for i in rows],
        "starts": [int(i == 0) for i in rows],
        "adds": [int(i < steps) for i in rows],
        "opens": [int(i < steps and i % part == 0) for i in rows],
        "closes": [int(i < steps and i % part == part - 1) for i in rows],
        "ends": [int(i == steps) for i in rows],
    }
    return {
        "signature": [k for k in range(signatures) for _ in rows],
        **{name: values * signatures for name, values in alike.items()},
    }


def constraints(air: Builder, row: Columns, below: Columns) -> None:
    """Two digits, or one end."""
    fixed = air.fixed
    # Lie: the sum starts from a point of the signer's choice, which would forge any V.
    start = (*curve.LADDER_START.x, *curve.LADDER_START.y)
    with air.when(fixed.starts):
        air.require_all_equal((*row.x, *row.y), start, "ladder.start")
    _walk(air, row, below)
    # Lie: an entry that is not T[digit] of this signature's key, or a digit that is not 0..3.
    for step in (row.high, row.low):
        entry = [fixed.signature, step.digit, *step.entry_x, *step.entry_y]
        air.receive(WINDOW, entry, fixed.adds, claim="ladder.entry")
    _challenge(air, row, below)
    # Lie: an end of another signature, or a point on the way there, is passed off as V.
    air.send(LADDER_END, [fixed.signature, *row.x, *row.y], fixed.ends, claim="ladder.end")


def _walk(air: Builder, row: Columns, below: Columns) -> None:
    """below = 16 * row + 4 * first entry + second entry."""
    x_sum = _quadruple_and_line(air, CircuitPoint(row.x, row.y), row.high)
    # Lie: the second digit goes on from another point than the sum after the first.
    air.require_all_equal(row.middle_x, x_sum, "ladder.middle")
    middle = CircuitPoint(row.middle_x, _y_of_sum(row.high, row.middle_x))
    x_sum = _quadruple_and_line(air, middle, row.low)
    # Lie: the next row goes on from another point than the sum.
    with air.transition(), air.when(air.fixed.adds):
        air.require_all_equal(below.x, x_sum, "ladder.sum")
        air.require_all_equal(below.y, _y_of_sum(row.low, below.x), "ladder.sum")


def _quadruple_and_line(air: Builder, total: CircuitPoint, step: Step) -> Septic:
    """The x, of degree 2, of 4 * total + entry. Every y between is of degree 2, as products of
    cells; so is the x of 4 * total, which is never squared."""
    # Lie: a slope that is not the tangent's.
    require_tangent(air, total, step.slope_1, "ladder.double")
    air.require_all_equal(step.x_1, third_x(total.x, total.x, step.slope_1), "ladder.double")
    twice = CircuitPoint(step.x_1, third_y(total, step.x_1, step.slope_1))
    require_tangent(air, twice, step.slope_2, "ladder.double-again")
    x_2 = third_x(step.x_1, step.x_1, step.slope_2)
    quadruple = CircuitPoint(x_2, third_y(twice, x_2, step.slope_2))
    # Lie: the two x are equal, so that any slope satisfies the line and the sum is free.
    entry = CircuitPoint(step.entry_x, step.entry_y)
    require_chord(air, quadruple, entry, step.slope_3, step.apart, "ladder.line", air.fixed.adds)
    return third_x(x_2, step.entry_x, step.slope_3)


def _y_of_sum(step: Step, x_sum: Septic) -> Septic:
    """The y of the sum, from the entry: the other point on its line has a y of degree 3."""
    return third_y(CircuitPoint(step.entry_x, step.entry_y), x_sum, step.slope_3)


def _challenge(air: Builder, row: Columns, below: Columns) -> None:
    """The twelve digits of an element, as a number below 2^24, are that of the challenge."""
    fixed = air.fixed
    # Lie: an element starts with more than its digits.
    with air.when(fixed.opens):
        air.require_equal(row.value, _digits(row), "ladder.digits")
    # Lie: the digits added are not those of the challenge.
    with air.transition(), air.when(fixed.adds - fixed.closes):
        grown = row.value * ROW_VALUES + _digits(below)
        air.require_equal(below.value, grown, "ladder.digits")
    # Lie: c is not the hash of (R, P, message), so that R can be solved for afterwards.
    payload = [fixed.signature, fixed.element, row.value]
    air.receive(CHALLENGE, payload, fixed.closes, claim="ladder.challenge")


def _digits(row: Columns) -> Any:
    """Both digits of a row as a number."""
    return row.high.digit * DIGIT_VALUES + row.low.digit


TABLE = Table("ladder", Columns, constraints, Fixed, fixed_values)
