"""What the bus TALLY counts of a market, and in how many limbs."""

from typing import Final

KINDS: Final = 6
"""Sizes of fills whose price counts whole, above, below; notional of the first; lots opened; lots
that the estate takes."""

INSIDE, ABOVE, BELOW, NOTIONAL, OPENED, ESTATE = range(KINDS)

LIMBS: Final = 4
"""Limbs of each: of a size, of a notional, of a position's magnitude."""
