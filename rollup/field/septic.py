"""The septic extension F[z]/(z^7 - 3z - 5), where the signature curve lives, in plain integers.

An element is a tuple of 7 canonical base-field integers, low degree first. z^7 = 3z + 5 folds a
product's high terms back: c_{7+k} z^{7+k} = 3 c_{7+k} z^{k+1} + 5 c_{7+k} z^k. The polynomial is
irreducible (tests confirm it), so every non-zero element has an inverse. This is the reference for
`rollup.crypto.kernels` and for the circuit's gadget.
"""

from collections.abc import Iterable, Sequence

from rollup.field.koalabear import GENERATOR, TWO_ADICITY, P
from rollup.field.koalabear import inverse as base_inverse

DEGREE = 7
"""Prime, so the curve's field has no subfield between F and itself for a descent to aim at."""

FOLD_LINEAR = 3
FOLD_CONSTANT = 5
"""z^7 = FOLD_LINEAR * z + FOLD_CONSTANT."""

Element = tuple[int, int, int, int, int, int, int]

ZERO: Element = (0, 0, 0, 0, 0, 0, 0)
ONE: Element = (1, 0, 0, 0, 0, 0, 0)


def element(coefficients: Sequence[int]) -> Element:
    """The element with these 7 canonical coefficients. Raises ValueError for anything else."""
    if len(coefficients) != DEGREE:
        raise ValueError(f"a septic element has {DEGREE} coefficients, not {len(coefficients)}")
    a0, a1, a2, a3, a4, a5, a6 = (int(coefficient) for coefficient in coefficients)
    result: Element = (a0, a1, a2, a3, a4, a5, a6)
    if not is_canonical(result):
        raise ValueError(f"coefficients in [0, {P}) are wanted, not {result}")
    return result


def is_canonical(a: Element) -> bool:
    """Whether a has 7 coefficients, each canonical."""
    return len(a) == DEGREE and all(0 <= coefficient < P for coefficient in a)


def _reduced(coefficients: Iterable[int]) -> Element:
    a0, a1, a2, a3, a4, a5, a6 = (coefficient % P for coefficient in coefficients)
    return (a0, a1, a2, a3, a4, a5, a6)


def add(a: Element, b: Element) -> Element:
    """a + b."""
    return _reduced(x + y for x, y in zip(a, b, strict=True))


def subtract(a: Element, b: Element) -> Element:
    """a - b."""
    return _reduced(x - y for x, y in zip(a, b, strict=True))


def negate(a: Element) -> Element:
    """-a."""
    return _reduced(-x for x in a)


def scale(a: Element, factor: int) -> Element:
    """a * factor, for a base-field factor (any integer is reduced)."""
    return _reduced(x * factor for x in a)


def multiply(a: Element, b: Element) -> Element:
    """a * b: 49 products, then the six high terms d_k of z^(7 + k) fold back by z^7 = 3z + 5."""
    a0, a1, a2, a3, a4, a5, a6 = a
    b0, b1, b2, b3, b4, b5, b6 = b
    d0 = a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1
    d1 = a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2
    d2 = a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3
    d3 = a4 * b6 + a5 * b5 + a6 * b4
    d4 = a5 * b6 + a6 * b5
    d5 = a6 * b6
    return (
        (a0 * b0 + 5 * d0) % P,
        (a0 * b1 + a1 * b0 + 5 * d1 + 3 * d0) % P,
        (a0 * b2 + a1 * b1 + a2 * b0 + 5 * d2 + 3 * d1) % P,
        (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + 5 * d3 + 3 * d2) % P,
        (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 + 5 * d4 + 3 * d3) % P,
        (a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0 + 5 * d5 + 3 * d4) % P,
        (a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0 + 3 * d5) % P,
    )


def square(a: Element) -> Element:
    """a * a."""
    return multiply(a, a)


def power(a: Element, exponent: int) -> Element:
    """a^exponent, for an exponent >= 0; a^0 is one, for a = 0 too."""
    if exponent < 0:
        raise ValueError(f"an exponent of at least 0 is wanted, not {exponent}")
    result = ONE
    for bit in bin(exponent)[2:]:
        result = square(result)
        if bit == "1":
            result = multiply(result, a)
    return result


