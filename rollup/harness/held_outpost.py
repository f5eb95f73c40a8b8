"""An outpost that is held to the suite: what is called and read of it, and the mock as one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from rollup.hash.poseidon import Digest
from rollup.l1.outpost import MockOutpost, OutpostEvent, Released
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import Checkpoint, InboxEntry, Link, OutboxEntry
from rollup.protocol.committee import Attestation, Committee


class HeldOutpost(Protocol):
    """The calls of `rollup.l1.outpost.MockOutpost`, and its storage. Each call succeeds whole, or
    raises Reverted and changes nothing."""

    @property
    def link(self) -> Link:
        """Whose outpost it is, and where."""

    @property
    def standing(self) -> tuple[int, int, int, int]:
        """What was heard of home last: proved batch, sent, taken, closed."""

    @property
    def root(self) -> Digest:
        """Home's state root, as it was heard last."""

    @property
    def committee(self) -> Committee:
        """Who is heard now."""

    @property
    def serial(self) -> int:
        """How many committees were heard before this one."""

    @property
    def inbox(self) -> Sequence[InboxEntry]:
        """All deposits, in order."""

    @property
    def events(self) -> Sequence[OutpostEvent]:
        """Everything that happened, in order."""

    def inbox_head(self, count: int) -> bytes | None:
        """The inbox's chain after so many deposits; None where there are fewer."""

    def custody(self, asset: int = USDC) -> int:
        """What is here of an asset and neither let out nor reclaimed."""

    def funds(self, asset: int = USDC) -> int:
        """What it holds of an asset."""

    def pending(self, owner: bytes, asset: int = USDC) -> int:
        """What an owner can withdraw here."""

    def wallet(self, owner: bytes, asset: int = USDC) -> int:
        """What of the token somebody has."""

    def mint(self, owner: bytes, amount: int, asset: int = USDC) -> None:
        """Give an address test money. Not a call of the contract."""

    def deposit(self, sender: bytes, account: int, amount: int, asset: int = USDC) -> InboxEntry:
        """Take money for an account of the venue."""

    def hear(
        self,
        sender: bytes,
        checkpoint: Checkpoint,
        entries: Sequence[OutboxEntry],
        attestation: Attestation,
    ) -> None:
        """Believe what the committee says of home."""

    def succeed(
        self,
        sender: bytes,
        committee: Committee,
        proofs: Sequence[bytes],
        attestation: Attestation,
    ) -> None:
        """Hear another committee from now on."""

    def withdraw(self, sender: bytes, asset: int = USDC) -> int:
        """Pay the sender's pending balance; returns what was paid."""

    def reclaim(self, sender: bytes, index: int) -> int:
        """Pay a deposit back that home never took, once home is closed."""


class LocalOutpost(MockOutpost):
    """The mock, read as a contract is."""

    def custody(self, asset: int = USDC) -> int:
        """What is here of an asset and neither let out nor reclaimed."""
        return self._ledger(asset).custody

    def funds(self, asset: int = USDC) -> int:
        """What it holds of an asset."""
        return self._ledger(asset).funds

    def pending(self, owner: bytes, asset: int = USDC) -> int:
        """What an owner can withdraw here."""
        return self._ledger(asset).pending.get(owner, 0)

    def wallet(self, owner: bytes, asset: int = USDC) -> int:
        """What of the token somebody has."""
        return self._ledger(asset).wallets.get(owner, 0)


def seen(outpost: HeldOutpost, owners: Iterable[bytes], assets: Iterable[int]) -> Mapping[str, Any]:
    """All that can be read of an outpost, by name: of these owners and assets what it keeps."""
    heads = range(-1, len(outpost.inbox) + 2)
    read = {name: getattr(outpost, name) for name in READ}
    return {
        **read,
        "inbox_heads": [outpost.inbox_head(count) for count in heads],
        "ledgers": [_ledger(outpost, tuple(owners), asset) for asset in assets],
    }


READ = ("standing", "root", "committee", "serial", "inbox", "events")


def _ledger(outpost: HeldOutpost, owners: Sequence[bytes], asset: int) -> tuple[Any, ...]:
    people = [(outpost.pending(each, asset), outpost.wallet(each, asset)) for each in owners]
    return asset, outpost.custody(asset), outpost.funds(asset), people


def owed(outpost: HeldOutpost, asset: int) -> int:
    """What an outpost owes of an asset: what is in its custody, and what it let out and did not
    pay."""
    let_out = (each.entry.owner for each in outpost.events if isinstance(each, Released))
    return outpost.custody(asset) + sum(outpost.pending(each, asset) for each in set(let_out))
