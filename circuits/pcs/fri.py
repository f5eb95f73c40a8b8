"""Layers of the low-degree test, prover's side: fold by 8, and arrange a layer as leaves.

A layer is a vector of extension elements as planes (5, n), in natural order on shift * <omega_n>.
Reference: circuits.pcs.fold.
"""

import numpy as np

from circuits.pcs.fold import FOLD_ARITY, fold_values
from circuits.poly.reference import log2_of
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import (
    element_at,
    load_lanes,
    multiply_lanes_by,
    planes_of,
    scale_lanes,
    store_lanes,
)
from rollup.field.extension_simd import (
    R,
    add_lanes,
    multiply_lanes,
    splat_element,
    subtract_lanes,
)
from rollup.field.kernels import powers, to_montgomery, with_factor
from rollup.field.koalabear import P, inverse, omega
from rollup.native.aligned import words32
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import LANES, load

_GRAIN = 32
"""Vectors of folded values that a thread takes at least."""

_TWIDDLES = with_factor(to_montgomery(powers(inverse(omega(3)), FOLD_ARITY // 2)))
"""omega_8^-j for j = 0..3, as `field_scale` takes constants."""

_EIGHTH = with_factor(to_montgomery(np.array(inverse(FOLD_ARITY))))

_SLOT = DEGREE * LANES
"""Elements of one vector of 16 extension values in the buffer."""


@kernel
def inverse_transform_8(buffer: U32Array) -> None:
    """Eight times the inverse transform of 8 slots, in place; slot p ends up with output
    bit-reverse(p)."""
    half = 4
    while half > 0:
        for block in range(0, 8, 2 * half):
            for j in range(half):
                low, high = (block + j) * _SLOT, (block + j + half) * _SLOT
                a, b = load_lanes(buffer, LANES, low), load_lanes(buffer, LANES, high)
                w, m = _TWIDDLES[j * 4 // half, 0], _TWIDDLES[j * 4 // half, 1]
                store_lanes(buffer, LANES, low, add_lanes(a, b))
                store_lanes(buffer, LANES, high, scale_lanes(subtract_lanes(a, b), w, m))
        half //= 2


@kernel
def fold_vectors(
    start: int,
    stop: int,
    n: int,
    layer: U32Array,
    inverse_points: U32Array,
    challenge: U32Array,
    out: U32Array,
) -> None:
    """Fold vectors start..stop of 16 positions. layer: flat planes (5, n); out: (5, n/8).

    inverse_points (n/8,): 1/x_i; challenge (5,): times R^2, so that challenge / x comes out in
    Montgomery form.
    """
    m = n // FOLD_ARITY
    buffer = words32(FOLD_ARITY * _SLOT)
    gamma = splat_element(challenge, 0)
    for i in range(start * LANES, stop * LANES, LANES):
        for j in range(FOLD_ARITY):
            store_lanes(buffer, LANES, j * _SLOT, load_lanes(layer, n, j * m + i))
        inverse_transform_8(buffer)
        step = multiply_lanes_by(gamma, load(inverse_points, i))
        total = load_lanes(buffer, LANES, 7 * _SLOT)
        for k in (6, 5, 4, 3, 2, 1, 0):
            slot = (k & 1) * 4 + (k & 2) + k // 4
            total = multiply_lanes(step, total)
            total = add_lanes(total, load_lanes(buffer, LANES, slot * _SLOT))
        store_lanes(out, m, i, scale_lanes(total, _EIGHTH[0], _EIGHTH[1]))


def fold_planes(layer: U32Array, shift: int, challenge: Element) -> U32Array:
    """The next layer, (5, n/8) on shift^8 * <omega_(n/8)>, from (5, n) on shift * <omega_n>."""
    if layer.ndim != 2 or layer.shape[0] != DEGREE or layer.shape[1] < FOLD_ARITY:
        raise ValueError(f"a layer of shape {layer.shape} does not fold by {FOLD_ARITY}")
    n = layer.shape[1]
    generator, m = omega(log2_of(n)), n // FOLD_ARITY
    if m < LANES:
        return planes_of(
            [
                fold_values(
                    [element_at(layer, i + j * m) for j in range(FOLD_ARITY)],
                    shift * pow(generator, i, P) % P,
                    challenge,
                )
                for i in range(m)
            ]
        )
    out = np.empty((DEGREE, m), dtype=np.uint32)
    parallel(
        fold_vectors,
        m // LANES,
        n,
        np.ascontiguousarray(layer),
        powers(inverse(generator), m, inverse(shift)),
        np.array([c * R * R % P for c in challenge], dtype=np.uint32),
        out,
        grain=_GRAIN,
    )
    return out


def leaf_matrix(layer: U32Array) -> U32Array:
    """A layer as rows to commit to: (n/8, 48), of which 40 columns count.

    Leaf i holds the 8 values that fold together, those of indices i + j * n/8 for j = 0..7, five
    coefficients each.
    """
    m = layer.shape[1] // FOLD_ARITY
    rows = np.zeros((m, 48), dtype=np.uint32)
    grid = layer.reshape(DEGREE, FOLD_ARITY, m).transpose(2, 1, 0)
    rows[:, : FOLD_ARITY * DEGREE] = grid.reshape(m, FOLD_ARITY * DEGREE)
    return rows
