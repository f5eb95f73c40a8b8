"""Kernels of the number-theoretic transform: 16 columns in lanes, two cache-sized passes.

A block is 16 columns of a row-major matrix. With n = n1 * n2, an inverse transform takes row
j1 * n2 + j2 through transforms of size n1 over j1 and of size n2 over j2, and leaves coefficient
k1 + n1 * k2 in row k1 * n2 + k2. A forward transform goes back: size n2 over k2, size n1 over k1.
So both stay in order, and each small transform works in a buffer that fits the first cache.
Twiddles are pairs (w * R mod p, that * MU mod 2^32) for `field_scale`.
"""

import numpy as np
import numpy.typing as npt

from rollup.jit import U32Array, kernel
from rollup.simd import LANES, field_add, field_scale, field_subtract, load, store

IndexArray = npt.NDArray[np.int64]


@kernel
def butterflies(buffer: U32Array, size: int, twiddles: U32Array) -> None:
    """Decimation in time, in place: rows in bit-reversed order in, natural order out.

    buffer: flat, `size` rows of 16 lanes. twiddles (size, 2) pairs: entry h + j is
    s^(size/2h) * w_2h^j for j < h, so that row r becomes the value at s * w_size^r.
    """
    half = 1
    if (size & 0x55555555) == 0:  # an odd power of two: one stage by itself
        for block in range(0, size, 2):
            a = load(buffer, block * LANES)
            b = field_scale(load(buffer, (block + 1) * LANES), twiddles[1, 0], twiddles[1, 1])
            store(buffer, block * LANES, field_add(a, b))
            store(buffer, (block + 1) * LANES, field_subtract(a, b))
        half = 2
    while half < size:
        for j in range(half):
            t1, m1 = twiddles[half + j, 0], twiddles[half + j, 1]
            t2, m2 = twiddles[2 * half + j, 0], twiddles[2 * half + j, 1]
            t3, m3 = twiddles[3 * half + j, 0], twiddles[3 * half + j, 1]
            for block in range(j, size, 4 * half):
                i0 = block * LANES
                i1 = i0 + half * LANES
                i2 = i1 + half * LANES
                i3 = i2 + half * LANES
                a = load(buffer, i0)
                b = field_scale(load(buffer, i1), t1, m1)
                c = load(buffer, i2)
                d = field_scale(load(buffer, i3), t1, m1)
                e, f = field_add(a, b), field_subtract(a, b)
                g = field_scale(field_add(c, d), t2, m2)
                h = field_scale(field_subtract(c, d), t3, m3)
                store(buffer, i0, field_add(e, g))
                store(buffer, i2, field_subtract(e, g))
                store(buffer, i1, field_add(f, h))
                store(buffer, i3, field_subtract(f, h))
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
    k1 + n1 * k2 in row k1 * n2 + k2. middle (n, 2): row k1 * n2 + j2 is w^(-k1 j2) / n.
    """
    n1, n2 = reverse1.size, reverse2.size
    buffer = np.empty(max(n1, n2) * LANES, dtype=np.uint32)
    for block in range(start, stop):
        base = block * n1 * n2 * LANES
        for j2 in range(n2):
            for j1 in range(n1):
                source = (j1 * n2 + j2) * width + block * LANES
                store(buffer, reverse1[j1] * LANES, load(values, source))
            butterflies(buffer, n1, twiddles1)
            for k1 in range(n1):
                row = k1 * n2 + j2
                value = field_scale(load(buffer, k1 * LANES), middle[row, 0], middle[row, 1])
                store(coefficients, base + row * LANES, value)
        for k1 in range(n1):
            row = base + k1 * n2 * LANES
            for j2 in range(n2):
                store(buffer, reverse2[j2] * LANES, load(coefficients, row + j2 * LANES))
            butterflies(buffer, n2, twiddles2)
            for k2 in range(n2):
                store(coefficients, row + k2 * LANES, load(buffer, k2 * LANES))


@kernel
def forward_blocks(
    start: int,
    stop: int,
    width: int,
    coefficients: U32Array,
    out: U32Array,
    reverse1: IndexArray,
    reverse2: IndexArray,
    twiddles2: U32Array,
    middle: U32Array,
    twiddles1: U32Array,
) -> None:
    """Values on every coset, for tasks block * cosets + c in start..stop.

    coefficients (blocks, n, 16) as `inverse_blocks` leaves them; out (cosets, n, width);
    twiddles2 (cosets, n2, 2) for the coset of shift s^n1; middle (cosets, n, 2): row
    k1 * n2 + r2 is (s * w^r2)^k1; twiddles1 (n1, 2) for shift 1.
    """
    n1, n2 = reverse1.size, reverse2.size
    n = n1 * n2
    cosets = twiddles2.shape[0]
    buffer = np.empty(max(n1, n2) * LANES, dtype=np.uint32)
    scratch = np.empty(n * LANES, dtype=np.uint32)
    for task in range(start, stop):
        block, c = task // cosets, task % cosets
        for k1 in range(n1):
            source = (block * n + k1 * n2) * LANES
            for k2 in range(n2):
                store(buffer, reverse2[k2] * LANES, load(coefficients, source + k2 * LANES))
            butterflies(buffer, n2, twiddles2[c])
            for r2 in range(n2):
                row = k1 * n2 + r2
                w, m = middle[c, row, 0], middle[c, row, 1]
                store(scratch, row * LANES, field_scale(load(buffer, r2 * LANES), w, m))
        for r2 in range(n2):
            for k1 in range(n1):
                store(buffer, reverse1[k1] * LANES, load(scratch, (k1 * n2 + r2) * LANES))
            butterflies(buffer, n1, twiddles1)
            for r1 in range(n1):
                target = (c * n + r1 * n2 + r2) * width + block * LANES
                store(out, target, load(buffer, r1 * LANES))
