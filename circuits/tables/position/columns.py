"""Position: the columns. One row is one position of one touched account, before and after."""

from typing import Any

from circuits.air.layout import Layout, bit, cell, cells, group, limbs
from circuits.tables.position.sums import Sums
from rollup.protocol.constants import MARKET_BITS, POSITION_BITS

DIGEST = 8
LIMB = 2**13

DIGITS = 3
"""Balanced limbs of a public number (circuits.gadgets.balanced)."""


class Size(Layout):
    """A signed size: as the leaf has it, and as sign and magnitude, which margins multiply."""

    words = cells(2)  # biased by 2^40, packed pairs
    magnitude = limbs(POSITION_BITS)
    short = bit()  # 1 below zero
    borrow = bit()  # of the low pair, below zero
    held = bit()  # 1 if not empty
    inverse = cell()  # of the sum of the magnitude's limbs

    def block(self, market: Any) -> tuple[Any, ...]:
        """How the leaf hashes it. Its trigger is 0."""
        return (market, *self.words, 0, 0, 0, 0, 0)


class Risk(Layout):
    """What a lot adds to the sums: public numbers of the market."""

    long_maintenance = cells(DIGITS)
    short_maintenance = cells(DIGITS)
    long_initial = cells(DIGITS)
    short_initial = cells(DIGITS)
    requirement = cells(DIGITS)

    @property
    def cells(self) -> tuple[Any, ...]:
        """All digits, as RISK carries them."""
        return (
            *self.long_maintenance,
            *self.short_maintenance,
            *self.long_initial,
            *self.short_initial,
            *self.requirement,
        )


class Columns(Layout):
    """The columns. `taken` is what the row takes from the chain, `given` what it hands on."""

    active = bit()
    account = cell()
    market = cell()
    gap = limbs(MARKET_BITS)  # how far the market is above the least one allowed
    count = cell()
    shrinks = bit()
    unchanged = bit()
    liquidated = bit()
    exhausted = cell()
    takeovers = cell()  # of this position
    last_ts = cell()  # of the position's word
    before = group(Size)
    after = group(Size)
    shrink_room = cells(3)  # lower limbs of |size| - |size'|
    risk = group(Risk)
    old_taken = cells(DIGEST)
    old_hash = cells(DIGEST)  # after the old position's block, if there is one
    new_taken = cells(DIGEST)
    new_hash = cells(DIGEST)
    taken = group(Sums)
    given = group(Sums)
