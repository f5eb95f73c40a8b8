"""Price levels: a leaf of eight, a list of a side, nodes between. Measured, not traced: ADR 0047.

The tables hold the constraints that bear columns and messages; whoever builds them for good starts
from the record, not from here.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.layout import (
    LIMB_BITS,
    Layout,
    bit,
    bits,
    carries,
    cell,
    cells,
    limbs,
)
from circuits.air.table import Table
from circuits.gadgets.buses import NODE
from circuits.gadgets.hash import request_hash
from circuits.gadgets.integer import from_limbs, require_identity
from rollup.protocol.constants import (
    COUNTERS,
    PRICE_BITS,
)

DIGEST = 8
LEVEL_DEPTH = 19
"""Leaves of a list, of eight prices each: 2^22 steps of price."""


def _bus(name: str, number: int, width: int) -> Bus:
    return Bus(name, number, tuple(f"v{i}" for i in range(width)))


LEVEL = _bus("LEVEL", 105, 3)
WALK = _bus("WALK", 108, 5 + 2 * DIGEST)
EDGE = _bus("EDGE", 109, 2)
STEP = _bus("STEP", 110, 3)
TRADED = _bus("TRADED", 111, 6)


class LevelColumns(Layout):
    """Eight neighbouring levels: how many orders that rest each has."""

    active = bit()
    listed = cell()
    mode = cells(2)  # the whole leaf is swept; the sweep ends in it
    place = limbs(LEVEL_DEPTH)
    step = limbs(LIMB_BITS)
    first_price = limbs(PRICE_BITS)
    price_carries = carries(2, 17)
    auction = cell()
    old = cells(COUNTERS)
    left = cells(COUNTERS)
    taken = cells(COUNTERS)
    barred = cells(COUNTERS)
    swept = bits(COUNTERS)
    leaf_before = cells(DIGEST)
    leaf_after = cells(DIGEST)
    empty = bits(2)


def _level(air: Builder, row: Any) -> None:
    for flag in (row.active, *row.swept, *row.empty):
        air.require_bit(flag, "level.flags")
    terms = zip(row.old, row.taken, row.left, strict=True)
    new = [old + taken - left for old, taken, left in terms]
    both = ((row.old, row.leaf_before), (new, row.leaf_after))
    for (words, leaf), empty in zip(both, row.empty, strict=True):
        with air.when(empty):
            air.require_all_equal((*words, *leaf), (0,) * (2 * DIGEST), "level.empty")
        asked = row.active * (1 - empty)
        air.bit_elsewhere(asked, "bits")
        request_hash(air, (0,) * DIGEST, words, leaf, asked, claim="level.leaf")
    for number in (row.place, row.step, row.first_price, row.price_carries):
        air.range_check(number, row.active, claim="level.price")
    priced = from_limbs(row.place) * from_limbs(row.step) * COUNTERS
    with air.when(row.active):
        identity = priced - from_limbs(row.first_price)
        require_identity(air, identity, row.price_carries, "level.price")
    air.receive(STEP, (row.listed, row.step.value(), row.auction), row.active, claim="level.step")
    own = (row.listed, LEVEL_DEPTH, row.place.value(), *row.mode)
    air.receive(WALK, (*own, *row.leaf_before, *row.leaf_after), row.active, claim="level.node")
    for k in range(COUNTERS):
        price = row.first_price.value() + k * row.step.value()
        kinds = (row.left[k], row.taken[k], row.barred[k])
        for kind, count in enumerate(kinds):
            air.require_zero(count * (1 - row.active), "level.padding-is-silent")
            air.receive(LEVEL, (row.listed, price, kind), count, claim="level.counted")
        kept = row.old[k] - row.left[k] + row.auction * row.taken[k] - row.barred[k]
        air.require_zero(row.swept[k] * kept, "level.swept-is-empty")
        above = row.swept[k] - (row.swept[k + 1] if k < COUNTERS - 1 else 0)
        air.require_zero(above * (above - 1), "level.one-run")
    total = sum(row.swept[1:], row.swept[0])
    air.require_zero(row.mode[0] * (total - COUNTERS), "level.whole")
    end = row.first_price.value() + total * row.step.value()
    air.send(EDGE, (row.listed, end), row.mode[1], claim="level.edge")
    air.bit_elsewhere(row.mode[1], "from a parent")


LEVELS = Table("level", LevelColumns, _level)


class ListColumns(Layout):
    """A list of a market and side: its root, and down to which price it is swept."""

    active = bit()
    market = cell()
    kind = bits(4)
    swept = bit()
    depth = cell()
    low = cells(2)
    high = cells(2)
    oracle = cells(2)
    step = cell()
    auction = cell()
    edge = limbs(PRICE_BITS)
    room = limbs(PRICE_BITS)
    root_before = cells(DIGEST)
    root_after = cells(DIGEST)


def _list(air: Builder, row: Any) -> None:
    for flag in (row.active, *row.kind, row.swept):
        air.require_bit(flag, "list.flags")
    kinds = zip((1, 2, 4, 8), row.kind, strict=True)
    listed = row.market * 16 + sum(weight * kind for weight, kind in kinds)
    both = (*row.root_before, *row.root_after)
    air.receive(NODE, (2**30 + 1, 19, listed, *both), row.active, claim="list.opened-once")
    mode = 2 * row.swept
    air.send(WALK, (listed, 0, 0, mode, 0, *both), row.active, claim="list.root")
    traded = (row.market, *row.low, *row.high, row.step)
    air.receive(TRADED, traded, row.active, claim="list.traded")
    terms = (listed, row.step, row.auction)
    air.send(STEP, terms, row.depth, claim="list.step")
    air.receive(EDGE, (listed, row.edge.value()), row.swept, claim="list.edge")
    for number in (row.edge, row.room):
        air.range_check(number, row.swept, claim="list.bounds")
    low, high, oracle = (pair[0] + pair[1] * 2**26 for pair in (row.low, row.high, row.oracle))
    worst = high + row.kind[0] * (2**PRICE_BITS - low - high) - row.kind[1] * oracle
    with air.when(row.swept):
        air.require_equal(row.room.value(), row.edge.value() - worst, "list.priority")


LISTS = Table("list", ListColumns, _list)


class WalkColumns(Layout):
    """A node on the way to levels; an empty subtree has a digest of zeros."""

    active = bit()
    listed = cell()
    depth = cell()
    place = cell()
    swept = bit()
    edge = bit()
    edge_right = bit()
    child_swept = bits(2)
    touched = bits(2)
    empty = bits(2)
    before = cells(2 * DIGEST)
    after = cells(2 * DIGEST)
    node_before = cells(DIGEST)
    node_after = cells(DIGEST)


def _walk(air: Builder, row: Any) -> None:
    flags = (row.active, row.swept, row.edge, row.edge_right, *row.touched, *row.empty)
    for flag in (*flags, *row.child_swept):
        air.require_bit(flag, "walk.flags")
    both = ((row.before, row.node_before, row.empty[0]), (row.after, row.node_after, row.empty[1]))
    for children, node, empty in both:
        with air.when(empty):
            air.require_all_equal((*children, *node), (0,) * (3 * DIGEST), "walk.empty")
        asked = row.active * (1 - empty)
        air.bit_elsewhere(asked, "bits")
        request_hash(air, children[:DIGEST], children[DIGEST:], node, asked, claim="walk.hash")
    modes = (
        row.child_swept[0] + 2 * row.edge * (1 - row.edge_right),
        row.child_swept[1] + 2 * row.edge * row.edge_right,
    )
    swept = (row.swept + row.edge * row.edge_right, row.swept)
    air.require_all_equal(row.child_swept, swept, "walk.child-swept")
    for k, touched in enumerate(row.touched):
        old, new = (side[k * DIGEST : (k + 1) * DIGEST] for side in (row.before, row.after))
        with air.when(1 - touched):
            air.require_all_equal(new, old, "walk.sibling-kept")
            for element in old:
                air.require_zero(row.child_swept[k] * element, "walk.swept-is-empty")
        below = (row.listed, row.depth + 1, 2 * row.place + k, modes[k], 0)
        air.send(WALK, (*below, *old, *new), touched, claim="walk.children")
    own = (row.listed, row.depth, row.place, row.swept + 2 * row.edge, 0)
    air.receive(WALK, (*own, *row.node_before, *row.node_after), row.active, claim="walk.node")
    ends = row.edge * row.edge_right
    air.bit_elsewhere(ends, "bits")
    air.send(EDGE, (row.listed, row.place), ends, claim="walk.edge")


WALK_TABLE = Table("walk", WalkColumns, _walk)
