"""Multi-openings: many leaves of one or many sparse trees, opened and closed together.

A forest is many trees of one depth in one address space: address = tree * 2**depth + index. With
all leaves below 2**depth it is a single tree. A multi-opening carries one sibling for each parent
with a single touched child, level by level from the leaves, in rising order of address; together
with the leaves they determine every node above, so nothing in it can be chosen twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest


class OpeningError(ValueError):
    """Siblings that do not belong to the touched leaves: too few or too many."""


class TouchedNode(NamedTuple):
    """An inner node above a touched leaf, before and after. A root has depth 0. Private.

    `tree` is the forest's tree plus the offset asked for. An untouched child has one digest before
    and after: it is the sibling. A tuple, since a batch has ten thousand, and a frozen record takes
    ten times as long to make.
    """

    tree: int
    depth: int
    index: int  # type: ignore[assignment]  # hides `tuple.index`, which nobody wants here
    old: Digest
    new: Digest
    left_touched: bool
    right_touched: bool
    left_old: Digest
    left_new: Digest
    right_old: Digest
    right_new: Digest

    def __repr__(self) -> str:
        return f"{type(self).__name__}(private)"


@dataclass(frozen=True, slots=True)
class Update:
    """The result of opening against the old and closing against the new state at once.

    `roots` maps each touched tree (without offset) to its root before and after. `nodes` rise by
    height: the parents of leaves first, roots last, by address within a level.
    """

    roots: dict[int, tuple[Digest, Digest]]
    nodes: tuple[TouchedNode, ...]


Pair = tuple[Digest, Digest]


def parents(addresses: Sequence[int]) -> list[tuple[int, bool, bool]]:
    """(parent, left touched, right touched) of strictly rising addresses, rising too."""
    found: list[tuple[int, bool, bool]] = []
    for address in addresses:
        parent = address >> 1
        if found and found[-1][0] == parent:
            found[-1] = (parent, True, True)
        else:
            found.append((parent, address & 1 == 0, address & 1 == 1))
    return found


def ancestors(addresses: Iterable[int], depth: int) -> set[tuple[int, int]]:
    """(height, address) of every inner node above some leaves, roots of depth `depth` included."""
    return {(height, address >> height) for address in addresses for height in range(1, depth + 1)}


def sibling_addresses(addresses: Sequence[int], depth: int) -> Iterator[tuple[int, int]]:
    """(level above the leaves, address) of every sibling of a multi-opening, in its order."""
    touched = list(addresses)
    for level in range(depth):
        above = parents(touched)
        for parent, left, right in above:
            if not (left and right):
                yield level, 2 * parent + (1 if left else 0)
        touched = [parent for parent, _, _ in above]


def update(
    depth: int,
    leaves: Mapping[int, Pair],
    siblings: Sequence[Digest],
    compress_many: CompressMany,
    tree_offset: int = 0,
) -> Update:
    """Roots and touched nodes of trees whose leaves at `leaves` change from old to new.

    `leaves` maps address to (old, new). Two compressions a node, one batched call a level. Raises
    OpeningError unless there are exactly as many siblings as the touched leaves need.
    """
    level = {address: leaves[address] for address in sorted(leaves)}
    rest = iter(siblings)
    nodes: list[TouchedNode] = []
    for remaining in reversed(range(depth)):
        above = parents(list(level))
        children = [_children(level, *parent, rest) for parent in above]
        level = _hash_level([parent for parent, _, _ in above], children, compress_many)
        for (parent, left_touched, right_touched), (left, right) in zip(
            above, children, strict=True
        ):
            tree, index = parent >> remaining, parent & (1 << remaining) - 1
            node = (tree + tree_offset, remaining, index, *level[parent])
            nodes.append(TouchedNode(*node, left_touched, right_touched, *left, *right))
    if next(rest, None) is not None:
        raise OpeningError("more siblings than the touched leaves need")
    return Update(level, tuple(nodes))


def _hash_level(
    addresses: Sequence[int], children: Sequence[tuple[Pair, Pair]], compress_many: CompressMany
) -> dict[int, Pair]:
    """(old, new) of every parent, in one call: first all old ones, then all new ones."""
    hashed = compress_many(
        [left[side] for side in (0, 1) for left, _ in children],
        [right[side] for side in (0, 1) for _, right in children],
    )
    pairs = zip(hashed[: len(children)], hashed[len(children) :], strict=True)
    return dict(zip(addresses, pairs, strict=True))


def _children(
    level: Mapping[int, Pair], parent: int, left: bool, right: bool, rest: Iterator[Digest]
) -> tuple[Pair, Pair]:
    """(old, new) of both children; an untouched one is the next sibling, equal before and after."""
    if left and right:
        return level[2 * parent], level[2 * parent + 1]
    sibling = next(rest, None)
    if sibling is None:
        raise OpeningError("fewer siblings than the touched leaves need")
    if left:
        return level[2 * parent], (sibling, sibling)
    return (sibling, sibling), level[2 * parent + 1]
