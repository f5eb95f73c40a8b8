"""The viewing keys that a venue tells itself: of its own accounts, fees and backstop; in a devnet
also of the accounts that it funds.

It has those of its own from the files that were written when it was begun
(sequencer.batches.artefacts), and tells them as commands like anybody's, so that journal and
snapshot know them: without, everybody could read what batches publish of the backstop's book.
"""

from collections.abc import Callable, Mapping

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.availability import viewing_commitment
from sequencer.engine.command import TellKey
from sequencer.engine.core import CoreState


class OwnKeys(Private):
    """By account; an account may have none."""

    def __init__(self, keys: Mapping[int, Digest], compress_many: CompressMany) -> None:
        self._compress_many = compress_many
        self._told: list[TellKey] = []
        self._shown: dict[int, Digest] = {}
        self.add(keys)

    def add(self, keys: Mapping[int, Digest]) -> None:
        """Keys of further accounts, which need not be there yet."""
        for account, key in sorted(keys.items()):
            self._told.append(TellKey(account, key))
            self._shown[account] = viewing_commitment(key, self._compress_many)

    def tell(self, core: CoreState, do: Callable[[TellKey], object]) -> None:
        """Have done what the open batch has to be told: keys that the venue lacks, of accounts
        whose headers commit to them. Between two batches that is nothing."""
        if core.work is not None:
            for told in self._lacking(core):
                if self._fits(core, told.account):
                    do(told)

    def remarks(self, core: CoreState) -> list[str]:
        """What is wrong with the files: of which account everybody can read what is published."""
        return [
            f"the viewing key in the file of account {each.account} is not the account's: "
            "everybody can read what batches publish of it"
            for each in self._lacking(core)
            if not self._fits(core, each.account)
        ]

    def _lacking(self, core: CoreState) -> list[TellKey]:
        found = ((each, core.ledger.holders.get(each.account)) for each in self._told)
        return [each for each, holder in found if holder is not None and holder.viewing_key is None]

    def _fits(self, core: CoreState, account: int) -> bool:
        return core.ledger.holders[account].header.viewing == self._shown[account]
