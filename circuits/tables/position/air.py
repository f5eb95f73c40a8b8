"""Position: one row is one position of a touched account, opened before and after the batch.

The row takes its account's chain, hashes its old position into the old digest and its new one into
the new digest, adds both to the sums, and hands the chain on. An empty position is not in a leaf:
it leaves its digest as it was. Markets rise along a chain, and the account's row takes it back only
with its leaves: so the rows of an account are exactly the positions that its leaves commit to,
and those traded in the batch. The new position's trigger is as many buckets below the price as its
account is safe; the row says which trigger was left and which is taken.
Height: one row a position, padded. Degree: 3.
Whether it may stay where others are deleveraged is in `order.py`, and what of it is work on an open
step in `work.py`.
Buses: CHAIN, RISK, HASH, MEMORY, RANGE; sends TRIGGER, LIQUIDATION, NEEDED, STAYS, TALLY, DUE,
UNSTEADY and SPENT.
Claims: docs/spec/claims/position.md. Spec: docs/spec/03-state.md, 06-margin.md, 15-triggers.md.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.table import Table
from circuits.gadgets.buses import (
    CHAIN,
    LIQUIDATION,
    MEMORY,
    NEEDED,
    RISK,
    TALLY,
    TRIGGER,
    UNSTEADY,
)
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.hash import request_hash
from circuits.gadgets.tally import OPENED
from circuits.gadgets.words import POSITION_WORD
from circuits.tables.position.columns import (
    DIGEST,
    LIMB,
    ROWS_MAX,
    Columns,
    Risk,
    Size,
    number_of,
)
from circuits.tables.position.order import require_order
from circuits.tables.position.sums import POSITIONS_MAX, product
from circuits.tables.position.work import require_work
from rollup.protocol.availability import POSITION_WORDS
from rollup.protocol.constants import POSITION_BITS, POSITION_LIMIT


def constraints(air: Builder, row: Columns) -> None:
    """One position."""
    for flag in (row.active, row.shrinks, row.smaller, row.liquidated, row.kept, row.needed):
        air.require_bit(flag, "position.flags")
    for flag in (
        row.excused,
        row.exempt,
        row.deleveraged,
        row.behind,
        row.came,
        row.stays,
        row.due,
        row.unsteady,
    ):
        air.require_bit(flag, "position.flags")
    _require_place(air, row)
    for size in (row.before, row.after):
        _require_size(air, row, size)
    _require_demands(air, row)
    # Lie: cash leaves an account at a price that is clamped, missing, or of a batch long ago. Lots
    # of an asset count for nothing over initial margin then, and anybody can give an account one.
    asked = row.paid_out * (1 - row.asset)
    air.require_zero(asked * (1 - row.steady), "position.steady")
    # Lie: an exit is refused for a fresh price, for an asset's, or for a position of nobody.
    for said in (row.steady, row.asset, 1 - row.active):
        air.require_zero(row.unsteady * said, "position.unsteady")
    air.send(UNSTEADY, (row.account,), row.unsteady, claim="position.unsteady")
    # Lie: margin at a friend's price, or at the terms of another market, or of none.
    # Lie: a zone that nobody of the side is deleveraged in, or one that ends nearer.
    terms = (row.market, *row.risk.cells, *row.zones.cells, row.steady, row.asset, row.idle)
    air.receive(RISK, (*terms, *row.least), row.active, claim="position.terms")
    _require_memory(air, row)
    _require_takeovers(air, row)
    require_order(air, row)
    require_work(air, row)
    _require_leaf(air, row)
    _require_trigger(air, row)
    _require_moves(air, row)
    _require_opened(air, row)
    _require_chain(air, row, _require_sums(air, row))


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
    # Lie: a row of no account says that a trigger is left, so that a counter falls.
    air.require_zero(size.held * (1 - row.active), "position.padding-is-silent")


def _require_demands(air: Builder, row: Columns) -> None:
    """What an account whose risk did not grow asks of each of its positions; and of one that is
    deleveraged whatever the account does elsewhere."""
    before, after = row.before, row.after
    # That more of an asset was brought is no risk taken.
    for asked in (row.shrinks * (1 - row.asset), row.deleveraged):
        air.require_zero(asked * (1 - row.smaller), "position.smaller")
    # Lie: lots of an asset that counts are bought, by maintenance margin alone.
    bought = (row.traded + row.took) * (1 - row.smaller)
    air.require_equal(row.grown, bought, "position.grown")
    air.require_zero(row.shrinks * (row.asset - row.idle) * row.grown, "position.bought")
    # Lie: cash leaves that was borrowed against an asset. `paid_out` is 0, 1 or 2.
    cash = row.paid_out * (row.paid_out - 1)
    air.require_zero(row.asset * (cash - 2 * row.uncounted), "position.uncounted")
    air.require_zero(row.uncounted * (1 - row.asset), "position.uncounted")
    # Lie: an asset is sold, paid out or given away that the account does not have.
    air.require_zero(row.asset * after.short, "position.asset-not-owed")
    # Lie: dust, that costs a row of every proof and nobody trades for its own sake.
    # Lie: a friend's dust is passed off as the backstop's.
    air.require_zero(row.excused * (1 - row.clear), "position.excused")
    # Lie: the backstop's position has grown, and is passed off as a reduction.
    air.require_zero(row.excused * row.smaller, "position.excused")
    # Lie: a position that grew is passed off as a reduction; or one that nobody took from is named
    # as that of which the last lot was needed.
    low, high = after.magnitude.packed()
    shrunk = (low + row.needed, high)
    for wanted, least, size in zip(row.least_size, row.least, shrunk, strict=True):
        air.require_equal(wanted, least + row.smaller * (size - least), "position.least")
    old, new = before.magnitude.packed(), (low, high)
    for wanted, was, size in zip(row.most_size, old, new, strict=True):
        air.require_equal(wanted, size + row.smaller * (was - size), "position.least")
    asked = row.active - row.excused
    air.require_zero(row.excused * (1 - row.active), "position.padding-is-silent")
    air.bit_elsewhere(asked, "only a row in use is excused")
    sizes = (row.least_size, row.most_size)
    require_at_most(air, *sizes, POSITION_BITS, row.size_room, asked, "position.not-grown")
    # Lie: a flip is passed off as a reduction: long 5 to short 4.
    flipped = after.held * (after.short - before.short)
    air.require_zero(row.smaller * flipped, "position.no-flip")


def _require_memory(air: Builder, row: Columns) -> None:
    # Lie: trading starts from another position than the leaf holds.
    # Lie: the last position is not the one written into the leaf.
    word = row.market + POSITION_WORD
    start = [row.account, word, 0, *row.before.words, 0, 0]
    air.send(MEMORY, start, row.active, claim="position.value-before")
    end = [row.account, word, row.last_ts, *row.after.words, row.traded, row.took]
    # Lie: risk is taken while prices stand still, with the market elsewhere.
    grew = row.traded * (1 - row.smaller)
    air.require_zero(air.public("begins_open") * grew, "position.open-step")
    # Lie: or at a price that is held back, or that nobody gave.
    air.require_zero((1 - row.steady) * grew, "position.unsteady-shrinks")
    air.receive(MEMORY, end, row.active, claim="position.value-after")


def _require_takeovers(air: Builder, row: Columns) -> None:
    # Lie: a position is taken over whose account is not liquidated, or that no account has.
    air.require_zero(row.liquidated * (1 - row.active), "position.padding-is-silent")
    reduced = row.liquidated + row.deleveraged
    air.require_zero(row.takeovers * (1 - reduced), "position.liquidated-only")
    # Lie: lots of the side that the account did not have: it is given more, and not relieved.
    standing = row.exhausted + 2 * row.deleveraged
    named = (row.account, row.market, row.before.short, standing)
    air.send(LIQUIDATION, named, row.takeovers, claim="position.taken")
    # Lie: the account needed a lot of another side, which is worth more to it.
    air.require_zero(row.needed * (1 - row.liquidated), "position.liquidated-only")
    relief = (row.account, *reliefs(row.risk, row.before.short))
    air.send(NEEDED, relief, row.needed, claim="position.needed")


def reliefs(risk: Risk, short: Any) -> list[Any]:
    """What a lot of a side adds to the excess if it goes at its value: digits, not carried; on
    cells and on arrays."""
    counted = _of_side(short, risk.long_maintenance, risk.short_maintenance)
    sign = 1 - 2 * short
    return [sign * value - each for value, each in zip(risk.value, counted, strict=True)]


def _require_leaf(air: Builder, row: Columns) -> None:
    # Lie: a position from nowhere, written into the new leaf or read out of an old one.
    before, after = row.before, row.after
    block = before.block(row.market)
    request_hash(air, row.old_taken, block, row.old_hash, before.held, claim="position.leaf-before")
    block = after.block(row.market)
    request_hash(air, row.new_taken, block, row.new_hash, after.held, claim="position.leaf-after")
    _require_published(air, row, block)


def _require_published(air: Builder, row: Columns, block: Sequence[Any]) -> None:
    """What the new leaf says of the position is published encrypted, and nothing where it says
    nothing."""
    published, held, claim = row.published, row.after.held, "position.published"
    # Lie: the words are read as another position, or only by somebody else.
    request_hash(air, row.key, published.taken, published.pad, held, claim=claim)
    pairs = zip(block, published.pad, strict=True)
    words = [word + pad for word, pad in pairs][:POSITION_WORDS]
    filled = (*words, *[0] * (DIGEST - POSITION_WORDS))
    request_hash(air, published.taken, filled, published.hash, held, claim=claim)


def _require_trigger(air: Builder, row: Columns) -> None:
    """max(0, bucket of the side - safety)."""
    air.range_check(row.sunk, row.active, claim="position.trigger")
    after, sunk = row.after, row.sunk.value()
    wanted = number_of(row.risk, after.short) - row.safety + sunk
    # Lie: a trigger deeper than the account is safe, above the price, or of the other side.
    air.require_zero(after.held * (wanted - after.trigger), "position.trigger")
    # Lie: one that is not the lowest is lifted, or the lowest is: sunk is what lies below zero.
    air.require_zero(sunk * after.trigger, "position.trigger")


def _require_moves(air: Builder, row: Columns) -> None:
    """The trigger that was left and the one that is taken are counted, unless they are one."""
    before, after, kept = row.before, row.after, row.kept
    # Lie: a move is hidden: silent for a position that was opened, closed, flipped or moved.
    for held in (before.held, after.held):
        air.require_zero(kept * (1 - held), "position.kept")
    air.require_zero(kept * (after.short - before.short), "position.kept")
    air.require_zero(kept * (after.trigger - before.trigger), "position.kept")
    for size, taken in ((before, 0), (after, 1)):
        count = size.held - kept
        air.bit_elsewhere(count, "kept is 1 only where the size is held")
        # Lie: a counter is lowered or raised of another market, side or trigger, or for nothing.
        seat = (row.market * 2 + size.short, size.trigger, taken)
        air.send(TRIGGER, seat, count, claim="position.counted")


def _require_opened(air: Builder, row: Columns) -> None:
    """How many lots more are held is counted; what is owed is as much."""
    pairs = zip(row.before.magnitude, row.after.magnitude, strict=True)
    for place, (old, new) in enumerate(pairs):
        count = _is_long(row.after) * new - _is_long(row.before) * old
        air.number_elsewhere(count, "of two sizes with range-checked limbs, 0 on a padding row")
        # Lie: lots are opened that the market's open interest does not count.
        air.send(TALLY, (row.market, OPENED, place), count, claim="position.opened")


def _is_long(size: Size) -> Any:
    """1 if lots are held; only what is held has a sign."""
    return size.held - size.short


def added(row: Columns) -> dict[str, list[Any]]:
    """What the position adds to each sum, column by column; on cells and on arrays."""
    risk, before, after = row.risk, row.before, row.after
    old, new = before.magnitude.cells, after.magnitude.cells
    maintenance = (risk.long_maintenance, risk.short_maintenance)
    initial = (risk.long_initial, risk.short_initial)
    sign = 1 - 2 * after.short
    return {
        "excess_before": product(old, _of_side(before.short, *maintenance)),
        "excess_after": product(new, _of_side(after.short, *maintenance)),
        "ladder_after": product(new, risk.bucket),
        # Nobody owes an asset, and so much it counts where it counts for nothing.
        "initial_after": product(new, _of_side(after.short + row.uncounted, *initial)),
        "equity_after": product(new, [sign * digit for digit in risk.value]),
    }


def _of_side(short: Any, long_digits: Sequence[Any], short_digits: Sequence[Any]) -> list[Any]:
    return [a + short * (b - a) for a, b in zip(long_digits, short_digits, strict=True)]


def _require_sums(air: Builder, row: Columns) -> list[Any]:
    """The sums that are handed on, in the order of CHAIN."""
    found: list[Any] = []
    for name, columns in added(row).items():
        taken = getattr(row.taken, name)
        total = [column + more for column, more in zip(taken, columns, strict=True)]
        if name == "ladder_after":  # of degree 2, so that it needs no cells
            found += total
            continue
        # Lie: a position is not valued, or valued on the other side: a short as a long.
        given = getattr(row.given, name)
        air.require_all_equal(given, total, "position.sums")
        found += given
    return found


def _require_chain(air: Builder, row: Columns, sums: Sequence[Any]) -> None:
    standing = (row.liquidated, row.exhausted, row.exempt, row.clear)
    demands = (row.safety, row.shrinks, *standing, row.paid_out, row.dealt)
    least = row.market - row.gap.value()
    published = row.published
    read = (*row.key, *published.taken)
    taken = (row.account, least, row.count, *demands, *row.old_taken, *row.new_taken, *read)
    # Lie: a position of another account, one in two accounts, or one in none.
    air.receive(CHAIN, (*taken, *row.taken.cells), row.active, claim="position.chain")
    old = _folded(row.old_taken, row.old_hash, row.before.held)
    new = _folded(row.new_taken, row.new_hash, row.after.held)
    read = (*row.key, *_folded(published.taken, published.hash, row.after.held))
    given = (row.account, row.market + 1, row.count + 1, *demands, *old, *new, *read)
    air.send(CHAIN, (*given, *sums), row.active, claim="position.chain")


def _folded(taken: Sequence[Any], hashed: Sequence[Any], held: Any) -> list[Any]:
    """The digest after the row: what is empty is not in it."""
    return [a + held * (b - a) for a, b in zip(taken, hashed, strict=True)]


TABLE = Table(name="position", columns=Columns, constraints=constraints, height_max=ROWS_MAX)