def _frobenius_images(image_of_z: Element) -> tuple[Element, ...]:
    """image_of_z^k for k = 0..6: where an automorphism sends the basis 1, z, ..., z^6."""
    images = [ONE]
    while len(images) < DEGREE:
        images.append(multiply(images[-1], image_of_z))
    return tuple(images)


def _apply(images: tuple[Element, ...], a: Element) -> Element:
    """sum of a_k * images[k]."""
    return _reduced(
        sum(x * y for x, y in zip(a, column, strict=True)) for column in zip(*images, strict=True)
    )


_Z: Element = (0, 1, 0, 0, 0, 0, 0)

FROBENIUS_IMAGES = _frobenius_images(power(_Z, P))
"""Row k is (z^k)^p, so that a^p = sum a_k * row k (a coefficient is its own p-th power)."""

FROBENIUS_2_IMAGES = _frobenius_images(_apply(FROBENIUS_IMAGES, FROBENIUS_IMAGES[1]))
"""Row k is (z^k)^(p^2)."""

FROBENIUS_4_IMAGES = _frobenius_images(_apply(FROBENIUS_2_IMAGES, FROBENIUS_2_IMAGES[1]))
"""Row k is (z^k)^(p^4)."""


def conjugate_product(a: Element) -> Element:
    """a^(p + p^2 + ... + p^6): the product of the other six conjugates of a, in three products."""
    first = _apply(FROBENIUS_IMAGES, a)
    pair = multiply(first, _apply(FROBENIUS_IMAGES, first))
    four = multiply(pair, _apply(FROBENIUS_2_IMAGES, pair))
    return multiply(four, _apply(FROBENIUS_4_IMAGES, pair))


def norm(a: Element) -> int:
    """The product of all seven conjugates of a, an element of F; zero only for zero."""
    return multiply(a, conjugate_product(a))[0]


def inverse(a: Element) -> Element:
    """1 / a. Raises ZeroDivisionError for 0.

    Itoh and Tsujii: the norm a * c lies in F, where c is the product of the other conjugates.
    """
    conjugates = conjugate_product(a)
    value = multiply(a, conjugates)[0]
    if value == 0:
        raise ZeroDivisionError("zero has no inverse in the septic extension")
    return scale(conjugates, base_inverse(value))


def inverse_many(elements: Sequence[Element]) -> list[Element]:
    """1 / a for every a, by one inversion (Montgomery's trick). Raises ZeroDivisionError on a 0."""
    prefixes = [ONE]
    for value in elements:
        prefixes.append(multiply(prefixes[-1], value))
    running = inverse(prefixes.pop())
    inverses = []
    for value, prefix in zip(reversed(elements), reversed(prefixes), strict=True):
        inverses.append(multiply(running, prefix))
        running = multiply(running, value)
    return inverses[::-1]


def _base_square_root(a: int) -> int | None:
    """A square root of a in F by Tonelli and Shanks, or None if a is not a square."""
    if a == 0:
        return 0
    odd = (P - 1) >> TWO_ADICITY
    root = pow(a, (odd + 1) // 2, P)
    remainder = pow(a, odd, P)  # root^2 = a * remainder, remainder of order 2^k
    correction = pow(GENERATOR, odd, P)  # of order 2^TWO_ADICITY
    order = TWO_ADICITY
    while remainder != 1:
        steps, value = 0, remainder
        while value != 1:
            value = value * value % P
            steps += 1
        if steps == order:
            return None
        factor = pow(correction, 1 << (order - steps - 1), P)
        root = root * factor % P
        correction = factor * factor % P
        remainder = remainder * correction % P
        order = steps
    return root


def square_root(a: Element) -> Element | None:
    """A square root of a (either sign), or None if a is not a square.

    With r = 1 + p + ... + p^6 (odd), a^r is the norm n, so b = a^((r + 1) / 2) has b^2 = a * n, and
    a is a square exactly when n is one in F: then the root is b / sqrt(n).
    """
    if a == ZERO:
        return ZERO
    norm_root = _base_square_root(norm(a))
    if norm_root is None:
        return None
    exponent = (sum(P**k for k in range(DEGREE)) + 1) // 2
    return scale(power(a, exponent), base_inverse(norm_root))
