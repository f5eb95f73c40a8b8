"""Ladder: 15 rows are one signature's s * G - c * P, for the challenge c and key P of its order row
and whatever bytes s; order takes it as R.

Row i of a signature takes the sum before it to 256 times it: for each of its two digits of c (four
bits each, most significant first) it doubles four times and adds the window entry
T[digit] = S - digit * P, and then it adds two entries of the base table, for byte 14 - i and byte
29 - i of s. x and y are the sum after the row. Beside that, row i makes entry T[i + 1] from the one
before it and serves it; order serves T[0] = S. So a digit needs no range check: one that is not
0..15 finds no entry. Nor do bytes, because the base table admits bytes only.

Cells hold what has to be squared or multiplied again: the y of all points between are expressions,
and so is the x of 16 times a sum. Every sum is on the curve, whose order is odd, so a doubling has
no exceptional case. What a signature starts from, row 0 of the table says for the first one; rows
past the last signature repeat a round that adds nothing.
Height: 16 rows a signature. Degree: 3. Buses: receives LADDER_KEY, CHALLENGE and BASE, sends WINDOW
to itself and LADDER_END. Claims: docs/spec/claims/ladder.md. Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell, cells, group, many
from circuits.air.table import Table
from circuits.gadgets.buses import BASE, CHALLENGE, LADDER_END, LADDER_KEY, WINDOW
from circuits.gadgets.curve import (
    CircuitPoint,
    require_chord,
    require_tangent,
    third_x,
    third_y,
)
from circuits.gadgets.septic import Septic
from circuits.tables.schedule import LADDER_LEAD, LADDER_ROWS, LADDER_STRIDE
from rollup.crypto import curve, schnorr
from rollup.field.septic import DEGREE

ROUND_VALUES = curve.DIGIT_VALUES**curve.ROUND_DIGITS
TWICE_START = curve.double(curve.LADDER_START)


class Addition(Layout):
    """A point, and how it is added: what it makes of the sum is elsewhere."""

    x = cells(DEGREE)
    y = cells(DEGREE)
    slope = cells(DEGREE)
    apart = cells(curve.APART_WORDS)  # shows that x is not that of the sum


class Digit(Layout):
    """One digit of the challenge: what it makes of the sum before it."""

    slopes = many(curve.DIGIT_BITS, cells(DEGREE))
    doubled = many(curve.DIGIT_BITS - 1, cells(DEGREE))  # x of 2, 4 and 8 times the sum
    digit = cell()
    added = group(Addition)  # T[digit]


class Octet(Layout):
    """One byte of the response."""

    byte = cell()
    added = group(Addition)  # the base table's entry


class PointCells(Layout):
    """An affine point."""

    x = cells(DEGREE)
    y = cells(DEGREE)


class Columns(Layout):
    """The columns."""

    doubled_y = cells(DEGREE)  # of twice the sum before the row
    high = group(Digit)  # the more significant digit
    low = group(Digit)
    octets = many(len(curve.LADDER_WINDOWS), group(Octet))
    between = many(3, cells(DEGREE))  # x of the sums after all additions but the last
    x = cells(DEGREE)  # of the sum after the row
    y = cells(DEGREE)
    value = cell()  # the challenge element's digits so far, as a number
    key = group(PointCells)  # P, in all rows of a signature
    window = group(Addition)  # T[i + 1], and how it comes of T[i]
    window_uses = cell()  # digits of the challenge that are i + 1


class Fixed(Layout):
    """The fixed columns; all are 0 past the last signature."""

    signature = cell()
    element = cell()  # of the challenge that this row's digits belong to: 4 down to 0
    digit = cell()  # of the window entry that this row serves: 1 to 15
    leads = cell()  # 1 above row 0 of a signature
    starts = cell()  # 1 on row 0
    joins = cell()  # 1 on rows 0..13, above another row of the signature
    adds = cell()  # 1 on rows 0..14
    opens = cell()  # 1 on the first digits of an element
    closes = cell()  # 1 on its last digits, 2 rows below
    ends = cell()  # 1 on row 14


def fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """The places of height / 16 signatures."""
    part = schnorr.DIGITS_PER_PART // curve.ROUND_DIGITS
    signatures = height // LADDER_STRIDE
    rows, last = range(LADDER_ROWS), LADDER_ROWS - 1
    alike = {
        "element": [schnorr.CHALLENGE_PARTS - 1 - i // part for i in rows],
        "digit": [i + 1 for i in rows],
        "starts": [int(i == 0) for i in rows],
        "joins": [int(i < last) for i in rows],
        "adds": [1 for _ in rows],
        "opens": [int(i % part == 0) for i in rows],
        "closes": [int(i % part == part - 1) for i in rows],
        "ends": [int(i == last) for i in rows],
    }
    lead = [0] * LADDER_LEAD
    starts = alike["starts"] * signatures
    return {
        "signature": [*lead, *(k for k in range(signatures) for _ in rows)],
        "leads": starts,
        **{name: [*lead, *values * signatures] for name, values in alike.items()},
    }


def constraints(air: Builder, row: Columns, below: Columns) -> None:
    """One round of a signature, and one entry of its window table."""
    fixed = air.fixed
    _first_doubling(air, row, below)
    total = _digits_added(air, row)
    _octets_added(air, row, total)
    _challenge(air, row, below)
    _window(air, row, below)
    # Lie: an end of another signature, or a point on the way there, is passed off as R.
    air.send(LADDER_END, [fixed.signature, *row.x, *row.y], fixed.ends, claim="ladder.end")


def _first_doubling(air: Builder, row: Columns, below: Columns) -> None:
    """Twice the sum before a row, which is the start or the sum after the row above."""
    fixed = air.fixed
    # Lie: the sum starts from a point of the signer's choice, which would forge any R.
    twice = (*row.high.doubled[0], *row.doubled_y)
    with air.when(fixed.starts):
        air.require_all_equal(twice, (*TWICE_START.x, *TWICE_START.y), "ladder.start")
    # Lie: the next row goes on from another point than the sum.
    total, slope, doubled = CircuitPoint(row.x, row.y), below.high.slopes[0], below.high.doubled[0]
    with air.transition(), air.when(fixed.joins):
        require_tangent(air, total, slope, "ladder.joined")
        air.require_all_equal(doubled, third_x(row.x, row.x, slope), "ladder.joined")
        air.require_all_equal(below.doubled_y, third_y(total, doubled, slope), "ladder.joined")


def _digits_added(air: Builder, row: Columns) -> CircuitPoint:
    """The sum after both digits."""
    total, fixed = CircuitPoint(row.high.doubled[0], row.doubled_y), air.fixed
    steps = ((row.high, 1, row.between[0]), (row.low, 0, row.between[1]))
    for step, done, x_cells in steps:
        total = _doubled(air, total, step, done)
        # Lie: an entry that is not T[digit] of this signature's key, or a digit that is not 0..15.
        entry = [fixed.signature, step.digit, *step.added.x, *step.added.y]
        air.receive(WINDOW, entry, fixed.adds, claim="ladder.entry")
        total = _added(air, total, step.added, x_cells)
    return total


def _octets_added(air: Builder, row: Columns, total: CircuitPoint) -> None:
    """The sum after the row: both bytes added to that after both digits."""
    fixed = air.fixed
    x_cells = (row.between[2], row.x)
    for window, octet, x in zip(curve.LADDER_WINDOWS, row.octets, x_cells, strict=True):
        # Lie: an entry that is not byte * 256^window * G + S_window, or of another window.
        payload = [window, octet.byte, *octet.added.x, *octet.added.y]
        air.receive(BASE, payload, fixed.adds, claim="ladder.base-entry")
        total = _added(air, total, octet.added, x)
    # Lie: a sum with another y, that of its opposite say.
    air.require_all_equal(row.y, total.y, "ladder.sum")


def _doubled(air: Builder, total: CircuitPoint, step: Digit, done: int) -> CircuitPoint:
    """16 times the sum, from 2^done times it. Every y between is of degree 2, as products of
    cells; so is the x of 16 times the sum, which is never squared."""
    slopes = step.slopes[done:]
    for slope, x_cells in zip(slopes, (*step.doubled[done:], None), strict=True):
        # Lie: a slope that is not the tangent's.
        require_tangent(air, total, slope, "ladder.double")
        x: Septic = third_x(total.x, total.x, slope)
        if x_cells is not None:
            air.require_all_equal(x_cells, x, "ladder.double")
            x = x_cells
        total = CircuitPoint(x, third_y(total, x, slope))
    return total


def _added(
    air: Builder, total: CircuitPoint, addition: Addition, x_cells: Sequence[Any]
) -> CircuitPoint:
    """The sum, its x in cells; its y from the point added: the other one's is of degree 2."""
    point = CircuitPoint(addition.x, addition.y)
    # Lie: the two x are equal, so that any slope satisfies the line and the sum is free.
    require_chord(air, total, point, addition.slope, addition.apart, "ladder.line", air.fixed.adds)
    # Lie: what comes next goes on from another point than the sum.
    air.require_all_equal(x_cells, third_x(total.x, point.x, addition.slope), "ladder.sum")
    return CircuitPoint(x_cells, third_y(point, x_cells, addition.slope))


