"""What the bus TALLY counts of a market, and in how many limbs."""

from typing import Final

KINDS: Final = 5
"""Sizes of fills whose price counts whole, above, below; notional of the first; lots opened."""

INSIDE, ABOVE, BELOW, NOTIONAL, OPENED = range(KINDS)

LIMBS: Final = 4
"""Limbs of each: of a size, of a notional, of a position's magnitude."""
