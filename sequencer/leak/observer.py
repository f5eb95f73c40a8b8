"""The observer: whoever reads what a venue publishes, and has no key but those that all have.

It follows the batches in their order and remembers what was published before. Its one secret is
that it has none: a leaf it reads only where the leaf was published under the commitment, which is
public. Spec: docs/spec/26-leaks.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rollup.availability.holder import headers_of
from rollup.availability.rebuild import read_account
from rollup.hash.many import CompressMany
from rollup.protocol.account import Account, Header
from rollup.protocol.availability import PublishedLeaf
from rollup.protocol.genesis import Genesis
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_from_json
from rollup.protocol.published_data import PublishedData, published_from_bytes
from rollup.protocol.receipt import RECEIPTS_START
from rollup.protocol.rejection import Rejected
from sequencer.leak.sight import Sight


@dataclass(frozen=True, slots=True)
class Observation:
    """A batch as the observer has it, with time and head of receipts of the batch before. `owners`
    are the L1 addresses of the accounts that the batch opened, `clear` the accounts that the
    observer read, both by number; `repeated` counts published words that stood in the same place of
    the same account's last published leaf. `data`, `data_bytes` and `proof_bytes` are None where
    the file is not there."""

    public: PublicInput
    data: PublishedData | None
    data_bytes: int | None
    proof_bytes: int | None
    time_before: int
    receipts_before: bytes
    owners: dict[int, bytes]
    clear: dict[int, Account]
    repeated: int

    @property
    def leaves(self) -> tuple[PublishedLeaf, ...]:
        """What was published, in its order."""
        return () if self.data is None else self.data.leaves


class Observer:
    """Follows a venue from genesis on, by what it publishes."""

    def __init__(self, genesis: Genesis, compress_many: CompressMany) -> None:
        own = genesis.governance
        self._compress_many = compress_many
        self._headers: dict[int, Header] = {
            own.fee_account: genesis.fee_header,
            own.backstop_account: genesis.backstop_header,
        }
        self._last: dict[int, PublishedLeaf] = {}
        self._time, self._receipts = genesis.time, RECEIPTS_START

    def see(self, sight: Sight) -> Observation:
        """What the next batch shows. CodecError where its files are not what they should be."""
        public = public_from_json(sight.public)
        data = None if sight.data is None else published_from_bytes(sight.data)
        self._headers.update(headers_of(public))
        leaves = () if data is None else data.leaves
        seen = Observation(
            public=public,
            data=data,
            data_bytes=None if sight.data is None else len(sight.data),
            proof_bytes=sight.proof_bytes,
            time_before=self._time,
            receipts_before=self._receipts,
            owners=self._owners(leaves),
            clear=self._read(leaves),
            repeated=sum(self._repeated(each) for each in leaves),
        )
        self._last |= {each.index: each for each in leaves}
        self._time, self._receipts = public.time, public.receipts
        return seen

    def see_all(self, sights: Iterable[Sight]) -> tuple[Observation, ...]:
        """What batches show, one after the other."""
        return tuple(self.see(each) for each in sights)

    def _owners(self, leaves: Iterable[PublishedLeaf]) -> dict[int, bytes]:
        named = ((each.index, self._headers.get(each.index)) for each in leaves)
        return {index: header.owner for index, header in named if header is not None}

    def _read(self, leaves: Iterable[PublishedLeaf]) -> dict[int, Account]:
        """The accounts that were published for everybody to read."""
        found = {each.index: self._reading(each) for each in leaves}
        return {index: account for index, account in found.items() if account is not None}

    def _reading(self, leaf: PublishedLeaf) -> Account | None:
        header = self._headers.get(leaf.index)
        if header is None:
            return None
        try:
            return read_account(leaf, header, header.viewing, self._compress_many)
        except Rejected:
            return None

    def _repeated(self, leaf: PublishedLeaf) -> int:
        last = self._last.get(leaf.index)
        pairs = () if last is None else zip(leaf.words, last.words, strict=False)
        return sum(new == old for new, old in pairs)
