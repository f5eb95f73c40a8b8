"""Position: one row is one position of a touched account, opened before and after the batch.

The row takes its account's chain, hashes its old position into the old digest and its new one into
the new digest, adds both to the sums, and hands the chain on. An empty position is not in a leaf:
it leaves its digest as it was. Markets rise along a chain, and the account's row takes it back only
with its leaves: so the rows of an account are exactly the positions that its leaves commit to,
and those traded in the batch.
Height: one row a position, padded. Degree: 3.
Buses: CHAIN, RISK, HASH, MEMORY, RANGE; sends LIQUIDATION.
Claims: docs/spec/claims/position.md. Spec: docs/spec/03-state.md and 06-margin.md.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.table import Table
from circuits.gadgets.buses import CHAIN, LIQUIDATION, MEMORY, RISK
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.hash import request_hash
from circuits.gadgets.words import POSITION_WORD
from circuits.tables.position.columns import LIMB, Columns, Size
from circuits.tables.position.sums import POSITIONS_MAX, product
from rollup.protocol.constants import POSITION_BITS, POSITION_LIMIT

ROWS_MAX = 2**13
"""Tallest table: market numbers of 16 bits that rise over so many rows stay below p."""


def constraints(air: Builder, row: Columns) -> None:
    """One position."""
    for flag in (row.active, row.shrinks, row.unchanged, row.liquidated):
        air.require_bit(flag, "position.flags")
    _require_place(air, row)
    for size in (row.before, row.after):
        _require_size(air, row, size)
    _require_demands(air, row)
    # Lie: margin at a friend's price, or at the terms of another market, or of none.
    air.receive(RISK, (row.market, *row.risk.cells), row.active, claim="position.terms")
    _require_memory(air, row)
    _require_takeovers(air, row)
    _require_leaf(air, row)
    _require_sums(air, row)
    _require_chain(air, row)


def _require_place(air: Builder, row: Columns) -> None:
    # Lie: two positions of one market, or positions in another order than the leaf's.
    air.range_check(row.gap, row.active, claim="position.rising")
    # Lie: so many positions in one sum that a column of it wraps the field.
    room = POSITIONS_MAX - row.count
    air.range_check((room, (POSITIONS_MAX - 1).bit_length()), row.active, claim="position.count")


def _require_size(air: Builder, row: Columns, size: Size) -> None:
    """Sign and magnitude are those of the words, and `held` says whether it is anything."""
    # Lie: one position word is split into other limbs and so valued as another position.
    air.range_check(size.magnitude, row.active, claim="position.size")
    for flag in (size.short, size.borrow, size.held):
        air.require_bit(flag, "position.size")
    sign = 1 - 2 * size.short
    low, high = size.magnitude.packed()
    pair = LIMB * LIMB
    with air.when(row.active):
        air.require_equal(size.words[0], sign * low + size.borrow * pair, "position.size")
        bias = POSITION_LIMIT // pair
        air.require_equal(size.words[1], bias + sign * high - size.borrow, "position.size")
    # Lie: a position that is not empty is left out of the leaf, or one that is empty is put in.
    # Four limbs sum below p.
    first, *others = size.magnitude
    total = sum(others, first)
    air.require_equal(total * size.inverse, size.held, "position.held")
    air.require_zero((1 - size.held) * total, "position.held")
    # Nothing has one form: no sign, and a borrow only below zero.
    air.require_zero(size.short * (1 - size.held), "position.size")
    air.require_zero(size.borrow * (1 - size.short), "position.size")


def _require_demands(air: Builder, row: Columns) -> None:
    """What the account's clause of the margin rule asks of each of its positions."""
    before, after = row.before, row.after
    # Lie: a position that grew is passed off as a reduction.
    require_at_most(
        air,
        after.magnitude.packed(),
        before.magnitude.packed(),
        POSITION_BITS,
        row.shrink_room,
        row.shrinks,
        "position.not-grown",
    )
    # Lie: a flip is passed off as a reduction: long 5 to short 4.
    flipped = after.held * (after.short - before.short)
    air.require_zero(row.shrinks * flipped, "position.no-flip")
    # Lie: an account that traded is passed off as one that only received cash.
    with air.when(row.unchanged):
        air.require_all_equal(after.words, before.words, "position.unchanged-sizes")


