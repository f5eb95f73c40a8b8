"""Holding: row k is the market k, and the position that the account has there, if it has one.

Rows take the leaf from the block of cash on and fold one position each into it, so that the account
has exactly these; and they add up what these are worth, in limbs, row by row. The verifier says
what a lot of a perpetual is worth, of each market once; a position elsewhere, of an asset or of a
market that is not listed, has no worth, and its account no proof.
All rows run whatever is held, so that nobody learns in how many markets that is.
Height: one row a market, and what blinding takes. Degree: 3. Buses: PRICE, HASH, HOLDINGS, RANGE.
Claims: docs/spec/claims/holding.md. Spec: docs/spec/23-private-exit.md.
"""

from typing import Any, Final

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, carries, cell, cells, limbs
from circuits.air.table import Table
from circuits.exit.buses import HOLDINGS, PRICE
from circuits.gadgets.balanced import COUNT
from circuits.gadgets.hash import request_hash
from circuits.gadgets.integer import Integer, from_balanced, from_limbs, require_identity
from circuits.tables.position.columns import DIGEST, LIMB
from circuits.tables.position.sums import COLUMNS, SUM_BITS, normal
from rollup.protocol.constants import POSITION_BITS, POSITION_LIMIT

CARRY_BITS: Final = 16
"""Three products of a limb and a digit stay below 2^27, so a carry below 2^15."""


class Columns(Layout):
    """The columns: what the row takes, and what it adds."""

    priced = bit()  # the market is a listed perpetual
    value = cells(COUNT)  # of a lot, in balanced limbs; free where it is not priced
    held = bit()  # the account has a position there
    magnitude = limbs(POSITION_BITS)
    short = bit()
    borrow = bit()  # of the low pair, below zero
    trigger = cell()
    state = cells(DIGEST)  # the leaf as far as the market before
    hashed = cells(DIGEST)  # after the position's block
    total = limbs(SUM_BITS)  # what positions so far are worth, plus 2^78 if that is below zero
    negative = bit()
    carries = carries(COLUMNS - 1, CARRY_BITS)


def signed(total: Any, negative: Any) -> Integer:
    """A sum of either sign from its limbs; on cells and on arrays."""
    *lower, top = total
    return normal((*lower, top - negative * LIMB))


def worth(row: Any) -> Integer:
    """What the position is worth; on cells and on arrays."""
    size = from_limbs(row.magnitude).times(1 - 2 * row.short, -1, 1)
    return from_balanced(row.value) * size


def constraints(air: Builder, row: Columns, below: Columns) -> None:
    """One market."""
    for flag in (row.priced, row.held, row.short, row.borrow, row.negative):
        air.require_bit(flag, "holding.flags")
    # Lie: a position is valued at a friend's price, or at that of another market.
    air.receive(PRICE, (row.index, *row.value), row.priced, claim="holding.priced")
    # Lie: lots of an asset, or of a market without a price, are nothing, or worth what one likes.
    air.require_zero(row.held * (1 - row.priced), "holding.unpriced")
    # Lie: what is not in the leaf is worth something.
    for limb in row.magnitude:
        air.require_zero((1 - row.held) * limb, "holding.nothing")
    # Lie: one position word is split into other limbs, and so valued as another position.
    for part in (row.magnitude, row.total, row.carries):
        air.range_check(part, claim="holding.bounds")
    # Lie: a position that the leaf does not have, or of another size or side.
    request_hash(air, row.state, _block(row), row.hashed, row.held, claim="holding.leaf")
    _require_ends(air, row)
    with air.transition():
        # Lie: a position of the leaf is left out, or comes in twice.
        folded = [a + row.held * (b - a) for a, b in zip(row.state, row.hashed, strict=True)]
        air.require_all_equal(below.state, folded, "holding.fold")
        # Lie: a position is not counted, or on the other side: a short as a long.
        rise = signed(below.total, below.negative) - signed(row.total, row.negative)
        require_identity(air, rise - worth(row), row.carries, "holding.sum")


def _block(row: Columns) -> tuple[Any, ...]:
    """The position as the leaf hashes it."""
    sign, pair = 1 - 2 * row.short, LIMB * LIMB
    low, high = row.magnitude.packed()
    words = (sign * low + row.borrow * pair, POSITION_LIMIT // pair + sign * high - row.borrow)
    return (row.index, *words, row.trigger, 0, 0, 0, 0)


def _require_ends(air: Builder, row: Columns) -> None:
    said = (*row.state, *row.total, row.negative)
    # Lie: the positions of another account; or something is there before the first.
    air.receive(HOLDINGS, (0, *said), row.first, claim="holding.start")
    # Lie: a leaf that is not whole, or a sum that leaves out what it has.
    air.send(HOLDINGS, (1, *said), row.last, claim="holding.end")


TABLE: Final = Table("holding", Columns, constraints)
