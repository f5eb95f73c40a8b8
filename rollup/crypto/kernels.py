"""Schnorr in lanes: every intermediate point, slope and inverse of many signatures at once.

The witness of the ladder, comb and order tables is exactly this trace, and verification is the
same walk with its end compared. Reference: rollup.crypto.schnorr, step for step. The traced walk is
Python over a few kernels (additions and doublings of whole arrays of points); the one that only
verifies is a kernel, since the calls of its steps cost as much as few lanes do. Arrays are
canonical uint32; points are 14 words, x then y. `rollup.crypto.batched` is the door for records.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rollup.crypto import curve, schnorr
from rollup.crypto.curve_kernels import (
    add_lanes,
    comb_lanes,
    curve_gaps,
    double_lanes,
    ladder_lanes,
    select_lanes,
)
from rollup.crypto.septic_kernels import WORDS, enter, leave, multiply_lanes
from rollup.field.kernels import to_montgomery
from rollup.hash.kernels import compress_many
from rollup.hash.poseidon import chain_start
from rollup.native.jit import U8Array, U32Array, parallel
from rollup.native.kept import kept_arrays
from rollup.native.simd import LANES

POINT = 2 * WORDS

LADDER_ROWS = curve.DIGITS + 2
"""A row a digit, one that begins with the end V, and one that goes on from there: the circuit holds
two digits a row, on the row of the end as well."""

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
LADDER_WORDS = LADDER_SLOPE_3 + WORDS

# Words of an addition: both points and the slope.
ADDITION_POINT = 0
ADDITION_OTHER = POINT
ADDITION_SLOPE = 2 * POINT
ADDITION_WORDS = ADDITION_SLOPE + WORDS

TABLE_ENTRIES = 4

GRAIN = 8
"""Vectors of 16 signatures that a thread takes at least, so that they share inversions."""


def words(point: curve.Point) -> U32Array:
    """A point as 14 words."""
    return np.array((*point.x, *point.y), dtype=np.uint32)


LADDER_START = words(curve.LADDER_START)
WINDOW_OFFSET = words(curve.WINDOW_OFFSET)
COMB_START = words(curve.COMB_START)
SHIFT_NEGATED = words(curve.negate(curve.CONSTANT_SHIFT))


class SignatureTrace(NamedTuple):
    """What the schedule of n signatures passes through, uint32 but for the last (uint8).

    ladder (n, 62, 63): rows of LADDER_* words; row 60 begins with V, it and row 61 go on with S.
    comb (n, 29, 35): rows of ADDITION_* words: point before, entry; row 28 begins with F, with
    entry 0 of window 0. entries (n, 4, 14): the window table T. table (n, 3, 35): row d - 1 is
    T[d - 1], P, and the slope of their sum T[d]. final (n, 35): R, V, slope. total (n, 14): R + V.
    exceptional (n,): 1 where an addition met two x that are not apart, or a doubling y = 0
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
    """A point a lane, and what the last operation on it left. Montgomery planes (words, lanes)."""

    point: U32Array  # 14 planes
    slopes: U32Array  # 7 planes
    inverses: U32Array
    prefixes: U32Array  # scratch
    exceptional: U32Array  # (lanes,), 1 once an operation was exceptional

    @classmethod
    def start(cls, points: U32Array) -> Self:
        """Lanes that start from these planes (14, lanes), which are copied."""
        lanes = points.shape[1]
        return cls(
            point=points.copy(),
            slopes=np.zeros((WORDS, lanes), dtype=np.uint32),
            inverses=np.zeros((WORDS, lanes), dtype=np.uint32),
            prefixes=np.zeros((WORDS, lanes), dtype=np.uint32),
            exceptional=np.zeros(lanes, dtype=np.uint32),
        )

    @classmethod
    def start_alike(cls, point: U32Array, lanes: int) -> Self:
        """Lanes that all start from one canonical point (14,)."""
        return cls.start(np.tile(to_montgomery(point)[:, None], (1, lanes)))

    def add(self, other: U32Array) -> None:
        """Add planes of points."""
        add_lanes(self.point, other, self.slopes, self.inverses, self.prefixes, self.exceptional)

    def double(self) -> None:
        """Double each point."""
        double_lanes(self.point, self.slopes, self.inverses, self.prefixes, self.exceptional)

    def climb(self, entries: U32Array, digits: U8Array) -> None:
        """All steps of a ladder: entries (4, 14, lanes), digits (steps, lanes)."""
        scratch = (self.slopes, self.inverses, self.prefixes, self.exceptional)
        ladder_lanes(self.point, entries, digits, np.empty_like(self.point), *scratch)

    def sweep(self, base: U32Array, choices: U8Array) -> None:
        """All steps of a comb: base (windows, 14, 256), choices (windows, lanes)."""
        scratch = (self.slopes, self.inverses, self.prefixes, self.exceptional)
        comb_lanes(self.point, base, choices, np.empty_like(self.point), *scratch)


