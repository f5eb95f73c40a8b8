"""Sparse Merkle trees of one depth, whole, in a dictionary: the sequencer's store of digests.

Addresses are those of rollup.tree.multi. Every leaf never set is the empty leaf; a subtree of empty
leaves is a constant of its height and is not stored.
"""

from collections.abc import Iterable, Mapping, Sequence

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.tree.multi import TouchedNode, parents, sibling_addresses


def empty_roots(depth: int, empty_leaf: Digest, compress_many: CompressMany) -> tuple[Digest, ...]:
    """Roots of empty subtrees of height 0..depth."""
    roots = [empty_leaf]
    for _ in range(depth):
        roots += compress_many([roots[-1]], [roots[-1]])
    return tuple(roots)


class Forest:
    """All trees of one depth: set leaves, read roots, open many leaves at once."""

    def __init__(self, depth: int, empty_leaf: Digest, compress_many: CompressMany) -> None:
        self.depth = depth
        self.empty = empty_roots(depth, empty_leaf, compress_many)
        self._compress_many = compress_many
        self._nodes: dict[tuple[int, int], Digest] = {}

    def node(self, level: int, address: int) -> Digest:
        """The digest at a height above the leaves (0 is a leaf, `depth` a root)."""
        return self._nodes.get((level, address), self.empty[level])

    def root(self, tree: int = 0) -> Digest:
        """The root of one tree."""
        return self.node(self.depth, tree)

    def set_leaves(self, leaves: Mapping[int, Digest]) -> None:
        """Replace leaves and rehash the nodes above them, one batched call a level."""
        self.store(self.with_leaves(leaves))

    def with_leaves(self, leaves: Mapping[int, Digest]) -> dict[tuple[int, int], Digest]:
        """The nodes, by (level, address), that these leaves would replace: themselves and all above
        them, one batched call a level. Nothing is replaced yet."""
        found = {(0, address): leaf for address, leaf in leaves.items()}
        touched = sorted(leaves)
        for level in range(self.depth):
            touched = [parent for parent, _, _ in parents(touched)]
            left, right = (
                [found.get(place) or self.node(*place) for place in places]
                for places in (
                    [(level, 2 * address) for address in touched],
                    [(level, 2 * address + 1) for address in touched],
                )
            )
            hashed = self._compress_many(left, right)
            above = zip(touched, hashed, strict=True)
            found.update({(level + 1, address): digest for address, digest in above})
        return found

    def store(self, nodes: Mapping[tuple[int, int], Digest]) -> None:
        """Replace nodes, as `with_leaves` found them."""
        self._nodes.update(nodes)

    def siblings(self, addresses: Sequence[int]) -> tuple[Digest, ...]:
        """The siblings of a multi-opening of strictly rising addresses."""
        wanted = sibling_addresses(addresses, self.depth)
        return tuple(self.node(level, address) for level, address in wanted)

    def adopt(
        self, leaves: Mapping[int, Digest], nodes: Iterable[TouchedNode], tree_offset: int = 0
    ) -> None:
        """Take over an update hashed elsewhere: new leaves and the touched nodes above them."""
        for address, leaf in leaves.items():
            self._nodes[0, address] = leaf
        for node in nodes:
            address = (node.tree - tree_offset << node.depth) + node.index
            self._nodes[self.depth - node.depth, address] = node.new
