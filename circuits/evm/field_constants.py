"""The numbers of the extension's arithmetic in one-word lanes, as Yul functions.

    python -m circuits.evm.field_constants [--check]

writes `contracts/stark/field_constants.yul`, which `field.yul` includes.
"""

import sys
from collections.abc import Iterable
from typing import Final

from circuits.evm.refusals import write_or_check
from rollup.field.extension import DEGREE, FROBENIUS_IMAGES, FROBENIUS_SQUARED_IMAGES, Element
from rollup.field.koalabear import P
from rollup.l1.evm.compiler import CONTRACTS

LANE_BITS: Final = 51
"""Coefficient k of an element stands at bit 51 k of its word."""

LOW_BITS: Final = 16
"""A factor is split into the low 16 bits of its lanes and the 15 above."""

PRODUCTS_MAX: Final = 32
"""Products by parts of 11 bits that are summed before they are reduced, at most."""

FACTORS_MAX: Final = 1 << 15
"""Factors of what is added to such a sum, together, are below this."""

FILE: Final = CONTRACTS / "stark/field_constants.yul"

_NEGATIVE_PRODUCTS: Final = 4
"""Products that a coefficient of a product takes away at most: X^2 has -(c_5), four of them."""

_POSITIVE_PRODUCTS: Final = 6
"""Products that a coefficient of a product adds up at most: X^2 has three, c_7 and c_8."""


def word(element: Element) -> int:
    """The word of an element."""
    return sum(value << (LANE_BITS * k) for k, value in enumerate(element))


def element(value: int) -> Element:
    """The element of a word."""
    mask = (1 << LANE_BITS) - 1
    a0, a1, a2, a3, a4 = ((value >> (LANE_BITS * k)) & mask for k in range(DEGREE))
    return (a0, a1, a2, a3, a4)


def lanes(value: int, places: Iterable[int] = range(DEGREE)) -> int:
    """The same value in each of these lanes."""
    return sum(value << (LANE_BITS * k) for k in places)


def multiple_above(bound: int) -> int:
    """The least multiple of p above a bound, which makes what is above its negative positive."""
    return (bound // P + 1) * P


def constants() -> dict[str, int]:
    """Every number by name."""
    bytes_even = int.from_bytes(b"\x00\xff" * 16, "big")
    pairs_even = int.from_bytes(b"\x00\x00\xff\xff" * 8, "big")
    named = {
        "prime": P,
        "primes": lanes(P),
        "complement": lanes((1 << 31) - P),
        "ones": lanes(1),
        "top_bits": lanes(0b11 << 31),
        "modulus": (1 << (LANE_BITS * DEGREE)) + (1 << (2 * LANE_BITS)) - 1,
        "bias": lanes(multiple_above(_NEGATIVE_PRODUCTS << (31 + LOW_BITS))),
        "bias_parts": lanes(multiple_above(PRODUCTS_MAX * _POSITIVE_PRODUCTS << (31 + 11))),
        "low_10": lanes(0x3FF),
        "low_11": lanes(0x7FF),
        "slot_mask": 0xFFFF << 5,
        "low_16": lanes(0xFFFF),
        "low_15": lanes(0x7FFF),
        "low_51": (1 << LANE_BITS) - 1,
        "low_102": (1 << (2 * LANE_BITS)) - 1,
        "lanes_02": lanes((1 << LANE_BITS) - 1, (0, 2)),
        "bytes_even": bytes_even,
        "pairs_even": pairs_even,
    }
    for name, images in (
        ("frobenius", FROBENIUS_IMAGES),
        ("squared", FROBENIUS_SQUARED_IMAGES),
    ):
        named |= {f"{name}_{k}": word(images[k]) for k in range(1, DEGREE)}
    return named


def text() -> str:
    """The file."""
    head = "      // Written by circuits/evm/field_constants.py.\n"
    lines = [
        f"      function {name}() -> v {{ v := {value:#x} }}\n"
        for name, value in constants().items()
    ]
    return head + "".join(lines)


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "write the numbers of field.yul"))
