"""The batched quotient f_0 of the opening argument, on the whole domain of the tallest table.

    S_k(x) = sum_columns weight_k * column(x)
    f_0(x) = S_last(x) + sum_g (sum_k factor_gk * S_k(x) - constant_g) / (x - point_g)

Columns opened at two points, with weights that differ by one factor, so are summed once. A shorter
matrix stands for its lift: at natural index i it takes its own row i mod its size, which in the
order [coset][row] is the same coset and the row mod its height.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from circuits.poly.lde import COLUMN_PADDING
from circuits.poly.sums import combine_columns
from rollup.field.extension import DEGREE, Element, negate
from rollup.field.extension_kernels import (
    constant_planes,
    inverse_planes,
    load_lanes,
    store_lanes,
)
from rollup.field.extension_simd import multiply_lanes, splat_element, subtract_lanes
from rollup.field.kernels import add_many, powers, subtract_many, to_montgomery
from rollup.field.koalabear import omega
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import LANES
from rollup.private import Private

_GRAIN = 64
"""Vectors of positions that a thread takes at least."""


@dataclass(frozen=True, slots=True, repr=False)
class Part(Private):
    """A committed matrix (B, n, W) and the weights of its first columns.

    weights[k][column] for every sum k; a list may be empty. The last sum stays undivided.
    """

    matrix: U32Array = field(repr=False)
    weights: Sequence[Sequence[Element]]


@dataclass(frozen=True, slots=True)
class OpenedAt:
    """An opening point, the factor of every sum but the last there, and their value there."""

    point: Element
    factors: Sequence[Element]
    constant: Element


@kernel
def divide(  # type: ignore[no-untyped-def]
    start, stop, n, sums, inverses, factors, constants, out
):
    """out = sums[last] + sum_g (sum_k factors[g, k] * sums[k] - constants[g]) * inverses[g], for
    vectors start..stop.

    sums: (count, 5 * n) planes; inverses: (groups, 5 * n); factors: flat (groups, count - 1, 5),
    times R^2, and constants: flat (groups, 5), times R, so that numerators are in Montgomery form;
    out: flat (5, n).
    """
    last = sums.shape[0] - 1
    for i in range(start * LANES, stop * LANES, LANES):
        total = load_lanes(sums[last], n, i)
        for g in range(inverses.shape[0]):
            numerator = splat_element(constants, g * 5)
            for k in range(last):
                factor = splat_element(factors, (g * last + k) * 5)
                share = multiply_lanes(factor, load_lanes(sums[k], n, i))
                numerator = subtract_lanes(numerator, share)
            share = multiply_lanes(numerator, load_lanes(inverses[g], n, i))
            total = subtract_lanes(total, share)
        store_lanes(out, n, i, total)


def _inverse_distances(x: U32Array, point: Element) -> U32Array:
    """1 / (x - point) for base-field x, as flat planes (5 * n,)."""
    distances = constant_planes(negate(point), x.size)
    distances[0] = subtract_many(x, np.full_like(x, point[0]))
    return inverse_planes(distances).reshape(-1)


def _sums(part: Part, count: int) -> dict[int, U32Array]:
    """The weighted column sums of one matrix, (5, B, n) each; none where all weights are zero."""
    cosets, height, width = part.matrix.shape
    if len(part.weights) != count or width % COLUMN_PADDING:
        raise ValueError(f"{len(part.weights)} weight lists for {count} sums, width {width}")
    used = [k for k in range(count) if any(any(weight) for weight in part.weights[k])]
    rows = part.matrix.reshape(cosets * height, width)
    sums = combine_columns(rows, [part.weights[k] for k in used])
    return dict(zip(used, sums.reshape(-1, DEGREE, cosets, height), strict=True))


def _lifted(values: U32Array, height: int) -> U32Array:
    """(5, B, n) repeated to (5, B, height)."""
    copies = height // values.shape[2]
    return values if copies == 1 else np.tile(values, (1, 1, copies))


def _lifted_totals(parts: Sequence[Part], count: int, height: int) -> U32Array:
    """The sums of all parts at the tallest height, (count, 5 B N), lifted as they grow."""
    if max((part.matrix.shape[1] for part in parts), default=0) != height:
        raise ValueError(f"no matrix has the tallest height {height}")
    shorter = [part for part in parts if part.matrix.shape[1] < height]
    totals: dict[int, U32Array] = {}
    for part in sorted(shorter, key=lambda part: part.matrix.shape[1]):
        for k, sums in _sums(part, count).items():
            before = totals.get(k)
            totals[k] = sums if before is None else add_many(_lifted(before, sums.shape[2]), sums)
    cosets = parts[0].matrix.shape[0]
    result = np.zeros((count, DEGREE, cosets, height), dtype=np.uint32)
    for k, total in totals.items():
        result[k] = _lifted(total, height)
    for part in parts:
        if part.matrix.shape[1] == height:
            for k, sums in _sums(part, count).items():
                result[k] = add_many(result[k], sums)
    return result.reshape(count, -1)


def deep_batch(
    parts: Sequence[Part],
    openings: Sequence[OpenedAt],
    log2_height: int,
    blowup_log2: int,
    shift: int,
) -> U32Array:
    """f_0 as planes (5, B * N), in natural order on shift * <omega_(NB)>.

    parts: all of blow-up B = 2^blowup_log2, one at least of height N = 2^log2_height; points lie
    outside the base field; a constant is the sum of factor * weight * opened value at its point.
    """
    counts = {len(each.factors) + 1 for each in openings}
    if len(counts) != 1:
        raise ValueError(f"every opening has a factor for each sum but the last, not {counts}")
    height, cosets = 1 << log2_height, 1 << blowup_log2
    totals = _lifted_totals(parts, counts.pop(), height)
    size = height * cosets
    natural = powers(omega(log2_height + blowup_log2), size, shift)
    x = np.ascontiguousarray(natural.reshape(height, cosets).T).reshape(-1)
    out = np.empty(DEGREE * size, dtype=np.uint32)
    factors = np.array([each.factors for each in openings], dtype=np.uint64)
    parallel(
        divide,
        size // LANES,
        size,
        totals,
        np.stack([_inverse_distances(x, each.point) for each in openings]),
        to_montgomery(to_montgomery(factors).astype(np.uint64)).reshape(-1),
        to_montgomery(np.array([each.constant for each in openings], dtype=np.uint64)).reshape(-1),
        out,
        grain=_GRAIN,
    )
    grid = out.reshape(DEGREE, cosets, height).transpose(0, 2, 1)
    return np.ascontiguousarray(grid).reshape(DEGREE, size)
