"""How signatures lie in the rows of the ladder, comb and order tables: fixed places.

Signature k has rows LADDER_ROWS * k onwards of the ladder, COMB_ROWS * k onwards of the comb, and
row k of order. For ladder and comb the number of signatures follows from the height, and a few rows
of each 64 (or 32) are left for blinding: 256 signatures are ladder 2^14 and comb 2^13. The order
table is told their number. Numbers that disagree leave messages unanswered, so no proof exists.
"""

from rollup.crypto import curve

LADDER_ROWS = curve.DIGITS + 1
"""A row a two-bit digit, and one that holds the end."""

COMB_ROWS = curve.BYTES + 1
"""A row a byte, and one that holds the end."""

LADDER_STRIDE = 64
COMB_STRIDE = 32
"""Rows of height for each signature."""
