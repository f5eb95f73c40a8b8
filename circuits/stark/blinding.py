"""Where the randomness goes: masks of terminals, blinded rows, masks of the quotient's chunks.

The argument is in docs/soundness/zero-knowledge.md.
"""

from collections.abc import Iterable
from itertools import zip_longest

import numpy as np

from circuits.poly.lde import padded_width
from circuits.stark.lowered import TablePlace
from circuits.stark.masks import MASK_COLUMNS
from circuits.stark.parameters import CHUNKS
from circuits.stark.random import FieldStream
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import Phase
from rollup.field.extension import DEGREE
from rollup.field.kernels import place_canonical, subtract_many
from rollup.native.aligned import aligned_zeros
from rollup.native.jit import U32Array, parallel

_GRAIN = 1 << 10
"""Rows that a thread copies at least."""


def main_matrices(
    shape: Shape, traces: Iterable[U32Array], stream: FieldStream
) -> tuple[U32Array, ...]:
    """The main columns of every group, (n, padded width): traces, masks, blinded rows.

    Traces are copied one after the other, so that a caller may let go of each. ValueError if one
    does not have its table's shape or holds a value that is not canonical, or if there are too few
    or too many.
    """
    masks = stream.matrix(len(shape.groups), DEGREE)
    matrices = [empty_matrix(group, Phase.MAIN) for group in shape.groups]
    places = {
        table.number: (table, matrix)
        for group, matrix in zip(shape.groups, matrices, strict=True)
        for table in group.tables
    }
    for number, trace in zip_longest(sorted(places), traces):
        if number is None or trace is None:
            raise ValueError(f"one trace for each of {len(places)} tables is wanted")
        _place(*places[number], trace)
    for group, matrix in zip(shape.groups, matrices, strict=True):
        end = group.widths[Phase.MAIN]
        middle = end - DEGREE
        matrix[0, end - MASK_COLUMNS : middle] = masks[group.number]
        matrix[0, middle:end] = masks[group.number - 1]
        blind_rows(shape, group, Phase.MAIN, matrix, stream)
    return tuple(matrices)


def _place(table: TablePlace, matrix: U32Array, trace: U32Array) -> None:
    """Copy a trace into its columns. ValueError if its shape or a value is not as it must be."""
    wanted = (len(matrix), table.stop - table.start)
    if trace.shape != wanted or trace.dtype != np.uint32:
        came = f"{trace.dtype} {trace.shape}"
        raise ValueError(f"{table.name}: a trace is uint32 of shape {wanted}, not {came}")
    found = np.zeros(1, dtype=np.uint8)
    parallel(place_canonical, len(matrix), trace, matrix, table.start, found, grain=_GRAIN)
    if found[0]:
        raise ValueError(f"{table.name}: a cell is not a canonical field element")


def empty_matrix(group: Group, phase: Phase) -> U32Array:
    """Zeros for a group's columns of a trace phase, (n, padded width)."""
    return aligned_zeros(group.height, padded_width(group.widths[phase]))


def blind_rows(
    shape: Shape, group: Group, phase: Phase, matrix: U32Array, stream: FieldStream
) -> None:
    """Make the last h rows of every column random. Padding columns stay zero."""
    rows, width = shape.parameters.blinded_rows, group.widths[phase]
    matrix[-rows:, :width] = stream.matrix(rows, width)


def masked_chunks(shape: Shape, coefficients: U32Array, stream: FieldStream) -> U32Array:
    """The quotient matrix as coefficients, (N, 20): three masked chunks, one random polynomial.

    Chunk i has N - h coefficients of the quotient. A random mask t_i on top of it, X^(N-h) t_i, is
    taken off the bottom of chunk i + 1, so that the sum over i of X^(i (N-h)) chunk_i stays.
    """
    size, rows = shape.chunk_coefficients, shape.parameters.blinded_rows
    result = np.zeros((shape.height, shape.quotient_width), dtype=np.uint32)
    for chunk in range(CHUNKS):
        columns = slice(chunk * DEGREE, (chunk + 1) * DEGREE)
        result[:size, columns] = coefficients[chunk * size : (chunk + 1) * size]
    for chunk in range(CHUNKS - 1):
        mask = stream.matrix(rows, DEGREE)
        columns = slice(chunk * DEGREE, (chunk + 1) * DEGREE)
        result[size:, columns] = mask
        following = slice((chunk + 1) * DEGREE, (chunk + 2) * DEGREE)
        result[:rows, following] = subtract_many(
            np.ascontiguousarray(result[:rows, following]), mask
        )
    result[:, CHUNKS * DEGREE :] = stream.matrix(shape.height, DEGREE)
    return result
