"""Range: one row is one value of one width; it is received as often as anyone claims it.

Height: 2^14 - 1 fixed rows for widths 0 to 13, the rest repeat (0, 0), itself a true entry.
Degree: 1. Bus: receives RANGE.
Lie stopped: a limb outside its width, which would let a sum over the integers wrap the field.
"""

from collections.abc import Mapping, Sequence

from circuits.air.builder import Builder
from circuits.air.bus import RANGE, RANGE_BITS_MAX
from circuits.air.layout import Layout, cell
from circuits.air.table import Table

ENTRIES = 2 ** (RANGE_BITS_MAX + 1) - 1
"""Values of all widths together: 1 + 2 + 4 + ... + 2^13."""


class Columns(Layout):
    """Only the multiplicity is witness. It is free: any value only shifts who asked how often."""

    multiplicity = cell()


class Fixed(Layout):
    """An entry: value < 2^bits."""

    bits = cell()
    value = cell()


def fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """All entries, by width, then by value."""
    if height < ENTRIES:
        raise ValueError(f"the range table has {ENTRIES} entries, a height of {height} is too low")
    widths = range(RANGE_BITS_MAX + 1)
    return {
        "bits": [bits for bits in widths for _ in range(2**bits)],
        "value": [value for bits in widths for value in range(2**bits)],
    }


def constraints(air: Builder, row: Columns) -> None:
    """The whole table is one bus."""
    entry = (row.fixed.bits, row.fixed.value)
    air.receive(RANGE, entry, count=row.multiplicity, claim="range.entry")


TABLE = Table("range", Columns, constraints, Fixed, fixed_values)
