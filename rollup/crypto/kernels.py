"""Schnorr in lanes: every intermediate point, slope and inverse of many signatures at once.

The witness of the ladder table is exactly this trace, and verification is the same walk with its
end compared. Reference: rollup.crypto.schnorr, step for step. The traced walk is Python over a few
kernels (additions and doublings of whole arrays of points); the one that only verifies is a kernel,
since the calls of its steps cost as much as few lanes do. Arrays are canonical uint32; points are
14 words, x then y. `rollup.crypto.batched` is the door for records.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rollup.crypto import curve, schnorr
from rollup.crypto.curve_kernels import curve_gaps, select_lanes
from rollup.crypto.lanes import Lanes
from rollup.crypto.septic_kernels import WORDS, enter, leave, multiply_lanes
from rollup.field.koalabear import P
from rollup.hash.kernels import compress_many
from rollup.hash.poseidon import chain_start
from rollup.native.jit import U8Array, U32Array, parallel
from rollup.native.kept import kept_arrays
from rollup.native.simd import LANES

POINT = 2 * WORDS

COMB_ROWS = curve.BYTES + 1
"""A row a byte, and one that holds the end."""

# Words of an addition: both points, the slope and the sum.
ADDITION_OTHER = POINT
ADDITION_SLOPE = 2 * POINT
ADDITION_SUM = ADDITION_SLOPE + WORDS
ADDITION_WORDS = ADDITION_SUM + POINT

# Words of a digit of the ladder: the slope and the sum of each doubling, then the addition.
DOUBLING_WORDS = WORDS + POINT
DIGIT_ADDITION = curve.DIGIT_BITS * DOUBLING_WORDS
DIGIT_WORDS = DIGIT_ADDITION + ADDITION_WORDS

LADDER_ADDITIONS = len(curve.LADDER_WINDOWS)
"""Additions of a round beside those of its digits."""

GRAIN = 8
"""Vectors of 16 signatures that a thread takes at least, so that they share inversions."""


def words(point: curve.Point) -> U32Array:
    """A point as 14 words."""
    return np.array((*point.x, *point.y), dtype=np.uint32)


LADDER_START = words(curve.LADDER_START)
FREE_POINT = words(curve.FREE_POINT)
WINDOW_OFFSET = words(curve.WINDOW_OFFSET)
COMB_START = words(curve.COMB_START)
SHIFT_NEGATED = words(curve.negate(curve.CONSTANT_SHIFT))


class SignatureTrace(NamedTuple):
    """What the schedule of n signatures passes through, uint32 but for the last (uint8).

    digits (n, 30, 133): of each digit the doublings, slope and sum, then the addition of its entry.
    octets (n, 30, 49): additions of entries of the fixed-base table, two a round, after its digits.
    table (n, 15, 49): row d - 1 is the addition of T[d - 1] and -P, which gives T[d]. end (n, 14):
    s * G - c * P. exceptional (n,): 1 where an addition met two x that are not apart, or a doubling
    y = 0 (possible off the curve only).
    """

    digits: U32Array
    octets: U32Array
    table: U32Array
    end: U32Array
    exceptional: U8Array

    @classmethod
    def empty(cls, count: int) -> Self:
        """Zeros for `count` signatures."""
        additions = curve.ROUNDS * LADDER_ADDITIONS
        return cls(
            digits=np.zeros((count, curve.DIGITS, DIGIT_WORDS), dtype=np.uint32),
            octets=np.zeros((count, additions, ADDITION_WORDS), dtype=np.uint32),
            table=np.zeros((count, curve.DIGIT_VALUES - 1, ADDITION_WORDS), dtype=np.uint32),
            end=np.zeros((count, POINT), dtype=np.uint32),
            exceptional=np.zeros(count, dtype=np.uint8),
        )

    def some(self, start: int, stop: int) -> Self:
        """Signatures start..stop, as views."""
        return type(self)(
            digits=self.digits[start:stop],
            octets=self.octets[start:stop],
            table=self.table[start:stop],
            end=self.end[start:stop],
            exceptional=self.exceptional[start:stop],
        )


Rows = list[U32Array] | None
"""Rows kept as planes (words, lanes), one a step, or None if nobody wants them."""


def _keep(rows: Rows, *planes: U32Array) -> None:
    if rows is not None:
        rows.append(np.concatenate(planes))


def _window_table(keys: U32Array, rows: Rows) -> tuple[U32Array, U32Array]:
    """T[0..15] of key planes as (16, 14, lanes), and marks. Reference: schnorr.ladder_table."""
    lanes = Lanes.start_alike(WINDOW_OFFSET, keys.shape[1])
    negated = keys.copy()
    np.subtract(P, keys[WORDS:], out=negated[WORDS:], where=keys[WORDS:] != 0)
    entries = np.empty((curve.DIGIT_VALUES, *keys.shape), dtype=np.uint32)
    entries[0] = lanes.point
    for step in range(curve.DIGIT_VALUES - 1):
        lanes.add(negated)
        entries[step + 1] = lanes.point
        _keep(rows, entries[step], negated, lanes.slopes, lanes.point)
    return entries, lanes.exceptional


def _by_rounds(choices: U8Array) -> U8Array:
    """(lanes, 30) choices as (rounds, 2, lanes)."""
    return np.ascontiguousarray(choices.T).reshape(curve.ROUNDS, -1, len(choices))


def _ladder(
    entries: U32Array, digits: U8Array, octets: U8Array, rows: tuple[Rows, Rows]
) -> tuple[U32Array, U32Array]:
    """The end and marks, from entries (16, 14, lanes), digits and octets (lanes, 30) in the order
    of rounds. `rows` are of digits and of octets. Reference: schnorr.ladder."""
    lanes = Lanes.start_alike(LADDER_START, len(digits))
    base = _base_lanes()[list(curve.LADDER_WINDOWS)]
    by_rounds = _by_rounds(digits), _by_rounds(octets)
    kept, added = rows
    if kept is None or added is None:
        lanes.climb(entries, base, *by_rounds)
    else:
        for choices, bytes_chosen in zip(*by_rounds, strict=True):
            for choice in choices:
                _digit_step(lanes, entries, choice, kept)
            for window, choice in zip(base, bytes_chosen, strict=True):
                _addition_step(lanes, window[:, choice], added)
    return lanes.point, lanes.exceptional


def _digit_step(lanes: Lanes, entries: U32Array, choices: U8Array, rows: list[U32Array]) -> None:
    """Four doublings and an addition, with their row."""
    kept: list[U32Array] = []
    for _ in range(curve.DIGIT_BITS):
        lanes.double()
        kept += [lanes.slopes.copy(), lanes.point.copy()]
    entry = np.empty_like(lanes.point)
    select_lanes(entries, choices, entry)
    addition: list[U32Array] = []
    _addition_step(lanes, entry, addition)
    _keep(rows, *kept, *addition)


def _comb(response: U8Array, rows: Rows) -> tuple[U32Array, U32Array]:
    """The end and marks, from bytes (lanes, 28). Reference: schnorr.comb."""
    base = _base_lanes()
    lanes = Lanes.start_alike(COMB_START, len(response))
    if rows is None:
        lanes.sweep(base, np.ascontiguousarray(response.T))
        return lanes.point, lanes.exceptional
    for window in range(curve.BYTES):
        _addition_step(lanes, base[window][:, response[:, window]], rows)
    end, marks = lanes.point.copy(), lanes.exceptional.copy()
    _addition_step(lanes, np.tile(base[0, :, :1], (1, len(response))), rows)
    return end, marks


def _addition_step(lanes: Lanes, entry: U32Array, rows: list[U32Array]) -> None:
    """An addition, with its row."""
    before = lanes.point.copy()
    lanes.add(np.ascontiguousarray(entry))
    _keep(rows, before, entry, lanes.slopes, lanes.point)


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
    """The 30 four-bit digits of every challenge, most significant first, (n, 30) uint8."""
    places = np.arange(schnorr.DIGITS_PER_PART - 1, -1, -1, dtype=np.uint32)
    shifts = places * np.uint32(curve.DIGIT_BITS)
    digits = parts[:, ::-1, None] >> shifts & np.uint32(curve.DIGIT_VALUES - 1)
    return digits.reshape(len(parts), curve.DIGITS).astype(np.uint8)


def octets_by_rounds(responses: U8Array) -> U8Array:
    """The bytes of every response (n, up to 30) in the order in which rounds take them, (n, 30):
    bytes 14 and 29, then 13 and 28, down to 0 and 15. Reference: schnorr.round_bytes."""
    beyond = curve.ROUNDS * LADDER_ADDITIONS - responses.shape[1]
    octets = np.pad(responses, ((0, 0), (0, beyond)))
    by_window = octets.reshape(len(octets), LADDER_ADDITIONS, curve.ROUNDS)[:, :, ::-1]
    return np.ascontiguousarray(by_window.transpose(0, 2, 1)).reshape(octets.shape)


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


def trace_many(keys: U32Array, responses: U8Array, parts: U32Array) -> SignatureTrace:
    """The schedule of every signature, valid or not: keys (n, 14), responses (n, up to
    30) bytes, challenge parts (n, 5) below 2^24."""
    trace = SignatureTrace.empty(len(keys))
    digits, octets = digits_of_parts(parts), octets_by_rounds(responses)

    def part(start: int, stop: int) -> None:
        some, into = slice(start, stop), trace.some(start, stop)
        kept: list[U32Array] = []
        added: list[U32Array] = []
        table: list[U32Array] = []
        entries, first = _window_table(enter(keys[some]), table)
        choices = _padded(digits[some]), _padded(octets[some])
        end, second = _ladder(entries, *choices, (kept, added))
        _write(kept, into.digits)
        _write(added, into.octets)
        _write(table, into.table)
        _write([end], into.end[:, None])
        into.exceptional[...] = (first | second)[: stop - start]

    _groups(part, len(keys))
    return trace


def trace_combs(scalars: U8Array) -> U32Array:
    """The comb of every scalar of 28 bytes, (n, 29, 49): additions; row 28 begins with the end, and
    goes on with entry 0 of window 0."""
    trace = np.zeros((len(scalars), COMB_ROWS, ADDITION_WORDS), dtype=np.uint32)

    def part(start: int, stop: int) -> None:
        rows: list[U32Array] = []
        _comb(_padded(scalars[start:stop]), rows)
        _write(rows, trace[start:stop])

    _groups(part, len(scalars))
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
    octets = octets_by_rounds(responses)

    def part(start: int, stop: int) -> None:
        some = slice(start, stop)
        key, nonce = enter(keys[some]), enter(nonces[some])
        entries, first = _window_table(key, None)
        choices = _padded(digits[some]), _padded(octets[some])
        end, second = _ladder(entries, *choices, (None, None))
        holds = np.all(end == nonce, axis=0) & ((first | second) == 0) & _on_curve(key)
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
