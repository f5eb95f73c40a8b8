"""Stacking: columns of a short table become one of the tallest height.

Columns t_0 .. t_(s-1) of n coefficients are the one polynomial T(X) = sum_k X^k t_k(X^s) of N = s n
coefficients. On a coset of N points x_i it is a transform of size s of what the columns are on a
coset of n points: x_i^s = x_(i mod n)^s, so

    T(x_(r + n j)) = sum_k (x_r^k t_k(x_r^s)) w_s^(j k).

So does (T - sum_k X^k v_k) / (X^s - y): it is the stack of the (t_k - v_k) / (Y - y).
"""

import numpy as np
import numpy.typing as npt

from circuits.poly.kernels import IndexArray, transform
from circuits.poly.lde import bit_reversal, padded_width, stage_twiddles
from circuits.poly.reference import log2_of
from rollup.field.kernels import powers
from rollup.field.koalabear import P, omega
from rollup.native.aligned import aligned_empty, words32
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import (
    LANES,
    field_add,
    field_multiply,
    field_subtract,
    load,
    splat32,
    store,
)

_GRAIN = 4
"""Rows that a thread takes at least: of each it makes s rows."""

_COPY_GRAIN = 1 << 10
"""Rows that a thread copies at least."""

NO_COLUMN = -1
"""In an order of columns: nothing stands there."""

_ONE = (1 << 32) % P
"""1 in Montgomery form."""


@kernel
def arrange_rows(  # type: ignore[no-untyped-def]
    start, stop, values, order, out
):
    """Rows start..stop with their columns in another order; zero where there is no column."""
    width, stride = values.shape[1], out.shape[1]
    source, target = values.reshape(values.size), out.reshape(out.size)
    for row in range(start, stop):
        for place in range(order.size):
            column = order[place]
            value = source[row * width + column] if column >= 0 else np.uint32(0)
            target[row * stride + place] = value


def arranged(values: U32Array, order: npt.NDArray[np.int64]) -> U32Array:
    """A matrix (n, padded width) with column order[i], or zeros for NO_COLUMN, as its column i."""
    out = aligned_empty(len(values), padded_width(len(order)))
    out[:, len(order) :] = 0
    parallel(arrange_rows, len(values), values, order, out, grain=_COPY_GRAIN)
    return out


def arranged_width(places: int, words: int) -> int:
    """Columns of a matrix of so many words at each place, with room for whole vectors."""
    return padded_width((places - 1) * words + padded_width(words))


@kernel
def stack_rows(
    start: int,
    stop: int,
    values: U32Array,
    words: int,
    points: U32Array,
    reverse: IndexArray,
    twiddles: U32Array,
    first: int,
    out: U32Array,
) -> None:
    """Rows r + n j of the words of one group, for r in start..stop and all j.

    values (n, W): column k words + j is what stands at place k of word j; points (n,): x_r;
    reverse, twiddles: of a transform of size s; out (N, W'): the words stand from column `first`
    on. W is at least `arranged_width`: the last vector of a row reads beyond its words, and what
    stands behind the words in `out` may be written over.
    """
    places = reverse.size
    height, width = values.shape
    stride = out.shape[1]
    source, target = values.reshape(values.size), out.reshape(out.size)
    scales = np.empty(places, dtype=np.uint32)
    scaled = words32(places * LANES)
    buffer = words32(places * LANES)
    for row in range(start, stop):
        power = np.uint64(_ONE)
        for place in range(places):
            scales[place] = power
            power = power * np.uint64(points[row]) % np.uint64(P)
        for word in range(0, words, LANES):
            for place in range(places):
                lanes = load(source, row * width + place * words + word)
                store(scaled, place * LANES, field_multiply(lanes, splat32(scales[place])))
            transform(scaled, 0, LANES, reverse, buffer, twiddles)
            count = min(LANES, words - word)
            for place in range(places):
                at = (place * height + row) * stride + first + word
                if first + word + LANES <= stride:
                    store(target, at, load(buffer, place * LANES))
                else:
                    for lane in range(count):
                        target[at + lane] = buffer[place * LANES + lane]


@kernel
def stack_pairs(start, stop, values, words, points, first, out):  # type: ignore[no-untyped-def]
    """`stack_rows` for two places."""
    height, width = values.shape
    stride = out.shape[1]
    source, target = values.reshape(values.size), out.reshape(out.size)
    for row in range(start, stop):
        scale = splat32(np.uint32(np.uint64(points[row]) * np.uint64(_ONE) % np.uint64(P)))
        low = row * stride + first
        high = (height + row) * stride + first
        for word in range(0, words, LANES):
            even = load(source, row * width + word)
            odd = field_multiply(load(source, row * width + words + word), scale)
            total, difference = field_add(even, odd), field_subtract(even, odd)
            if first + word + LANES <= stride:
                store(target, low + word, total)
                store(target, high + word, difference)
            else:
                room = words32(2 * LANES)
                store(room, 0, total)
                store(room, LANES, difference)
                for lane in range(words - word):
                    target[low + word + lane] = room[lane]
                    target[high + word + lane] = room[LANES + lane]


@kernel
def copy_rows(  # type: ignore[no-untyped-def]
    start, stop, values, words, first, out
):
    """The first columns of rows start..stop, from column `first` on."""
    width, stride = values.shape[1], out.shape[1]
    source, target = values.reshape(values.size), out.reshape(out.size)
    for row in range(start, stop):
        for word in range(0, words // LANES * LANES, LANES):
            store(target, row * stride + first + word, load(source, row * width + word))
        for word in range(words // LANES * LANES, words):
            target[row * stride + first + word] = source[row * width + word]


def stack_columns(values: U32Array, words: int, shift: int, first: int, out: U32Array) -> None:
    """Write the words of one group's stacks into rows (N, W') of the coset shift * <omega_N>.

    values (n, W): its columns on shift^s * <omega_n>, column k words + j being what stands at place
    k of word j.
    """
    places = len(out) // len(values)
    if len(values) * places != len(out) or first + words > out.shape[1]:
        raise ValueError(f"{words} words of {len(values)} rows do not stack to {out.shape}")
    if values.shape[1] < arranged_width(places, words):
        raise ValueError(f"{values.shape[1]} columns are not {words} words at {places} places")
    if places == 1:
        parallel(copy_rows, len(values), values, words, first, out, grain=_COPY_GRAIN)
        return
    log2 = log2_of(places)
    points = powers(omega(log2_of(len(out))), len(values), shift)
    if places == 2:
        parallel(stack_pairs, len(values), values, words, points, first, out, grain=_COPY_GRAIN)
        return
    parallel(
        stack_rows,
        len(values),
        values,
        words,
        points,
        bit_reversal(log2),
        stage_twiddles(log2, 1, omega(log2)),
        first,
        out,
        grain=_GRAIN,
    )


def stacked_row(values: U32Array, places: int, words: int, x: int) -> list[int]:
    """The words of one group's stacks at a point x, from its columns (W,) at x^s."""
    cells = values[: places * words].reshape(places, words).astype(np.uint64)
    weighed = cells * powers(x, places).astype(np.uint64)[:, None] % np.uint64(P)
    row: list[int] = (weighed.sum(axis=0) % np.uint64(P)).tolist()
    return row
