"""How signatures lie in the rows of the ladder and order tables: fixed places.

Signature k has LADDER_ROWS rows of the ladder, from LADDER_LEAD + LADDER_ROWS * k on, and row k of
order. The number of signatures of a ladder follows from its height, and what is left of each 16
rows is for blinding: 256 signatures are 2^12 rows. The order table is told their number. Numbers
that disagree leave messages unanswered, so no proof exists. A comb, which the exit circuit has,
lies in the same way.
"""

from rollup.crypto import curve

LADDER_ROWS = curve.ROUNDS
"""A row a round."""

LADDER_LEAD = 1
"""Rows before the first signature: what a signature starts from is said in the row above it."""

COMB_ROWS = curve.BYTES + 1
"""A row a byte, and one that holds the end."""

LADDER_STRIDE = 16
COMB_STRIDE = 32
"""Rows of height for each signature."""