def _require_memory(air: Builder, row: Columns) -> None:
    # Lie: trading starts from another position than the leaf holds.
    # Lie: the last position is not the one written into the leaf.
    word = row.market + POSITION_WORD
    start = [row.account, word, 0, *row.before.words, 0, 0]
    air.send(MEMORY, start, row.active, claim="position.value-before")
    end = [row.account, word, row.last_ts, *row.after.words, 0, 0]
    air.receive(MEMORY, end, row.active, claim="position.value-after")


def _require_takeovers(air: Builder, row: Columns) -> None:
    # Lie: a position is taken over whose account is not liquidated, or that no account has.
    air.require_zero(row.liquidated * (1 - row.active), "position.padding-is-silent")
    air.require_zero(row.takeovers * (1 - row.liquidated), "position.liquidated-only")
    # Lie: lots of the side that the account did not have: it is given more, and not relieved.
    named = (row.account, row.market, row.before.short, row.exhausted)
    air.send(LIQUIDATION, named, row.takeovers, claim="position.taken")


def _require_leaf(air: Builder, row: Columns) -> None:
    # Lie: a position from nowhere, written into the new leaf or read out of an old one.
    before, after = row.before, row.after
    block = before.block(row.market)
    request_hash(air, row.old_taken, block, row.old_hash, before.held, claim="position.leaf-before")
    block = after.block(row.market)
    request_hash(air, row.new_taken, block, row.new_hash, after.held, claim="position.leaf-after")


def added(row: Columns) -> list[Any]:
    """What the position adds to the sums, column by column; on cells and on arrays."""
    risk = row.risk
    found: list[Any] = []
    for size in (row.before, row.after):
        side = _of_side(size.short, risk.long_maintenance, risk.short_maintenance)
        found += product(size.magnitude.cells, side)
        found += product(size.magnitude.cells, risk.requirement)
    side = _of_side(row.after.short, risk.long_initial, risk.short_initial)
    return found + product(row.after.magnitude.cells, side)


def _of_side(short: Any, long_digits: Sequence[Any], short_digits: Sequence[Any]) -> list[Any]:
    return [a + short * (b - a) for a, b in zip(long_digits, short_digits, strict=True)]


def _require_sums(air: Builder, row: Columns) -> None:
    # Lie: a position is not valued, or valued on the other side: a short as a long.
    for given, taken, more in zip(row.given.cells, row.taken.cells, added(row), strict=True):
        air.require_equal(given, taken + more, "position.sums")


def _require_chain(air: Builder, row: Columns) -> None:
    demands = (row.shrinks, row.unchanged, row.liquidated, row.exhausted)
    least = row.market - row.gap.value()
    taken = (row.account, least, row.count, *demands, *row.old_taken, *row.new_taken)
    # Lie: a position of another account, one in two accounts, or one in none.
    air.receive(CHAIN, (*taken, *row.taken.cells), row.active, claim="position.chain")
    old = _folded(row.old_taken, row.old_hash, row.before.held)
    new = _folded(row.new_taken, row.new_hash, row.after.held)
    given = (row.account, row.market + 1, row.count + 1, *demands, *old, *new)
    air.send(CHAIN, (*given, *row.given.cells), row.active, claim="position.chain")


def _folded(taken: Sequence[Any], hashed: Sequence[Any], held: Any) -> list[Any]:
    """The digest after the row: what is empty is not in it."""
    return [a + held * (b - a) for a, b in zip(taken, hashed, strict=True)]


TABLE = Table(name="position", columns=Columns, constraints=constraints, height_max=ROWS_MAX)
