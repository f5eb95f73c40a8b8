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
def stack_row(  # type: ignore[no-untyped-def]
    source, at, words, point, reverse, twiddles, room, target, place, step, first
):
    """The words of one group on the rows above one row of its columns.

    source: flat values, the row's columns from `at` on, column k words + j being what stands at
    place k of word j; point: x_r; reverse, twiddles: of a transform of size s; room: 32 s and
    s elements to work in; target: (rows, W'), whose row place + j step gets x_(r + n j), from
    column `first` on. The last vector of a row reads beyond its words (`arranged_width`), and what
    stands behind the words in the target may be written over.
    """
    lanes_room, scales = room
    places, stride = reverse.size, target.shape[1]
    out = target.reshape(target.size)
    scaled, buffer = lanes_room[: places * LANES], lanes_room[places * LANES :]
    if places > 1:
        power = np.uint64(_ONE)
        for k in range(places):
            scales[k] = power
            power = power * np.uint64(point) % np.uint64(P)
    for word in range(0, words, LANES):
        if places == 1:
            store(buffer, 0, load(source, at + word))
        elif places == 2:
            even = load(source, at + word)
            odd = field_multiply(load(source, at + words + word), splat32(scales[1]))
            store(buffer, 0, field_add(even, odd))
            store(buffer, LANES, field_subtract(even, odd))
        else:
            for k in range(places):
                lanes = load(source, at + k * words + word)
                store(scaled, k * LANES, field_multiply(lanes, splat32(scales[k])))
            transform(scaled, 0, LANES, reverse, buffer, twiddles)
        for j in range(places):
            to = (place + j * step) * stride + first + word
            if first + word + LANES <= stride:
                store(out, to, load(buffer, j * LANES))
            else:
                for lane in range(min(LANES, words - word)):
                    out[to + lane] = buffer[j * LANES + lane]


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

    values (n, W): its arranged columns; points (n,): x_r; out (N, W').
    """
    height, width = values.shape
    source = values.reshape(values.size)
    room = (words32(2 * reverse.size * LANES), np.empty(reverse.size, dtype=np.uint32))
    for row in range(start, stop):
        stack_row(
            source,
            row * width,
            words,
            points[row],
            reverse,
            twiddles,
            room,
            out,
            row,
            height,
            first,
        )


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
    log2 = log2_of(places)
    parallel(
        stack_rows,
        len(values),
        values,
        words,
        powers(omega(log2_of(len(out))), len(values), shift),
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
