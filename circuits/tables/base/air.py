"""Base: one row is one entry of the fixed-base table, B[i][b] = b * 256^i * G + S_i.

The statement has the two windows that a ladder uses, 512 entries in 2^10 rows; the exit circuit all
28, 7,168 entries in 2^13. Degree: 2. All but the multiplicity is fixed.
Bus: sends BASE. Claims: docs/spec/claims/base.md. Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell, cells
from circuits.air.table import Table
from circuits.gadgets.buses import BASE
from rollup.crypto import curve, schnorr
from rollup.field.septic import DEGREE


class Columns(Layout):
    """The columns."""

    multiplicity = cell()  # how often this entry is added


class Fixed(Layout):
    """The fixed columns: entries in order of window, then byte."""

    entry = cell()  # 1 on the rows of the table, 0 below them
    window = cell()
    byte = cell()
    x = cells(DEGREE)
    y = cells(DEGREE)


def fixed_values(windows: Sequence[int], height: int) -> Mapping[str, Sequence[int]]:
    """These windows of the fixed-base table, the same for every height. ValueError if the height is
    too small."""
    places = [(i, b) for i in windows for b in range(curve.BYTE_VALUES)]
    if height < len(places):
        raise ValueError(f"the base table has {len(places)} entries, not {height}")
    entries = [entry for window in windows for entry in schnorr.comb_table()[window]]
    values: dict[str, Sequence[int]] = {
        "entry": [1] * len(places),
        "window": [window for window, _ in places],
        "byte": [byte for _, byte in places],
    }
    for k in range(DEGREE):
        values[f"x.{k}"] = [entry.x[k] for entry in entries]
        values[f"y.{k}"] = [entry.y[k] for entry in entries]
    return values


def constraints(air: Builder, row: Columns) -> None:
    """One entry."""
    fixed = air.fixed
    # Lie: the all-zero row below the table is served as if (0, 0) were the entry of byte 0.
    count = fixed.entry * row.multiplicity
    # Lie: a point that is not b * 256^i * G + S_i is added to a sum.
    payload = [fixed.window, fixed.byte, *fixed.x, *fixed.y]
    air.send(BASE, payload, count, claim="base.entry")


def table(windows: Sequence[int]) -> Table:
    """The table of these windows."""
    return Table("base", Columns, constraints, Fixed, partial(fixed_values, windows))


EVERY_WINDOW = tuple(range(curve.BYTES))

TABLE = table(curve.LADDER_WINDOWS)
WHOLE_TABLE = table(EVERY_WINDOW)
