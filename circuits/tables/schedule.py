"""How signatures lie in the rows of the ladder, comb and order tables: fixed places, by height.

Signature k has rows LADDER_ROWS * k onwards of the ladder, COMB_ROWS * k onwards of the comb, and
row k of order. The number of signatures follows from each height alone, so the heights of one
statement are in the ratio 64 : 32 : 4, and a few rows of each 64 (or 32) are left for blinding:
256 signatures are ladder 2^14, comb 2^13, order 2^10. Heights that disagree leave messages
unanswered, so no proof exists.
"""

from rollup.crypto import curve

LADDER_ROWS = curve.DIGITS + 1
"""A row a two-bit digit, and one that holds the end."""

COMB_ROWS = curve.BYTES + 1
"""A row a byte, and one that holds the end."""

LADDER_STRIDE = 64
COMB_STRIDE = 32
ORDER_STRIDE = 4
"""Rows of height for each signature."""
