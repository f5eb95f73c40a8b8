"""Schnorr in lanes: every intermediate point, slope and inverse of many signatures at once.

The witness of the ladder, comb and order tables is exactly this trace, and verification is the
trace with its end compared. Reference: rollup.crypto.schnorr, step for step. Arrays are canonical
uint32; points are 14 words, x then y. `rollup.crypto.batched` is the door for records.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from rollup.crypto import curve, schnorr
from rollup.crypto.septic_kernels import (
    WORDS,
    add_lanes,
    double_lanes,
    is_on_curve,
    load,
    scratch_lanes,
)
from rollup.hash.kernels import compress_many
from rollup.hash.poseidon import chain_start
from rollup.jit import U8Array, U32Array, kernel, parallel

POINT = 2 * WORDS

LADDER_ROWS = curve.DIGITS + 1
"""A row a digit, and one that holds the end V."""

COMB_ROWS = curve.BYTES + 1
"""A row a byte, and one that holds the end F."""

# Words of a ladder row: the point before, then what one digit makes of it.
LADDER_POINT = 0
LADDER_SLOPE_1 = POINT
LADDER_X_1 = LADDER_SLOPE_1 + WORDS
LADDER_SLOPE_2 = LADDER_X_1 + WORDS
LADDER_X_2 = LADDER_SLOPE_2 + WORDS
LADDER_ENTRY = LADDER_X_2 + WORDS
LADDER_SLOPE_3 = LADDER_ENTRY + POINT
LADDER_INVERSE = LADDER_SLOPE_3 + WORDS
LADDER_WORDS = LADDER_INVERSE + WORDS

# Words of an addition: of a comb row before it, of a window table or final row after it.
ADDITION_POINT = 0
ADDITION_OTHER = POINT
ADDITION_SLOPE = 2 * POINT
ADDITION_INVERSE = ADDITION_SLOPE + WORDS
ADDITION_WORDS = ADDITION_INVERSE + WORDS

TABLE_ENTRIES = 4

LANES = 32
"""Signatures verified in step: one inversion in 32, and their trace (0.7 MB) stays in cache."""


def words(point: curve.Point) -> U32Array:
    """A point as 14 words."""
    return np.array((*point.x, *point.y), dtype=np.uint32)


LADDER_START = words(curve.LADDER_START)
WINDOW_OFFSET = words(curve.WINDOW_OFFSET)
COMB_START = words(curve.COMB_START)
SHIFT_NEGATED = words(curve.negate(curve.CONSTANT_SHIFT))


class SignatureTrace(NamedTuple):
    """What the schedule of n signatures passes through, uint32 but for the last (uint8).

    ladder (n, 61, 70): rows of LADDER_* words; row 60 begins with V and goes on with the entry S.
    comb (n, 29, 42): rows of ADDITION_* words: point before, entry; row 28 begins with F, with the
    first entry again. entries (n, 4, 14): the window table T. table (n, 3, 42): row d - 1 is T[d - 1],
    P, and the slope and inverse of their sum T[d].
    final (n, 42): R, V, slope and inverse. total (n, 14): R + V. exceptional (n,): 1 where an
    addition met equal x, or a doubling y = 0 (possible off the curve only).
    """

    ladder: U32Array
    comb: U32Array
    entries: U32Array
    table: U32Array
    final: U32Array
    total: U32Array
    exceptional: U8Array


@kernel
def _put(rows: U32Array, step: int, at: int, values: U32Array) -> None:
    """rows[lane, step, at:] = values[lane], for every lane; values are (lanes, width)."""
    for lane in range(len(values)):
        for k in range(values.shape[1]):
            rows[lane, step, at + k] = values[lane, k]


@kernel
def _fill_point(point: U32Array, value: U32Array) -> None:
    """The same 14 words in every lane."""
    for lane in range(len(point)):
        for k in range(POINT):
            point[lane, k] = value[k]


@kernel
def trace_table(keys: U32Array, table: U32Array, entries: U32Array, exceptional: U8Array) -> None:
    """T[0..3] of every key into entries (lanes, 4, 14), the additions into table (lanes, 3, 42)."""
    lanes = len(keys)
    slopes, inverses, prefixes = scratch_lanes(lanes)
    point = np.empty((lanes, POINT), dtype=np.uint32)
    _fill_point(point, WINDOW_OFFSET)
    _put(entries, 0, 0, point)
    for step in range(TABLE_ENTRIES - 1):
        _put(table, step, ADDITION_POINT, point)
        _put(table, step, ADDITION_OTHER, keys)
        add_lanes(point, keys, slopes, inverses, prefixes, exceptional)
        _put(table, step, ADDITION_SLOPE, slopes)
        _put(table, step, ADDITION_INVERSE, inverses)
        _put(entries, step + 1, 0, point)


@kernel
def trace_ladder(
    entries: U32Array, digits: U8Array, ladder: U32Array, exceptional: U8Array
) -> None:
    """The ladder of every lane: entries (lanes, 4, 14), digits (lanes, 60). See SignatureTrace.

    The row past the last digit goes through one more step, with entry S, which nobody reads.
    """
    lanes = len(digits)
    slopes, inverses, prefixes = scratch_lanes(lanes)
    point = np.empty((lanes, POINT), dtype=np.uint32)
    entry = np.empty((lanes, POINT), dtype=np.uint32)
    ignored = np.zeros(lanes, dtype=np.uint8)
    _fill_point(point, LADDER_START)
    for step in range(LADDER_ROWS):
        marks = exceptional if step < LADDER_ROWS - 1 else ignored
        _put(ladder, step, LADDER_POINT, point)
        double_lanes(point, slopes, inverses, prefixes, marks)
        _put(ladder, step, LADDER_SLOPE_1, slopes)
        _put(ladder, step, LADDER_X_1, point[:, :WORDS])
        double_lanes(point, slopes, inverses, prefixes, marks)
        _put(ladder, step, LADDER_SLOPE_2, slopes)
        _put(ladder, step, LADDER_X_2, point[:, :WORDS])
        for lane in range(lanes):
            digit = digits[lane, step] if step < LADDER_ROWS - 1 else 0
            for k in range(POINT):
                entry[lane, k] = entries[lane, digit, k]
        _put(ladder, step, LADDER_ENTRY, entry)
        add_lanes(point, entry, slopes, inverses, prefixes, marks)
        _put(ladder, step, LADDER_SLOPE_3, slopes)
        _put(ladder, step, LADDER_INVERSE, inverses)


@kernel
def trace_comb(base: U32Array, response: U8Array, comb: U32Array, exceptional: U8Array) -> None:
    """The comb of every lane: base (28, 256, 14), response (lanes, 28) bytes. See SignatureTrace.

    The row past the last byte repeats window 0's entry, which nobody reads.
    """
    lanes = len(response)
    slopes, inverses, prefixes = scratch_lanes(lanes)
    point = np.empty((lanes, POINT), dtype=np.uint32)
    entry = np.empty((lanes, POINT), dtype=np.uint32)
    ignored = np.zeros(lanes, dtype=np.uint8)
    _fill_point(point, COMB_START)
    for step in range(COMB_ROWS):
        window = step if step < COMB_ROWS - 1 else 0
        marks = exceptional if step < COMB_ROWS - 1 else ignored
        for lane in range(lanes):
            for k in range(POINT):
                entry[lane, k] = base[window, response[lane, window], k]
        _put(comb, step, ADDITION_POINT, point)
        _put(comb, step, ADDITION_OTHER, entry)
        add_lanes(point, entry, slopes, inverses, prefixes, marks)
        _put(comb, step, ADDITION_SLOPE, slopes)
        _put(comb, step, ADDITION_INVERSE, inverses)


@kernel
def trace_final(
    nonces: U32Array, ends: U32Array, final: U32Array, total: U32Array, exceptional: U8Array
) -> None:
    """total = R + V of every lane, with the addition's words in final (lanes, 42)."""
    lanes = len(nonces)
    slopes, inverses, prefixes = scratch_lanes(lanes)
    total[:] = nonces
    add_lanes(total, ends, slopes, inverses, prefixes, exceptional)
    final[:, ADDITION_POINT:ADDITION_OTHER] = nonces
    final[:, ADDITION_OTHER:ADDITION_SLOPE] = ends
    final[:, ADDITION_SLOPE:ADDITION_INVERSE] = slopes
    final[:, ADDITION_INVERSE:ADDITION_WORDS] = inverses


