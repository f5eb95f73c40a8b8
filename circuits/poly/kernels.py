"""Kernels of the number-theoretic transform: 16 columns in lanes, two cache-sized passes.

A block is 16 columns of a matrix. With n = n1 * n2, an inverse transform takes row j1 * n2 + j2
through transforms of size n1 over j1 and of size n2 over j2, which gives coefficient k1 + n1 * k2.
A forward transform goes back: size n2 over k2, size n1 over k1. So both stay in order, and each
small transform works in a buffer that fits the first cache. Between the passes a block lies in a
grid whose rows are one vector longer than n2: columns of a grid of powers of two would all fall on
a few places of the caches. The last pass streams its results. Twiddles are pairs (w * R mod p, that
* MU mod 2^32) for `field_scale`.
"""

import numpy as np
import numpy.typing as npt

from rollup.field.koalabear import P
from rollup.native.aligned import publish, stream, words32
from rollup.native.jit import U32Array, kernel
from rollup.native.simd import LANES, field_add, field_scale, field_subtract, load, splat32, store

IndexArray = npt.NDArray[np.int64]


@kernel
def _quad(a, b, c, d, twiddles, at, half):  # type: ignore[no-untyped-def]
    """Two stages on rows j, j + half, j + 2 half, j + 3 half, with at = half + j.

    The sums that go into a product may stay below 2p: `field_scale` takes any 32-bit lane.
    """
    prime = splat32(np.uint32(P))
    second, third = at + half, at + 2 * half
    b = field_scale(b, twiddles[at, 0], twiddles[at, 1])
    d = field_scale(d, twiddles[at, 0], twiddles[at, 1])
    e, f = field_add(a, b), field_subtract(a, b)
    g = field_scale(c + d, twiddles[second, 0], twiddles[second, 1])
    h = field_scale(c - d + prime, twiddles[third, 0], twiddles[third, 1])
    return field_add(e, g), field_add(f, h), field_subtract(e, g), field_subtract(f, h)


@kernel
def transform(  # type: ignore[no-untyped-def]
    source, base, stride, reverse, buffer, twiddles
):
    """The transform of rows base + k * stride of `source` into the rows of the buffer.

    buffer: flat rows of 16 lanes, in natural order; reverse: the bit reversal of its size;
    twiddles (size, 2) pairs: entry h + j is s^(size/2h) * w_2h^j for j < h, so that row r becomes
    the value at s * w_size^r (decimation in time). Rows are read in their own order, which the
    machine foresees, and put where they belong.
    """
    size = reverse.size
    for k in range(size):
        store(buffer, reverse[k] * LANES, load(source, base + k * stride))
    half = 1
    if size & 0x55555555 == 0:  # an odd power of two: one stage by itself
        for i in range(0, size * LANES, 2 * LANES):
            a = load(buffer, i)
            b = field_scale(load(buffer, i + LANES), twiddles[1, 0], twiddles[1, 1])
            store(buffer, i, field_add(a, b))
            store(buffer, i + LANES, field_subtract(a, b))
        half = 2
    while half < size:
        step = half * LANES
        for j in range(half):
            for block in range(j, size, 4 * half):
                i = block * LANES
                a, b, c, d = _quad(
                    load(buffer, i),
                    load(buffer, i + step),
                    load(buffer, i + 2 * step),
                    load(buffer, i + 3 * step),
                    twiddles,
                    half + j,
                    half,
                )
                store(buffer, i, a)
                store(buffer, i + step, b)
                store(buffer, i + 2 * step, c)
                store(buffer, i + 3 * step, d)
        half *= 4


@kernel
def inverse_blocks(
    start: int,
    stop: int,
    width: int,
    values: U32Array,
    coefficients: U32Array,
    reverse1: IndexArray,
    reverse2: IndexArray,
    twiddles1: U32Array,
    middle: U32Array,
    twiddles2: U32Array,
) -> None:
    """Coefficients of the columns of blocks start..stop.

    values (n, width), width a multiple of 16; coefficients (blocks, n, 16), coefficient
    k1 + n1 * k2 in row k1 * n2 + k2, of `aligned_empty`. middle (n, 2): row k1 * n2 + j2 is
    w^(-k1 j2) / n.
    """
    n1, n2 = reverse1.size, reverse2.size
    buffer = words32(max(n1, n2) * LANES)
    stride = (n2 + 1) * LANES
    grid = words32(n1 * stride)
    for block in range(start, stop):
        base = block * n1 * n2 * LANES
        for j2 in range(n2):
            first = j2 * width + block * LANES
            transform(values, first, n2 * width, reverse1, buffer, twiddles1)
            for k1 in range(n1):
                row = k1 * n2 + j2
                value = field_scale(load(buffer, k1 * LANES), middle[row, 0], middle[row, 1])
                store(grid, k1 * stride + j2 * LANES, value)
        for k1 in range(n1):
            transform(grid, k1 * stride, LANES, reverse2, buffer, twiddles2)
            row = base + k1 * n2 * LANES
            for k2 in range(n2):
                stream(coefficients, row + k2 * LANES, load(buffer, k2 * LANES))
    publish()


@kernel
def forward_blocks(
    start: int,
    stop: int,
    width: int,
    coefficients: U32Array,
    strides: tuple[int, int, int],
    out: U32Array,
    reverse1: IndexArray,
    reverse2: IndexArray,
    twiddles2: U32Array,
    middle: U32Array,
    twiddles1: U32Array,
) -> None:
    """Values on every coset, for tasks block * cosets + c in start..stop.

    coefficient k1 + n1 * k2 of a block's columns stands in `coefficients` at block * strides[0] +
    k1 * strides[1] + k2 * strides[2]; out (cosets, n, width) of `aligned_empty`; twiddles2 (cosets,
    n2, 2) for the coset of shift s^n1; middle (cosets, n, 2): row k1 * n2 + r2 is (s * w^r2)^k1;
    twiddles1 (n1, 2) for shift 1."""
    n1, n2 = reverse1.size, reverse2.size
    n = n1 * n2
    cosets = twiddles2.shape[0]
    stride = (n2 + 1) * LANES
    buffer = words32(max(n1, n2) * LANES)
    grid = words32(n1 * stride)
    for task in range(start, stop):
        block, c = task // cosets, task % cosets
        for k1 in range(n1):
            source = block * strides[0] + k1 * strides[1]
            transform(coefficients, source, strides[2], reverse2, buffer, twiddles2[c])
            for r2 in range(n2):
                row = k1 * n2 + r2
                w, m = middle[c, row, 0], middle[c, row, 1]
                store(grid, k1 * stride + r2 * LANES, field_scale(load(buffer, r2 * LANES), w, m))
        for r2 in range(n2):
            transform(grid, r2 * LANES, stride, reverse1, buffer, twiddles1)
            for r1 in range(n1):
                target = (c * n + r1 * n2 + r2) * width + block * LANES
                stream(out, target, load(buffer, r1 * LANES))
    publish()
