"""Comb: 29 rows are one scalar's s * G + K, for whatever 28 bytes s. The exit circuit has it.

Row i of a scalar holds the sum before byte i and adds entry byte_i of window i of the base
table; row 28 holds the end. The scalar's place is fixed, and so is the window; s itself needs
no check, because the base table admits bytes only.

Height: 32 rows a scalar. Degree: 3. Buses: receives BASE, sends COMB_END. Rows past the last
scalar repeat an end, which adds nothing.
Claims: docs/spec/claims/comb.md. Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Mapping, Sequence

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell, cells
from circuits.air.table import Table
from circuits.gadgets.buses import BASE, COMB_END
from circuits.gadgets.curve import CircuitPoint, require_chord, third_x, third_y
from circuits.tables.schedule import COMB_ROWS, COMB_STRIDE
from rollup.crypto import curve
from rollup.field.septic import DEGREE


class Columns(Layout):
    """The columns."""

    byte = cell()  # byte i of s
    x = cells(DEGREE)  # the sum so far
    y = cells(DEGREE)
    entry_x = cells(DEGREE)  # B[i][byte]
    entry_y = cells(DEGREE)
    slope = cells(DEGREE)
    apart = cells(curve.APART_WORDS)  # shows that entry_x is not x


class Fixed(Layout):
    """The fixed columns; all are 0 past the last scalar."""

    signature = cell()
    window = cell()
    starts = cell()  # 1 on row 0 of a scalar
    adds = cell()  # 1 on rows 0..27
    ends = cell()  # 1 on row 28


def fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """The places of height / 32 scalars."""
    signatures = height // COMB_STRIDE
    rows = range(COMB_ROWS)
    alike = {
        "window": [i if i < curve.BYTES else 0 for i in rows],
        "starts": [int(i == 0) for i in rows],
        "adds": [int(i < curve.BYTES) for i in rows],
        "ends": [int(i == curve.BYTES) for i in rows],
    }
    return {
        "signature": [k for k in range(signatures) for _ in rows],
        **{name: values * signatures for name, values in alike.items()},
    }


def constraints(air: Builder, row: Columns, below: Columns) -> None:
    """One byte, or one end."""
    fixed = air.fixed
    total = CircuitPoint(row.x, row.y)
    entry = CircuitPoint(row.entry_x, row.entry_y)
    # Lie: the sum starts from a point of the signer's choice, which would forge any end.
    start = (*curve.COMB_START.x, *curve.COMB_START.y)
    with air.when(fixed.starts):
        air.require_all_equal((*row.x, *row.y), start, "comb.start")
    # Lie: an entry that is not byte_i * 256^i * G + S_i, or of another window.
    payload = [fixed.window, row.byte, *row.entry_x, *row.entry_y]
    air.receive(BASE, payload, fixed.adds, claim="comb.entry")
    # Lie: the two x are equal, so that any slope satisfies the line and the sum is free.
    require_chord(air, total, entry, row.slope, row.apart, "comb.line", fixed.adds)
    # Lie: the next row goes on from another point than the sum.
    with air.transition(), air.when(fixed.adds):
        air.require_all_equal(below.x, third_x(row.x, row.entry_x, row.slope), "comb.sum")
        air.require_all_equal(below.y, third_y(total, below.x, row.slope), "comb.sum")
    # Lie: an end of another scalar, or a point on the way there, is passed off as this one's.
    air.send(COMB_END, [fixed.signature, *row.x, *row.y], fixed.ends, claim="comb.end")


TABLE = Table("comb", Columns, constraints, Fixed, fixed_values)
