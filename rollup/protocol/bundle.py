"""Bundles: one signature for up to 64 orders and cancels of an account.

What is signed is the root of a tree whose leaves are the digests that would be signed alone, so
that each of them can be shown with its path, and without the others. A leaf names its account,
venue and generation, so nothing in a bundle is anybody's else, and nothing acts twice.
Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import ZERO_DIGEST, Digest
from rollup.private import Private
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.encoding import TypeCode, chain_many
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_digest, require_tuple_of

DEPTH_MAX = 6
ACTIONS_MAX = 1 << DEPTH_MAX
"""Orders and cancels under one signature."""

BUNDLE_TREE = (1 << ACCOUNT_BITS) + 2
"""Number of the tree of a batch's first signature, in its proof: after that of triggers
(rollup.protocol.closing)."""


@dataclass(frozen=True, slots=True, repr=False)
class BundlePath(Private):
    """Where an action stands in its bundle: its place, and the siblings of its path, from the leaf
    up, 1 to 6 of them."""

    place: int
    siblings: tuple[Digest, ...]

    def __post_init__(self) -> None:
        require_tuple_of("siblings", self.siblings, tuple)
        depth = len(self.siblings)
        require_bounds("depth of a bundle", depth, 1, DEPTH_MAX + 1, Reason.MALFORMED)
        require_bounds("place in a bundle", self.place, 0, 1 << depth, Reason.MALFORMED)
        for sibling in self.siblings:
            require_digest("sibling in a bundle", sibling)

    @property
    def depth(self) -> int:
        """How many nodes are above the leaf."""
        return len(self.siblings)


def require_path(path: object) -> None:
    """Refuse what is neither a path nor None, which says: signed alone."""
    if path is not None and not isinstance(path, BundlePath):
        raise Rejected(Reason.MALFORMED, "a path must be a BundlePath")


def bundle_levels(digests: Sequence[Digest], compress_many: CompressMany) -> list[list[Digest]]:
    """All levels of a bundle's tree, from its leaves to its root. Places that no action takes are
    0^8, which is no action's digest. Raises ValueError unless there are 2 to 64 digests."""
    if not 2 <= len(digests) <= ACTIONS_MAX:
        raise ValueError(f"a bundle is of 2 to {ACTIONS_MAX} actions, not {len(digests)}")
    size = 1 << (len(digests) - 1).bit_length()
    levels = [[*digests, *[ZERO_DIGEST] * (size - len(digests))]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(compress_many(below[::2], below[1::2]))
    return levels


def path_of(levels: Sequence[Sequence[Digest]], place: int) -> BundlePath:
    """The path of an action in the tree that `bundle_levels` gives."""
    siblings = [level[place >> height ^ 1] for height, level in enumerate(levels[:-1])]
    return BundlePath(place, tuple(siblings))


def roots_of(
    digests: Sequence[Digest], paths: Sequence[BundlePath], compress_many: CompressMany
) -> list[Digest]:
    """The roots to which the paths of some actions lead, one batched call a level."""
    found = list(digests)
    for height in range(DEPTH_MAX):
        going = [k for k, path in enumerate(paths) if height < path.depth]
        pairs = [_ordered(found[k], paths[k], height) for k in going]
        hashed = compress_many([left for left, _ in pairs], [right for _, right in pairs])
        for k, digest in zip(going, hashed, strict=True):
            found[k] = digest
    return found


def _ordered(digest: Digest, path: BundlePath, height: int) -> tuple[Digest, Digest]:
    sibling = path.siblings[height]
    return (sibling, digest) if path.place >> height & 1 else (digest, sibling)


def bundle_digests(roots: Sequence[Digest], compress_many: CompressMany) -> list[Digest]:
    """What is signed of bundles with these roots: BUNDLE, 1 block."""
    return chain_many(TypeCode.BUNDLE, [(root,) for root in roots], compress_many)


Signed = tuple[int, bytes, BundlePath | None]
"""The account of an action, its signature, and its path."""


Bundled = tuple[int, bytes, int]
"""Account, signature and depth: what the actions of a bundle have in common, and two bundles have
only if one signature holds for two roots."""


def bundle_of(signed: Signed) -> Bundled:
    """What the actions of a bundle have in common, and no others."""
    account, signature, path = signed
    return account, signature, 0 if path is None else path.depth


def signature_count(signed: Sequence[Signed]) -> int:
    """How many signatures some actions have: one a bundle, and one for each that has no path."""
    alone = sum(path is None for _, _, path in signed)
    return alone + len({bundle_of(each) for each in signed if each[2] is not None})


def node_count(signed: Sequence[Signed]) -> int:
    """How many inner nodes of bundles are above some actions."""
    above = {
        (bundle_of(each), height, each[2].place >> height)
        for each in signed
        if each[2] is not None
        for height in range(1, each[2].depth + 1)
    }
    return len(above)
