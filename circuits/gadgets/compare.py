"""Order of two numbers that fit two columns of base 2^26, with two or three cells of witness.

`low <= high` is shown by the limbs of high - low. All but the top limb are cells; the borrow of the
low column and the top limb are expressions, so that a price costs 2 cells and 3 range checks.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.expr import Operand
from circuits.air.graph import MODULUS
from circuits.air.layout import LIMB_BITS, Limbs, limb_widths
from circuits.gadgets.integer import PACKED_BITS

_PER_LIMB = pow(2**LIMB_BITS, -1, MODULUS)
_PER_PAIR = pow(2**PACKED_BITS, -1, MODULUS)


def require_at_most(
    air: Builder,
    low: Sequence[Any],
    high: Sequence[Any],
    bits: int,
    difference: Sequence[Any],
    count: Operand,
    claim: str,
    *,
    carried: bool = True,
) -> tuple[Any, Any]:
    """low <= high, where `count` is 1; nothing where it is 0. Returns high - low as packed pairs,
    in range.

    `low` and `high` are packed pairs of numbers below 2^bits (26 < bits <= 52), in range elsewhere.
    `difference` holds all limbs of high - low but the top one; they are range-checked here.
    The low column leaves a borrow of 0 or -1: nothing else is below p in size. The high column with
    the borrow is then non-negative as an integer, because its limbs are.

    Not `carried`: one of both is a sum of packed pairs, so that its low column may reach 2^27 or
    lie below 0; then the borrow may be 1 as well. That is asked of every row: where `count` is 0
    the columns must be such too, as those of zeros are.
    """
    widths = limb_widths(bits)
    if not PACKED_BITS < bits <= 2 * PACKED_BITS or len(difference) != len(widths) - 1:
        raise ValueError(f"{bits} bits need {len(widths) - 1} limbs of witness")
    active = air.recorder.lift(count)
    pair = difference[0] + difference[1] * 2**LIMB_BITS
    borrow = (high[0] - low[0] - pair) * _PER_PAIR
    if carried:
        with air.when(active):
            air.require_zero(borrow * (borrow + 1), claim)
    else:
        air.require_zero(borrow * (borrow + 1) * (borrow - 1), claim)
    rest = top = high[1] - low[1] + borrow
    if len(widths) == 4:
        rest = (rest - difference[2]) * _PER_LIMB
    for limb in difference:
        air.range_check((limb, LIMB_BITS), active, claim=claim)
    air.range_check((rest, widths[-1]), active, claim=claim)
    return pair, top


def fill_difference(cells: Sequence[Any], low: Any, high: Any, bits: int) -> None:
    """Witness: the lower limbs of high - low, modulo 2^bits where low > high."""
    Limbs(tuple(cells), (LIMB_BITS,) * len(cells)).fill(
        ((high - low) % 2**bits) % 2 ** (LIMB_BITS * len(cells))
    )