@kernel
def _trace_part(
    start: int,
    stop: int,
    inputs: tuple[U32Array, U32Array, U8Array, U8Array, U32Array],
    outputs: tuple[U32Array, U32Array, U32Array, U32Array, U32Array, U32Array, U8Array],
) -> None:
    """Signatures start..stop of `trace_many`."""
    keys, nonces, digits, response, base = inputs
    ladder, comb, entries, table, final, total, exceptional = outputs
    marks = exceptional[start:stop]
    trace_table(keys[start:stop], table[start:stop], entries[start:stop], marks)
    trace_ladder(entries[start:stop], digits[start:stop], ladder[start:stop], marks)
    trace_comb(base, response[start:stop], comb[start:stop], marks)
    ends = np.empty((stop - start, POINT), dtype=np.uint32)
    ends[:] = ladder[start:stop, LADDER_ROWS - 1, :POINT]
    trace_final(nonces[start:stop], ends, final[start:stop], total[start:stop], marks)


@kernel
def _verify_part(
    start: int,
    stop: int,
    inputs: tuple[U32Array, U32Array, U8Array, U8Array, U32Array],
    valid: U8Array,
) -> None:
    """Whether signatures start..stop hold, in groups of LANES."""
    keys, nonces, digits, response, base = inputs
    ladder = np.empty((LANES, LADDER_ROWS, LADDER_WORDS), dtype=np.uint32)
    comb = np.empty((LANES, COMB_ROWS, ADDITION_WORDS), dtype=np.uint32)
    entries = np.empty((LANES, TABLE_ENTRIES, POINT), dtype=np.uint32)
    table = np.empty((LANES, TABLE_ENTRIES - 1, ADDITION_WORDS), dtype=np.uint32)
    final = np.empty((LANES, ADDITION_WORDS), dtype=np.uint32)
    total = np.empty((LANES, POINT), dtype=np.uint32)
    exceptional = np.empty(LANES, dtype=np.uint8)
    outputs = (ladder, comb, entries, table, final, total, exceptional)
    for first in range(start, stop, LANES):
        last = min(first + LANES, stop)
        exceptional[:] = 0
        group = (keys[first:last], nonces[first:last], digits[first:last], response[first:last])
        _trace_part(0, last - first, (*group, base), outputs)
        for lane in range(last - first):
            holds = exceptional[lane] == 0
            for k in range(POINT):
                holds = holds and total[lane, k] == comb[lane, COMB_ROWS - 1, k]
            for points in (keys, nonces):
                row = points[first + lane]
                holds = holds and is_on_curve(load(row), load(row[WORDS:]))
            valid[first + lane] = holds


