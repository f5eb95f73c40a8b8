"""Schnorr in lanes: every intermediate point, slope and inverse of many signatures at once.

The witness of the ladder, comb and order tables is exactly this trace, and verification is the
same walk with its end compared. Reference: rollup.crypto.schnorr, step for step. The walk is
Python over a few kernels (additions and doublings of whole arrays of points), so that little has to
be compiled. Arrays are canonical uint32; points are 14 words, x then y. `rollup.crypto.batched` is
the door for records.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self

import numpy as np

from rollup.crypto import curve, schnorr
from rollup.crypto.septic_kernels import WORDS, add_lanes, double_lanes, on_curve_lanes
from rollup.hash.kernels import compress_many
from rollup.hash.poseidon import chain_start
from rollup.jit import U8Array, U32Array, parallel

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

# Words of an addition: both points, slope and inverse.
ADDITION_POINT = 0
ADDITION_OTHER = POINT
ADDITION_SLOPE = 2 * POINT
ADDITION_INVERSE = ADDITION_SLOPE + WORDS
ADDITION_WORDS = ADDITION_INVERSE + WORDS

TABLE_ENTRIES = 4


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
    comb (n, 29, 42): rows of ADDITION_* words: point before, entry; row 28 begins with F, with
    entry 0 of window 0. entries (n, 4, 14): the window table T. table (n, 3, 42): row d - 1 is
    T[d - 1], P, and the slope and inverse of their sum T[d]. final (n, 42): R, V, slope, inverse.
    total (n, 14): R + V. exceptional (n,): 1 where an addition met equal x, or a doubling y = 0
    (possible off the curve only).
    """

    ladder: U32Array
    comb: U32Array
    entries: U32Array
    table: U32Array
    final: U32Array
    total: U32Array
    exceptional: U8Array

    @classmethod
    def empty(cls, count: int) -> Self:
        """Zeros for `count` signatures."""
        return cls(
            ladder=np.zeros((count, LADDER_ROWS, LADDER_WORDS), dtype=np.uint32),
            comb=np.zeros((count, COMB_ROWS, ADDITION_WORDS), dtype=np.uint32),
            entries=np.zeros((count, TABLE_ENTRIES, POINT), dtype=np.uint32),
            table=np.zeros((count, TABLE_ENTRIES - 1, ADDITION_WORDS), dtype=np.uint32),
            final=np.zeros((count, ADDITION_WORDS), dtype=np.uint32),
            total=np.zeros((count, POINT), dtype=np.uint32),
            exceptional=np.zeros(count, dtype=np.uint8),
        )

    def some(self, start: int, stop: int) -> Self:
        """Signatures start..stop, as views."""
        return type(self)(
            ladder=self.ladder[start:stop],
            comb=self.comb[start:stop],
            entries=self.entries[start:stop],
            table=self.table[start:stop],
            final=self.final[start:stop],
            total=self.total[start:stop],
            exceptional=self.exceptional[start:stop],
        )


@dataclass(frozen=True, slots=True)
class Lanes:
    """A point a lane, and what the last operation on it left: slopes, inverses, marks."""

    point: U32Array  # (lanes, 14)
    slopes: U32Array  # (lanes, 7)
    inverses: U32Array
    prefixes: U32Array  # scratch
    exceptional: U8Array  # (lanes,) 1 once an operation was exceptional

    @classmethod
    def start(cls, points: U32Array, lanes: int) -> Self:
        """Lanes that start from these points (lanes, 14), or all from one (14,)."""
        point = np.empty((lanes, POINT), dtype=np.uint32)
        point[...] = points
        return cls(
            point=point,
            slopes=np.zeros((lanes, WORDS), dtype=np.uint32),
            inverses=np.zeros((lanes, WORDS), dtype=np.uint32),
            prefixes=np.zeros((lanes, WORDS), dtype=np.uint32),
            exceptional=np.zeros(lanes, dtype=np.uint8),
        )

    def add(self, other: U32Array) -> None:
        """Add a point (lanes, 14) to each lane's."""
        add_lanes(self.point, other, self.slopes, self.inverses, self.prefixes, self.exceptional)

    def double(self) -> None:
        """Double each lane's point."""
        double_lanes(self.point, self.slopes, self.inverses, self.prefixes, self.exceptional)

    def keep_addition(self, row: U32Array | None, before: U32Array, other: U32Array) -> None:
        """Write an addition into (lanes, 42), unless nobody wants it."""
        if row is not None:
            row[:, :ADDITION_OTHER] = before
            row[:, ADDITION_OTHER:ADDITION_SLOPE] = other
            row[:, ADDITION_SLOPE:ADDITION_INVERSE] = self.slopes
            row[:, ADDITION_INVERSE:] = self.inverses


def _window_table(keys: U32Array, table: U32Array | None) -> tuple[U32Array, U8Array]:
    """T[0..3] of every key, (n, 4, 14), and marks. Reference: schnorr.ladder_table."""
    lanes = Lanes.start(WINDOW_OFFSET, len(keys))
    entries = np.empty((len(keys), TABLE_ENTRIES, POINT), dtype=np.uint32)
    entries[:, 0] = lanes.point
    for step in range(TABLE_ENTRIES - 1):
        lanes.add(keys)
        entries[:, step + 1] = lanes.point
        row = None if table is None else table[:, step]
        lanes.keep_addition(row, entries[:, step], keys)
    return entries, lanes.exceptional


