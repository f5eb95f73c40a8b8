"""Vectors of extension elements as planes: (5, n) uint32, plane k the coefficients of X^k.

Reference: rollup.field.extension, element by element. Addition of planes is
rollup.field.kernels.add_many, since it goes coefficient by coefficient.
"""

from collections.abc import Sequence

import numpy as np

from rollup.field.extension import DEGREE, Element
from rollup.field.extension_simd import (
    R,
    conjugate_lanes,
    conjugate_twice_lanes,
    multiply_lanes,
)
from rollup.field.kernels import (
    TO_MONTGOMERY,
    TO_MONTGOMERY_MU,
    lanes_inverse,
    multiply_many,
)
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import (
    LANES,
    MU,
    field_add,
    field_multiply,
    field_non_zero,
    field_scale,
    field_subtract,
    load,
    splat32,
    store,
)

_BLOCK = 16
"""Vectors whose norms share one inversion."""

_GRAIN = 128
"""Vectors that a thread takes at least."""


@kernel
def load_lanes(planes, n, i):  # type: ignore[no-untyped-def]
    """16 elements from index i of flat planes of length n."""
    return (
        load(planes, i),
        load(planes, n + i),
        load(planes, 2 * n + i),
        load(planes, 3 * n + i),
        load(planes, 4 * n + i),
    )


@kernel
def store_lanes(planes, n, i, value):  # type: ignore[no-untyped-def]
    """Write 16 elements at index i of flat planes of length n."""
    store(planes, i, value[0])
    store(planes, n + i, value[1])
    store(planes, 2 * n + i, value[2])
    store(planes, 3 * n + i, value[3])
    store(planes, 4 * n + i, value[4])


@kernel
def scale_lanes(a, factor, factor_mu):  # type: ignore[no-untyped-def]
    """a * factor / R for a scalar factor."""
    return (
        field_scale(a[0], factor, factor_mu),
        field_scale(a[1], factor, factor_mu),
        field_scale(a[2], factor, factor_mu),
        field_scale(a[3], factor, factor_mu),
        field_scale(a[4], factor, factor_mu),
    )


@kernel
def multiply_lanes_by(a, factor):  # type: ignore[no-untyped-def]
    """a * factor / R for a vector of 16 base-field factors."""
    return (
        field_multiply(a[0], factor),
        field_multiply(a[1], factor),
        field_multiply(a[2], factor),
        field_multiply(a[3], factor),
        field_multiply(a[4], factor),
    )


@kernel
def conjugates_and_norm(a):  # type: ignore[no-untyped-def]
    """c = a^(p + p^2 + p^3 + p^4) and the norm a * c, which lies in the base field; in Montgomery
    form, of canonical elements (Itoh and Tsujii, as in the reference)."""
    x = scale_lanes(a, TO_MONTGOMERY, TO_MONTGOMERY_MU)
    first = conjugate_lanes(x)
    pair = multiply_lanes(first, conjugate_lanes(first))
    conjugates = multiply_lanes(pair, conjugate_twice_lanes(pair))
    high = field_add(
        field_add(field_multiply(x[1], conjugates[4]), field_multiply(x[2], conjugates[3])),
        field_add(field_multiply(x[3], conjugates[2]), field_multiply(x[4], conjugates[1])),
    )
    top = field_subtract(field_multiply(x[0], conjugates[0]), field_multiply(x[4], conjugates[4]))
    return conjugates, field_add(high, top)


@kernel
def _multiply(start: int, stop: int, n: int, a: U32Array, b: U32Array, out: U32Array) -> None:
    for i in range(start * LANES, stop * LANES, LANES):
        x = scale_lanes(load_lanes(a, n, i), TO_MONTGOMERY, TO_MONTGOMERY_MU)
        store_lanes(out, n, i, multiply_lanes(x, load_lanes(b, n, i)))


@kernel
def _invert(start: int, stop: int, n: int, a: U32Array, out: U32Array) -> None:
    """Inverses of vectors start..stop: the norms of BLOCK vectors are inverted by one power.

    The norm of a zero counts as one, so that it harms no other; its conjugates are zero anyway.
    """
    norms = np.empty(_BLOCK * LANES, dtype=np.uint32)
    before = np.empty(_BLOCK * LANES, dtype=np.uint32)
    one = splat32(np.uint32(R))
    for first in range(start, stop, _BLOCK):
        count = min(_BLOCK, stop - first)
        running = one
        for k in range(count):
            i = (first + k) * LANES
            conjugates, norm = conjugates_and_norm(load_lanes(a, n, i))
            norm = field_non_zero(norm)
            store_lanes(out, n, i, conjugates)
            store(norms, k * LANES, norm)
            store(before, k * LANES, running)
            running = field_multiply(running, norm)
        running = field_scale(lanes_inverse(running), np.uint32(1), np.uint32(MU))
        for k in range(count - 1, -1, -1):
            i = (first + k) * LANES
            inverse = field_multiply(running, load(before, k * LANES))
            running = field_multiply(running, load(norms, k * LANES))
            store_lanes(out, n, i, multiply_lanes_by(load_lanes(out, n, i), inverse))


def _flat(planes: U32Array) -> U32Array:
    """Contiguous planes whose length is a whole number of vectors."""
    if planes.ndim != 2 or planes.shape[0] != DEGREE:
        raise ValueError(f"planes have shape ({DEGREE}, n), not {planes.shape}")
    rest = -planes.shape[1] % LANES
    if rest:
        planes = np.pad(planes, ((0, 0), (0, rest)))
    return np.ascontiguousarray(planes, dtype=np.uint32)


def multiply_planes(a: U32Array, b: U32Array) -> U32Array:
    """a * b, element by element; both (5, n)."""
    if a.shape != b.shape:
        raise ValueError(f"planes of one shape are wanted, not {a.shape} and {b.shape}")
    left, right = _flat(a), _flat(b)
    out = np.empty_like(left)
    n = left.shape[1]
    parallel(_multiply, n // LANES, n, left, right, out, grain=_GRAIN)
    return out[:, : a.shape[1]]


def inverse_planes(a: U32Array) -> U32Array:
    """1 / a, element by element; the inverse of 0 is given as 0."""
    flat = _flat(a)
    out = np.empty_like(flat)
    n = flat.shape[1]
    parallel(_invert, n // LANES, n, flat, out, grain=_GRAIN)
    return out[:, : a.shape[1]]


def scale_planes(planes: U32Array, base: U32Array) -> U32Array:
    """planes * base with one base-field factor for each element: (5, n) by (n,)."""
    return multiply_many(planes, np.broadcast_to(base, planes.shape))


def constant_planes(value: Element, count: int) -> U32Array:
    """One element, count times: (5, count)."""
    column = np.array(value, dtype=np.uint32)
    return np.repeat(column[:, None], count, axis=1)


def planes_of(elements: Sequence[Element]) -> U32Array:
    """Plain elements as planes (5, n)."""
    return np.ascontiguousarray(np.array(elements, dtype=np.uint32).reshape(-1, DEGREE).T)


def element_at(planes: U32Array, index: int) -> Element:
    """The element of planes at an index, as plain integers."""
    c0, c1, c2, c3, c4 = (int(value) for value in planes[:, index])
    return (c0, c1, c2, c3, c4)