@kernel
def _comb_ends(start: int, stop: int, base: U32Array, scalars: U8Array, out: U32Array) -> None:
    """out = scalar * G of lanes start..stop; an exceptional lane (scalar 0 mod N) is left 0."""
    lanes = stop - start
    comb = np.empty((lanes, COMB_ROWS, ADDITION_WORDS), dtype=np.uint32)
    exceptional = np.zeros(lanes, dtype=np.uint8)
    trace_comb(base, scalars[start:stop], comb, exceptional)
    point = np.empty((lanes, POINT), dtype=np.uint32)
    point[:] = comb[:, COMB_ROWS - 1, :POINT]
    shift = np.empty((lanes, POINT), dtype=np.uint32)
    _fill_point(shift, SHIFT_NEGATED)
    slopes, inverses, prefixes = scratch_lanes(lanes)
    add_lanes(point, shift, slopes, inverses, prefixes, exceptional)
    for lane in range(lanes):
        for k in range(POINT):
            out[start + lane, k] = 0 if exceptional[lane] else point[lane, k]


@kernel
def _extend_windows(base: U32Array, steps: U32Array) -> None:
    """base[i, b] = base[i, b - 1] + steps[i] for all windows i, b = 1..255."""
    windows = len(base)
    slopes, inverses, prefixes = scratch_lanes(windows)
    exceptional = np.zeros(windows, dtype=np.uint8)
    point = np.empty((windows, POINT), dtype=np.uint32)
    point[:] = base[:, 0]
    for b in range(1, base.shape[1]):
        add_lanes(point, steps, slopes, inverses, prefixes, exceptional)
        base[:, b] = point


