"""Poseidon on arrays: 16 states at once, one a SIMD lane. Reference: rollup.hash.poseidon.

Inside, a state is held times a known factor, so that no product needs a conversion: a full round
takes factor s to s^3 / R^3 (two Montgomery products in the cube, one reduction after the matrix),
and partial rounds, in the sparse form of rollup.hash.sparse, keep it. Constants carry the factors,
and what leaves the kernel is scaled back.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rollup.field.extension_simd import R
from rollup.field.kernels import to_montgomery, with_factor
from rollup.field.koalabear import P, inverse
from rollup.hash.constants import (
    DIGEST_WIDTH,
    FULL_ROUNDS,
    PARTIAL_ROUNDS,
    ROUND_CONSTANTS,
    WIDTH,
)
from rollup.hash.poseidon_simd import dot, mix, sparse_step
from rollup.hash.sparse import CORNER, FIRST_PARTIAL, sparse_rounds
from rollup.native.aligned import words32
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.kept import kept_arrays
from rollup.native.simd import (
    LANES,
    field_add,
    field_multiply,
    field_scale,
    load,
    splat32,
    store,
    transpose,
)

_CUBES = (FULL_ROUNDS - 1) * WIDTH + PARTIAL_ROUNDS

TRACE_WIDTH = WIDTH + _CUBES + DIGEST_WIDTH
"""Columns that describe a compression, 156: its input, every S-box output but those of the last
round, and the digest."""

_GRAIN = 8
"""Groups of 16 states that a thread takes at least."""


class Tables(NamedTuple):
    """Constants of the rounds with their factors; pairs are as `field_scale` takes them."""

    full: U32Array
    partial: U32Array
    steps: U32Array
    last: U32Array
    full_outputs: U32Array
    partial_output: U32Array
    end: U32Array


def _pair(value: int) -> U32Array:
    """The constant by which `field_scale` multiplies, as a pair."""
    return with_factor(to_montgomery(np.array(value % P)))


def _next_factor(factor: int) -> int:
    return pow(factor * inverse(R), 3, P)


@lru_cache(maxsize=1)
def _tables() -> Tables:
    """All constants of the kernels: see the module's first lines for the factors."""
    return Tables(**kept_arrays("poseidon_tables", lambda: _made_tables()._asdict()))


def _made_tables() -> Tables:
    sparse = sparse_rounds()
    half = FULL_ROUNDS // 2
    published = [*ROUND_CONSTANTS[:half], *ROUND_CONSTANTS[-half:]]
    published[half] = sparse.next_constants
    factors = [1]
    for _ in range(FULL_ROUNDS):
        factors.append(_next_factor(factors[-1]))
    middle = factors[half]
    of_cube = pow(middle, 3, P) * inverse(R * R) % P
    back = middle * inverse(of_cube) % P
    dots = to_montgomery(
        np.array([[CORNER * back % P, *row] for row in sparse.rows], dtype=np.uint64)
    )
    added = [[0, *(value * back % P for value in column)] for column in sparse.columns]
    columns = with_factor(to_montgomery(np.array(added, dtype=np.uint64)))
    last = [[0, *row] for row in sparse.last]
    cubes = [pow(factor, 3, P) * inverse(R * R) % P for factor in factors[:-1]]
    return Tables(
        full=np.array(
            [[c * f % P for c in row] for row, f in zip(published, factors, strict=False)],
            dtype=np.uint32,
        ),
        partial=np.array([c * middle % P for c in sparse.constants], dtype=np.uint32),
        steps=np.concatenate([dots, columns.reshape(PARTIAL_ROUNDS, -1)], axis=1).reshape(-1),
        last=to_montgomery(np.array(last, dtype=np.uint64)).reshape(-1),
        full_outputs=np.stack([_pair(inverse(cube)) for cube in cubes]),
        partial_output=_pair(inverse(of_cube)),
        end=_pair(inverse(factors[-1])),
    )


