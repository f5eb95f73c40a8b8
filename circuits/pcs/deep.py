"""The batched quotient f_0 of the opening argument, on the whole domain of the tallest table.

    f_0(x) = direct(x) + sum_g (sum_columns weight_g * column(x) - constant_g) / (x - point_g)

A shorter matrix stands for its lift: at natural index i it takes its own row i mod its size, which
in the order [coset][row] is the same coset and the row mod its height.
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
    scale_lanes,
    store_lanes,
)
from rollup.field.extension_simd import add_lanes, multiply_lanes, splat_element, subtract_lanes
from rollup.field.kernels import TO_MONTGOMERY, TO_MONTGOMERY_MU, add_many, powers, subtract_many
from rollup.field.koalabear import omega
from rollup.jit import U32Array, kernel, parallel
from rollup.simd import LANES

_GRAIN = 64
"""Vectors of positions that a thread takes at least."""


@dataclass(frozen=True, slots=True)
class Part:
    """A committed matrix (B, n, W) and the weights of its first columns.

    weights[g][column] for every opening point g and, last, for the undivided sum; a column that is
    not opened at a point weighs zero there.
    """

    matrix: U32Array = field(repr=False)
    weights: Sequence[Sequence[Element]]


@kernel
def divide(  # type: ignore[no-untyped-def]
    start, stop, n, sums, inverses, constants, out
):
    """out = sums[last] + sum_g (sums[g] - constants[g]) * inverses[g], vectors start..stop.

    sums: (groups + 1, 5 * n) planes; inverses: (groups, 5 * n); constants: flat (groups, 5); out:
    flat (5, n).
    """
    groups = inverses.shape[0]
    for i in range(start * LANES, stop * LANES, LANES):
        total = load_lanes(sums[groups], n, i)
        for g in range(groups):
            numerator = subtract_lanes(load_lanes(sums[g], n, i), splat_element(constants, g * 5))
            numerator = scale_lanes(numerator, TO_MONTGOMERY, TO_MONTGOMERY_MU)
            total = add_lanes(total, multiply_lanes(numerator, load_lanes(inverses[g], n, i)))
        store_lanes(out, n, i, total)


def _inverse_distances(x: U32Array, point: Element) -> U32Array:
    """1 / (x - point) for base-field x, as flat planes (5 * n,)."""
    distances = constant_planes(negate(point), x.size)
    distances[0] = subtract_many(x, np.full_like(x, point[0]))
    return inverse_planes(distances).reshape(-1)


def _sums(part: Part, groups: int) -> U32Array:
    """Weighted column sums of one matrix, (groups * 5, B, n); no work for groups without weight."""
    cosets, height, width = part.matrix.shape
    if len(part.weights) != groups or width % COLUMN_PADDING:
        raise ValueError(f"{len(part.weights)} weight lists for {groups} sums, width {width}")
    used = [g for g in range(groups) if any(any(weight) for weight in part.weights[g])]
    sums = np.zeros((groups, DEGREE, cosets * height), dtype=np.uint32)
    rows = part.matrix.reshape(cosets * height, width)
    sums[used] = combine_columns(rows, [part.weights[g] for g in used])
    return sums.reshape(groups * DEGREE, cosets, height)


def _lifted_total(parts: Sequence[Part], groups: int, height: int) -> U32Array:
    """The sums of all parts at the tallest height: (groups * 5, B, N), lifted as they grow."""
    total: U32Array | None = None
    for part in sorted(parts, key=lambda part: part.matrix.shape[1]):
        sums = _sums(part, groups)
        if total is not None:
            copies = sums.shape[2] // total.shape[2]
            sums = add_many(np.tile(total, (1, 1, copies)), sums)
        total = sums
    if total is None or total.shape[2] != height:
        raise ValueError(f"no matrix has the tallest height {height}")
    return total


def deep_batch(
    parts: Sequence[Part],
    points: Sequence[Element],
    constants: Sequence[Element],
    log2_height: int,
    blowup_log2: int,
    shift: int,
) -> U32Array:
    """f_0 as planes (5, B * N), in natural order on shift * <omega_(NB)>.

    parts: all of blow-up B = 2^blowup_log2, one at least of height N = 2^log2_height; points lie
    outside the base field; constants[g] = sum of weight * opened value at points[g].
    """
    if len(points) != len(constants):
        raise ValueError(f"{len(points)} points with {len(constants)} constants")
    groups, height, cosets = len(points) + 1, 1 << log2_height, 1 << blowup_log2
    total = _lifted_total(parts, groups, height)
    size = height * cosets
    natural = powers(omega(log2_height + blowup_log2), size, shift)
    x = np.ascontiguousarray(natural.reshape(height, cosets).T).reshape(-1)
    out = np.empty(DEGREE * size, dtype=np.uint32)
    parallel(
        divide,
        size // LANES,
        size,
        total.reshape(groups, DEGREE * size),
        np.stack([_inverse_distances(x, point) for point in points]),
        np.array(constants, dtype=np.uint32).reshape(-1),
        out,
        grain=_GRAIN,
    )
    grid = out.reshape(DEGREE, cosets, height).transpose(0, 2, 1)
    return np.ascontiguousarray(grid).reshape(DEGREE, size)
