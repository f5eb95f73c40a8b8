"""Where the randomness goes: masks of terminals, blinded rows, masks of the quotient's chunks.

The argument is in docs/soundness/zero-knowledge.md.
"""

from collections.abc import Sequence

import numpy as np

from circuits.poly.lde import padded_width
from circuits.random import FieldStream
from circuits.stark.masks import MASK_COLUMNS
from circuits.stark.parameters import CHUNKS
from circuits.stark.shape import Group, Phase, Shape, TableShape
from rollup.field.extension import DEGREE
from rollup.field.kernels import place_canonical, subtract_many
from rollup.jit import U32Array, parallel

_GRAIN = 1 << 10
"""Rows that a thread copies at least."""


def main_matrices(
    shape: Shape, traces: Sequence[U32Array], stream: FieldStream
) -> tuple[U32Array, ...]:
    """The main columns of every group, (n, padded width): traces, masks, blinded rows.

    ValueError if a trace does not have its table's shape or holds a value that is not canonical.
    """
    _check_traces(shape, traces)
    masks = stream.matrix(len(shape.tables), DEGREE)
    matrices = []
    for group in shape.groups:
        matrix = empty_matrix(group, Phase.MAIN)
        for table in group.tables:
            start = table.starts[Phase.MAIN]
            end = start + table.widths[Phase.MAIN]
            own = end - MASK_COLUMNS
            _place(table, traces[table.number], matrix, start)
            matrix[0, own : own + DEGREE] = masks[table.number]
            matrix[0, own + DEGREE : end] = masks[table.number - 1]
        blind_rows(shape, group, Phase.MAIN, matrix, stream)
        matrices.append(matrix)
    return tuple(matrices)


def _check_traces(shape: Shape, traces: Sequence[U32Array]) -> None:
    if len(traces) != len(shape.tables):
        raise ValueError(f"{len(traces)} traces for {len(shape.tables)} tables")
    for table, trace in zip(shape.tables, traces, strict=True):
        wanted = (table.height, table.tape.main_width - MASK_COLUMNS)
        if trace.shape != wanted or trace.dtype != np.uint32:
            found = f"{trace.dtype} {trace.shape}"
            raise ValueError(f"{table.name}: a trace is uint32 of shape {wanted}, not {found}")


def _place(table: TableShape, trace: U32Array, matrix: U32Array, start: int) -> None:
    """Copy a trace into its columns. ValueError if a value is not canonical."""
    found = np.zeros(1, dtype=np.uint8)
    parallel(place_canonical, table.height, trace, matrix, start, found, grain=_GRAIN)
    if found[0]:
        raise ValueError(f"{table.name}: a cell is not a canonical field element")


def empty_matrix(group: Group, phase: Phase) -> U32Array:
    """Zeros for a group's columns of a trace phase, (n, padded width)."""
    return np.zeros((group.height, padded_width(group.widths[phase])), dtype=np.uint32)


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
