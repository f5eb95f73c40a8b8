"""Weighted sums over matrices: of rows (evaluation at points) and of columns (batching).

The weights are in the extension, given as base-field weights for each of its five coefficients.
Products are summed in 64 bits and kept below p * R by a conditional subtraction after each two.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from circuits.poly.lde import padded
from circuits.poly.reference import log2_of
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import (
    constant_planes,
    inverse_planes,
    load_lanes,
    scale_planes,
    store_lanes,
)
from rollup.field.extension_simd import add_products, no_sums, reduce_sums, splat_element
from rollup.field.kernels import powers, subtract_many, to_montgomery
from rollup.field.koalabear import P, inverse, omega
from rollup.native.aligned import words32
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import LANES, field_add, load, store, transpose

SEGMENT_ROWS = 2048
"""Rows of 16 columns that one part of a row sum takes: 128 KiB, within the second cache."""

_COLUMN_GRAIN = 32
"""Groups of 16 rows that a thread takes at least in a column sum."""


@kernel
def row_sums(  # type: ignore[no-untyped-def]
    start, stop, values, width, rows, weights, partial
):
    """partial[segment, g, k, column] = sum over the segment's rows of weights[g, row, k] * value.

    Tasks start..stop are block * segments + segment. values: flat (rows, width); weights: flat
    (groups, rows, 5) in Montgomery form; partial (segments, groups, 5, width). Rows are an even
    count.
    """
    segments, groups = partial.shape[0], partial.shape[1]
    out = partial.reshape(partial.size)
    length = rows // segments
    for task in range(start, stop):
        block, segment = task // segments, task % segments
        for g in range(groups):
            sums = no_sums()
            for row in range(segment * length, (segment + 1) * length, 2):
                place = row * width + block * LANES
                weight = (g * rows + row) * DEGREE
                sums = add_products(
                    sums,
                    load(values, place),
                    splat_element(weights, weight),
                    load(values, place + width),
                    splat_element(weights, weight + DEGREE),
                )
            start_of = (segment * groups + g) * DEGREE * width + block * LANES
            store_lanes(out, width, start_of, reduce_sums(sums))


@kernel
def column_sums(  # type: ignore[no-untyped-def]
    start, stop, values, width, weights, spans, out
):
    """out[g, k, row] = sum over columns of weights[g, k, column] * value, for groups of 16 rows.

    values: flat (rows, width), width a multiple of 16; weights: flat (groups, 5, width + 16) in
    Montgomery form; spans (groups, 2): first and last + 1 of the columns with weights other than
    zero, multiples of 16; out (groups, 5, rows).
    """
    groups, rows = out.shape[0], out.shape[2]
    flat = out.reshape(out.size)
    square = words32((DEGREE + 1) * LANES * LANES)
    offsets = np.arange(LANES) * LANES
    stride = width + LANES
    for group in range(start, stop):
        for g in range(groups):
            first, last = spans[g, 0], spans[g, 1]
            for row in range(LANES):
                source = (group * LANES + row) * width
                sums = no_sums()
                for column in range(first, last, 2 * LANES):
                    weight = g * DEGREE * stride + column
                    after = min(column + LANES, last - LANES)
                    sums = add_products(
                        sums,
                        load(values, source + column),
                        load_lanes(weights, stride, weight),
                        load(values, source + after),
                        load_lanes(weights, stride, weight + LANES),
                    )
                store_lanes(square, LANES * LANES, row * LANES, reduce_sums(sums))
            for k in range(DEGREE):
                transpose(square[k * LANES * LANES :], offsets, square, DEGREE * LANES * LANES)
                total = load(square, DEGREE * LANES * LANES)
                for lane in range(1, LANES):
                    total = field_add(total, load(square, (DEGREE * LANES + lane) * LANES))
                store(flat, (g * DEGREE + k) * rows + group * LANES, total)


def combine_columns(
    matrix: U32Array, weights: Sequence[Sequence[Element]], firsts: Sequence[int] | None = None
) -> U32Array:
    """sum over columns of weights[g][k] * (column firsts[g] + k) as planes: (groups, 5, rows).

    matrix (rows, W) canonical, rows and W multiples of 16; without `firsts`, each group weighs the
    first columns.
    """
    rows, width = matrix.shape
    starts = [0] * len(weights) if firsts is None else firsts
    ends = [start + len(group) for start, group in zip(starts, weights, strict=True)]
    if rows % LANES or width % LANES or any(end > width for end in ends):
        raise ValueError(f"a matrix of shape {matrix.shape} is not of whole vectors, or too narrow")
    table = np.zeros((len(weights), DEGREE, width + LANES), dtype=np.uint32)
    spans = np.zeros((len(weights), 2), dtype=np.int64)
    for g, group in enumerate(weights):
        if group:
            table[g, :, starts[g] : ends[g]] = to_montgomery(np.array(group, dtype=np.uint64)).T
            spans[g] = starts[g] // LANES * LANES, -(-ends[g] // LANES) * LANES
    out = np.empty((len(weights), DEGREE, rows), dtype=np.uint32)
    arguments = (np.ascontiguousarray(matrix).reshape(-1), width, table.reshape(-1), spans, out)
    parallel(column_sums, rows // LANES, *arguments, grain=_COLUMN_GRAIN)
    return out


def _lagrange_weights(log2: int, shift: int, point: Element) -> U32Array:
    """Planes (5, n): weight of the value at shift * omega^r in the value at a point.

    With z = point / shift: (z^n - 1) / n * omega^r / (z - omega^r).
    """
    n = 1 << log2
    z = extension.scale(point, inverse(shift))
    roots = powers(omega(log2), n)
    denominators = constant_planes(z, n)
    denominators[0] = subtract_many(denominators[0], roots)
    if not denominators.any(axis=0).all():
        raise ValueError("the point of an evaluation lies on the domain")
    return scale_planes(inverse_planes(denominators), roots)


@lru_cache(maxsize=16)
def _row_weights(log2: int, shift: int, points: tuple[Element, ...]) -> U32Array:
    """Weights as `row_sums` takes them; kept, since all phases of a proof are evaluated at the same
    points, one pair for each height."""
    return _prepared(np.stack([_lagrange_weights(log2, shift, point).T for point in points]))


def evaluate_columns(
    values: U32Array, width: int, shift: int, points: Sequence[Element]
) -> list[list[Element]]:
    """Every column's value at each point: [point][column], from its values on shift * <omega_n>.

    values (n, W), of which the first `width` columns count. Points lie off the domain (outside
    the base field they always do): else ValueError.
    """
    log2 = log2_of(values.shape[0])
    sums = _weighted_rows(padded(values), _row_weights(log2, shift, tuple(points)))
    per_point = sums[:, :, :width].transpose(0, 2, 1)
    return [
        _scaled_elements(per_point[k].tolist(), _vanishing_over_size(log2, shift, point))
        for k, point in enumerate(points)
    ]


def _vanishing_over_size(log2: int, shift: int, point: Element) -> Element:
    """((point / shift)^n - 1) / n."""
    value = extension.scale(point, inverse(shift))
    for _ in range(log2):
        value = extension.square(value)
    return extension.scale(extension.subtract(value, extension.ONE), inverse(1 << log2))


def _scaled_elements(rows: list[list[int]], factor: Element) -> list[Element]:
    return [extension.multiply((c[0], c[1], c[2], c[3], c[4]), factor) for c in rows]


def values_at(matrices: Sequence[U32Array], weights: U32Array) -> list[U32Array]:
    """sum over rows of weights[point, row] * row, all in F: (points, W) for each matrix.

    Five points share one pass, as the coefficients of one element.
    """
    points, rows = weights.shape
    groups = -(-points // DEGREE)
    table = np.zeros((groups * DEGREE, rows), dtype=np.uint32)
    table[:points] = weights
    by_element = np.ascontiguousarray(table.reshape(groups, DEGREE, rows).transpose(0, 2, 1))
    prepared = _prepared(by_element)
    return [
        _weighted_rows(matrix, prepared).reshape(groups * DEGREE, -1)[:points]
        for matrix in matrices
    ]


def _prepared(weights: U32Array) -> U32Array:
    """Weights (groups, n, 5) as the kernel takes them: an even number of rows, Montgomery form."""
    table = np.pad(weights, ((0, 0), (0, weights.shape[1] % 2), (0, 0)))
    return to_montgomery(table.astype(np.uint64))


def _weighted_rows(matrix: U32Array, weights: U32Array) -> U32Array:
    """sum over rows of weights[g, row] * row: (groups, 5, W), from prepared weights."""
    rows, stride = matrix.shape
    if rows == 1:
        matrix, rows = np.pad(matrix, ((0, 1), (0, 0))), 2
    segments = max(1, rows // SEGMENT_ROWS)
    partial = np.empty((segments, len(weights), DEGREE, stride), dtype=np.uint32)
    parallel(
        row_sums,
        stride // LANES * segments,
        matrix.reshape(-1),
        stride,
        rows,
        weights.reshape(-1),
        partial,
    )
    sums: U32Array = (partial.sum(axis=0, dtype=np.uint64) % np.uint64(P)).astype(np.uint32)
    return sums
