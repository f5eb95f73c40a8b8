"""Trigger: one row is one touched or swept leaf of the trigger tree, before and after the batch.

A leaf has the counters of 8 triggers in a row, of one side of one market. Each counter grows by the
positions that took its trigger and shrinks by those that left it. Where a frontier or deleveraging
came down over counters, the row takes the sweep at the highest of them, shows that they count after
the batch only positions that say that they may stay, and hands it on below the lowest. Above the
price none says so.
Height: one row a leaf, padded. Degree: 2.
Buses: TRIGGER, STAYS (received as often as they are said), SWEEP, NODE, HASH, RANGE.
Why this skips nobody: docs/circuits/state.md. Claims: docs/spec/claims/trigger.md.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, bits, cell, cells, limbs
from circuits.air.table import Table
from circuits.gadgets.buses import NODE, STAYS, SWEEP, TRIGGER
from circuits.gadgets.hash import request_hash
from rollup.hash.poseidon import chain_start
from rollup.protocol.closing import TRIGGER_TREE
from rollup.protocol.constants import BUCKET_NUMBER_BITS, COUNTERS, TRIGGER_BITS
from rollup.protocol.encoding import TypeCode

DIGEST = 8

PLACE_BITS = BUCKET_NUMBER_BITS - (COUNTERS.bit_length() - 1)
"""Leaves of a side, as bits: those of a bucket number that do not say which counter it is."""

ROWS_MAX = 2**13
"""Tallest table: so many leaves lower a sweep by 2^16 at most, which cannot wrap the field."""


class Columns(Layout):
    """The columns."""

    active = bit()
    side = cell()  # market * 2, plus 1 for shorts
    place = limbs(PLACE_BITS)  # of the leaf among those of its side
    old = cells(COUNTERS)
    left = cells(COUNTERS)  # positions that left each trigger in this batch
    taken = cells(COUNTERS)  # and that took it
    staying = cells(COUNTERS)  # positions that may have each trigger where it is swept
    swept = bits(COUNTERS)
    sweeps = bit()  # any of them
    highest = cell()  # place in the leaf of the highest that is swept
    leaf_before = cells(DIGEST)
    leaf_after = cells(DIGEST)


def constraints(air: Builder, row: Columns) -> None:
    """One leaf."""
    for flag in (row.active, row.sweeps, *row.swept):
        air.require_bit(flag, "trigger.flags")
    _require_leaf(air, row)
    _count(air, row)
    _sweep(air, row)


def counters(row: Columns) -> list[Any]:
    """The counters after the batch; on cells and on arrays."""
    return [
        old + taken - left for old, taken, left in zip(row.old, row.taken, row.left, strict=True)
    ]


def _require_leaf(air: Builder, row: Columns) -> None:
    start = chain_start(TypeCode.TRIGGERS, 1)
    # Lie: counters that the old leaf does not have, or a leaf of another type.
    request_hash(air, start, row.old, row.leaf_before, row.active, claim="trigger.leaf-before")
    # Lie: a count is dropped in the new leaf.
    request_hash(air, start, counters(row), row.leaf_after, row.active, claim="trigger.leaf-after")
    # Lie: a leaf is split into another side and place: one leaf would answer for two triggers.
    air.range_check(row.place, row.active, claim="trigger.place")
    index = row.side * 2**PLACE_BITS + row.place.value()
    # Lie: a leaf is opened twice, each time with a part of the positions.
    node = [TRIGGER_TREE, TRIGGER_BITS, index, *row.leaf_before, *row.leaf_after]
    air.receive(NODE, node, row.active, claim="trigger.opened-once")


def _count(air: Builder, row: Columns) -> None:
    first = row.place.value() * COUNTERS
    for place in range(COUNTERS):
        for taken, count in ((0, row.left[place]), (1, row.taken[place])):
            # Lie: a padding row hears that a trigger moved, and no counter does.
            air.require_zero(count * (1 - row.active), "trigger.padding-is-silent")
            # Lie: a counter is lowered without a position that left, or one that came is dropped.
            seat = (row.side, first + place, taken)
            air.receive(TRIGGER, seat, count, claim="trigger.counted")


def _sweep(air: Builder, row: Columns) -> None:
    # Lie: a padding row carries a sweep past counters that are not zero.
    air.require_zero(row.sweeps * (1 - row.active), "trigger.padding-is-silent")
    # Lie: a position past its trigger is left out: its counter is swept and is not zero.
    # Lie: a friend stays where others are deleveraged.
    first = row.place.value() * COUNTERS
    for place, counter in enumerate(counters(row)):
        staying = row.staying[place]
        air.require_zero(row.swept[place] * (counter - staying), "trigger.swept-is-empty")
        air.require_zero(staying * (1 - row.active), "trigger.padding-is-silent")
        air.receive(STAYS, (row.side, first + place), staying, claim="trigger.staying")
    ends = sweep_ends(row.swept)
    # Lie: a counter in the middle is left out of a sweep. One swept bit has none above: one run.
    air.require_equal(sum(ends[1:], ends[0]), row.sweeps, "trigger.one-run")
    at = [end * place for place, end in enumerate(ends)]
    air.require_equal(sum(at[1:], at[0]), row.highest, "trigger.highest")
    top = row.place.value() * COUNTERS + row.highest
    # Lie: a sweep is handed on lower than the counters that were looked at reach.
    air.receive(SWEEP, (row.side, top), row.sweeps, claim="trigger.swept")
    below = top - sum(row.swept[1:], row.swept[0])
    air.send(SWEEP, (row.side, below), row.sweeps, claim="trigger.swept")


def sweep_ends(swept: Sequence[Any]) -> list[Any]:
    """1 where a run of swept counters ends above; on cells and on arrays."""
    above = [*swept[1:], 0]
    return [bit * (1 - higher) for bit, higher in zip(swept, above, strict=True)]


TABLE = Table(name="trigger", columns=Columns, constraints=constraints, height_max=ROWS_MAX)
