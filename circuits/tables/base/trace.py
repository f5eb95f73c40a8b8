"""Base: multiplicities, read off what is asked for; and the fixed columns by the kernel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.air.circuit import Circuit
from circuits.air.trace import U32, Trace
from circuits.tables.base.air import EVERY_WINDOW, TABLE, WHOLE_TABLE, Columns
from rollup.crypto import curve
from rollup.crypto.kernels import base_table
from rollup.field.septic import DEGREE


def build(
    payload: U32,
    counts: NDArray[np.int64],
    height: int,
    blinded: int,
    *,
    windows: Sequence[int] = curve.LADDER_WINDOWS,
) -> U32:
    """Multiplicities of these windows from distinct requests (m, 16) on BASE, counts (m,).

    A request of a window or byte that does not exist is left out: nobody answers it.
    """
    byte = payload[:, 1].astype(np.int64)
    trace = Trace(Columns, height, blinded)
    trace.row.multiplicity[...] = 0
    for place, window in enumerate(windows):
        held = (payload[:, 0] == window) & (byte < curve.BYTE_VALUES)
        places = place * curve.BYTE_VALUES + byte
        np.add.at(trace.row.multiplicity, places[held], counts[held])
    return trace.finish()


def fixed_values(windows: Sequence[int], height: int) -> Mapping[str, Sequence[int]]:
    """The values of `air.fixed_values`, by the kernel: milliseconds instead of a second."""
    entries, values = base_table()[list(windows)].reshape(-1, 2 * DEGREE), curve.BYTE_VALUES
    if height < len(entries):
        raise ValueError(f"the base table has {len(entries)} entries, not {height}")
    columns: dict[str, NDArray[Any]] = {
        "entry": np.ones(len(entries), dtype=np.uint32),
        "window": np.repeat(windows, values),
        "byte": np.tile(np.arange(values), len(windows)),
    }
    for k in range(DEGREE):
        columns[f"x.{k}"], columns[f"y.{k}"] = entries[:, k], entries[:, DEGREE + k]
    return {name: column.tolist() for name, column in columns.items()}


TABLE_BY_KERNEL = replace(TABLE, fixed_values=partial(fixed_values, curve.LADDER_WINDOWS))
WHOLE_TABLE_BY_KERNEL = replace(WHOLE_TABLE, fixed_values=partial(fixed_values, EVERY_WINDOW))
"""The same tables, with their fixed columns from here."""

_BY_KERNEL = ((TABLE, TABLE_BY_KERNEL), (WHOLE_TABLE, WHOLE_TABLE_BY_KERNEL))


def with_kernel(circuit: Circuit) -> Circuit:
    """The same circuit, whose base table gets its fixed columns here: for a prover's start."""
    tables = circuit.tables
    for table, by_kernel in _BY_KERNEL:
        tables = tuple(
            replace(placed, table=by_kernel) if placed.table is table else placed
            for placed in tables
        )
    return replace(circuit, tables=tables)
