"""Who holds what a venue publishes: the accounts' tree after each batch, from public files alone.

A holder follows a chain of batches from genesis on. It reads no leaf, and needs no key for that:
leaves are published by their digests, so the tree over them is for anybody to hash. That a public
input is proved is not asked here: `crypsis verify` does that, or whoever compares a root with L1's.
Spec: docs/spec/22-availability.md.
"""

from collections.abc import Iterable
from typing import NamedTuple

from rollup.availability.fault import DataRefused, Fault
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.account import EMPTY_LEAF, Header, account_leaves, header_digests
from rollup.protocol.availability import PublishedLeaf
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.encoding import hex_digest
from rollup.protocol.genesis import Genesis
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput
from rollup.protocol.published_data import PublishedData
from rollup.protocol.roots import Beside, root_beside
from rollup.tree.forest import Forest


class Held(NamedTuple):
    """The last leaf that was published of an account, and by which batch."""

    number: int
    leaf: PublishedLeaf


class Holder:
    """What anybody can hold of a venue: after the batch `number`, whose state root is `root`, the
    tree over all accounts' leaves, the last published leaf and the header of each account, the
    digests beside the tree, and the market book."""

    def __init__(self, genesis: Genesis, compress_many: CompressMany) -> None:
        """The state after genesis, where no batch published anything."""
        state = genesis.state(compress_many)
        present = list(state.accounts.values())
        headers = [account.header for account in present]
        leaves = account_leaves(present, header_digests(headers, compress_many), compress_many)
        self.number = 0
        self.root = state.root
        self.book: MarketBook = state.book
        self._genesis = genesis
        self._compress_many = compress_many
        self._tree = Forest(ACCOUNT_BITS, EMPTY_LEAF, compress_many)
        self._tree.set_leaves(dict(zip(state.accounts, leaves, strict=True)))
        self._beside = state.beside
        self._headers = dict(zip(state.accounts, headers, strict=True))
        self._held: dict[int, Held] = {}

    @property
    def beside(self) -> Beside:
        """What stands beside the accounts' tree under the root."""
        return self._beside

    @property
    def accounts(self) -> tuple[int, ...]:
        """Every account that a batch published a leaf of, rising."""
        return tuple(sorted(self._held))

    def follow(self, public: PublicInput, data: PublishedData) -> None:
        """Take in the next batch. DataRefused, with nothing changed, unless its public input
        follows the batch before, commits to the data, and has the root that the leaves give."""
        self._require_next(public, data)
        if data.commitment(self._compress_many) != public.data_commitment:
            detail = f"batch {public.number} does not commit to this data"
            raise DataRefused(Fault.COMMITMENT, detail)
        nodes = self._tree.with_leaves({each.index: each.leaf for each in data.leaves})
        accounts = nodes.get((ACCOUNT_BITS, 0), self._tree.root())
        if root_beside(accounts, data.beside, self._compress_many) != public.new_root:
            detail = f"the leaves do not give {hex_digest(public.new_root)}, the new root of batch "
            raise DataRefused(Fault.LEAVES, f"{detail}{public.number}")
        book, headers = public.book_after, headers_of(public)
        self._tree.store(nodes)
        self.number, self.root, self.book = public.number, public.new_root, book
        self._beside = data.beside
        self._headers.update(headers)
        self._held.update({each.index: Held(data.number, each) for each in data.leaves})

    def follow_all(self, batches: Iterable[tuple[PublicInput, PublishedData]]) -> None:
        """Take in batches in their order, up to the first that is refused."""
        for public, data in batches:
            self.follow(public, data)

    def last(self, index: int) -> Held:
        """The last published leaf of an account. DataRefused where there is none."""
        if index not in self._held:
            detail = f"no batch up to {self.number} published a leaf of account {index}"
            raise DataRefused(Fault.ACCOUNT, detail)
        return self._held[index]

    def header(self, index: int) -> Header:
        """The header of an account, as the registration and the rotations that batches took made
        it, or genesis. DataRefused where there is none."""
        if index not in self._headers:
            detail = f"no batch up to {self.number} took a registration of account {index}"
            raise DataRefused(Fault.ACCOUNT, detail)
        return self._headers[index]

    def path(self, index: int) -> tuple[Digest, ...]:
        """The siblings of an account's leaf, from the leaf up, one a level."""
        return self._tree.siblings([index])

    def _require_next(self, public: PublicInput, data: PublishedData) -> None:
        number = self.number + 1
        if public.number != number or data.number != number:
            detail = f"batch {number} with its data is next, not {public.number} with {data.number}"
            raise DataRefused(Fault.NUMBER, detail)
        own = (self._genesis.chain, self._genesis.venue)
        if (public.chain, public.venue) != own:
            raise DataRefused(Fault.VENUE, f"batch {number} is not of chain and venue {own}")
        if public.old_root != self.root:
            detail = f"batch {number} starts from {hex_digest(public.old_root)}"
            raise DataRefused(Fault.ROOT, f"{detail}, not from {hex_digest(self.root)}")
        if public.book_before != self.book:
            detail = f"batch {number} starts from another market book than the one before left"
            raise DataRefused(Fault.ROOT, detail)


def headers_of(public: PublicInput) -> dict[int, Header]:
    """The headers that a batch gave accounts, by its queue entries; the last one of each stands."""
    credited = (d.entry for d in public.deposits if d.outcome is DepositOutcome.CREDITED)
    return {entry.account: entry.header() for entry in credited if entry.has_key}
