"""Comb: rows are those of the kernel's trace of every signature, one after the other."""

from circuits.air.trace import I64, U32, Trace, put
from circuits.tables.comb.air import Columns
from circuits.tables.schedule import COMB_ROWS
from circuits.tables.signatures import Signatures, apart
from rollup.crypto import kernels
from rollup.field.septic import DEGREE


def build(signatures: Signatures, height: int, blinded: int) -> U32:
    """uint32 (height, width). The rows past the last signature repeat an end."""
    trace = Trace(Columns, height, blinded, canonical=True)
    used = signatures.count * COMB_ROWS
    row = trace.rows(0, used)
    steps = signatures.steps.comb[: signatures.count].reshape(used, -1)
    response = signatures.response[: signatures.count]
    bytes_and_end = [*response.T, 0 * response[:, 0]]
    for place, byte in enumerate(bytes_and_end):
        row.byte[place::COMB_ROWS] = byte
    _point(row.x, row.y, steps, kernels.ADDITION_POINT)
    _point(row.entry_x, row.entry_y, steps, kernels.ADDITION_OTHER)
    put(row.slope, steps[:, kernels.ADDITION_SLOPE :][:, :DEGREE])
    shown = apart(steps, steps[:, kernels.ADDITION_OTHER :])
    shown[COMB_ROWS - 1 :: COMB_ROWS] = 0
    put(row.apart, shown)
    trace.cells[:, used:] = trace.cells[:, COMB_ROWS - 1 : COMB_ROWS]
    return trace.finish()


def _point(x: tuple[I64, ...], y: tuple[I64, ...], steps: U32, at: int) -> None:
    put(x, steps[:, at : at + DEGREE])
    put(y, steps[:, at + DEGREE : at + 2 * DEGREE])
