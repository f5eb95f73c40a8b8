"""Total: the columns."""

from typing import Any

from circuits.air.layout import Layout, bit, carries, cell, cells, group, limbs
from circuits.gadgets.integer import Integer
from circuits.tables.position.columns import DIGEST
from circuits.tables.position.sums import COLUMNS, SUM_BITS, normal, normal_unsigned, raw

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


class Unsigned(Layout):
    """A sum that is never negative."""

    columns = cells(COLUMNS)
    limbs = limbs(SUM_BITS)
    carries = carries(COLUMNS - 1, CARRY_BITS)

    @property
    def signed(self) -> tuple[Any, ...]:
        """The limbs of the sum."""
        return tuple(self.limbs.cells)

    def gap(self) -> Integer:
        """The sum less its limbs: zero."""
        return raw(self.columns) - normal_unsigned(self.signed)


class Columns(Layout):
    """The columns."""

    active = bit()
    more = bit()  # positions follow
    account = cell()
    least = cell()
    count = cell()
    shrinks = cell()
    unchanged = cell()
    liquidated = cell()
    exhausted = cell()
    old = cells(DIGEST)
    new = cells(DIGEST)
    excess_before = group(Signed)
    requirement_before = group(Unsigned)
    excess_after = group(Signed)
    requirement_after = group(Unsigned)
    initial_after = group(Signed)

    @property
    def sums(self) -> tuple[Signed | Unsigned, ...]:
        """All sums, in the order of CHAIN."""
        return (
            self.excess_before,
            self.requirement_before,
            self.excess_after,
            self.requirement_after,
            self.initial_after,
        )
