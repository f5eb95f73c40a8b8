"""Curve steps on SIMD lanes: 16 points at once. Reference: rollup.crypto.curve.

Points are 14 Montgomery planes, x then y, as `rollup.crypto.septic_kernels` lays them out. An
operation that is exceptional in a lane marks it; where it would divide by 0 it goes on with an
inverse of 0.
"""

import numpy as np

from rollup.crypto.curve import CURVE_CONSTANT, CURVE_LINEAR, DIGIT_BITS
from rollup.crypto.septic_kernels import (
    WORDS,
    add,
    invert_lanes,
    is_set_word,
    load_element,
    multiply,
    store_element,
    subtract,
)
from rollup.field.koalabear import P
from rollup.native.jit import U8Array, U32Array, kernel
from rollup.native.simd import LANES, field_add, field_subtract, load, splat32, store

LINEAR = np.uint32(CURVE_LINEAR * 2**32 % P)
CONSTANT = np.uint32(CURVE_CONSTANT[3] * 2**32 % P)


@kernel
def _plus_linear(a):  # type: ignore[no-untyped-def]
    """a + 45."""
    return (field_add(a[0], splat32(LINEAR)), a[1], a[2], a[3], a[4], a[5], a[6])


@kernel
def _go_on(points, i, x_other, slope):  # type: ignore[no-untyped-def]
    """Replace the points at lane i by their sums with points of x `x_other` on these slopes."""
    x = load_element(points, 0, i)
    x_sum = subtract(subtract(multiply(slope, slope), x), x_other)
    y_sum = subtract(multiply(slope, subtract(x, x_sum)), load_element(points, WORDS, i))
    store_element(points, 0, i, x_sum)
    store_element(points, WORDS, i, y_sum)


@kernel
def add_lanes(
    a: U32Array,
    b: U32Array,
    slopes: U32Array,
    inverses: U32Array,
    prefixes: U32Array,
    exceptional: U32Array,
) -> None:
    """a becomes a + b; slopes are left behind. Marks lanes whose x are not apart in their first two
    words (curve.APART_WORDS). Reference: curve.add.

    Points are 14 planes, x then y; slopes, inverses and prefixes (both scratch) 7; exceptional
    (lanes,).
    """
    lanes = a.shape[1]
    for i in range(0, lanes, LANES):
        run = subtract(load_element(b, 0, i), load_element(a, 0, i))
        store_element(inverses, 0, i, run)
        alike = splat32(np.uint32(1)) - is_set_word(run[0] | run[1])
        store(exceptional, i, load(exceptional, i) | alike)
    invert_lanes(inverses, prefixes, exceptional)
    for i in range(0, lanes, LANES):
        rise = subtract(load_element(b, WORDS, i), load_element(a, WORDS, i))
        slope = multiply(rise, load_element(inverses, 0, i))
        store_element(slopes, 0, i, slope)
        _go_on(a, i, load_element(b, 0, i), slope)


@kernel
def double_lanes(
    a: U32Array,
    slopes: U32Array,
    inverses: U32Array,
    prefixes: U32Array,
    exceptional: U32Array,
) -> None:
    """a becomes 2 a; slopes are left behind, inverses is scratch. Reference: curve.double."""
    lanes = a.shape[1]
    for i in range(0, lanes, LANES):
        y = load_element(a, WORDS, i)
        store_element(inverses, 0, i, add(y, y))
    invert_lanes(inverses, prefixes, exceptional)
    for i in range(0, lanes, LANES):
        x = load_element(a, 0, i)
        square = multiply(x, x)
        rise = _plus_linear(add(add(square, square), square))
        slope = multiply(rise, load_element(inverses, 0, i))
        store_element(slopes, 0, i, slope)
        _go_on(a, i, x, slope)


@kernel
def select_lanes(entries: U32Array, choices: U8Array, out: U32Array) -> None:
    """out[:, lane] = entries[choices[lane], :, lane], of entries (choices, planes, lanes)."""
    for plane in range(out.shape[0]):
        for lane in range(out.shape[1]):
            out[plane, lane] = entries[choices[lane], plane, lane]


@kernel
def gather_lanes(window: U32Array, choices: U8Array, out: U32Array) -> None:
    """out[:, lane] = window[:, choices[lane]], of entries (planes, choices) alike for all lanes."""
    for plane in range(out.shape[0]):
        for lane in range(out.shape[1]):
            out[plane, lane] = window[plane, choices[lane]]


@kernel
def ladder_lanes(
    a: U32Array,
    entries: U32Array,
    base: U32Array,
    digits: U8Array,
    octets: U8Array,
    entry: U32Array,
    slopes: U32Array,
    inverses: U32Array,
    prefixes: U32Array,
    exceptional: U32Array,
) -> None:
    """a becomes the end of its ladder: for each round of digits (rounds, 2, lanes), each in turn:
    doubled four times, plus the entry chosen of (16, 14, lanes); then plus base[window, :, octet]
    of each window of `base` (2, 14, 256), by octets (rounds, 2, lanes). `entry` (14, lanes) and the
    last four as in `add_lanes`.

    One call instead of twelve a round, which cost more than the steps of few lanes. Reference:
    schnorr.ladder, and `kernels._climb_kept` where rows are kept.
    """
    for step in range(digits.shape[0]):
        for place in range(digits.shape[1]):
            select_lanes(entries, digits[step, place], entry)
            for _ in range(DIGIT_BITS):
                double_lanes(a, slopes, inverses, prefixes, exceptional)
            add_lanes(a, entry, slopes, inverses, prefixes, exceptional)
        for window in range(octets.shape[1]):
            gather_lanes(base[window], octets[step, window], entry)
            add_lanes(a, entry, slopes, inverses, prefixes, exceptional)


@kernel
def comb_lanes(
    a: U32Array,
    base: U32Array,
    choices: U8Array,
    entry: U32Array,
    slopes: U32Array,
    inverses: U32Array,
    prefixes: U32Array,
    exceptional: U32Array,
) -> None:
    """a becomes the end of its comb: plus base[window, :, choice] for each window of `base`
    (windows, 14, 256), by choices (windows, lanes). Scratch as in `ladder_lanes`. Reference:
    schnorr.comb, and `kernels._comb_step` where rows are kept.
    """
    for window in range(choices.shape[0]):
        gather_lanes(base[window], choices[window], entry)
        add_lanes(a, entry, slopes, inverses, prefixes, exceptional)


@kernel
def curve_gaps(points: U32Array, gaps: U32Array) -> None:
    """gaps (7 planes) = y^2 - x^3 - 45x - 41z^3, 0 on the curve. Reference: curve.is_on_curve."""
    for i in range(0, points.shape[1], LANES):
        x, y = load_element(points, 0, i), load_element(points, WORDS, i)
        right = multiply(_plus_linear(multiply(x, x)), x)
        gap = subtract(multiply(y, y), right)
        third = field_subtract(gap[3], splat32(CONSTANT))
        store_element(gaps, 0, i, (gap[0], gap[1], gap[2], third, gap[4], gap[5], gap[6]))
