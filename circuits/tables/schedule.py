"""How signatures lie in the rows of the ladder, comb and order tables: fixed places.

Signature k has rows LADDER_ROWS * k onwards of the ladder, COMB_ROWS * k onwards of the comb, and
row k of order. For ladder and comb the number of signatures follows from the height, and a few rows
of each 32 are left for blinding: 256 signatures are 2^13 rows of either. The order table is told
their number. Numbers that disagree leave messages unanswered, so no proof exists.
"""

from rollup.crypto import curve

DIGITS_PER_ROW = 2

LADDER_ROWS = curve.DIGITS // DIGITS_PER_ROW + 1
"""A row for every two digits, and one that holds the end."""

COMB_ROWS = curve.BYTES + 1
"""A row a byte, and one that holds the end."""

LADDER_STRIDE = 32
COMB_STRIDE = 32
"""Rows of height for each signature."""
