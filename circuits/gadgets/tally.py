"""What the bus TALLY counts of a market, and in how many limbs."""

from typing import Final

KINDS: Final = 6
"""Sizes of fills whose price counts whole, above, below; notional of the first; lots opened; lots
that the estate takes."""

INSIDE, ABOVE, BELOW, NOTIONAL, OPENED, ESTATE = range(KINDS)

SETTLED: Final = NOTIONAL
"""What is settled comes where the notional of fills does: a market that has ended has none, and in
the place of its premium is what was settled."""

LIMBS: Final = 4
"""Limbs of each: of a size, of a notional, of a position's magnitude."""
