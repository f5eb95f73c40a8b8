"""Balanced limbs: public numbers of either sign as digits around zero.

A digit is at most half a limb in size, so twice as many products of it fit a column of a sum.
Plain Python, because verifiers compute them too.
"""

from typing import Final

from rollup.protocol.constants import BUCKET_BITS

LIMB_BITS: Final = 13
HALF: Final = 1 << LIMB_BITS - 1
COUNT: Final = 3
"""Digits of a number: the lower ones from -HALF to HALF - 1, the top one has the rest."""

VALUE_BITS: Final = 31
"""Numbers lie between -2^31 and 2^31: twice a price."""

TOP: Final = (1 << VALUE_BITS - 2 * LIMB_BITS) + 1
"""The top digit is at most this in size: 2^31 / 2^26, and what the lower ones carry."""

BUCKET_COUNT: Final = 2
"""Digits of a market's bucket."""

BUCKET_TOP: Final = (1 << BUCKET_BITS - LIMB_BITS) + 1
"""The top digit of a bucket is at most this in size."""


def balanced(value: int, bits: int = VALUE_BITS, count: int = COUNT) -> tuple[int, ...]:
    """The `count` digits of a number of `bits` bits, low first. ValueError if it has more."""
    if not -(1 << bits) < value < 1 << bits:
        raise ValueError(f"{value} does not lie between -2^{bits} and 2^{bits}")
    digits = []
    for _ in range(count - 1):
        digit = (value + HALF) % (2 * HALF) - HALF
        digits.append(digit)
        value = value - digit >> LIMB_BITS
    return (*digits, value)
