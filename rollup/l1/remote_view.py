"""What can be read of an L1 at an address, one thing at a time."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from rollup.hash.poseidon import Digest
from rollup.l1.deployment import Deployment
from rollup.l1.elsewhere import OutpostBook
from rollup.l1.estate import Estate
from rollup.l1.freeze import Exits
from rollup.l1.interface import Address, Event, GovernanceAnnounced, HeaderRefused, HeldHeader
from rollup.l1.vault import Vault
from rollup.oracle.package import SignedPackage
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance


class RemoteView(ABC):
    """The contract's public storage; whoever derives from this asks for it."""

    @abstractmethod
    def _call(self, attribute: str, **arguments: object) -> Any:
        """The answer of one method."""

    @property
    def root(self) -> Digest:
        """The state root that is proved."""
        root: Digest = self._call("root")
        return root

    @property
    def proved_number(self) -> int:
        """Number of the last batch that is proved; 0 is genesis."""
        return int(self._call("proved_number"))

    @property
    def head_number(self) -> int:
        """Number of the last batch whose header is held, proved or not."""
        return int(self._call("head_number"))

    @property
    def tail(self) -> Sequence[HeldHeader]:
        """Headers held and not proved yet, oldest first."""
        return tuple(self._call("tail"))

    @property
    def refusal(self) -> HeaderRefused | None:
        """The refusal on record that waits for its redo."""
        refusal: HeaderRefused | None = self._call("refusal")
        return refusal

    @property
    def redo_until(self) -> int:
        """L1 time of the last refusal: batches up to it were closed before anybody could know."""
        return int(self._call("redo_until"))

    @property
    def governance(self) -> Governance:
        """The parameters that the last header was under."""
        governance: Governance = self._call("governance")
        return governance

    @property
    def parameters(self) -> Sequence[GovernanceAnnounced]:
        """All parameters there are, genesis first."""
        return tuple(self._call("parameters"))

    @property
    def queue(self) -> Sequence[QueueEntry]:
        """All deposits ever queued, in order."""
        return tuple(self._call("queue"))

    @property
    def consumed(self) -> int:
        """Queue entries that a proved batch has consumed."""
        return int(self._call("consumed"))

    @property
    def accounts(self) -> Mapping[Address, int]:
        """The index that each sender was assigned."""
        return dict(self._call("accounts"))

    @property
    def book(self) -> bytes:
        """Digest of the market book that the last proved batch left."""
        digest: bytes = self._call("book")
        return digest

    @property
    def custody(self) -> int:
        """Quanta under custody of the rollup."""
        return int(self._call("custody"))

    @property
    def assets(self) -> Mapping[int, Vault]:
        """The ledger of each asset by its mark, in lots."""
        found: Mapping[int, Vault] = self._call("assets")
        return found

    @property
    def estate(self) -> Estate:
        """What the estate lacks, and what of it is for sale."""
        found: Estate = self._call("estate")
        return found

    @property
    def queued(self) -> int:
        """Quanta of deposits that no proved batch has consumed."""
        return int(self._call("queued"))

    @property
    def pending(self) -> Mapping[Address, int]:
        """Quanta that each sender can withdraw."""
        return dict(self._call("pending"))

    @property
    def funds(self) -> int:
        """Quanta that the contract holds."""
        return int(self._call("funds"))

    @property
    def owed(self) -> int:
        """Quanta that the contract owes by its own counters."""
        return int(self._call("owed"))

    @property
    def wallets(self) -> Mapping[Address, int]:
        """Test money of each address."""
        return dict(self._call("wallets"))

    @property
    def exits(self) -> Exits:
        """Whether the venue is frozen, and who took out what since."""
        found: Exits = self._call("exits")
        return found

    @property
    def is_frozen(self) -> bool:
        """Whether the venue has ended: nothing is left to do but to take out what is in it."""
        return self.exits.is_frozen

    @property
    def events(self) -> Sequence[Event]:
        """Everything that happened, in order."""
        return tuple(self._call("events"))

    @property
    def deployment(self) -> Deployment:
        """What the contract was created with."""
        deployment: Deployment = self._call("deployment")
        return deployment

    @property
    def given(self) -> Mapping[int, bytes]:
        """By slot the digest of the signed reports of it that are held."""
        return dict(self._call("given"))

    @property
    def outposts(self) -> Mapping[int, OutpostBook]:
        """By its chain what is kept of each outpost."""
        return dict(self._call("outposts"))

    def given_reports(self, slot: int) -> Sequence[SignedPackage]:
        """The reports of a slot that are held."""
        return tuple(self._call("given_reports", slot=slot))

    def queue_from(self, first: int, count: int) -> Sequence[QueueEntry]:
        """At most `count` entries of the queue, from index `first` on."""
        return tuple(self._call("queue_from", first=first, count=count))

    def wants_redo(self, number: int, time: int) -> bool:
        """Whether a batch of this number and time must be made anew."""
        return bool(self._call("wants_redo", number=number, time=time))

    def header_digest(self, number: int) -> bytes | None:
        """Digest of the header held under a number, also after it is proved."""
        digest: bytes | None = self._call("header_digest", number=number)
        return digest

    def queue_head(self, count: int) -> bytes | None:
        """The queue's hash chain after `count` entries; None where the queue is shorter."""
        head: bytes | None = self._call("queue_head", count=count)
        return head

    def governance_for(self, number: int, time: int) -> Governance:
        """The parameters in force for a batch of this number and time."""
        governance: Governance = self._call("governance_for", number=number, time=time)
        return governance
