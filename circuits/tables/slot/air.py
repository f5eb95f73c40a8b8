"""Slot: one row is one touched slot of an account, its leaf opened once and closed once.

A slot counts the fills of one order: (generation, filled). The row puts the stored value on the
memory bus at timestamp 0 and takes the last value off it; both are hashed into leaves of depth 8.
Height: one row a touched slot, padded. Degree: 2. Buses: MEMORY, NODE, HASH.
No range checks here: the words of an old leaf were checked by whoever wrote them in an earlier
batch, those of a new one by the fill table. Claims: docs/spec/claims/slot.md.
"""

from collections.abc import Sequence

from circuits.air.builder import Builder
from circuits.air.expr import Expr, Operand
from circuits.air.layout import Layout, bit, cell, cells
from circuits.air.table import Table
from circuits.gadgets.buses import MEMORY, NODE
from circuits.gadgets.hash import request_hash
from circuits.gadgets.words import SLOT_WORD
from rollup.hash.poseidon import chain_start
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.encoding import TypeCode

DIGEST = 8
WORDS = 3
"""generation, filled limbs 0+1, filled limbs 2+3: the words as hashed and as in memory."""


class Columns(Layout):
    """The columns, `before` and `after` the batch."""

    active = bit()
    account = cell()
    slot = cell()
    last_ts = cell()  # timestamp of the last access; 0 if there was none
    before = cells(WORDS)
    after = cells(WORDS)
    leaf_before = cells(DIGEST)
    leaf_after = cells(DIGEST)


def constraints(air: Builder, row: Columns) -> None:
    """One slot."""
    air.require_bit(row.active, "slot.flags")
    # Lie: the value before the batch is not what the old leaf holds, or the leaf is of another type
    # (an account leaf, an inner node): the chain starts from the type and length of a slot leaf.
    _leaf(air, row.before, row.leaf_before, row.active, "slot.leaf-before")
    # Lie: the fills of the batch are forgotten in the new leaf.
    _leaf(air, row.after, row.leaf_after, row.active, "slot.leaf-after")
    # Lie: a slot of another account, another slot, or one slot opened twice.
    node = [row.account + 1, SLOT_BITS, row.slot, *row.leaf_before, *row.leaf_after]
    air.receive(NODE, node, row.active, claim="slot.opened-once")
    # Lie: fills start from another count than the stored one, or their last count is dropped.
    word = row.slot + SLOT_WORD
    start = [row.account, word, 0, *row.before, 0]
    air.send(MEMORY, start, row.active, claim="slot.value-before")
    end = [row.account, word, row.last_ts, *row.after, 0]
    air.receive(MEMORY, end, row.active, claim="slot.value-after")


def _leaf(
    air: Builder, words: Sequence[Expr], leaf: Sequence[Expr], count: Expr, claim: str
) -> None:
    block: tuple[Operand, ...] = (*words, *[0] * (DIGEST - WORDS))
    request_hash(air, chain_start(TypeCode.SLOT, 1), block, leaf, count, claim=claim)


TABLE = Table(name="slot", columns=Columns, constraints=constraints)
