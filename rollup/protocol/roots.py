"""Roots: how three trees make one state root, and the constants of empty trees.

Spec: docs/spec/03-state.md.
"""

from collections.abc import Sequence

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.account import FRESH_SLOT, slot_leaves
from rollup.protocol.constants import SLOT_BITS
from rollup.tree.forest import empty_roots


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


def fresh_slots_root(compress_many: CompressMany) -> Digest:
    """Root of the slot tree of a new account: 256 fresh slots."""
    leaf = slot_leaves([FRESH_SLOT], compress_many)[0]
    return empty_roots(SLOT_BITS, leaf, compress_many)[SLOT_BITS]
