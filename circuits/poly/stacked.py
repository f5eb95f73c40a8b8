"""Stacking: columns of a short table become one of the tallest height.

Columns t_0 .. t_(s-1) of n coefficients are the one polynomial T(X) = sum_k X^k t_k(X^s) of N = s n
coefficients. On a coset of N points x_i it is a transform of size s of what the columns are on a
coset of n points: x_i^s = x_(i mod n)^s, so

    T(x_(r + n j)) = sum_k (x_r^k t_k(x_r^s)) w_s^(j k).

Division by X^s - y of such a polynomial is the division by Y - y of each t_k.
"""

import numpy as np
import numpy.typing as npt

from circuits.poly.kernels import IndexArray, transform
from circuits.poly.lde import bit_reversal, stage_twiddles
from circuits.poly.reference import log2_of
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.kernels import powers
from rollup.field.koalabear import P, omega
from rollup.native.aligned import words32
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import LANES, field_multiply, load, splat32, store

_GRAIN = 4
"""Rows that a thread takes at least: of each it makes s rows."""

_COPY_GRAIN = 1 << 10
"""Rows that a thread copies at least."""

NO_COLUMN = -1
"""In a table of places: nothing stands there."""

_ONE = (1 << 32) % P
"""1 in Montgomery form."""


@kernel
def stack_rows(
    start: int,
    stop: int,
    values: U32Array,
    table: npt.NDArray[np.int64],
    points: U32Array,
    reverse: IndexArray,
    twiddles: U32Array,
    first: int,
    out: U32Array,
) -> None:
    """Rows r + n j of the words of one group, for r in start..stop and all j.

    values (n, W): its columns on the coset of n points; table (s, words): the column at each place
    of each word, or NO_COLUMN; points (n,): x_r; reverse, twiddles: of a transform of size s; out
    (N, W'): the words stand from column `first` on.
    """
    places, words = table.shape
    height, width = values.shape
    stride = out.shape[1]
    source, target = values.reshape(values.size), out.reshape(out.size)
    scales = np.empty(places, dtype=np.uint32)
    gathered = words32(places * LANES)
    buffer = words32(places * LANES)
    for row in range(start, stop):
        power = np.uint64(_ONE)
        for place in range(places):
            scales[place] = power
            power = power * np.uint64(points[row]) % np.uint64(P)
        for word in range(0, words, LANES):
            count = min(LANES, words - word)
            for place in range(places):
                for lane in range(count):
                    column = table[place, word + lane]
                    value = source[row * width + column] if column >= 0 else np.uint32(0)
                    gathered[place * LANES + lane] = value
                lanes = load(gathered, place * LANES)
                store(gathered, place * LANES, field_multiply(lanes, splat32(scales[place])))
            transform(gathered, 0, LANES, reverse, buffer, twiddles)
            for place in range(places):
                at = (place * height + row) * stride + first + word
                if count == LANES:
                    store(target, at, load(buffer, place * LANES))
                else:
                    for lane in range(count):
                        target[at + lane] = buffer[place * LANES + lane]


@kernel
def copy_rows(start: int, stop: int, values: U32Array, words: int, out: U32Array) -> None:
    """The first columns of rows start..stop."""
    width, stride = values.shape[1], out.shape[1]
    source, target = values.reshape(values.size), out.reshape(out.size)
    for row in range(start, stop):
        for word in range(0, words // LANES * LANES, LANES):
            store(target, row * stride + word, load(source, row * width + word))
        for word in range(words // LANES * LANES, words):
            target[row * stride + word] = source[row * width + word]


def stack_columns(
    values: U32Array, table: npt.NDArray[np.int64], shift: int, first: int, out: U32Array
) -> None:
    """Write the words of one group's stacks into rows (N, W') of the coset shift * <omega_N>.

    values (n, W): its columns on shift^s * <omega_n>; table (s, words), s n = N.
    """
    places, words = table.shape
    if len(values) * places != len(out) or first + words > out.shape[1]:
        raise ValueError(f"{len(values)} rows at {places} places are not {len(out)} rows")
    if places == 1 and first == 0 and np.array_equal(table[0], np.arange(words)):
        parallel(copy_rows, len(values), values, words, out, grain=_COPY_GRAIN)
        return
    log2 = log2_of(places)
    parallel(
        stack_rows,
        len(values),
        values,
        table,
        powers(omega(log2_of(len(out))), len(values), shift),
        bit_reversal(log2),
        stage_twiddles(log2, 1, omega(log2)),
        first,
        out,
        grain=_GRAIN,
    )


def stacked_row(values: U32Array, table: npt.NDArray[np.int64], x: int) -> list[int]:
    """The words of one group's stacks at a point x, from its columns (W,) at x^s."""
    cells = np.where(table == NO_COLUMN, 0, values[table]).astype(np.uint64)
    weighed = cells * powers(x, len(table)).astype(np.uint64)[:, None] % np.uint64(P)
    words: list[int] = (weighed.sum(axis=0) % np.uint64(P)).tolist()
    return words


@kernel
def divide_places(start, stop, places, matrix, coefficients, quotient):  # type: ignore[no-untyped-def]
    """Division by X^s - y for places start..stop: quotient[i] = coefficient[i + s] + y quotient[i +
    s].

    matrix (5, 5): the product by y, row by coefficient; arrays (N, 5), canonical.
    """
    prime = np.uint64(P)
    size = coefficients.shape[0]
    held = np.zeros(DEGREE, dtype=np.uint64)
    fresh = np.zeros(DEGREE, dtype=np.uint64)
    for place in range(start, stop):
        held[:] = 0
        for index in range(size - places + place, -1, -places):
            for k in range(DEGREE):
                quotient[index, k] = held[k]
            for k in range(DEGREE):
                low = held[0] * matrix[k, 0] + held[1] * matrix[k, 1] + held[2] * matrix[k, 2]
                high = held[3] * matrix[k, 3] + held[4] * matrix[k, 4]
                fresh[k] = (low % prime + high % prime + np.uint64(coefficients[index, k])) % prime
            for k in range(DEGREE):
                held[k] = fresh[k]


def divided(coefficients: U32Array, places: int, point: Element) -> U32Array:
    """The quotient (N, 5) of a polynomial over E by X^s - y, for s places and y = point.

    coefficients (N, 5), low degree first. What remains, of degree < s, is let go.
    """
    columns = []
    for k in range(DEGREE):
        basis = tuple(int(k == other) for other in range(DEGREE))
        columns.append(
            extension.multiply(point, (basis[0], basis[1], basis[2], basis[3], basis[4]))
        )
    matrix = np.array(columns, dtype=np.uint64).T.copy()
    quotient = np.empty_like(coefficients)
    parallel(divide_places, places, places, matrix, coefficients, quotient, grain=1)
    return quotient