@kernel
def cube(x):  # type: ignore[no-untyped-def]
    """x^3 / R^2."""
    return field_multiply(field_multiply(x, x), x)


@kernel
def full_round(state, cubes, constants):  # type: ignore[no-untyped-def]
    """Add constants, cube all elements, multiply by the matrix."""
    for j in range(WIDTH):
        x = field_add(load(state, j * LANES), splat32(constants[j]))
        store(cubes, j * LANES, cube(x))
    mix(cubes, state)


@kernel
def partial_rounds(state, spare, tables, record):  # type: ignore[no-untyped-def]
    """All partial rounds; S-box outputs go to `record`, from its vector 80 on, if it has any."""
    for r in range(PARTIAL_ROUNDS):
        x = cube(field_add(load(state, 0), splat32(tables.partial[r])))
        if record.size > 0:
            w, m = tables.partial_output[0], tables.partial_output[1]
            store(record, (WIDTH + FIRST_PARTIAL * WIDTH + r) * LANES, field_scale(x, w, m))
        sparse_step(state, x, tables.steps, r * 3 * WIDTH)
    for i in range(1, WIDTH):
        store(spare, i * LANES, dot(state, tables.last, (i - 1) * WIDTH))
    for i in range(1, WIDTH):
        store(state, i * LANES, load(spare, i * LANES))


@kernel
def permute_lanes(state, cubes, tables, record):  # type: ignore[no-untyped-def]
    """The permutation of 16 vectors, in place; `record`, if not empty, takes the 156 columns."""
    if record.size > 0:
        for j in range(WIDTH):
            store(record, j * LANES, load(state, j * LANES))
    for r in range(FULL_ROUNDS):
        place = WIDTH + r * WIDTH
        if r == FIRST_PARTIAL:
            partial_rounds(state, cubes, tables, record)
        if r >= FIRST_PARTIAL:
            place += PARTIAL_ROUNDS
        full_round(state, cubes, tables.full[r])
        if record.size > 0 and r < FULL_ROUNDS - 1:
            w, m = tables.full_outputs[r, 0], tables.full_outputs[r, 1]
            for j in range(WIDTH):
                value = field_scale(load(cubes, j * LANES), w, m)
                store(record, (place + j) * LANES, value)
    for j in range(WIDTH):
        value = field_scale(load(state, j * LANES), tables.end[0], tables.end[1])
        store(state, j * LANES, value)
        if record.size > 0 and j < DIGEST_WIDTH:
            digest = field_add(value, load(record, j * LANES))
            store(record, (WIDTH + _CUBES + j) * LANES, digest)


@kernel
def write_rows(record, square, spare, rows, first, stride):  # type: ignore[no-untyped-def]
    """The 156 columns of 16 states as rows from offset `first` on; the last tile overlaps."""
    for tile in range(0, TRACE_WIDTH, LANES):
        column = min(tile, TRACE_WIDTH - LANES)
        transpose(record[column * LANES :], square, spare, 0)
        for k in range(LANES):
            store(rows, first + k * stride + column, load(spare, k * LANES))


@kernel
def permute_groups(  # type: ignore[no-untyped-def]
    start, stop, states, tables, feed_forward, out, rows, stride
):
    """Permute groups start..stop of 16 states; out may be of size 0, and rows too.

    states, out: flat (n, 16); with feed_forward, out is the image plus the input. rows: flat
    (n, stride), of which the first 156 columns are written.
    """
    state = words32(WIDTH * LANES)
    cubes = words32(WIDTH * LANES)
    record = words32(TRACE_WIDTH * LANES if rows.size > 0 else 0)
    offsets = np.empty(LANES, dtype=np.int64)
    square = np.arange(LANES) * LANES
    for group in range(start, stop):
        first = group * LANES * WIDTH
        for k in range(LANES):
            offsets[k] = first + k * WIDTH
        transpose(states, offsets, state, 0)
        permute_lanes(state, cubes, tables, record)
        if out.size > 0:
            transpose(state, square, out, first)
            if feed_forward:
                for k in range(LANES):
                    image, source = load(out, first + k * WIDTH), load(states, first + k * WIDTH)
                    store(out, first + k * WIDTH, field_add(image, source))
        if rows.size > 0:
            write_rows(record, square, state, rows, group * LANES * stride, stride)


