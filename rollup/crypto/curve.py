"""The signature curve y^2 = x^3 + 45x + 41z^3 over F[z]/(z^7 - 3z - 5), in plain integers.

The curve is SP1's septic curve. It has prime order N (216.9 bits), so every affine point generates
the whole group, none has order two, and a doubling of an affine point is always affine. Pollard rho
costs 2^108.3 steps: below the 112 bits of NIST, and said openly (docs/spec/10-signatures.md).

Signatures run fixed *schedules* of affine additions that start from points nobody chose: x from
digits of e, sqrt 2 and sqrt 3, and a hash to the curve for the offsets of the fixed-base table. An
addition of two points whose x begin alike is exceptional: it raises `ExceptionalAddition`, here as
in the circuit.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from rollup.field import septic
from rollup.field.koalabear import P
from rollup.field.septic import Element
from rollup.hash.keccak import keccak256

ORDER = 199372529839252601278447397890876471698671718266839763841250021879
"""N, the prime number of points (infinity included)."""

CURVE_LINEAR = 45
"""The coefficient of x."""

CURVE_CONSTANT: Element = (0, 0, 0, 41, 0, 0, 0)
"""41 z^3."""

COORDINATE_WORDS = septic.DEGREE
POINT_WORDS = 2 * COORDINATE_WORDS


APART_WORDS = 2
"""An addition wants two x that differ in one of so many coefficients, the lowest: two cells of the
circuit show it, where a difference in any of the seven takes seven. By chance one pair in 2^62 does
not."""


class ExceptionalAddition(Exception):
    """Two points whose x begin alike met in a schedule; its owner refuses the signature."""


class Point(NamedTuple):
    """An affine point; infinity has no such form, and no schedule ever needs it."""

    x: Element
    y: Element


def point(words: tuple[int, ...]) -> Point:
    """The point with these 14 canonical words, x then y. Raises ValueError if they are not that."""
    if len(words) != POINT_WORDS:
        raise ValueError(f"a point has {POINT_WORDS} words, not {len(words)}")
    return Point(
        septic.element(words[:COORDINATE_WORDS]),
        septic.element(words[COORDINATE_WORDS:]),
    )


GENERATOR = Point(
    (57770625, 0x8284590, 0x4523536, 0x0287471, 0x3526624, 0x9775724, 0x7093699),
    (1250555984, 1592495468, 656721246, 420301347, 2125819749, 819876460, 17687681),
)
"""G: x from the digits of e, 0x2718281 + 2^24 first (the lift makes it a point)."""

FREE_POINT = Point(
    (0x1414213, 0x5623730, 0x9504880, 0x1688724, 0x2096980, 0x7856967, 0x1875376),
    (2020310104, 1513506566, 1843922297, 2003644209, 805967281, 1882435203, 1623804682),
)
"""A0: x from the digits of sqrt 2. No one knows its logarithm."""

WINDOW_OFFSET = Point(
    (0x1732050, 0x8075688, 0x7729352, 0x7446341, 0x5058723, 0x6694280, 0x5253810),
    (1095433104, 7540207, 1124564165, 2035506693, 11121645, 102781365, 398772161),
)
"""S: x from the digits of sqrt 3. Added to every entry of the ladder's table: none is infinity."""

LADDER_START = Point(
    (1415608092, 1470562945, 1230660639, 663659576, 1260386546, 663373769, 1925164254),
    (114613276, 782046239, 1440058903, 2036406304, 220047444, 1450235516, 1454396805),
)
"""L0, the value of `derive_ladder_start` (tested): all that entries add beside multiples of G and
of the key is gone when the ladder ends."""

CONSTANT_SHIFT = Point(
    (1625851650, 1226028923, 438390751, 894433947, 1601772207, 889563631, 1915532625),
    (200337247, 1264955377, 1846442784, 331151148, 1781146315, 1630523877, 1545205828),
)
"""K, where a comb ends above a multiple of G; the value of `derive_constant_shift` (tested): pinned
so that no import pays for it."""

COMB_START = Point(
    (1321827288, 266943881, 792650529, 132107818, 719007178, 167848402, 1245573167),
    (713920848, 1455384728, 659673965, 937093765, 777705247, 80894114, 1441858281),
)
"""C0, the value of `derive_comb_start` (tested)."""

DIGIT_BITS = 4
DIGIT_VALUES = 1 << DIGIT_BITS
DIGITS = 30
"""A challenge has 120 bits, in digits of four."""

BYTES = 28
"""A response s is any 28 bytes, and the comb eats one a step."""

ROUNDS = 15
"""A round of the ladder takes the sum to 256 times it, two digits and two bytes."""

ROUND_DIGITS = DIGITS // ROUNDS

LADDER_WINDOWS = (0, ROUNDS)
"""Windows of the fixed-base table that the ladder uses: a round takes byte i and byte 15 + i, for
i from 14 down to 0. What it multiplies later needs no window of its own."""

BYTE_VALUES = 256


def right_side(x: Element) -> Element:
    """x^3 + 45x + 41z^3."""
    cubic = septic.multiply(septic.square(x), x)
    return septic.add(septic.add(cubic, septic.scale(x, CURVE_LINEAR)), CURVE_CONSTANT)


def is_on_curve(candidate: Point) -> bool:
    """Whether the coordinates are canonical and satisfy the curve equation."""
    if not (septic.is_canonical(candidate.x) and septic.is_canonical(candidate.y)):
        return False
    return septic.square(candidate.y) == right_side(candidate.x)