Rows = list[U32Array] | None
"""Rows kept as planes (words, lanes), one a step, or None if nobody wants them."""


def _keep(rows: Rows, *planes: U32Array) -> None:
    if rows is not None:
        rows.append(np.concatenate(planes))


def _window_table(keys: U32Array, rows: Rows) -> tuple[U32Array, U32Array]:
    """T[0..3] of key planes as (4, 14, lanes), and marks. Reference: schnorr.ladder_table."""
    lanes = Lanes.start_alike(WINDOW_OFFSET, keys.shape[1])
    entries = np.empty((TABLE_ENTRIES, *keys.shape), dtype=np.uint32)
    entries[0] = lanes.point
    for step in range(TABLE_ENTRIES - 1):
        lanes.add(keys)
        entries[step + 1] = lanes.point
        _keep(rows, entries[step], keys, lanes.slopes)
    return entries, lanes.exceptional


def _ladder(entries: U32Array, digits: U8Array, rows: Rows) -> tuple[U32Array, U32Array]:
    """V and marks, from entries (4, 14, lanes) and digits (lanes, 60)."""
    lanes = Lanes.start_alike(LADDER_START, len(digits))
    steps = np.ascontiguousarray(digits.T)
    if rows is None:
        lanes.climb(entries, steps)
        return lanes.point, lanes.exceptional
    entry = np.empty_like(lanes.point)
    for choices in steps:
        select_lanes(entries, choices, entry)
        _ladder_step(lanes, entry, rows)
    end, marks = lanes.point.copy(), lanes.exceptional.copy()
    for _ in range(LADDER_ROWS - len(steps)):
        _ladder_step(lanes, entries[0], rows)
    return end, marks


def _ladder_step(lanes: Lanes, entry: U32Array, rows: list[U32Array]) -> None:
    """Two doublings and an addition, with their row."""
    kept = [lanes.point.copy()]
    for _ in range(2):
        lanes.double()
        kept += [lanes.slopes.copy(), lanes.point[:WORDS].copy()]
    lanes.add(entry)
    _keep(rows, *kept, entry, lanes.slopes)


def _comb(response: U8Array, rows: Rows) -> tuple[U32Array, U32Array]:
    """F and marks, from bytes (lanes, 28). Reference: schnorr.comb."""
    base = _base_lanes()
    lanes = Lanes.start_alike(COMB_START, len(response))
    if rows is None:
        lanes.sweep(base, np.ascontiguousarray(response.T))
        return lanes.point, lanes.exceptional
    for window in range(curve.BYTES):
        _comb_step(lanes, base[window][:, response[:, window]], rows)
    end, marks = lanes.point.copy(), lanes.exceptional.copy()
    _comb_step(lanes, np.tile(base[0, :, :1], (1, len(response))), rows)
    return end, marks


def _comb_step(lanes: Lanes, entry: U32Array, rows: list[U32Array]) -> None:
    """An addition, with its row."""
    before = lanes.point.copy()
    lanes.add(np.ascontiguousarray(entry))
    _keep(rows, before, entry, lanes.slopes)


@cache
def _base_lanes() -> U32Array:
    """The base table as Montgomery planes of each window, (28, 14, 256)."""
    base = kept_arrays("base_lanes", lambda: {"base": _made_base_lanes()})["base"]
    base.flags.writeable = False
    return base


def _made_base_lanes() -> U32Array:
    step, steps = curve.GENERATOR, []
    for _ in range(curve.BYTES):
        steps.append(words(step))
        for _ in range(8):
            step = curve.double(step)
    offsets = np.array([words(curve.comb_offset(window)) for window in range(curve.BYTES)])
    base = np.empty((curve.BYTES, POINT, curve.BYTE_VALUES), dtype=np.uint32)
    lanes, step_lanes = Lanes.start(enter(offsets)), enter(np.array(steps))
    base[:, :, 0] = lanes.point[:, : curve.BYTES].T
    for byte in range(1, curve.BYTE_VALUES):
        lanes.add(step_lanes)
        base[:, :, byte] = lanes.point[:, : curve.BYTES].T
    return base


def base_table() -> U32Array:
    """B[i, b] = b * 256^i * G + S_i, (28, 256, 14). Reference: schnorr.comb_table."""
    base = np.ascontiguousarray(_base_lanes())
    table = base.copy()
    leave(table)
    return np.ascontiguousarray(table.transpose(0, 2, 1))


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


