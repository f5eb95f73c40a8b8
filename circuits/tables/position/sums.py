"""Sums over the positions of an account: what they are, and how far a column of one can reach.

A sum is columns of base 2^13. It starts from cash or from zero; a position adds its size times a
public number, limb by limb, without carries; after at most POSITIONS_MAX of them the total table
turns the columns into limbs. The bounds here are those that `total` relies on, by induction along
the chain: sizes have range-checked limbs, and the public digits are the verifier's.
"""

from collections.abc import Sequence
from typing import Any, Final

from circuits.air.layout import Layout, cells, limb_widths
from circuits.gadgets.balanced import BUCKET_TOP, COUNT, HALF, TOP
from circuits.gadgets.buses import SUMS
from circuits.gadgets.integer import Coefficient, Integer, from_cells
from rollup.protocol.constants import CASH_LIMIT, LADDER_BITS, POSITION_BITS

COLUMNS: Final = 6
"""Columns of a sum of values."""

LADDER_COLUMNS: Final = 5
"""Columns of the ladder, whose public numbers have a digit less."""

POSITIONS_MAX: Final = 8
"""Positions between two rows of the total table."""

SUM_BITS: Final = 78
"""64 positions up to 2^40 times 2^31, and cash, stay below 2^77 + 2^63."""

MAGNITUDE_WIDTHS = limb_widths(POSITION_BITS)

LADDER_WIDTHS = limb_widths(LADDER_BITS)

LIMB_MAX = 2**13 - 1
PAIR_MAX = 2**26 - 1


class Sums(Layout):
    """The five sums: excess over maintenance margin, before and after; and after, the ladder (sum
    of |size| x bucket: what one bucket of the price moves), excess over initial margin, equity."""

    excess_before = cells(COLUMNS)
    excess_after = cells(COLUMNS)
    ladder_after = cells(LADDER_COLUMNS)
    initial_after = cells(COLUMNS)
    equity_after = cells(COLUMNS)

    @property
    def cells(self) -> tuple[Any, ...]:
        """All columns, as CHAIN carries them."""
        sums = (
            self.excess_before,
            self.excess_after,
            self.ladder_after,
            self.initial_after,
            self.equity_after,
        )
        return tuple(cell for columns in sums for cell in columns)


if Sums.width() != SUMS:
    raise TypeError("CHAIN carries another number of columns than there are sums")


def spans() -> dict[str, slice]:
    """Which columns of CHAIN are those of each sum, in their order."""
    found, start = {}, 0
    for name, field in Sums.fields.items():
        found[name] = slice(start, start + field.width)
        start += field.width
    return found


def cash_columns(words: Sequence[Any]) -> tuple[Any, ...]:
    """Cash as columns, from its biased packed pairs."""
    low, middle, high = words
    return (low, 0, middle, 0, high - (CASH_LIMIT >> 4 * 13), 0)


def started(cash_before: Sequence[Any], cash_after: Sequence[Any]) -> tuple[Any, ...]:
    """The sums before the first position: all start from cash, but the ladder from zero."""
    before, after = cash_columns(cash_before), cash_columns(cash_after)
    return (*before, *after, *(0,) * LADDER_COLUMNS, *after, *after)


def product(magnitude: Sequence[Any], digits: Sequence[Any]) -> list[Any]:
    """Columns of |size| times a public number."""
    columns: list[Any] = [0] * (len(magnitude) + len(digits) - 1)
    for i, limb in enumerate(magnitude):
        for j, digit in enumerate(digits):
            columns[i + j] = columns[i + j] + limb * digit
    return columns


def column_reach(column: int) -> int:
    """How large a column can be when it comes to the total table, of either sign."""
    # A pair of cash in the even columns, or a limb of an earlier total; the top one has a sign.
    start = PAIR_MAX if column % 2 == 0 else LIMB_MAX + 1
    return _reach(column, [*[HALF] * (COUNT - 1), TOP], start)


def ladder_reach(column: int) -> int:
    """The same of the ladder."""
    return _reach(column, [HALF, BUCKET_TOP], LIMB_MAX)


def _reach(column: int, digits: Sequence[int], start: int) -> int:
    one: int = sum(
        (2**width - 1) * digits[column - place]
        for place, width in enumerate(MAGNITUDE_WIDTHS)
        if 0 <= column - place < len(digits)
    )
    return POSITIONS_MAX * one + start


def raw(columns: Sequence[Any]) -> Integer:
    """A sum as it comes to the total table."""
    reaches = [column_reach(place) for place in range(COLUMNS)]
    return _within(columns, reaches)


def raw_ladder(columns: Sequence[Any]) -> Integer:
    """The ladder as it comes to the total table."""
    return _within(columns, [ladder_reach(place) for place in range(LADDER_COLUMNS)])


def _within(columns: Sequence[Any], reaches: Sequence[int]) -> Integer:
    pairs = zip(columns, reaches, strict=True)
    return Integer(tuple(Coefficient(column, -most, most) for column, most in pairs))


def normal(columns: Sequence[Any]) -> Integer:
    """A signed sum as it leaves the total table: limbs, the top one from -2^13."""
    *lower, top = columns
    coefficients = [Coefficient(limb, 0, LIMB_MAX) for limb in lower]
    return Integer((*coefficients, Coefficient(top, -LIMB_MAX - 1, LIMB_MAX)))


def normal_ladder(limbs: Sequence[Any]) -> Integer:
    """The ladder as it leaves the total table: never negative, below 2^45."""
    return from_cells(limbs, LADDER_WIDTHS)
