"""Comb: rows are those of the kernel's trace of every scalar, one after the other."""

from circuits.air.trace import I64, U32, Trace, put
from circuits.tables.comb.air import Columns
from circuits.tables.schedule import COMB_ROWS
from circuits.tables.signature_records import U8
from circuits.tables.signatures import apart
from rollup.crypto import kernels
from rollup.field.septic import DEGREE


def build(scalars: U8, combs: U32, height: int, blinded: int) -> U32:
    """uint32 (height, width), of scalars (n, 28) and what `kernels.trace_combs` says of them. The
    rows past the last one repeat an end."""
    trace = Trace(Columns, height, blinded, canonical=True)
    used = len(scalars) * COMB_ROWS
    row = trace.rows(0, used)
    steps = combs.reshape(used, -1)
    for place, byte in enumerate((*scalars.T, 0 * scalars[:, 0])):
        row.byte[place::COMB_ROWS] = byte
    _point(row.x, row.y, steps, 0)
    _point(row.entry_x, row.entry_y, steps, kernels.ADDITION_OTHER)
    put(row.slope, steps[:, kernels.ADDITION_SLOPE : kernels.ADDITION_SUM])
    shown = apart(steps, steps[:, kernels.ADDITION_OTHER :])
    shown[COMB_ROWS - 1 :: COMB_ROWS] = 0
    put(row.apart, shown)
    trace.cells[:, used:] = trace.cells[:, COMB_ROWS - 1 : COMB_ROWS]
    return trace.finish()


def _point(x: tuple[I64, ...], y: tuple[I64, ...], steps: U32, at: int) -> None:
    put(x, steps[:, at : at + DEGREE])
    put(y, steps[:, at + DEGREE : at + 2 * DEGREE])
