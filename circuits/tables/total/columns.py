"""Total: the columns."""

from typing import Any

from circuits.air.layout import Layout, bit, carries, cell, cells, group, limbs
from circuits.gadgets.integer import Integer
from circuits.tables.position.columns import DIGEST
from circuits.tables.position.sums import (
    COLUMNS,
    LADDER_COLUMNS,
    SUM_BITS,
    normal,
    normal_ladder,
    raw,
    raw_ladder,
)
from rollup.protocol.constants import LADDER_BITS

CARRY_BITS = 18
"""A column of a sum stays below 2^29.3, so its carry stays below 2^17."""


class Signed(Layout):
    """A sum of either sign: its columns, and it + 2^78 if it is negative."""

    columns = cells(COLUMNS)
    limbs = limbs(SUM_BITS)
    negative = bit()
    carries = carries(COLUMNS - 1, CARRY_BITS)

    @property
    def signed(self) -> tuple[Any, ...]:
        """The limbs of the sum itself: the top one is negative where the sum is."""
        *lower, top = self.limbs.cells
        return (*lower, top - self.negative * 2 ** self.limbs.widths[-1])

    def gap(self) -> Integer:
        """The sum less its limbs: zero."""
        return raw(self.columns) - normal(self.signed)


class Ladder(Layout):
    """The ladder: never negative, and below 2^45 whatever the account holds."""

    columns = cells(LADDER_COLUMNS)
    limbs = limbs(LADDER_BITS)
    carries = carries(LADDER_COLUMNS - 1, CARRY_BITS)

    @property
    def signed(self) -> tuple[Any, ...]:
        """The limbs of the sum, with a column above them that stays empty."""
        return (*self.limbs.cells, 0)

    def gap(self) -> Integer:
        """The sum less its limbs: zero."""
        return raw_ladder(self.columns) - normal_ladder(self.limbs.cells)


class Columns(Layout):
    """The columns."""

    active = bit()
    more = bit()  # positions follow
    account = cell()
    least = cell()
    count = cell()
    safety = cell()
    shrinks = cell()
    liquidated = cell()
    exhausted = cell()
    exempt = cell()
    clear = cell()
    paid_out = cell()
    dealt = cell()
    old = cells(DIGEST)
    new = cells(DIGEST)
    key = cells(DIGEST)
    published = cells(DIGEST)
    excess_before = group(Signed)
    excess_after = group(Signed)
    ladder_after = group(Ladder)
    initial_after = group(Signed)
    equity_after = group(Signed)

    @property
    def sums(self) -> tuple[Signed | Ladder, ...]:
        """All sums, in the order of CHAIN."""
        return (
            self.excess_before,
            self.excess_after,
            self.ladder_after,
            self.initial_after,
            self.equity_after,
        )