@cache
def base_table() -> U32Array:
    """B[i, b] = b * 256^i * G + S_i, (28, 256, 14), read-only. Reference: schnorr.comb_table."""
    base = np.zeros((curve.BYTES, curve.BYTE_VALUES, POINT), dtype=np.uint32)
    steps = np.zeros((curve.BYTES, POINT), dtype=np.uint32)
    step = curve.GENERATOR
    for window in range(curve.BYTES):
        base[window, 0] = words(curve.comb_offset(window))
        steps[window] = words(step)
        for _ in range(8):
            step = curve.double(step)
    _extend_windows(base, steps)
    base.flags.writeable = False
    return base


def challenge_parts_many(keys: U32Array, nonces: U32Array, messages: U32Array) -> U32Array:
    """The five 24-bit parts of every challenge, (n, 5). Reference: schnorr.challenge_parts."""
    digests = challenge_chain_many(keys, nonces, messages)[-1]
    mask = np.uint32((1 << schnorr.CHALLENGE_PART_BITS) - 1)
    return np.ascontiguousarray(digests[:, : schnorr.CHALLENGE_PARTS] & mask)


def challenge_chain_many(keys: U32Array, nonces: U32Array, messages: U32Array) -> list[U32Array]:
    """The five chaining values (n, 8) of every challenge's hash, the digest last."""
    count = len(keys)
    padding = np.zeros((count, 4), dtype=np.uint32)
    blocks = np.concatenate([nonces, keys, messages, padding], axis=1).astype(np.uint32)
    start = chain_start(schnorr.CHALLENGE_TYPE, blocks.shape[1] // 8)
    values = [np.tile(np.array(start, dtype=np.uint32), (count, 1))]
    for at in range(0, blocks.shape[1], 8):
        values.append(compress_many(values[-1], np.ascontiguousarray(blocks[:, at : at + 8])))
    return values[1:]


def digits_of_parts(parts: U32Array) -> U8Array:
    """The 60 two-bit digits of every challenge, most significant first, (n, 60) uint8."""
    places = np.arange(schnorr.DIGITS_PER_PART - 1, -1, -1, dtype=np.uint32)
    shifts = places * np.uint32(curve.DIGIT_BITS)
    digits = parts[:, ::-1, None] >> shifts & np.uint32((1 << curve.DIGIT_BITS) - 1)
    return digits.reshape(len(parts), curve.DIGITS).astype(np.uint8)


def trace_many(
    keys: U32Array, nonces: U32Array, responses: U8Array, parts: U32Array
) -> SignatureTrace:
    """The schedule of every signature, valid or not: keys and nonce points R (n, 14), responses
    (n, 28) bytes, challenge parts (n, 5) below 2^24."""
    count = len(keys)
    trace = SignatureTrace(
        ladder=np.zeros((count, LADDER_ROWS, LADDER_WORDS), dtype=np.uint32),
        comb=np.zeros((count, COMB_ROWS, ADDITION_WORDS), dtype=np.uint32),
        entries=np.zeros((count, TABLE_ENTRIES, POINT), dtype=np.uint32),
        table=np.zeros((count, TABLE_ENTRIES - 1, ADDITION_WORDS), dtype=np.uint32),
        final=np.zeros((count, ADDITION_WORDS), dtype=np.uint32),
        total=np.zeros((count, POINT), dtype=np.uint32),
        exceptional=np.zeros(count, dtype=np.uint8),
    )
    if count:
        inputs = (keys, nonces, digits_of_parts(parts), responses, base_table())
        parallel(_trace_part, count, inputs, tuple(trace))
    return trace


def verify_arrays(
    keys: U32Array, nonces: U32Array, responses: U8Array, messages: U32Array
) -> U8Array:
    """1 where schnorr.verify is true: keys and R (n, 14), responses (n, 28), messages (n, 8).

    All words must be canonical; `rollup.crypto.batched` checks that.
    """
    valid = np.zeros(len(keys), dtype=np.uint8)
    if len(keys):
        digits = digits_of_parts(challenge_parts_many(keys, nonces, messages))
        parallel(_verify_part, len(keys), (keys, nonces, digits, responses, base_table()), valid)
    return valid


def multiply_generator(scalars: U8Array) -> U32Array:
    """scalar * G of every row of 28 little-endian bytes, (n, 14); 0 mod N gives words of 0."""
    out = np.zeros((len(scalars), POINT), dtype=np.uint32)
    if len(scalars):
        parallel(_comb_ends, len(scalars), base_table(), scalars, out)
    return out
