"""Base: multiplicities, read off what the comb asks for; and the fixed columns by the kernel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.air.circuit import Circuit
from circuits.air.trace import U32, Trace
from circuits.tables.base.air import TABLE, Columns
from rollup.crypto import curve
from rollup.crypto.kernels import base_table
from rollup.field.septic import DEGREE


def build(payload: U32, counts: NDArray[np.int64], height: int, blinded: int) -> U32:
    """Multiplicities from distinct requests (m, 16) on BASE with their counts (m,).

    A request of a window or byte that does not exist is left out: nobody answers it.
    """
    window, byte = payload[:, 0].astype(np.int64), payload[:, 1].astype(np.int64)
    held = (window < curve.BYTES) & (byte < curve.BYTE_VALUES)
    trace = Trace(Columns, height, blinded)
    trace.row.multiplicity[...] = 0
    places = window * curve.BYTE_VALUES + byte
    np.add.at(trace.row.multiplicity, places[held], counts[held])
    return trace.finish()


def fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """The values of `air.fixed_values`, by the kernel: milliseconds instead of a second."""
    entries = base_table().reshape(-1, 2 * DEGREE)
    windows, values = curve.BYTES, curve.BYTE_VALUES
    if height < len(entries):
        raise ValueError(f"the base table has {len(entries)} entries, not {height}")
    columns: dict[str, NDArray[Any]] = {
        "entry": np.ones(len(entries), dtype=np.uint32),
        "window": np.repeat(np.arange(windows), values),
        "byte": np.tile(np.arange(values), windows),
    }
    for k in range(DEGREE):
        columns[f"x.{k}"], columns[f"y.{k}"] = entries[:, k], entries[:, DEGREE + k]
    return {name: column.tolist() for name, column in columns.items()}


TABLE_BY_KERNEL = replace(TABLE, fixed_values=fixed_values)
"""The same table, with its fixed columns from here."""


def with_kernel(circuit: Circuit) -> Circuit:
    """The same circuit, whose base table gets its fixed columns here: for a prover's start."""
    tables = tuple(
        replace(placed, table=TABLE_BY_KERNEL) if placed.table is TABLE else placed
        for placed in circuit.tables
    )
    return replace(circuit, tables=tables)
