"""Septic arithmetic on SIMD lanes: 16 elements at once. Reference: rollup.field.septic.

In a kernel an element is a tuple of 7 u32
vectors; in memory it is 7 planes of an array (planes, lanes) of contiguous uint32, lanes a multiple
of 16. Everything here is in Montgomery form (times 2^32), so products stay in it; `enter` and
`leave` are the doors.
"""

import numpy as np

from rollup.field import septic
from rollup.field.kernels import lanes_inverse, to_montgomery
from rollup.field.koalabear import P
from rollup.native.jit import U32Array, U64Array, kernel
from rollup.native.simd import (
    LANES,
    MU,
    as_pairs,
    field_add,
    field_multiply,
    field_reduce,
    field_scale,
    field_subtract,
    high_halves,
    join_low_halves,
    load,
    low_halves,
    smaller64,
    splat32,
    splat64,
    store,
)

WORDS = septic.DEGREE
BOUND = np.uint64(P << 32)
"""Montgomery reduction takes values below p * 2^32."""

ONE = np.uint32(2**32 % P)


def _matrix(images: tuple[septic.Element, ...]) -> U64Array:
    return np.ascontiguousarray(to_montgomery(np.array(images)).astype(np.uint64).T)


FROBENIUS = _matrix(septic.FROBENIUS_IMAGES)
FROBENIUS_2 = _matrix(septic.FROBENIUS_2_IMAGES)
FROBENIUS_4 = _matrix(septic.FROBENIUS_4_IMAGES)


