"""Ladder: each row is two of the kernel's trace of every signature, one after the other."""

import numpy as np

from circuits.air.trace import I64, U32, Trace, put
from circuits.tables.ladder.air import DIGIT_VALUES, Columns, Step
from circuits.tables.records import U8
from circuits.tables.schedule import DIGITS_PER_ROW, LADDER_ROWS
from circuits.tables.signatures import Signatures, apart
from rollup.crypto import curve, kernels, schnorr
from rollup.field.septic import DEGREE


def build(signatures: Signatures, height: int, blinded: int) -> U32:
    """uint32 (height, width). The rows past the last signature repeat an end."""
    trace = Trace(Columns, height, blinded, canonical=True)
    used = signatures.count * LADDER_ROWS
    row = trace.rows(0, used)
    steps = signatures.steps.ladder[: signatures.count].reshape(used, DIGITS_PER_ROW, -1)
    first, second = steps[:, 0], steps[:, 1]
    put(row.x, first[:, kernels.LADDER_POINT :][:, :DEGREE])
    put(row.y, first[:, kernels.LADDER_POINT + DEGREE :][:, :DEGREE])
    put(row.middle_x, second[:, kernels.LADDER_POINT :][:, :DEGREE])
    _fill_step(row.high, first)
    _fill_step(row.low, second)
    digits = signatures.digits[: signatures.count]
    row.high.digit[...] = _with_end(digits[:, ::DIGITS_PER_ROW])
    row.low.digit[...] = _with_end(digits[:, 1::DIGITS_PER_ROW])
    row.value[...] = _with_end(_values(digits)[:, 1::DIGITS_PER_ROW])
    trace.cells[:, used:] = trace.cells[:, LADDER_ROWS - 1 : LADDER_ROWS]
    return trace.finish()


def _fill_step(step: Step, words: U32) -> None:
    """What the kernel kept of a digit, but for the digit itself."""
    places = (
        (step.slope_1, kernels.LADDER_SLOPE_1),
        (step.x_1, kernels.LADDER_X_1),
        (step.slope_2, kernels.LADDER_SLOPE_2),
        (step.entry_x, kernels.LADDER_ENTRY),
        (step.entry_y, kernels.LADDER_ENTRY + DEGREE),
        (step.slope_3, kernels.LADDER_SLOPE_3),
    )
    for cells, at in places:
        put(cells, words[:, at : at + DEGREE])
    shown = apart(words[:, kernels.LADDER_X_2 :], words[:, kernels.LADDER_ENTRY :])
    shown[LADDER_ROWS - 1 :: LADDER_ROWS] = 0
    put(step.apart, shown)


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
    rows[:, : LADDER_ROWS - 1] = steps
    return rows.reshape(-1)
