"""Base-field operations over whole arrays. Reference: rollup.field.koalabear, element by element.

Arrays are canonical uint32 of equal shape, in and out. Values at or above p are not looked for:
whoever takes an array from outside checks it, as `place_canonical` does.
"""

import numpy as np
import numpy.typing as npt

from rollup.field.extension_simd import R_SQUARED
from rollup.field.koalabear import P
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import (
    LANES,
    MU,
    field_add,
    field_multiply,
    field_scale,
    field_subtract,
    load,
    store,
)

TO_MONTGOMERY = np.uint32(R_SQUARED)
TO_MONTGOMERY_MU = np.uint32(R_SQUARED * MU & 0xFFFFFFFF)

ADD, SUBTRACT, MULTIPLY, INVERT = 0, 1, 2, 3

_GRAIN = 1024
"""Vectors that a thread takes at least: a few microseconds of work."""


def to_montgomery(values: npt.ArrayLike) -> U32Array:
    """values * 2^32 mod p, the form that kernels want constants in."""
    wide = np.asarray(values, dtype=np.uint64)
    return ((wide << np.uint64(32)) % np.uint64(P)).astype(np.uint32)


def with_factor(montgomery: U32Array) -> U32Array:
    """Pairs (c, c * MU mod 2^32) along a new last axis, as `field_scale` takes constants."""
    wide = montgomery.astype(np.uint64) * np.uint64(MU) & np.uint64(0xFFFFFFFF)
    return np.stack([montgomery, wide.astype(np.uint32)], axis=-1)


@kernel
def lanes_inverse(x):  # type: ignore[no-untyped-def]
    """x^(p - 2) of a Montgomery-form vector, in Montgomery form; zero gives zero.

    p - 2 = 126 * 2^24 + (2^24 - 1): six ones, a zero, then twice twelve ones in binary.
    """
    ones2 = field_multiply(field_multiply(x, x), x)
    ones3 = field_multiply(field_multiply(ones2, ones2), x)
    t = ones3
    for _ in range(3):
        t = field_multiply(t, t)
    ones6 = field_multiply(t, ones3)
    t = ones6
    for _ in range(6):
        t = field_multiply(t, t)
    ones12 = field_multiply(t, ones6)
    t = field_multiply(ones6, ones6)
    for _ in range(2):
        for _ in range(12):
            t = field_multiply(t, t)
        t = field_multiply(t, ones12)
    return t


@kernel
def _combine(start: int, stop: int, kind: int, a: U32Array, b: U32Array, out: U32Array) -> None:
    """out = a (kind) b over flat vectors start..stop; an inverse does not read b."""
    one = np.uint32(1)
    for i in range(start * LANES, stop * LANES, LANES):
        x = load(a, i)
        if kind == ADD:
            store(out, i, field_add(x, load(b, i)))
        elif kind == SUBTRACT:
            store(out, i, field_subtract(x, load(b, i)))
        elif kind == MULTIPLY:
            scaled = field_scale(x, TO_MONTGOMERY, TO_MONTGOMERY_MU)
            store(out, i, field_multiply(scaled, load(b, i)))
        else:
            scaled = field_scale(x, TO_MONTGOMERY, TO_MONTGOMERY_MU)
            store(out, i, field_scale(lanes_inverse(scaled), one, np.uint32(MU)))


@kernel
def place_canonical(start, stop, values, out, first, found):  # type: ignore[no-untyped-def]
    """out[row, first + k] = values[row, k] for rows start..stop; found[0] = 1 if one is not below
    p. Threads may share `found`: they only ever write a 1."""
    width = values.shape[1]
    for row in range(start, stop):
        largest = np.uint32(0)
        for k in range(width):
            value = values[row, k]
            out[row, first + k] = value
            largest = max(largest, value)
        if largest >= P:
            found[0] = 1


def _flat(values: U32Array) -> U32Array:
    """The elements in order, with zeros up to whole vectors; copies only where it must."""
    flat = np.ascontiguousarray(values, dtype=np.uint32).reshape(-1)
    rest = -flat.size % LANES
    return np.concatenate([flat, np.zeros(rest, dtype=np.uint32)]) if rest else flat


def _apply(kind: int, a: U32Array, b: U32Array) -> U32Array:
    if a.shape != b.shape:
        raise ValueError(f"arrays of one shape are wanted, not {a.shape} and {b.shape}")
    left, right = _flat(a), _flat(b)
    out = np.empty_like(left)
    parallel(_combine, left.size // LANES, kind, left, right, out, grain=_GRAIN)
    return out[: a.size].reshape(a.shape)


def add_many(a: U32Array, b: U32Array) -> U32Array:
    """a + b, element by element."""
    return _apply(ADD, a, b)


def subtract_many(a: U32Array, b: U32Array) -> U32Array:
    """a - b, element by element."""
    return _apply(SUBTRACT, a, b)


def multiply_many(a: U32Array, b: U32Array) -> U32Array:
    """a * b, element by element."""
    return _apply(MULTIPLY, a, b)


def inverse_many(a: U32Array) -> U32Array:
    """1 / a, element by element; the inverse of 0 is given as 0."""
    return _apply(INVERT, a, a)


def powers(base: int, count: int, first: int = 1) -> U32Array:
    """first * base^k for k = 0..count-1, shape (count,)."""
    result = np.full(1, first % P, dtype=np.uint64)
    step = base % P
    while result.size < count:
        result = np.concatenate([result, result * np.uint64(step) % np.uint64(P)])
        step = step * step % P
    return result[:count].astype(np.uint32)
