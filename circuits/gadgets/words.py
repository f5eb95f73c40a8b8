"""The memory of a batch: which words an account has on the memory bus, and how they are written.

MEMORY(account, word, ts, v0, v1, v2, v3). Timestamps: 0 before the batch, then those of
rollup.protocol.constants.
"""

from collections.abc import Sequence
from typing import Any, Final

from rollup.protocol.constants import MARKET_BITS
from rollup.protocol.encoding import (
    KIND_PEGGED,
    KIND_PRICE,
    KIND_REDUCE_ONLY,
    KIND_SIDE,
    KIND_WHEN_CLAMPED,
)

CASH_WORD: Final = 0
"""Cash biased by 2^63 as three packed pairs of limbs, then 1 if the account exists, else 0."""

POSITION_WORD: Final = 1
"""Position in market 0, biased by 2^40, as two packed pairs, then 0, 0; in market m it is word
1 + m."""

SLOT_WORD: Final = 2 * 2**MARKET_BITS
"""Slot 0: generation, lots left as two packed pairs, 0; slot s is word SLOT_WORD + s. Above the
positions of all market numbers."""

if (CASH_WORD, POSITION_WORD) != (0, 1):
    raise ValueError("the mark of an asset is the word of its position, that of USDC the cash word")


def kind_of(market: Any, side: Any, marks: Sequence[Any], price_high: Any) -> Any:
    """The word of a slot's leaf that says what kind of order rests there, 24 bits; on cells and on
    arrays. Marks: pegged, reduce-only, when-clamped."""
    pegged, reduce_only, when_clamped = marks
    word = side * 2**KIND_SIDE + reduce_only * 2**KIND_REDUCE_ONLY + pegged * 2**KIND_PEGGED
    return market + word + when_clamped * 2**KIND_WHEN_CLAMPED + price_high * 2**KIND_PRICE
