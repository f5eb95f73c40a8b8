"""Ladder: each row is a round of the kernel's trace of every signature, one after the other."""

import numpy as np

from circuits.air.trace import I64, U32, Trace, put
from circuits.tables.ladder.air import Addition, Columns, Digit
from circuits.tables.schedule import LADDER_LEAD, LADDER_ROWS
from circuits.tables.signature_records import U8
from circuits.tables.signatures import Signatures, apart
from rollup.crypto import curve, kernels, schnorr
from rollup.field.septic import DEGREE


def build(signatures: Signatures, height: int, blinded: int) -> U32:
    """uint32 (height, width). The rows before and past the signatures repeat a round without its
    key, and without what shows that it adds."""
    trace = Trace(Columns, height, blinded, canonical=True)
    count = signatures.count
    used = count * LADDER_ROWS
    row = trace.rows(LADDER_LEAD, LADDER_LEAD + used)
    steps = signatures.steps.some(0, count)
    _fill_round(row, steps.digits.reshape(used, 2, -1), steps.octets.reshape(used, 2, -1))
    _fill_choices(row, signatures.digits[:count], signatures.octets[:count])
    _fill_window(row, signatures.key[:count], steps.table.reshape(used, -1))
    uses = [np.sum(signatures.digits[:count] == i + 1, axis=1) for i in range(LADDER_ROWS)]
    row.window_uses[...] = np.stack(uses, axis=1).reshape(-1)
    for start, stop in ((0, LADDER_LEAD), (LADDER_LEAD + used, trace.active)):
        trace.cells[:, start:stop] = trace.cells[:, LADDER_LEAD : LADDER_LEAD + 1]
        _silence(trace.rows(start, stop))
    return trace.finish()


def _fill_round(row: Columns, digits: U32, octets: U32) -> None:
    """What the kernel kept of a round, (rows, 2, words) each: sums and how they come about."""
    at_y = 2 * DEGREE  # of a doubling: slope, x, y
    put(row.doubled_y, digits[:, 0, at_y : at_y + DEGREE])
    for place, step in enumerate((row.high, row.low)):
        _fill_digit(step, digits[:, place])
    for place, octet in enumerate(row.octets):
        _fill_addition(octet.added, octets[:, place])
    digit_sums = digits[:, :, kernels.DIGIT_ADDITION + kernels.ADDITION_SUM :]
    octet_sums = octets[:, :, kernels.ADDITION_SUM :]
    between = (digit_sums[:, 0], digit_sums[:, 1], octet_sums[:, 0])
    for cells, point in zip(row.between, between, strict=True):
        put(cells, point[:, :DEGREE])
    put((*row.x, *row.y), octet_sums[:, 1])


def _fill_digit(step: Digit, words: U32) -> None:
    """The doublings of a digit and its addition, but for the digit itself."""
    starts = range(0, kernels.DIGIT_ADDITION, kernels.DOUBLING_WORDS)
    for cells, at in zip(step.slopes, starts, strict=True):
        put(cells, words[:, at : at + DEGREE])
    for cells, at in zip(step.doubled, starts[:-1], strict=True):
        put(cells, words[:, at + DEGREE : at + 2 * DEGREE])
    _fill_addition(step.added, words[:, kernels.DIGIT_ADDITION :])


def _fill_addition(added: Addition, words: U32) -> None:
    """The point that is added, and how."""
    other = words[:, kernels.ADDITION_OTHER : kernels.ADDITION_SLOPE]
    put((*added.x, *added.y), other)
    _fill_line(added, words)


def _fill_line(added: Addition, words: U32) -> None:
    put(added.slope, words[:, kernels.ADDITION_SLOPE : kernels.ADDITION_SUM])
    put(added.apart, apart(words, words[:, kernels.ADDITION_OTHER :]))


def _fill_choices(row: Columns, digits: U8, octets: U8) -> None:
    """Digits and bytes, (signatures, 30) each in the order of rounds."""
    for place, step in enumerate((row.high, row.low)):
        step.digit[...] = digits[:, place::2].reshape(-1)
    for place, octet in enumerate(row.octets):
        octet.byte[...] = octets[:, place::2].reshape(-1)
    row.value[...] = _values(digits)[:, 1::2].reshape(-1)


def _values(digits: U8) -> I64:
    """Each element's digits so far as a number, (signatures, 30)."""
    parts = digits.reshape(len(digits), schnorr.CHALLENGE_PARTS, schnorr.DIGITS_PER_PART)
    values = parts.astype(np.int64)
    for place in range(1, schnorr.DIGITS_PER_PART):
        values[:, :, place] += curve.DIGIT_VALUES * values[:, :, place - 1]
    return values.reshape(len(digits), curve.DIGITS)


def _fill_window(row: Columns, keys: U32, table: U32) -> None:
    """The key, (signatures, 14), in all rows; entries of the window table as sums."""
    put((*row.key.x, *row.key.y), np.repeat(keys, LADDER_ROWS, axis=0))
    put((*row.window.x, *row.window.y), table[:, kernels.ADDITION_SUM :])
    _fill_line(row.window, table)


def _silence(row: Columns) -> None:
    """Rows that add nothing and serve no entry."""
    added = (row.high.added, row.low.added, *(octet.added for octet in row.octets))
    points = (row.key.x, row.key.y, row.window.x, row.window.y, row.window.slope)
    shown = [each.apart for each in (*added, row.window)]
    for cells in (*points, *shown, (row.window_uses,)):
        for cell in cells:
            cell[...] = 0