def _ladder(entries: U32Array, digits: U8Array, rows: U32Array | None) -> tuple[U32Array, U8Array]:
    """V of every lane and marks, from entries (n, 4, 14) and digits (n, 60)."""
    lanes = Lanes.start(LADDER_START, len(digits))
    every = np.arange(len(digits))
    for step in range(curve.DIGITS):
        entry = entries[every, digits[:, step]]
        _ladder_step(lanes, entry, None if rows is None else rows[:, step])
    end, marks = lanes.point.copy(), lanes.exceptional.copy()
    if rows is not None:
        _ladder_step(lanes, np.ascontiguousarray(entries[:, 0]), rows[:, curve.DIGITS])
    return end, marks


def _ladder_step(lanes: Lanes, entry: U32Array, row: U32Array | None) -> None:
    """Two doublings and an addition, kept in row (n, 70) if somebody wants it."""
    kept: list[U32Array] = [lanes.point.copy()]
    for _ in range(2):
        lanes.double()
        if row is not None:
            kept += [lanes.slopes.copy(), lanes.point[:, :WORDS].copy()]
    lanes.add(entry)
    if row is not None:
        kept += [entry, lanes.slopes, lanes.inverses]
        np.concatenate(kept, axis=1, out=row)


def _comb(response: U8Array, rows: U32Array | None) -> tuple[U32Array, U8Array]:
    """F of every lane and marks, from bytes (n, 28). Reference: schnorr.comb."""
    base = base_table()
    lanes = Lanes.start(COMB_START, len(response))
    for window in range(curve.BYTES):
        _comb_step(lanes, base[window, response[:, window]], rows, window)
    end, marks = lanes.point.copy(), lanes.exceptional.copy()
    if rows is not None:
        entry = np.tile(base[0, 0], (len(response), 1))
        _comb_step(lanes, entry, rows, curve.BYTES)
    return end, marks


def _comb_step(lanes: Lanes, entry: U32Array, rows: U32Array | None, step: int) -> None:
    before = None if rows is None else lanes.point.copy()
    lanes.add(entry)
    if rows is not None and before is not None:
        lanes.keep_addition(rows[:, step], before, entry)


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
    lanes = Lanes.start(base[:, 0], curve.BYTES)
    for byte in range(1, curve.BYTE_VALUES):
        lanes.add(steps)
        base[:, byte] = lanes.point
    base.flags.writeable = False
    return base


def challenge_parts_many(keys: U32Array, nonces: U32Array, messages: U32Array) -> U32Array:
    """The five 24-bit parts of every challenge, (n, 5). Reference: schnorr.challenge_parts."""
    count = len(keys)
    padding = np.zeros((count, 4), dtype=np.uint32)
    blocks = np.concatenate([nonces, keys, messages, padding], axis=1).astype(np.uint32)
    start = chain_start(schnorr.CHALLENGE_TYPE, blocks.shape[1] // 8)
    digest = np.tile(np.array(start, dtype=np.uint32), (count, 1))
    for at in range(0, blocks.shape[1], 8):
        digest = compress_many(digest, np.ascontiguousarray(blocks[:, at : at + 8]))
    mask = np.uint32((1 << schnorr.CHALLENGE_PART_BITS) - 1)
    return np.ascontiguousarray(digest[:, : schnorr.CHALLENGE_PARTS] & mask)


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
    trace = SignatureTrace.empty(len(keys))
    digits = digits_of_parts(parts)

    def part(start: int, stop: int) -> None:
        some = slice(start, stop)
        into = trace.some(start, stop)
        into.entries[...], first = _window_table(keys[some], into.table)
        ladder_end, second = _ladder(into.entries, digits[some], into.ladder)
        _, third = _comb(responses[some], into.comb)
        lanes = Lanes.start(nonces[some], stop - start)
        lanes.add(ladder_end)
        lanes.keep_addition(into.final, nonces[some], ladder_end)
        into.total[...] = lanes.point
        into.exceptional[...] = first | second | third | lanes.exceptional

    if len(keys):
        base_table()
        parallel(part, len(keys))
    return trace


def verify_arrays(
    keys: U32Array, nonces: U32Array, responses: U8Array, messages: U32Array
) -> U8Array:
    """1 where schnorr.verify is true: keys and R (n, 14), responses (n, 28), messages (n, 8).

    All words must be canonical; `rollup.crypto.batched` checks that.
    """
    valid = np.zeros(len(keys), dtype=np.uint8)

    def part(start: int, stop: int) -> None:
        some = slice(start, stop)
        parts = challenge_parts_many(keys[some], nonces[some], messages[some])
        entries, first = _window_table(keys[some], None)
        ladder_end, second = _ladder(entries, digits_of_parts(parts), None)
        comb_end, third = _comb(responses[some], None)
        lanes = Lanes.start(nonces[some], stop - start)
        lanes.add(ladder_end)
        holds = np.all(lanes.point == comb_end, axis=1)
        holds &= (first | second | third | lanes.exceptional) == 0
        for points in (keys, nonces):
            on_curve = np.zeros(stop - start, dtype=np.uint8)
            on_curve_lanes(points[some], on_curve)
            holds &= on_curve == 1
        valid[some] = holds

    if len(keys):
        base_table()
        parallel(part, len(keys))
    return valid


def multiply_generator(scalars: U8Array) -> U32Array:
    """scalar * G of every row of 28 little-endian bytes, (n, 14); 0 mod N gives words of 0."""
    out = np.zeros((len(scalars), POINT), dtype=np.uint32)

    def part(start: int, stop: int) -> None:
        end, marks = _comb(scalars[start:stop], None)
        lanes = Lanes.start(end, stop - start)
        lanes.add(np.tile(SHIFT_NEGATED, (stop - start, 1)))
        exceptional = (marks | lanes.exceptional)[:, None] == 1
        out[start:stop] = np.where(exceptional, 0, lanes.point)

    if len(scalars):
        base_table()
        parallel(part, len(scalars))
    return out