def enter(rows: U32Array) -> U32Array:
    """Canonical rows (n, words) as Montgomery planes (words, lanes), zeros in the lanes past n."""
    lanes = -(-len(rows) // LANES) * LANES
    planes = np.zeros((rows.shape[1], lanes), dtype=np.uint32)
    planes[:, : len(rows)] = to_montgomery(rows).T
    return planes


@kernel
def leave(planes: U32Array) -> None:
    """Montgomery to canonical, in place, for an array whose size is a multiple of 16."""
    one, factor = np.uint32(1), np.uint32(MU)
    for i in range(0, planes.size, LANES):
        store(planes, i, field_scale(load(planes, i), one, factor))


@kernel
def load_element(planes, plane, i):  # type: ignore[no-untyped-def]
    """16 elements from lane i of the 7 planes that start at `plane`."""
    n = planes.shape[1]
    at = plane * n + i
    return (
        load(planes, at),
        load(planes, at + n),
        load(planes, at + 2 * n),
        load(planes, at + 3 * n),
        load(planes, at + 4 * n),
        load(planes, at + 5 * n),
        load(planes, at + 6 * n),
    )


@kernel
def store_element(planes, plane, i, a):  # type: ignore[no-untyped-def]
    """Write 16 elements at lane i of the 7 planes that start at `plane`."""
    n = planes.shape[1]
    at = plane * n + i
    store(planes, at, a[0])
    store(planes, at + n, a[1])
    store(planes, at + 2 * n, a[2])
    store(planes, at + 3 * n, a[3])
    store(planes, at + 4 * n, a[4])
    store(planes, at + 5 * n, a[5])
    store(planes, at + 6 * n, a[6])


@kernel
def _even(a):  # type: ignore[no-untyped-def]
    """The even lanes of 7 vectors as u64."""
    return (
        low_halves(as_pairs(a[0])),
        low_halves(as_pairs(a[1])),
        low_halves(as_pairs(a[2])),
        low_halves(as_pairs(a[3])),
        low_halves(as_pairs(a[4])),
        low_halves(as_pairs(a[5])),
        low_halves(as_pairs(a[6])),
    )


@kernel
def _odd(a):  # type: ignore[no-untyped-def]
    """The odd lanes of 7 vectors as u64."""
    return (
        high_halves(as_pairs(a[0])),
        high_halves(as_pairs(a[1])),
        high_halves(as_pairs(a[2])),
        high_halves(as_pairs(a[3])),
        high_halves(as_pairs(a[4])),
        high_halves(as_pairs(a[5])),
        high_halves(as_pairs(a[6])),
    )


@kernel
def _kept(total):  # type: ignore[no-untyped-def]
    """A sum below 2 p R brought below p R. Four products are such a sum, as are p R and two."""
    return smaller64(total, total - splat64(BOUND))


@kernel
def _sums(a, b):  # type: ignore[no-untyped-def]
    """The 13 coefficients of a product before z^7 folds, each below p R, of u64 lanes."""
    a0, a1, a2, a3, a4, a5, a6 = a
    b0, b1, b2, b3, b4, b5, b6 = b
    c4 = _kept(a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1)
    c5 = _kept(a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2)
    c6 = _kept(a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3)
    d0 = _kept(a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3)
    d1 = _kept(a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3)
    return (
        a0 * b0,
        a0 * b1 + a1 * b0,
        _kept(a0 * b2 + a1 * b1 + a2 * b0),
        _kept(a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0),
        _kept(c4 + a4 * b0),
        _kept(c5 + a4 * b1 + a5 * b0),
        _kept(_kept(c6 + a4 * b2 + a5 * b1) + a6 * b0),
        _kept(d0 + a5 * b2 + a6 * b1),
        _kept(d1 + a6 * b2),
        _kept(a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3),
        _kept(a4 * b6 + a5 * b5 + a6 * b4),
        a5 * b6 + a6 * b5,
        a6 * b6,
    )


@kernel
def _three_and_five(a):  # type: ignore[no-untyped-def]
    """3a and 5a of one vector."""
    twice = field_add(a, a)
    return field_add(twice, a), field_add(field_add(twice, twice), a)


@kernel
def multiply(a, b):  # type: ignore[no-untyped-def]
    """a * b. Reference: septic.multiply."""
    even, odd = _sums(_even(a), _even(b)), _sums(_odd(a), _odd(b))
    three0, five0 = _three_and_five(field_reduce(even[7], odd[7]))
    three1, five1 = _three_and_five(field_reduce(even[8], odd[8]))
    three2, five2 = _three_and_five(field_reduce(even[9], odd[9]))
    three3, five3 = _three_and_five(field_reduce(even[10], odd[10]))
    three4, five4 = _three_and_five(field_reduce(even[11], odd[11]))
    three5, five5 = _three_and_five(field_reduce(even[12], odd[12]))
    return (
        field_add(field_reduce(even[0], odd[0]), five0),
        field_add(field_add(field_reduce(even[1], odd[1]), five1), three0),
        field_add(field_add(field_reduce(even[2], odd[2]), five2), three1),
        field_add(field_add(field_reduce(even[3], odd[3]), five3), three2),
        field_add(field_add(field_reduce(even[4], odd[4]), five4), three3),
        field_add(field_add(field_reduce(even[5], odd[5]), five5), three4),
        field_add(field_reduce(even[6], odd[6]), three5),
    )


@kernel
def add(a, b):  # type: ignore[no-untyped-def]
    """a + b. Reference: septic.add."""
    return (
        field_add(a[0], b[0]),
        field_add(a[1], b[1]),
        field_add(a[2], b[2]),
        field_add(a[3], b[3]),
        field_add(a[4], b[4]),
        field_add(a[5], b[5]),
        field_add(a[6], b[6]),
    )


@kernel
def subtract(a, b):  # type: ignore[no-untyped-def]
    """a - b. Reference: septic.subtract."""
    return (
        field_subtract(a[0], b[0]),
        field_subtract(a[1], b[1]),
        field_subtract(a[2], b[2]),
        field_subtract(a[3], b[3]),
        field_subtract(a[4], b[4]),
        field_subtract(a[5], b[5]),
        field_subtract(a[6], b[6]),
    )


@kernel
def _weighted(a, row):  # type: ignore[no-untyped-def]
    """sum a_j * row[j] below p R, of u64 lanes."""
    first = _kept(
        a[0] * splat64(row[0])
        + a[1] * splat64(row[1])
        + a[2] * splat64(row[2])
        + a[3] * splat64(row[3])
    )
    second = _kept(first + a[4] * splat64(row[4]) + a[5] * splat64(row[5]))
    return _kept(second + a[6] * splat64(row[6]))


@kernel
def _image(even, odd, row):  # type: ignore[no-untyped-def]
    """One coefficient of the image."""
    return field_reduce(_weighted(even, row), _weighted(odd, row))


@kernel
def conjugate(a, matrix):  # type: ignore[no-untyped-def]
    """A power of the Frobenius map: coefficient k of the image is sum a_j * matrix[k, j]."""
    even, odd = _even(a), _odd(a)
    return (
        _image(even, odd, matrix[0]),
        _image(even, odd, matrix[1]),
        _image(even, odd, matrix[2]),
        _image(even, odd, matrix[3]),
        _image(even, odd, matrix[4]),
        _image(even, odd, matrix[5]),
        _image(even, odd, matrix[6]),
    )


@kernel
def _scale(a, factor):  # type: ignore[no-untyped-def]
    """a * factor, for a vector of base-field factors."""
    return (
        field_multiply(a[0], factor),
        field_multiply(a[1], factor),
        field_multiply(a[2], factor),
        field_multiply(a[3], factor),
        field_multiply(a[4], factor),
        field_multiply(a[5], factor),
        field_multiply(a[6], factor),
    )


@kernel
def inverse(a):  # type: ignore[no-untyped-def]
    """1 / a; 0 gives 0. Reference: septic.inverse."""
    first = conjugate(a, FROBENIUS)
    pair = multiply(first, conjugate(first, FROBENIUS))
    four = multiply(pair, conjugate(pair, FROBENIUS_2))
    others = multiply(four, conjugate(pair, FROBENIUS_4))
    norm = multiply(a, others)[0]
    return _scale(others, lanes_inverse(norm))


@kernel
def is_set_word(word):  # type: ignore[no-untyped-def]
    """1 in the lanes where a word is not 0, else 0."""
    some = as_pairs(word)
    one = splat64(np.uint64(1))
    return join_low_halves(smaller64(low_halves(some), one), smaller64(high_halves(some), one))


@kernel
def _is_set(a):  # type: ignore[no-untyped-def]
    """1 in the lanes where an element is not 0, else 0."""
    return is_set_word(a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6])


