"""What the contract stores, and what anybody can read of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rollup.hash.poseidon import Digest
from rollup.l1.bond import Bond
from rollup.l1.elsewhere import Elsewhere, OutpostBook
from rollup.l1.estate import Estate
from rollup.l1.freeze import Exits
from rollup.l1.given import GivenReports, Wanted
from rollup.l1.headers import HeaderChain
from rollup.l1.interface import (
    Address,
    Event,
    GovernanceAnnounced,
    HeaderRefused,
    HeldHeader,
)
from rollup.l1.queue import DepositQueue
from rollup.l1.schedule import Schedule
from rollup.l1.vault import Vault
from rollup.oracle.package import SignedPackage
from rollup.protocol.assets import USDC
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance


@dataclass(slots=True)
class ContractState:
    """All that a reorganisation of L1 takes back: storage, events, and the token ledgers beside: of
    USDC, and by its mark of each asset that was ever deposited or minted.

    `book` is the digest of the market book that the last proved batch left."""

    headers: HeaderChain
    schedule: Schedule
    book: bytes
    queue: DepositQueue = field(default_factory=DepositQueue)
    vault: Vault = field(default_factory=Vault)
    assets: dict[int, Vault] = field(default_factory=dict)
    estate: Estate = field(default_factory=Estate)
    given: GivenReports = field(default_factory=GivenReports)
    exits: Exits = field(default_factory=Exits)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    bond: Bond = field(default_factory=Bond)
    events: list[Event] = field(default_factory=list)

    def wanted(self, now: int) -> Wanted:
        """Which slots a header that is not committed yet can ask for, under any parameters that it
        can be under."""
        coming = [each.governance for each in self.schedule.coming]
        time = self.headers.next_time
        return Wanted(
            first=min(each.oracle.slot(time) for each in coming),
            prompt=min(each.oracle.slot(now - each.clock_behind_ms) for each in coming),
        )

    def vault_of(self, mark: int) -> Vault:
        """The ledger of USDC or of an asset: an empty one, which is not kept yet, before its first
        money."""
        return self.vault if mark == USDC else self.assets.get(mark, Vault(mark))

    def keep(self, vault: Vault) -> None:
        """Keep the ledger of an asset that has got its first money."""
        if vault.mark != USDC:
            self.assets[vault.mark] = vault

    def not_here(self, mark: int) -> tuple[int, int]:
        """How much of what is queued of an asset came to outposts, and how much of it is there in
        all."""
        consumed, gone = self.headers.proved.deposits, self.exits.reclaimed
        entries = (self.queue.entries[index] for index in self.elsewhere.came)
        far = (
            each.amount
            for each in entries
            if each.asset == mark and each.index >= consumed and each.index not in gone
        )
        return sum(far), self.elsewhere.of(mark)


class ContractView:
    """The contract's public storage, read only."""

    def __init__(self, state: ContractState) -> None:
        self._state = state

    @property
    def root(self) -> Digest:
        """The state root that is proved."""
        return self._state.headers.proved.root

    @property
    def proved_number(self) -> int:
        """Number of the last batch that is proved; 0 is genesis."""
        return self._state.headers.proved.number

    @property
    def head_number(self) -> int:
        """Number of the last batch whose header is held, proved or not."""
        return self._state.headers.head.number

    @property
    def tail(self) -> Sequence[HeldHeader]:
        """Headers held and not proved yet, oldest first."""
        return tuple(self._state.headers.tail)

    @property
    def refusal(self) -> HeaderRefused | None:
        """The refusal on record that waits for its redo."""
        return self._state.headers.refusal

    @property
    def redo_until(self) -> int:
        """L1 time of the last refusal: batches up to it were closed before anybody could know."""
        return self._state.headers.redo_until

    @property
    def governance(self) -> Governance:
        """The parameters that the last header was under."""
        return self._state.schedule.current.governance

    @property
    def parameters(self) -> Sequence[GovernanceAnnounced]:
        """All parameters there are, genesis first."""
        entries = self._state.schedule.entries
        return tuple(
            GovernanceAnnounced(each.governance, each.number, each.valid_from) for each in entries
        )

    @property
    def queue(self) -> Sequence[QueueEntry]:
        """All deposits ever queued, in order."""
        return self._state.queue.entries

    @property
    def consumed(self) -> int:
        """Queue entries that a proved batch has consumed."""
        return self._state.headers.proved.deposits

    @property
    def accounts(self) -> Mapping[Address, int]:
        """The index that each sender was assigned."""
        return self._state.queue.accounts

    @property
    def custody(self) -> int:
        """Quanta under custody of the rollup."""
        return self._state.vault.custody

    @property
    def assets(self) -> Mapping[int, Vault]:
        """The ledger of each asset by its mark: custody, queued, pending, funds and wallets, all in
        lots."""
        return self._state.assets

    @property
    def estate(self) -> Estate:
        """What the estate lacks, and what of it is for sale."""
        return self._state.estate

    @property
    def queued(self) -> int:
        """Quanta of deposits that no proved batch has consumed."""
        return self._state.vault.queued

    @property
    def book(self) -> bytes:
        """Digest of the market book that the last proved batch left."""
        return self._state.book

    @property
    def pending(self) -> Mapping[Address, int]:
        """Quanta that each sender can withdraw."""
        return self._state.vault.pending

    @property
    def funds(self) -> int:
        """Quanta that the contract holds."""
        return self._state.vault.funds

    @property
    def owed(self) -> int:
        """Quanta that the contract owes by its own counters; never more than `funds` and what the
        estate lacks."""
        return self._state.vault.owed

    @property
    def wallets(self) -> Mapping[Address, int]:
        """Test money of each address."""
        return self._state.vault.wallets

    @property
    def given(self) -> Mapping[int, bytes]:
        """By slot, in ms, the digest of the signed reports of it that are held."""
        return self._state.given.digests

    @property
    def exits(self) -> Exits:
        """Whether the venue is frozen, and who took out what since."""
        return self._state.exits

    @property
    def outposts(self) -> Mapping[int, OutpostBook]:
        """By its chain what is kept of each outpost."""
        return self._state.elsewhere.view

    @property
    def bond(self) -> Bond:
        """What stands for the operator's receipts, and what became of it."""
        return self._state.bond

    @property
    def is_frozen(self) -> bool:
        """Whether the venue has ended: nothing is left to do but to take out what is in it."""
        return self._state.exits.is_frozen

    @property
    def events(self) -> Sequence[Event]:
        """Everything that happened, in order."""
        return self._state.events

    def given_reports(self, slot: int) -> Sequence[SignedPackage]:
        """The reports of a slot that are held, by feed and signer."""
        return self._state.given.of(slot)

    def queue_from(self, first: int, count: int) -> Sequence[QueueEntry]:
        """At most `count` entries of the queue, from index `first` on."""
        return tuple(self._state.queue.entries[max(0, first) : max(0, first) + max(0, count)])

    def wants_redo(self, number: int, time: int) -> bool:
        """Whether a batch of this number and time must be made anew."""
        return self._state.headers.wants_redo(number, time)

    def header_digest(self, number: int) -> bytes | None:
        """Digest of the header held under a number, also after it is proved."""
        return self._state.headers.digests.get(number)

    def queue_head(self, count: int) -> bytes | None:
        """The queue's hash chain after `count` entries; None where the queue is shorter."""
        return self._state.queue.head(count)

    def governance_for(self, number: int, time: int) -> Governance:
        """The parameters in force for a batch of this number and time."""
        return self._state.schedule.entry_for(number, time).governance
