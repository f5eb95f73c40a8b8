"""Tree: one row is one touched inner node of a state tree, before and after the batch side by side.

Tree 0 is the account tree (depth 30), tree account + 1 the slot tree of an account (depth 8).
A row takes the message of its own node and hands one to each touched child, so that every touched
node, and so every leaf, is met exactly once. An untouched child is the sibling: one value for both.
Height: one row a touched node, padded. Degree: 3. Buses: NODE, HASH.
Why this opens each leaf once: docs/circuits/state.md. Claims: docs/spec/claims/tree.md.
"""

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, cell, cells
from circuits.air.table import Table
from circuits.gadgets.buses import NODE
from circuits.gadgets.hash import request_hash

DIGEST = 8


class Columns(Layout):
    """The columns; `left`, `right` and `node` digests before and after the batch."""

    active = bit()
    tree = cell()
    depth = cell()  # of this node; the root has depth 0
    place = cell()  # of this node among those of its depth
    left_touched = bit()
    right_touched = bit()
    left_before = cells(DIGEST)
    left_after = cells(DIGEST)
    right_before = cells(DIGEST)
    right_after = cells(DIGEST)
    node_before = cells(DIGEST)
    node_after = cells(DIGEST)


def constraints(air: Builder, row: Columns) -> None:
    """One node."""
    air.require_bit(row.active, "tree.flags")
    _touched_children(air, row)
    _siblings(air, row)
    _hashes(air, row)
    _messages(air, row)


def _touched_children(air: Builder, row: Columns) -> None:
    # Lie: a padding row hands out a node that no parent ever named, and so opens any leaf it likes.
    for touched in (row.left_touched, row.right_touched):
        air.require_bit(touched, "tree.flags")
        air.require_zero(touched * (1 - row.active), "tree.padding-is-silent")
    # Lie: a row swallows the message of a touched node without following it down to any leaf.
    with air.when(row.active):
        nobody = (1 - row.left_touched) * (1 - row.right_touched)
        air.require_zero(nobody, "tree.leads-somewhere")


def _siblings(air: Builder, row: Columns) -> None:
    # Lie: a leaf that nobody opened changes, because its subtree is swapped as a "sibling".
    with air.when(1 - row.left_touched):
        air.require_all_equal(row.left_after, row.left_before, "tree.sibling-kept")
    with air.when(1 - row.right_touched):
        air.require_all_equal(row.right_after, row.right_before, "tree.sibling-kept")


def _hashes(air: Builder, row: Columns) -> None:
    # Lie: the children are not those under the old root (a wrong sibling, an invented leaf).
    request_hash(
        air,
        row.left_before,
        row.right_before,
        row.node_before,
        row.active,
        claim="tree.hash-before",
    )
    # Lie: the new root is not the tree with the new children.
    request_hash(
        air,
        row.left_after,
        row.right_after,
        row.node_after,
        row.active,
        claim="tree.hash-after",
    )


def _messages(air: Builder, row: Columns) -> None:
    # Lie: a subtree of another tree, depth or place is put here, or one node is expanded twice.
    own = [row.tree, row.depth, row.place, *row.node_before, *row.node_after]
    air.receive(NODE, own, row.active, claim="tree.node-from-parent")
    below, first = row.depth + 1, row.place * 2
    left = [row.tree, below, first, *row.left_before, *row.left_after]
    air.send(NODE, left, row.left_touched, claim="tree.children-opened")
    right = [row.tree, below, first + 1, *row.right_before, *row.right_after]
    air.send(NODE, right, row.right_touched, claim="tree.children-opened")


TABLE = Table(name="tree", columns=Columns, constraints=constraints)
