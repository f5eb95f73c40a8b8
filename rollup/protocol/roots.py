"""Roots: how three trees make one state root, and the constants of empty trees.

Spec: docs/spec/03-state.md.
"""

from collections.abc import Sequence

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.slot import FRESH_SLOT, slot_leaves
from rollup.tree.forest import empty_roots

Beside = tuple[Digest, Digest]
"""What stands beside the account tree: the digest of markets, and the right half of the root, that
of triggers and globals together. Both are salted; the root of triggers alone is not, so that
whoever has it can try what counters give it."""


def state_roots(
    accounts: Sequence[Digest],
    markets: Sequence[Digest],
    triggers: Sequence[Digest],
    globals_: Sequence[Digest],
    compress_many: CompressMany,
) -> list[Digest]:
    """compress(compress(accounts, markets), compress(triggers, globals)) of several states at once.

    The markets and the globals are salted, so that neither half tells anything.
    """
    left = compress_many(accounts, markets)
    right = compress_many(triggers, globals_)
    return compress_many(left, right)


def root_beside(accounts: Digest, beside: Beside, compress_many: CompressMany) -> Digest:
    """The state root of an account tree and what stands beside it."""
    markets, right = beside
    (left,) = compress_many([accounts], [markets])
    return compress_many([left], [right])[0]


def fresh_slots_root(compress_many: CompressMany) -> Digest:
    """Root of the slot tree of a new account: 256 fresh slots."""
    leaf = slot_leaves([FRESH_SLOT], compress_many)[0]
    return empty_roots(SLOT_BITS, leaf, compress_many)[SLOT_BITS]
