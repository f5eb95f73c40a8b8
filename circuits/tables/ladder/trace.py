"""Ladder: rows are those of the kernel's trace of every signature, one after the other."""

import numpy as np

from circuits.air.trace import I64, U32, Trace, put
from circuits.tables.ladder.air import DIGIT_VALUES, Columns
from circuits.tables.records import U8
from circuits.tables.schedule import LADDER_ROWS
from circuits.tables.signatures import Signatures
from rollup.crypto import curve, kernels, schnorr
from rollup.field.septic import DEGREE


def build(signatures: Signatures, height: int, blinded: int) -> U32:
    """uint32 (height, width). The rows past the last signature repeat row 0."""
    trace = Trace(Columns, height, blinded, canonical=True)
    used = signatures.count * LADDER_ROWS
    row = trace.rows(0, used)
    steps = signatures.steps.ladder[: signatures.count].reshape(used, -1)
    places = (
        (row.x, kernels.LADDER_POINT),
        (row.y, kernels.LADDER_POINT + DEGREE),
        (row.slope_1, kernels.LADDER_SLOPE_1),
        (row.x_1, kernels.LADDER_X_1),
        (row.slope_2, kernels.LADDER_SLOPE_2),
        (row.x_2, kernels.LADDER_X_2),
        (row.entry_x, kernels.LADDER_ENTRY),
        (row.entry_y, kernels.LADDER_ENTRY + DEGREE),
        (row.slope_3, kernels.LADDER_SLOPE_3),
        (row.inverse, kernels.LADDER_INVERSE),
    )
    for cells, at in places:
        put(cells, steps[:, at : at + DEGREE])
    digits = signatures.digits[: signatures.count]
    row.digit[...] = _with_end(digits)
    row.value[...] = _with_end(_values(digits))
    trace.cells[:, used:] = trace.cells[:, :1]
    return trace.finish()


def _values(digits: U8) -> I64:
    """Each element's digits so far as a number, (signatures, 60)."""
    parts = digits.reshape(len(digits), schnorr.CHALLENGE_PARTS, schnorr.DIGITS_PER_PART)
    values = parts.astype(np.int64)
    for place in range(1, schnorr.DIGITS_PER_PART):
        values[:, :, place] += DIGIT_VALUES * values[:, :, place - 1]
    return values.reshape(len(digits), curve.DIGITS)


def _with_end(steps: U8 | I64) -> I64:
    """One value a step as one a row, 0 on end rows, flat."""
    rows = np.zeros((len(steps), LADDER_ROWS), dtype=np.int64)
    rows[:, : curve.DIGITS] = steps
    return rows.reshape(-1)
