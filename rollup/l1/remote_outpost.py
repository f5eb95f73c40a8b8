"""An outpost that is reached by JSON-RPC: the same calls as the mock's, over a socket."""

from collections.abc import Sequence

from rollup.hash.poseidon import Digest
from rollup.l1.interface import Address
from rollup.l1.outpost import OutpostDeployment, OutpostEvent
from rollup.l1.outpost_methods import BY_ATTRIBUTE
from rollup.l1.remote_contract import RemoteContract
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import Checkpoint, InboxEntry, Link, OutboxEntry
from rollup.protocol.committee import Attestation, Committee


class RemoteOutpost(RemoteContract):
    """Makes the calls of `rollup.l1.outpost.MockOutpost` at an address."""

    _methods = BY_ATTRIBUTE

    @property
    def link(self) -> Link:
        """Whose outpost it is, and where."""
        link: Link = self._call("link")
        return link

    @property
    def deployment(self) -> OutpostDeployment:
        """What it was created with."""
        deployment: OutpostDeployment = self._call("deployment")
        return deployment

    @property
    def standing(self) -> tuple[int, int, int, int]:
        """What was heard of home last: proved batch, sent, taken, closed."""
        standing: tuple[int, int, int, int] = self._call("standing")
        return standing

    @property
    def root(self) -> Digest:
        """Home's state root, as it was heard last."""
        root: Digest = self._call("root")
        return root

    @property
    def committee(self) -> Committee:
        """Who is heard now."""
        committee: Committee = self._call("committee")
        return committee

    @property
    def serial(self) -> int:
        """How many committees were heard before this one."""
        return int(self._call("serial"))

    @property
    def inbox(self) -> Sequence[InboxEntry]:
        """All deposits, in order."""
        return tuple(self._call("inbox"))

    @property
    def events(self) -> Sequence[OutpostEvent]:
        """Everything that happened, in order."""
        return tuple(self._call("events"))

    def inbox_from(self, first: int, count: int) -> Sequence[InboxEntry]:
        """At most `count` deposits, from index `first` on."""
        return tuple(self._call("inbox_from", first=first, count=count))

    def inbox_head(self, count: int) -> bytes | None:
        """The inbox's chain after so many deposits; None where there are fewer."""
        head: bytes | None = self._call("inbox_head", count=count)
        return head

    def custody(self, asset: int = USDC) -> int:
        """What is here of an asset and neither let out nor reclaimed."""
        return int(self._call("custody", asset=asset))

    def funds(self, asset: int = USDC) -> int:
        """What the contract holds of an asset."""
        return int(self._call("funds", asset=asset))

    def pending(self, owner: Address, asset: int = USDC) -> int:
        """What an owner can withdraw here."""
        return int(self._call("pending", owner=owner, asset=asset))

    def wallet(self, owner: Address, asset: int = USDC) -> int:
        """What of the token somebody has."""
        return int(self._call("wallet", owner=owner, asset=asset))

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money."""
        self._call("mint", owner=owner, amount=amount, asset=asset)

    def deposit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> InboxEntry:
        """Take money for an account of the venue."""
        what = {"account": account, "amount": amount, "asset": asset}
        entry: InboxEntry = self._call("deposit", sender=sender, **what)
        return entry

    def hear(
        self,
        sender: Address,
        checkpoint: Checkpoint,
        entries: Sequence[OutboxEntry],
        attestation: Attestation,
    ) -> None:
        """Believe what the committee says of home, and let out what it adds to the outbox."""
        said = {"checkpoint": checkpoint, "entries": tuple(entries), "attestation": attestation}
        self._call("hear", sender=sender, **said)

    def succeed(
        self,
        sender: Address,
        committee: Committee,
        proofs: Sequence[bytes],
        attestation: Attestation,
    ) -> None:
        """Hear another committee from now on."""
        said = {"committee": committee, "proofs": tuple(proofs), "attestation": attestation}
        self._call("succeed", sender=sender, **said)

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance; returns what was paid."""
        return int(self._call("withdraw", sender=sender, asset=asset))

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay a deposit back that home never took, once home is closed."""
        return int(self._call("reclaim", sender=sender, index=index))
