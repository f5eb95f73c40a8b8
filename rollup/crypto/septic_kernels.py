"""Septic arithmetic and curve steps for kernels, over lanes of points.

Reference: rollup.field.septic.

Inside a kernel an element is a tuple of 7 canonical uint64; in memory it is 7 uint32 of a row. A
*lane* is one of many computations that run in step, so that one inversion serves them all
(Montgomery's trick). All integers are explicit uint64: in Numba a plain literal turns a sum signed.
"""

import numpy as np

from rollup.crypto.curve import CURVE_CONSTANT, CURVE_LINEAR
from rollup.field import septic
from rollup.field.koalabear import P as MODULUS
from rollup.jit import U8Array, U32Array, U64Array, kernel

U = np.uint64
Septic = tuple[U, U, U, U, U, U, U]

P = np.uint64(MODULUS)
WORDS = septic.DEGREE
EXPONENT = np.uint64(MODULUS - 2)
THREE = np.uint64(septic.FOLD_LINEAR)
FIVE = np.uint64(septic.FOLD_CONSTANT)
TWO = np.uint64(2)
ONE = np.uint64(1)
ZERO = np.uint64(0)
LINEAR = np.uint64(CURVE_LINEAR)
CONSTANT = np.uint64(CURVE_CONSTANT[3])


def _matrix(images: tuple[septic.Element, ...]) -> U64Array:
    return np.array(images, dtype=np.uint64)


FROBENIUS = _matrix(septic.FROBENIUS_IMAGES)
FROBENIUS_2 = _matrix(septic.FROBENIUS_2_IMAGES)
FROBENIUS_4 = _matrix(septic.FROBENIUS_4_IMAGES)


@kernel
def load(row: U32Array) -> Septic:
    """The element in the first 7 words of a row."""
    return (U(row[0]), U(row[1]), U(row[2]), U(row[3]), U(row[4]), U(row[5]), U(row[6]))


@kernel
def store(row: U32Array, a: Septic) -> None:
    """Write an element into the first 7 words of a row."""
    row[0] = np.uint32(a[0])
    row[1] = np.uint32(a[1])
    row[2] = np.uint32(a[2])
    row[3] = np.uint32(a[3])
    row[4] = np.uint32(a[4])
    row[5] = np.uint32(a[5])
    row[6] = np.uint32(a[6])


@kernel
def multiply(a: Septic, b: Septic) -> Septic:
    """a * b. Reference: septic.multiply.

    Four products fit 64 bits: 4 p^2 < 2^64 - 2^57, which also leaves room for the folded terms
    (below 8 p) and for sums already reduced. Longer columns are reduced after four.
    """
    a0, a1, a2, a3, a4, a5, a6 = a
    b0, b1, b2, b3, b4, b5, b6 = b
    d0 = (a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3) % P + a5 * b2 + a6 * b1
    d1 = (a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3) % P + a6 * b2
    d2 = a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3
    d3 = a4 * b6 + a5 * b5 + a6 * b4
    d4 = a5 * b6 + a6 * b5
    d0, d1, d2, d3, d4, d5 = d0 % P, d1 % P, d2 % P, d3 % P, d4 % P, a6 * b6 % P
    c0 = a0 * b0
    c1 = a0 * b1 + a1 * b0
    c2 = a0 * b2 + a1 * b1 + a2 * b0
    c3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0
    c4 = (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1) % P + a4 * b0
    c5 = (a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2) % P + a4 * b1 + a5 * b0
    c6 = (a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3) % P + a4 * b2 + a5 * b1 + a6 * b0
    return (
        (c0 + FIVE * d0) % P,
        (c1 + FIVE * d1 + THREE * d0) % P,
        (c2 + FIVE * d2 + THREE * d1) % P,
        (c3 + FIVE * d3 + THREE * d2) % P,
        (c4 + FIVE * d4 + THREE * d3) % P,
        (c5 + FIVE * d5 + THREE * d4) % P,
        (c6 + THREE * d5) % P,
    )


@kernel
def _difference(a: U, b: U) -> U:
    """a - b in F."""
    gap = a + P - b
    return gap - P if gap >= P else gap


@kernel
def subtract(a: Septic, b: Septic) -> Septic:
    """a - b. Reference: septic.subtract."""
    return (
        _difference(a[0], b[0]),
        _difference(a[1], b[1]),
        _difference(a[2], b[2]),
        _difference(a[3], b[3]),
        _difference(a[4], b[4]),
        _difference(a[5], b[5]),
        _difference(a[6], b[6]),
    )


@kernel
def scale(a: Septic, factor: U) -> Septic:
    """a * factor, for a canonical factor. Reference: septic.scale."""
    return (
        a[0] * factor % P,
        a[1] * factor % P,
        a[2] * factor % P,
        a[3] * factor % P,
        a[4] * factor % P,
        a[5] * factor % P,
        a[6] * factor % P,
    )


@kernel
def is_zero(a: Septic) -> bool:
    """Whether an element is zero."""
    return bool((a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6]) == ZERO)


@kernel
def tangent_rise(x: Septic) -> Septic:
    """3 x^2 + 45: twice y times the slope of the tangent."""
    square = scale(multiply(x, x), THREE)
    return (
        (square[0] + LINEAR) % P,
        square[1],
        square[2],
        square[3],
        square[4],
        square[5],
        square[6],
    )


