"""The quintic extension E = F[X]/(X^5 + X^2 - 1), where challenges live, in plain integers.

An element is a tuple of 5 canonical base-field integers, low degree first. The verifier runs on
this file, so products are written out. X^5 = 1 - X^2 gives X^6 = X - X^3, X^7 = X^2 - X^4 and
X^8 = X^3 + X^2 - 1. The polynomial is irreducible; the tests have galois confirm it.
"""

from collections.abc import Iterable

from rollup.field.koalabear import P
from rollup.field.koalabear import inverse as base_inverse

DEGREE = 5
"""155-bit challenges: a quartic extension of a 31-bit field cannot give 100 provable bits."""

Element = tuple[int, int, int, int, int]

ZERO: Element = (0, 0, 0, 0, 0)
ONE: Element = (1, 0, 0, 0, 0)
X: Element = (0, 1, 0, 0, 0)

PACK_BITS = 80
"""A packed slot sums up to 2^17 products of two 31-bit values without touching its neighbour."""

_PACK_MASK = (1 << PACK_BITS) - 1


def is_canonical(a: Element) -> bool:
    """Whether a has 5 coefficients, each canonical."""
    return len(a) == DEGREE and all(0 <= coefficient < P for coefficient in a)


def embed(a: int) -> Element:
    """The element of E that a base-field integer is; any integer is reduced."""
    return (a % P, 0, 0, 0, 0)


def add(a: Element, b: Element) -> Element:
    """a + b in E."""
    return (
        (a[0] + b[0]) % P,
        (a[1] + b[1]) % P,
        (a[2] + b[2]) % P,
        (a[3] + b[3]) % P,
        (a[4] + b[4]) % P,
    )


def subtract(a: Element, b: Element) -> Element:
    """a - b in E."""
    return (
        (a[0] - b[0]) % P,
        (a[1] - b[1]) % P,
        (a[2] - b[2]) % P,
        (a[3] - b[3]) % P,
        (a[4] - b[4]) % P,
    )


def negate(a: Element) -> Element:
    """-a in E."""
    return (-a[0] % P, -a[1] % P, -a[2] % P, -a[3] % P, -a[4] % P)


def scale(a: Element, factor: int) -> Element:
    """a * factor, for a base-field factor."""
    return (
        a[0] * factor % P,
        a[1] * factor % P,
        a[2] * factor % P,
        a[3] * factor % P,
        a[4] * factor % P,
    )


def multiply(a: Element, b: Element) -> Element:
    """a * b in E: 25 products, then the four high terms fold back by X^5 = 1 - X^2."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    c5 = a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1
    c6 = a2 * b4 + a3 * b3 + a4 * b2
    c7 = a3 * b4 + a4 * b3
    c8 = a4 * b4
    return (
        (a0 * b0 + c5 - c8) % P,
        (a0 * b1 + a1 * b0 + c6) % P,
        (a0 * b2 + a1 * b1 + a2 * b0 - c5 + c7 + c8) % P,
        (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - c6 + c8) % P,
        (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 - c7) % P,
    )


def square(a: Element) -> Element:
    """a * a in E, with 15 products."""
    a0, a1, a2, a3, a4 = a
    c5 = 2 * (a1 * a4 + a2 * a3)
    c6 = 2 * a2 * a4 + a3 * a3
    c7 = 2 * a3 * a4
    c8 = a4 * a4
    return (
        (a0 * a0 + c5 - c8) % P,
        (2 * a0 * a1 + c6) % P,
        (2 * a0 * a2 + a1 * a1 - c5 + c7 + c8) % P,
        (2 * (a0 * a3 + a1 * a2) - c6 + c8) % P,
        (2 * (a0 * a4 + a1 * a3) + a2 * a2 - c7) % P,
    )


def power(a: Element, exponent: int) -> Element:
    """a^exponent in E, for an exponent >= 0; a^0 is one, for a = 0 too."""
    if exponent < 0:
        raise ValueError(f"an exponent of at least 0 is wanted, not {exponent}")
    result = ONE
    for bit in bin(exponent)[2:]:
        result = square(result)
        if bit == "1":
            result = multiply(result, a)
    return result


def _frobenius_images(exponent: int) -> tuple[Element, ...]:
    """(X^exponent)^i for i = 0..4: the images of the basis under a -> a^exponent, a power of p."""
    image = power(X, exponent)
    images = [ONE]
    for _ in range(DEGREE - 1):
        images.append(multiply(images[-1], image))
    return tuple(images)


FROBENIUS_IMAGES = _frobenius_images(P)
"""Row i is (X^p)^i, so that frobenius(a) = sum a_i * row i."""

FROBENIUS_SQUARED_IMAGES = _frobenius_images(P * P)
"""Row i is (X^(p^2))^i."""


def _apply(images: tuple[Element, ...], a: Element) -> Element:
    a0, a1, a2, a3, a4 = a
    rows = zip(*images, strict=True)
    r0, r1, r2, r3, r4 = (
        (a0 * m0 + a1 * m1 + a2 * m2 + a3 * m3 + a4 * m4) % P for m0, m1, m2, m3, m4 in rows
    )
    return (r0, r1, r2, r3, r4)


def frobenius(a: Element) -> Element:
    """a^p, the conjugate of a over F."""
    return _apply(FROBENIUS_IMAGES, a)


def inverse(a: Element) -> Element:
    """1 / a in E. Raises ZeroDivisionError for 0.

    Itoh and Tsujii: with c = a^(p + p^2 + p^3 + p^4), the norm a * c lies in F and 1/a = c / norm.
    """
    first = frobenius(a)
    pair = multiply(first, frobenius(first))
    conjugates = multiply(pair, _apply(FROBENIUS_SQUARED_IMAGES, pair))
    norm = multiply(a, conjugates)[0]
    if norm == 0:
        raise ZeroDivisionError("zero has no inverse in the extension")
    return scale(conjugates, base_inverse(norm))


def inverse_many(elements: Iterable[Element]) -> list[Element]:
    """1 / a for every a, by one inversion (Montgomery's trick). Raises ZeroDivisionError on a 0."""
    values = list(elements)
    prefixes = [ONE]
    for value in values:
        prefixes.append(multiply(prefixes[-1], value))
    running = inverse(prefixes[-1])
    inverses = []
    for value, prefix in zip(reversed(values), reversed(prefixes[:-1]), strict=True):
        inverses.append(multiply(running, prefix))
        running = multiply(running, value)
    return inverses[::-1]


def powers(a: Element, count: int) -> list[Element]:
    """1, a, a^2, ..., a^(count - 1)."""
    result = [ONE] * min(count, 1)
    while len(result) < count:
        result.append(multiply(result[-1], a))
    return result


def pack(a: Element) -> int:
    """The coefficients of a side by side in one big integer, PACK_BITS apart.

    A sum of base-field values times packed elements (at most 2^17 terms) is one multiplication a
    term; `unpack` reduces it. It makes a random linear combination of opened values cheap.
    """
    return (
        a[0]
        | a[1] << PACK_BITS
        | a[2] << (2 * PACK_BITS)
        | a[3] << (3 * PACK_BITS)
        | a[4] << (4 * PACK_BITS)
    )


def unpack(packed: int) -> Element:
    """The element of E whose coefficients, unreduced, stand in the slots of a packed sum."""
    return (
        (packed & _PACK_MASK) % P,
        (packed >> PACK_BITS & _PACK_MASK) % P,
        (packed >> (2 * PACK_BITS) & _PACK_MASK) % P,
        (packed >> (3 * PACK_BITS) & _PACK_MASK) % P,
        (packed >> (4 * PACK_BITS)) % P,
    )