def multiply_elements(a: U32Array, b: U32Array) -> U32Array:
    """Products of septic elements, canonical rows (n, 7). Reference: septic.multiply."""
    left, right = enter(a), enter(b)
    multiply_lanes(left, right, left)
    leave(left)
    return np.ascontiguousarray(left.T[: len(a)])


def _groups(function: Callable[[int, int], None], count: int) -> None:
    """function(start, stop) over 0..count on threads, in whole vectors."""

    def part(first: int, last: int) -> None:
        function(first * LANES, min(last * LANES, count))

    if count:
        _base_lanes()
        parallel(part, -(-count // LANES), grain=GRAIN)


def _padded(rows: U8Array) -> U8Array:
    """Rows with zero rows up to whole vectors."""
    return np.pad(rows, ((0, -len(rows) % LANES), (0, 0)))


def _write(rows: list[U32Array], out: U32Array) -> None:
    """Kept rows as canonical (lanes, steps, words) into out, whose lanes may be fewer."""
    kept = np.stack(rows)
    leave(kept)
    for step, planes in enumerate(kept):  # turned over in the first cache, not all of it at once
        out[:, step] = planes.T[: len(out)]


def trace_many(
    keys: U32Array, nonces: U32Array, responses: U8Array, parts: U32Array
) -> SignatureTrace:
    """The schedule of every signature, valid or not: keys and nonce points R (n, 14), responses
    (n, 28) bytes, challenge parts (n, 5) below 2^24."""
    trace = SignatureTrace.empty(len(keys))
    digits = digits_of_parts(parts)

    def part(start: int, stop: int) -> None:
        some, into = slice(start, stop), trace.some(start, stop)
        ladder: list[U32Array] = []
        comb: list[U32Array] = []
        table: list[U32Array] = []
        key, nonce = enter(keys[some]), enter(nonces[some])
        entries, first = _window_table(key, table)
        ladder_end, second = _ladder(entries, _padded(digits[some]), ladder)
        _, third = _comb(_padded(responses[some]), comb)
        lanes = Lanes.start(nonce)
        lanes.add(ladder_end)
        final = np.concatenate([nonce, ladder_end, lanes.slopes])
        _write(ladder, into.ladder)
        _write(comb, into.comb)
        _write(table, into.table)
        _write(list(entries), into.entries)
        _write([final], into.final[:, None])
        _write([lanes.point], into.total[:, None])
        marks = first | second | third | lanes.exceptional
        into.exceptional[...] = marks[: stop - start]

    _groups(part, len(keys))
    return trace


def _on_curve(points: U32Array) -> NDArray[np.bool_]:
    """Which lanes of Montgomery planes hold a point of the curve."""
    gaps = np.empty((WORDS, points.shape[1]), dtype=np.uint32)
    curve_gaps(points, gaps)
    on_curve: NDArray[np.bool_] = ~np.any(gaps, axis=0)
    return on_curve


def verify_arrays(
    keys: U32Array, nonces: U32Array, responses: U8Array, messages: U32Array
) -> U8Array:
    """1 where schnorr.verify is true: keys and R (n, 14), responses (n, 28), messages (n, 8), all
    of canonical words, as `rollup.crypto.batched` checks."""
    valid = np.zeros(len(keys), dtype=np.uint8)
    digits = digits_of_parts(challenge_parts_many(keys, nonces, messages))

    def part(start: int, stop: int) -> None:
        some = slice(start, stop)
        key, nonce = enter(keys[some]), enter(nonces[some])
        entries, first = _window_table(key, None)
        ladder_end, second = _ladder(entries, _padded(digits[some]), None)
        comb_end, third = _comb(_padded(responses[some]), None)
        lanes = Lanes.start(nonce)
        lanes.add(ladder_end)
        holds = np.all(lanes.point == comb_end, axis=0)
        holds &= (first | second | third | lanes.exceptional) == 0
        holds &= _on_curve(key) & _on_curve(nonce)
        valid[some] = holds[: stop - start]

    _groups(part, len(keys))
    return valid


def multiply_generator(scalars: U8Array) -> U32Array:
    """scalar * G of every row of 28 little-endian bytes, (n, 14); 0 mod N gives words of 0."""
    out = np.zeros((len(scalars), POINT), dtype=np.uint32)

    def part(start: int, stop: int) -> None:
        end, marks = _comb(_padded(scalars[start:stop]), None)
        lanes = Lanes.start(end)
        lanes.add(Lanes.start_alike(SHIFT_NEGATED, end.shape[1]).point)
        point = np.where(marks | lanes.exceptional, np.uint32(0), lanes.point)
        _write([point], out[start:stop, None])

    _groups(part, len(scalars))
    return out