def _challenge(air: Builder, row: Columns, below: Columns) -> None:
    """The six digits of an element, as a number below 2^24, are that of the challenge."""
    fixed = air.fixed
    # Lie: an element starts with more than its digits.
    with air.when(fixed.opens):
        air.require_equal(row.value, _digits(row), "ladder.digits")
    # Lie: the digits added are not those of the challenge.
    with air.transition(), air.when(fixed.adds - fixed.closes):
        grown = row.value * ROUND_VALUES + _digits(below)
        air.require_equal(below.value, grown, "ladder.digits")
    # Lie: c is not the hash of (R, P, message), so that R can be solved for afterwards.
    payload = [fixed.signature, fixed.element, row.value]
    air.receive(CHALLENGE, payload, fixed.closes, claim="ladder.challenge")


def _digits(row: Columns) -> Any:
    """Both digits of a row as a number."""
    return row.high.digit * curve.DIGIT_VALUES + row.low.digit


def _window(air: Builder, row: Columns, below: Columns) -> None:
    """T[d] = T[d - 1] - P, from T[0] = S, one entry a row."""
    fixed = air.fixed
    key = (*row.key.x, *row.key.y)
    # Lie: the window table of another key than that of the order's account.
    air.receive(LADDER_KEY, [fixed.signature, *key], fixed.starts, claim="ladder.key")
    window, minus = below.window, CircuitPoint(below.key.x, [-word for word in below.key.y])
    before = CircuitPoint(
        _entry_before(air, row.window.x, curve.WINDOW_OFFSET.x),
        _entry_before(air, row.window.y, curve.WINDOW_OFFSET.y),
    )
    claim = "ladder.windows"
    with air.transition():
        with air.when(fixed.joins):
            # Lie: another key for the entries further on.
            air.require_all_equal((*below.key.x, *below.key.y), key, "ladder.same-key")
        # Lie: entries of another key, of points that are no multiples of it, or of a free sum.
        made = fixed.joins + fixed.leads
        require_chord(air, before, minus, window.slope, window.apart, claim, made)
        air.require_all_equal(window.x, third_x(before.x, minus.x, window.slope), claim)
        air.require_all_equal(window.y, third_y(minus, window.x, window.slope), claim)
    served = [fixed.signature, fixed.digit, *row.window.x, *row.window.y]
    # Lie: an entry from a row that has none, where the key is anybody's.
    air.send(WINDOW, served, fixed.adds * row.window_uses, claim="ladder.served")


def _entry_before(air: Builder, cells: Sequence[Any], offset: Sequence[int]) -> Septic:
    """A coordinate of the entry that the one below comes of: this row's, or S above row 0."""
    fixed = air.fixed
    pairs = zip(cells, offset, strict=True)
    return tuple(fixed.joins * cell + fixed.leads * word for cell, word in pairs)


TABLE = Table("ladder", Columns, constraints, Fixed, fixed_values)