@kernel
def is_on_curve(x: Septic, y: Septic) -> bool:
    """y^2 = x^3 + 45x + 41z^3, for canonical coordinates. Reference: curve.is_on_curve."""
    left = multiply(y, y)
    square = multiply(x, x)
    cofactor = (
        (square[0] + LINEAR) % P,
        square[1],
        square[2],
        square[3],
        square[4],
        square[5],
        square[6],
    )
    gap = subtract(left, multiply(cofactor, x))
    gap = (gap[0], gap[1], gap[2], _difference(gap[3], CONSTANT), gap[4], gap[5], gap[6])
    return is_zero(gap)


@kernel
def _column(matrix: U64Array, k: int, a: Septic) -> U:
    """Coefficient k of sum a_j * matrix[j]."""
    low = a[0] * matrix[0, k] + a[1] * matrix[1, k] + a[2] * matrix[2, k] + a[3] * matrix[3, k]
    high = a[4] * matrix[4, k] + a[5] * matrix[5, k] + a[6] * matrix[6, k]
    total: U = (low % P + high) % P
    return total


@kernel
def _apply(matrix: U64Array, a: Septic) -> Septic:
    """sum of a_j * matrix[j]: a power of the Frobenius map."""
    return (
        _column(matrix, 0, a),
        _column(matrix, 1, a),
        _column(matrix, 2, a),
        _column(matrix, 3, a),
        _column(matrix, 4, a),
        _column(matrix, 5, a),
        _column(matrix, 6, a),
    )


@kernel
def _base_inverse(a: U) -> U:
    """1 / a in F by Fermat; 0 gives 0."""
    result = ONE
    base = a
    exponent = EXPONENT
    while exponent > ZERO:
        if exponent & ONE:
            result = result * base % P
        base = base * base % P
        exponent >>= ONE
    return result


@kernel
def inverse(a: Septic) -> Septic:
    """1 / a; 0 gives 0. Reference: septic.inverse."""
    first = _apply(FROBENIUS, a)
    pair = multiply(first, _apply(FROBENIUS, first))
    four = multiply(pair, _apply(FROBENIUS_2, pair))
    conjugates = multiply(four, _apply(FROBENIUS_4, pair))
    norm = multiply(a, conjugates)[0]
    return scale(conjugates, _base_inverse(norm))


@kernel
def invert_lanes(values: U32Array, prefixes: U32Array, exceptional: U8Array) -> None:
    """values[i] becomes 1 / values[i] for all lanes by one inversion; 0 stays 0 and marks its lane.

    values and prefixes (scratch) are (lanes, 7) uint32, exceptional (lanes,) uint8.
    """
    running = (ONE, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)
    for i in range(len(values)):
        store(prefixes[i], running)
        value = load(values[i])
        if is_zero(value):
            exceptional[i] = 1
        else:
            running = multiply(running, value)
    running = inverse(running)
    for i in range(len(values) - 1, -1, -1):
        value = load(values[i])
        if not is_zero(value):
            store(values[i], multiply(running, load(prefixes[i])))
            running = multiply(running, value)


@kernel
def _chord(row: U32Array, x_other: Septic, slope: Septic) -> None:
    """Replace the point in a row (x then y) by its sum with one of x `x_other` on this slope."""
    x = load(row)
    x_sum = subtract(subtract(multiply(slope, slope), x), x_other)
    y_sum = subtract(multiply(slope, subtract(x, x_sum)), load(row[WORDS:]))
    store(row, x_sum)
    store(row[WORDS:], y_sum)


@kernel
def add_lanes(
    a: U32Array,
    b: U32Array,
    slopes: U32Array,
    inverses: U32Array,
    prefixes: U32Array,
    exceptional: U8Array,
) -> None:
    """a[i] becomes a[i] + b[i]; slopes and 1 / (b.x - a.x) are left behind. Reference: curve.add.

    Points are (lanes, 14) uint32, x then y; the others (lanes, 7). A lane with equal x is marked
    exceptional and goes on with slope and inverse 0.
    """
    for i in range(len(a)):
        store(inverses[i], subtract(load(b[i]), load(a[i])))
    invert_lanes(inverses, prefixes, exceptional)
    for i in range(len(a)):
        rise = subtract(load(b[i, WORDS:]), load(a[i, WORDS:]))
        slope = multiply(rise, load(inverses[i]))
        store(slopes[i], slope)
        _chord(a[i], load(b[i]), slope)


@kernel
def double_lanes(
    a: U32Array, slopes: U32Array, inverses: U32Array, prefixes: U32Array, exceptional: U8Array
) -> None:
    """a[i] becomes 2 a[i]; slopes are left behind, inverses is scratch. Reference: curve.double."""
    for i in range(len(a)):
        store(inverses[i], scale(load(a[i, WORDS:]), TWO))
    invert_lanes(inverses, prefixes, exceptional)
    for i in range(len(a)):
        x = load(a[i])
        slope = multiply(tangent_rise(x), load(inverses[i]))
        store(slopes[i], slope)
        _chord(a[i], x, slope)


@kernel
def on_curve_lanes(points: U32Array, on_curve: U8Array) -> None:
    """on_curve[i] becomes 1 where points[i] (lanes, 14) satisfies the curve equation, else 0."""
    for i in range(len(points)):
        on_curve[i] = is_on_curve(load(points[i]), load(points[i, WORDS:]))