_NOTHING = np.empty(0, dtype=np.uint32)


def _whole_groups(states: U32Array) -> U32Array:
    """States (n, 16), contiguous, with zeros up to a multiple of 16. ValueError: another shape."""
    if states.ndim != 2 or states.shape[1] != WIDTH:
        raise ValueError(f"states have shape (n, {WIDTH}), not {states.shape}")
    rest = -states.shape[0] % LANES
    whole = np.pad(states, ((0, rest), (0, 0))) if rest else states
    return np.ascontiguousarray(whole, dtype=np.uint32)


def _permute(states: U32Array, feed_forward: bool, out: U32Array, rows: U32Array) -> None:
    """Whole groups of states into images (n, 16), or rows (n, 156 or more); the other is empty."""
    parallel(
        permute_groups,
        states.shape[0] // LANES,
        states.reshape(-1),
        _tables(),
        feed_forward,
        out.reshape(-1),
        rows.reshape(-1),
        rows.shape[-1],
        grain=_GRAIN,
    )


def _images(states: U32Array, feed_forward: bool) -> U32Array:
    """Images (n, 16) of states (n, 16)."""
    whole = _whole_groups(states)
    result = np.empty_like(whole)
    _permute(whole, feed_forward, result, _NOTHING)
    return result[: states.shape[0]]


def permute_many(states: U32Array) -> U32Array:
    """The permutation of every row of (n, 16) canonical states."""
    return _images(states, False)


def compress_many(left: U32Array, right: U32Array) -> U32Array:
    """compress(left[i], right[i]) for every row of two (n, 8) arrays: (n, 8)."""
    if left.shape != right.shape or left.ndim != 2 or left.shape[1] != DIGEST_WIDTH:
        raise ValueError(f"digests have shape (n, 8), not {left.shape} and {right.shape}")
    images = _images(np.concatenate([left, right], axis=1), True)
    return np.ascontiguousarray(images[:, :DIGEST_WIDTH])


def compress_with_rounds(states: U32Array, rows: U32Array | None = None) -> U32Array:
    """The compression of each row, with its rounds: (n, 16) to (n, 156).

    Columns in the order of time: 16 inputs; 16 S-box outputs of each of rounds 0-3; 1 (of element
    0) of each of rounds 4-23; 16 of each of rounds 24-26; the 8 elements of the digest. So every
    cube is that of a linear form of earlier columns (with a constant), and the digest is linear in
    the cubes of round 27, which are not kept, and in the inputs.

    With `rows`, contiguous uint32 (n, 156 or more), its first 156 columns are written, and are the
    result. ValueError if it has another shape.
    """
    count = states.shape[0]
    if rows is None:
        rows = np.empty((count, TRACE_WIDTH), dtype=np.uint32)
    if rows.ndim != 2 or rows.shape[0] != count or rows.shape[1] < TRACE_WIDTH:
        raise ValueError(f"rows have shape ({count}, {TRACE_WIDTH} or more), not {rows.shape}")
    if not rows.flags.c_contiguous or rows.dtype != np.uint32:
        raise ValueError("rows are contiguous and of uint32")
    whole, at_end = _whole_groups(states), count // LANES * LANES
    _permute(whole[:at_end], False, _NOTHING, rows[:at_end])
    if at_end < count:
        last = np.empty((LANES, TRACE_WIDTH), dtype=np.uint32)
        _permute(whole[at_end:], False, _NOTHING, last)
        rows[at_end:, :TRACE_WIDTH] = last[: count - at_end]
    return rows[:, :TRACE_WIDTH]
