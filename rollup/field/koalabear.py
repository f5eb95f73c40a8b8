"""The base field F of KoalaBear, in plain integers: the reference for every array kernel.

An element is an int in [0, P), its canonical form. Functions assume canonical arguments and return
canonical results; `is_canonical` is the check to make where a value comes from outside.
"""

P = 2**31 - 2**24 + 1
"""KoalaBear prime: 31 bits for SIMD lanes, 2-adicity 24 for the NTT, and x^3 is a bijection."""

GENERATOR = 3
"""Smallest generator of the multiplicative group (p - 1 = 2^24 * 127); also the shift of cosets."""

TWO_ADICITY = 24
"""Largest k such that 2^k divides p - 1: no evaluation domain is larger than 2^24."""

TWO_ADIC_ROOT = pow(GENERATOR, (P - 1) >> TWO_ADICITY, P)
"""Generator of the subgroup of order 2^24: 3^127."""


def is_canonical(value: int) -> bool:
    """Whether an integer is the canonical form of a field element."""
    return 0 <= value < P


def add(a: int, b: int) -> int:
    """a + b in F."""
    return (a + b) % P


def subtract(a: int, b: int) -> int:
    """a - b in F."""
    return (a - b) % P


def multiply(a: int, b: int) -> int:
    """a * b in F."""
    return a * b % P


def power(a: int, exponent: int) -> int:
    """a^exponent in F; a negative exponent takes the inverse, so a must then be non-zero."""
    if exponent < 0:
        return pow(inverse(a), -exponent, P)
    return pow(a, exponent, P)


def inverse(a: int) -> int:
    """1 / a in F. Raises ZeroDivisionError for 0."""
    if a % P == 0:
        raise ZeroDivisionError("zero has no inverse in the base field")
    return pow(a, -1, P)


def omega(log2: int) -> int:
    """Generator of the subgroup of order 2^log2, for 0 <= log2 <= 24; omega(k)^2 = omega(k - 1)."""
    if not 0 <= log2 <= TWO_ADICITY:
        raise ValueError(f"a subgroup has order 2^0 to 2^{TWO_ADICITY}, not 2^{log2}")
    return pow(TWO_ADIC_ROOT, 1 << (TWO_ADICITY - log2), P)