@kernel
def _without_zeros(a, is_set):  # type: ignore[no-untyped-def]
    """a, with 1 instead of 0."""
    missing = (splat32(np.uint32(1)) - is_set) * splat32(ONE)
    return (a[0] + missing, a[1], a[2], a[3], a[4], a[5], a[6])


@kernel
def _with_zeros(a, is_set):  # type: ignore[no-untyped-def]
    """a, with 0 in the lanes that are not set."""
    return (
        a[0] * is_set,
        a[1] * is_set,
        a[2] * is_set,
        a[3] * is_set,
        a[4] * is_set,
        a[5] * is_set,
        a[6] * is_set,
    )


@kernel
def invert_lanes(values: U32Array, prefixes: U32Array, exceptional: U32Array) -> None:
    """Every value becomes its inverse, by one inversion of 16 lanes (Montgomery's trick).

    0 stays 0 and marks its lane in `exceptional` (lanes,) with a 1. values and prefixes (scratch)
    are 7 planes.
    """
    zero = splat32(np.uint32(0))
    running = (splat32(ONE), zero, zero, zero, zero, zero, zero)
    for i in range(0, values.shape[1], LANES):
        store_element(prefixes, 0, i, running)
        value = load_element(values, 0, i)
        is_set = _is_set(value)
        store(exceptional, i, load(exceptional, i) | (splat32(np.uint32(1)) - is_set))
        running = multiply(running, _without_zeros(value, is_set))
    running = inverse(running)
    for i in range(values.shape[1] - LANES, -1, -LANES):
        value = load_element(values, 0, i)
        is_set = _is_set(value)
        found = multiply(running, load_element(prefixes, 0, i))
        running = multiply(running, _without_zeros(value, is_set))
        store_element(values, 0, i, _with_zeros(found, is_set))


@kernel
def multiply_lanes(a: U32Array, b: U32Array, out: U32Array) -> None:
    """out = a * b, planes of 7."""
    for i in range(0, a.shape[1], LANES):
        product = multiply(load_element(a, 0, i), load_element(b, 0, i))
        store_element(out, 0, i, product)
