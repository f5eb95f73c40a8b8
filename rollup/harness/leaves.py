"""Accounts of a scenario's state, in a tree of their own: what an owner opens to escape.

What is beside the tree are digests that nothing was hashed to: L1 knows no more of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rollup.harness.people import address, compress_cached, digest_of, key_of, viewing_words
from rollup.hash.poseidon import Digest
from rollup.l1.escape import LeafOpening
from rollup.protocol.account import (
    EMPTY_LEAF,
    Account,
    Header,
    account_leaves,
    header_digests,
)
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.positions import Positions
from rollup.protocol.roots import root_beside
from rollup.tree.forest import Forest

Said = Mapping[str, Any]
"""An account as a scenario says it: `account`, `owner`, `cash`, `positions` ([market, size])."""


class Leaves:
    """Accounts by index, and the tree over them. `name` makes their salts."""

    def __init__(self, said: Sequence[Said], name: str) -> None:
        self.accounts = {each["account"]: _account(each, name) for each in said}
        present = list(self.accounts.values())
        headers = header_digests([account.header for account in present], compress_cached)
        leaves = account_leaves(present, headers, compress_cached)
        self._tree = Forest(ACCOUNT_BITS, EMPTY_LEAF, compress_cached)
        self._tree.set_leaves(dict(zip(self.accounts, leaves, strict=True)))
        self.beside = (digest_of(f"markets of {name}"), digest_of(f"triggers of {name}"))

    @property
    def root(self) -> Digest:
        """The state root."""
        return root_beside(self._tree.root(), self.beside, compress_cached)

    def opening(self, index: int) -> LeafOpening:
        """An account, opened to the root."""
        path = self._tree.siblings([index])
        return LeafOpening(index, self.accounts[index], path, *self.beside)


def _account(said: Said, name: str) -> Account:
    owner = said["owner"]
    a, b, c, d, e, f, g, h = viewing_words()
    header = Header(address(owner), key_of(owner), (a, b, c, d, e, f, g, h))
    positions = Positions(tuple((market, size) for market, size in said.get("positions", ())))
    words = digest_of(f"salt of {owner} in {name}")
    triggers = tuple(range(len(positions.held)))
    slots = digest_of(f"slots of {owner}")
    salt = (words[0], words[1], words[2], words[3])
    return Account(header, said.get("cash", 0), positions, slots, salt, triggers)
