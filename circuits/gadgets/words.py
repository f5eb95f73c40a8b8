"""The memory of a batch: which words an account has on the memory bus, and how they are written.

MEMORY(account, word, ts, v0, v1, v2, v3). Timestamps: 0 before the batch, then
DEPOSIT_TIMESTAMP + i, FILL_TIMESTAMP + j, FEE_TIMESTAMP (rollup.protocol.constants).
"""

from typing import Final

from rollup.protocol.constants import MARKET_BITS

CASH_WORD: Final = 0
"""Cash biased by 2^63 as three packed pairs of limbs, then 1 if the account exists, else 0."""

POSITION_WORD: Final = 1
"""Position in market 0, biased by 2^40, as two packed pairs, then 0, 0; in market m it is word
1 + m."""

SLOT_WORD: Final = 2 * 2**MARKET_BITS
"""Slot 0: generation, filled as two packed pairs, 0; slot s is word SLOT_WORD + s. Above the
positions of all market numbers."""

if (CASH_WORD, POSITION_WORD) != (0, 1):
    raise ValueError("the mark of an asset is the word of its position, that of USDC the cash word")