def negate(a: Point) -> Point:
    """-a."""
    return Point(a.x, septic.negate(a.y))


def _third(a: Point, b: Point, slope: Element) -> Point:
    """The reflected third point of the line of this slope through a and b."""
    x = septic.subtract(septic.subtract(septic.square(slope), a.x), b.x)
    y = septic.subtract(septic.multiply(slope, septic.subtract(a.x, x)), a.y)
    return Point(x, y)


def are_apart(a: Point, b: Point) -> bool:
    """Whether the x of two points differ in one of the first APART_WORDS coefficients."""
    return a.x[:APART_WORDS] != b.x[:APART_WORDS]


def add(a: Point, b: Point) -> Point:
    """a + b for two points that are apart. Raises ExceptionalAddition otherwise."""
    if not are_apart(a, b):
        raise ExceptionalAddition("two points whose x begin alike met in an addition")
    return _chord_sum(a, b)


def _chord_sum(a: Point, b: Point) -> Point:
    """a + b for two points with different x."""
    run = septic.subtract(b.x, a.x)
    rise = septic.subtract(b.y, a.y)
    return _third(a, b, septic.multiply(rise, septic.inverse(run)))


def add_many(left: Sequence[Point], right: Sequence[Point]) -> list[Point]:
    """left[i] + right[i], with one inversion. Raises ExceptionalAddition if any are not apart."""
    pairs = list(zip(left, right, strict=True))
    if not all(are_apart(a, b) for a, b in pairs):
        raise ExceptionalAddition("two points whose x begin alike met in an addition")
    runs = septic.inverse_many([septic.subtract(b.x, a.x) for a, b in pairs])
    rises = [septic.subtract(b.y, a.y) for a, b in pairs]
    slopes = [septic.multiply(rise, run) for rise, run in zip(rises, runs, strict=True)]
    return [_third(a, b, slope) for (a, b), slope in zip(pairs, slopes, strict=True)]


def double(a: Point) -> Point:
    """a + a. The order is odd, so y is never 0 on the curve and this never fails for its points."""
    rise = septic.scale(septic.square(a.x), 3)
    rise = septic.add(rise, septic.scale(septic.ONE, CURVE_LINEAR))
    return _third(a, a, septic.multiply(rise, septic.inverse(septic.scale(a.y, 2))))


def multiply(scalar: int, a: Point) -> Point | None:
    """scalar * a by double-and-add, None for infinity: an oracle, never for secrets."""
    total: Point | None = None
    for bit in bin(scalar)[2:] if scalar > 0 else "":
        total = None if total is None else double(total)
        if bit == "1":
            total = a if total is None else combine(total, a)
    return total


def combine(a: Point | None, b: Point | None) -> Point | None:
    """The complete group law, None for infinity."""
    if a is None or b is None:
        return a if b is None else b
    if a.x != b.x:
        return _chord_sum(a, b)
    return double(a) if a.y == b.y else None


def hash_to_curve(tag: bytes) -> Point:
    """A point of which nobody knows the logarithm: try and increment, for public tags only.

    Try t = 0, 1, ...: coefficient k of x is keccak256(tag, t, k) mod p (bytes t and k; big-endian
    digest, bias below 2^-224); take the first x on the curve, with the smaller of the two y
    (compared as tuples, low degree first).
    """
    for attempt in range(256):
        digests = (keccak256(tag + bytes((attempt, k))) for k in range(COORDINATE_WORDS))
        x = septic.element([int.from_bytes(digest, "big") % P for digest in digests])
        y = septic.square_root(right_side(x))
        if y is not None:
            return Point(x, min(y, septic.negate(y)))
    raise ValueError("no point found in 256 attempts")  # chance 2^-256


OFFSET_TAG = b"crypsis/comb-offset/1/"


@cache
def comb_offset(window: int) -> Point:
    """S_i: the offset in every entry of window i of the fixed-base table, so none is infinity."""
    return hash_to_curve(OFFSET_TAG + bytes((window,)))


def derive_ladder_start() -> Point:
    """L0: what makes 256^15 L0, and what the rounds' entries add for digits and bytes of 0, none.

    A round adds S, and S after four doublings more, and the offsets of two windows.
    """
    added: Point | None = multiply(DIGIT_VALUES + 1, WINDOW_OFFSET)
    for window in LADDER_WINDOWS:
        added = combine(added, comb_offset(window))
    weight = BYTE_VALUES**ROUNDS
    share = (weight - 1) // (BYTE_VALUES - 1) * pow(weight, -1, ORDER) % ORDER
    start = None if added is None else multiply(share, negate(added))
    if start is None:
        raise ValueError("the ladder's start is infinity")
    return start


def derive_constant_shift() -> Point:
    """K = 2^120 A0 + ((2^120 - 1) / 3) S: of points that nobody chose, one more."""
    weight = 1 << (DIGIT_BITS * DIGITS)
    shift = combine(multiply(weight, FREE_POINT), multiply((weight - 1) // 3, WINDOW_OFFSET))
    if shift is None:
        raise ValueError("the comb's constant is infinity")
    return shift


def derive_comb_start() -> Point:
    """C0 = K - sum of S_i, so that the comb ends on s * G + K."""
    total: Point | None = CONSTANT_SHIFT
    for window in range(BYTES):
        total = combine(total, negate(comb_offset(window)))
    if total is None:
        raise ValueError("the comb's start is infinity")
    return total
