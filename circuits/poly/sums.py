"""Weighted sums over matrices: of rows (evaluation at points) and of columns (batching).

The weights are in the extension, given as base-field weights for each of its five coefficients.
Products are summed in 64 bits and kept below p * R by a conditional subtraction after each two.
"""

from collections.abc import Sequence

import numpy as np

from circuits.poly.lde import padded
from circuits.poly.reference import log2_of
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import constant_planes, inverse_planes, scale_planes
from rollup.field.kernels import powers, subtract_many, to_montgomery
from rollup.field.koalabear import P, inverse, omega
from rollup.jit import U32Array, kernel, parallel
from rollup.simd import (
    LANES,
    as_pairs,
    field_add,
    field_reduce,
    high_halves,
    load,
    low_halves,
    smaller64,
    splat64,
    store,
    transpose,
)

_BOUND = np.uint64(P << 32)

SEGMENT_ROWS = 2048
"""Rows of 16 columns that one part of a row sum takes: 128 KiB, within the second cache."""

_COLUMN_GRAIN = 32
"""Groups of 16 rows that a thread takes at least in a column sum."""


@kernel
def row_sums(  # type: ignore[no-untyped-def]
    start, stop, values, width, rows, weights, partial
):
    """partial[segment, k, column] = sum over the segment's rows of weights[k, row] * value.

    Tasks start..stop are block * segments + segment. values: flat (rows, width); weights (K, rows)
    in Montgomery form; partial (segments, K, width). Rows are an even count.
    """
    segments, outputs = partial.shape[0], partial.shape[1]
    out = partial.reshape(partial.size)
    length = rows // segments
    bound, zero = splat64(_BOUND), splat64(np.uint64(0))
    for task in range(start, stop):
        block, segment = task // segments, task % segments
        for k in range(outputs):
            even, odd = zero, zero
            for row in range(segment * length, (segment + 1) * length, 2):
                x = as_pairs(load(values, row * width + block * LANES))
                y = as_pairs(load(values, (row + 1) * width + block * LANES))
                first = splat64(np.uint64(weights[k, row]))
                second = splat64(np.uint64(weights[k, row + 1]))
                even = even + low_halves(x) * first + low_halves(y) * second
                odd = odd + high_halves(x) * first + high_halves(y) * second
                even = smaller64(even, even - bound)
                odd = smaller64(odd, odd - bound)
            place = (segment * outputs + k) * width + block * LANES
            store(out, place, field_reduce(even, odd))


@kernel
def column_sums(  # type: ignore[no-untyped-def]
    start, stop, values, width, weights, out
):
    """out[k, row] = sum over columns of weights[k, column] * value, for groups of 16 rows.

    values: flat (rows, width), width a multiple of 16; weights (K, width) in Montgomery form;
    out (K, rows).
    """
    outputs, rows = out.shape
    flat_weights, flat_out = weights.reshape(weights.size), out.reshape(out.size)
    square = np.empty(2 * LANES * LANES, dtype=np.uint32)
    offsets = np.arange(LANES) * LANES
    bound, zero = splat64(_BOUND), splat64(np.uint64(0))
    for group in range(start, stop):
        for k in range(outputs):
            for row in range(LANES):
                source = (group * LANES + row) * width
                even, odd = zero, zero
                for column in range(0, width, LANES):
                    x = as_pairs(load(values, source + column))
                    w = as_pairs(load(flat_weights, k * width + column))
                    even = even + low_halves(x) * low_halves(w)
                    odd = odd + high_halves(x) * high_halves(w)
                    even = smaller64(even, even - bound)
                    odd = smaller64(odd, odd - bound)
                store(square, row * LANES, field_reduce(even, odd))
            transpose(square, offsets, square, LANES * LANES)
            total = load(square, LANES * LANES)
            for lane in range(1, LANES):
                total = field_add(total, load(square, (LANES + lane) * LANES))
            store(flat_out, k * rows + group * LANES, total)


def combine_columns(matrix: U32Array, weights: U32Array) -> U32Array:
    """sum over columns of weights[k, column] * column: (K, rows) from (rows, W) and (K, W).

    Rows and columns are each a multiple of 16; all values canonical.
    """
    rows, width = matrix.shape
    if rows % LANES or width % LANES or weights.shape[1] != width:
        raise ValueError(f"shapes {matrix.shape} and {weights.shape} are not of whole vectors")
    out = np.empty((weights.shape[0], rows), dtype=np.uint32)
    flat = np.ascontiguousarray(matrix).reshape(-1)
    montgomery = np.ascontiguousarray(to_montgomery(weights))
    parallel(column_sums, rows // LANES, flat, width, montgomery, out, grain=_COLUMN_GRAIN)
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


def evaluate_columns(
    values: U32Array, width: int, shift: int, points: Sequence[Element]
) -> list[list[Element]]:
    """Every column's value at each point: [point][column], from its values on shift * <omega_n>.

    values (n, W), of which the first `width` columns count. Points lie off the domain (outside
    the base field they always do): else ValueError.
    """
    log2 = log2_of(values.shape[0])
    matrix = padded(values)
    rows, stride = matrix.shape
    weights = np.concatenate([_lagrange_weights(log2, shift, point) for point in points])
    if rows == 1:
        matrix, weights, rows = np.repeat(matrix, 2, axis=0), np.pad(weights, ((0, 0), (0, 1))), 2
    segments = max(1, rows // SEGMENT_ROWS)
    partial = np.empty((segments, weights.shape[0], stride), dtype=np.uint32)
    parallel(
        row_sums,
        stride // LANES * segments,
        matrix.reshape(-1),
        stride,
        rows,
        np.ascontiguousarray(to_montgomery(weights)),
        partial,
    )
    sums = partial.sum(axis=0, dtype=np.uint64) % np.uint64(P)
    per_point = sums.reshape(len(points), DEGREE, stride)[:, :, :width].transpose(0, 2, 1)
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
