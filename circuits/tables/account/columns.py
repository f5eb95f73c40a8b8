"""Account: the columns. One row is one touched account, before and after the batch side by side."""

from typing import Any

from circuits.air.layout import Layout, bit, bits, carries, cell, cells, group, limbs, many
from rollup.hash.many import compress_many
from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.roots import fresh_slots_root

DIGEST = 8
SALT = 4

LIMB = 2**13

FRESH_SLOTS_ROOT = fresh_slots_root(compress_many)
"""Root of the slot tree of an account that never traded."""

HEADER_BLOCKS = 4
ACCOUNT_BLOCKS = 4
"""Blocks of 8 elements of the two chains (rollup.protocol.encoding)."""

CASH_WORDS = 3
"""Cash biased by 2^63, as on the memory bus and in the leaf: packed pairs of 26, 26 and 12 bits."""

EQUITY_BIAS_BITS = 73
"""Cash below 2^63, four positions below 2^40 at prices below 2^30: |equity| < 2^63 + 2^72."""

REQUIREMENT_BITS = 86
"""Four magnitudes up to 2^40, prices below 2^30, fractions up to 10^4: below 2^72 x 2^13.3."""

SLACK_BITS = 160
"""The widest margin comparison, equity' x MM - equity x MM', stays below 2 x 2^73 x 2^85.3."""

CARRY_BITS = 18
"""A column sums at most 12 products of two limbs, so its carry stays below 12 x 2^13 < 2^17."""


class Position(Layout):
    """A position biased by 2^40: 39 bits in limbs, then bit 39, then bit 40, which says `>= 0`."""

    low = limbs(39)
    high = bit()
    nonnegative = bit()

    @property
    def top(self) -> Any:
        """Bits 39 and 40 as one number: the fourth limb."""
        return self.high + self.nonnegative * 2

    @property
    def words(self) -> tuple[Any, Any]:
        """Packed pairs, as on the memory bus and in the leaf."""
        return (self.low[0] + self.low[1] * LIMB, self.low[2] + self.top * LIMB)


class Value(Layout):
    """An account at the prices of the batch."""

    equity = limbs(EQUITY_BIAS_BITS)  # of equity + 2^73, with the bit above:
    solvent = bit()  # equity >= 0
    equity_carries = carries(5, CARRY_BITS)
    maintenance = limbs(REQUIREMENT_BITS)  # requirement, scaled by 10^4
    maintenance_carries = carries(6, CARRY_BITS)


class Leaf(Layout):
    """What an account holds, and how it is hashed; before or after the batch."""

    cash = cells(CASH_WORDS)
    positions = many(MARKETS_MAX, group(Position))
    slots_root = cells(DIGEST)
    salt = cells(SALT)
    with_cash = cells(DIGEST)  # chaining value after the block of cash
    with_positions = cells(DIGEST)  # after the block of positions
    leaf = cells(DIGEST)
    value = group(Value)


class Shrink(Layout):
    """How much nearer to zero a position came: |size| - |size'| >= 0 where risk must not grow."""

    low = limbs(39)
    high = bits(2)
    borrow = bit()
    crossing = cell()  # 1 if size < 0 <= size' where risk must not grow: then size' is 0

    @property
    def words(self) -> tuple[Any, Any]:
        """Packed pairs."""
        top = self.high[0] + self.high[1] * 2
        return (self.low[0] + self.low[1] * LIMB, self.low[2] + top * LIMB)


class Case(Layout):
    """The clause of the margin rule that the account satisfies: exactly one."""

    unchanged = bit()
    initial = bit()
    maintenance = bit()
    healthier_positive = bit()
    healthier_improved = bit()


class Columns(Layout):
    """The columns."""

    active = bit()
    existed = bit()  # before the batch
    exists = bit()  # after it
    slots_touched = bit()
    account = cell()
    key_uses = cell()  # orders of this batch signed with the account's key
    owner = cells(6)
    key_x = cells(7)
    key_y = cells(7)
    viewing = cells(DIGEST)
    header = many(4, cells(DIGEST))  # chaining values of the header, its digest last
    with_header = cells(DIGEST)  # chaining value of the leaf after the block of the header
    before = group(Leaf)
    after = group(Leaf)
    last_ts = cells(1 + MARKETS_MAX)  # of the cash word and of each position word; 0 if untouched
    case = group(Case)
    shrink = many(MARKETS_MAX, group(Shrink))
    slack = limbs(SLACK_BITS)  # what the account has more than its clause asks for
    slack_carries = carries(12, CARRY_BITS)
    requirement_inverse = cell()  # of the limb sum of the new maintenance requirement
