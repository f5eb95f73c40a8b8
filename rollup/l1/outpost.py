"""MockOutpost: a venue's contract on another chain than its home, in plain Python.

It takes deposits into an inbox for home to take, pays out what home let out through it, and
believes what its committee attests to: it verifies no proof. Spec: docs/spec/25-chains.md.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeAlias

from rollup.hash.poseidon import ZERO_DIGEST, Digest
from rollup.l1.attesting import require_said
from rollup.l1.checks import require_address, require_amount
from rollup.l1.committee import require_possessed
from rollup.l1.elsewhere import Caps, require_caps
from rollup.l1.reasons import Revert, Reverted
from rollup.l1.vault import Vault
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import (
    ENTRIES_MAX,
    ENTRY_END,
    Checkpoint,
    InboxEntry,
    Link,
    OutboxEntry,
    Succession,
    extended,
    head_after,
)
from rollup.protocol.committee import Attestation, Committee
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.rejection import Rejected

Address: TypeAlias = bytes

NEVER = (0, 0, 0, 0)
"""What an outpost heard of home before it heard anything."""


@dataclass(frozen=True, slots=True)
class OutpostDeployment:
    """What an outpost is created with: whose it is, the committee that it hears first with proofs
    of possession of its keys, and by rising mark the most of an asset that may be here and the
    least of a deposit. Caps are those that home is told."""

    link: Link
    committee: Committee
    proofs: tuple[bytes, ...]
    caps: Caps
    leasts: Caps


@dataclass(frozen=True, slots=True)
class Deposited:
    """A deposit joined the inbox."""

    entry: InboxEntry


@dataclass(frozen=True, slots=True)
class CheckpointHeard:
    """The committee said of home what it had not said before."""

    number: int
    root: Digest
    sent: int
    taken: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Released:
    """What home let out can be withdrawn here by its owner."""

    entry: OutboxEntry


@dataclass(frozen=True, slots=True)
class CommitteeHeard:
    """From now on this committee is heard."""

    committee: Committee
    serial: int


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A pending balance was paid out."""

    owner: Address
    asset: int
    amount: int


@dataclass(frozen=True, slots=True)
class DepositReclaimed:
    """A deposit that home never took went back."""

    index: int
    owner: Address
    asset: int
    amount: int


OutpostEvent: TypeAlias = (
    Deposited | CheckpointHeard | Released | CommitteeHeard | PaidOut | DepositReclaimed
)


@dataclass
class OutpostState:
    """All that an outpost stores. Of each asset the ledger's `custody` is what home's books count
    here or will: deposits less what was released or reclaimed."""

    committee: Committee
    head: bytes
    heads: list[bytes]
    ledgers: dict[int, Vault]
    serial: int = 0
    standing: tuple[int, int, int, int] = NEVER
    root: Digest = ZERO_DIGEST
    inbox: list[InboxEntry] = field(default_factory=list)
    reclaimed: set[int] = field(default_factory=set)
    events: list[OutpostEvent] = field(default_factory=list)

    @property
    def start(self) -> bytes:
        """The inbox's chain before its first entry."""
        return self.heads[0]


class MockOutpost:
    """One outpost, with token ledgers beside it."""

    def __init__(self, deployment: OutpostDeployment) -> None:
        require_outpost(deployment)
        self.deployment = deployment
        self._leasts, self._caps = dict(deployment.leasts), dict(deployment.caps)
        link = deployment.link
        ledgers = {mark: Vault(mark) for mark in self._caps}
        heads = [link.inbox_start]
        self._state = OutpostState(deployment.committee, link.outbox_start, heads, ledgers)

    @property
    def link(self) -> Link:
        """Whose outpost it is, and where."""
        return self.deployment.link

    @property
    def committee(self) -> Committee:
        """Who is heard now."""
        return self._state.committee

    @property
    def serial(self) -> int:
        """How many committees were heard before this one."""
        return self._state.serial

    @property
    def standing(self) -> tuple[int, int, int, int]:
        """What was heard of home last: its proved batch, outbox entries let out here, inbox entries
        taken, and whether it is closed."""
        return self._state.standing

    @property
    def root(self) -> Digest:
        """Home's state root, as it was heard last; zeros before that."""
        return self._state.root

    @property
    def inbox(self) -> Sequence[InboxEntry]:
        """All deposits, in order."""
        return tuple(self._state.inbox)

    @property
    def ledgers(self) -> Mapping[int, Vault]:
        """By mark what is here: a copy."""
        return deepcopy(self._state.ledgers)

    @property
    def events(self) -> Sequence[OutpostEvent]:
        """Everything that happened, in order."""
        return tuple(self._state.events)

    def inbox_from(self, first: int, count: int) -> Sequence[InboxEntry]:
        """At most `count` deposits, from index `first` on."""
        start = max(0, first)
        return tuple(self._state.inbox[start : start + max(0, count)])

    def custody(self, asset: int = USDC) -> int:
        """What is here of an asset and neither let out nor reclaimed."""
        return self._ledger(asset).custody

    def funds(self, asset: int = USDC) -> int:
        """What the contract holds of an asset."""
        return self._ledger(asset).funds

    def pending(self, owner: Address, asset: int = USDC) -> int:
        """What an owner can withdraw here."""
        return self._ledger(asset).pending.get(owner, 0)

    def wallet(self, owner: Address, asset: int = USDC) -> int:
        """What of the token somebody has."""
        return self._ledger(asset).wallets.get(owner, 0)

    def inbox_head(self, count: int) -> bytes | None:
        """The inbox's chain after so many deposits; None where there are fewer."""
        heads = self._state.heads
        return heads[count] if 0 <= count < len(heads) else None

    def view(self) -> OutpostState:
        """All that is stored: a copy."""
        return deepcopy(self._state)

    def revert_to(self, state: OutpostState) -> None:
        """Store what was stored before. Not a call of the contract."""
        self._state = deepcopy(state)

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money. Not a call of the contract."""
        require_address(owner)
        self._ledger(asset).wallets[owner] += amount

    def deposit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> InboxEntry:
        """Take money for an account of the venue: home credits it, or owes it to the sender."""
        require_address(sender)
        self._require_open()
        ledger = self._ledger(asset)
        require_amount(amount, asset)
        if type(account) is not int or not 0 <= account < 1 << ACCOUNT_BITS:
            raise Reverted(Revert.UNKNOWN_ACCOUNT, f"no account has the index {account}")
        self._require_deposit(ledger, amount)
        ledger.take(sender, amount)
        ledger.custody += amount
        state = self._state
        entry = InboxEntry(len(state.inbox), sender, account, asset, amount)
        state.inbox.append(entry)
        state.heads.append(extended(state.heads[-1], entry))
        state.events.append(Deposited(entry))
        return entry

    def _require_deposit(self, ledger: Vault, amount: int) -> None:
        """It is worth a place, and home can count it: a cap that home has is never met there."""
        least, cap = self._leasts[ledger.mark], self._caps[ledger.mark]
        if amount < least:
            raise Reverted(Revert.AMOUNT_TOO_SMALL, f"{least} at least, not {amount}")
        if ledger.custody + amount > cap:
            raise Reverted(Revert.CAP_PASSED, f"{ledger.custody} are here, {cap} at the most")
        if len(self._state.inbox) + 1 >= ENTRY_END:
            raise Reverted(Revert.QUEUE_FULL, "the inbox's counter is used up")

    def hear(
        self,
        sender: Address,
        checkpoint: Checkpoint,
        entries: Sequence[OutboxEntry],
        attestation: Attestation,
    ) -> None:
        """Believe what the committee says of home, and let out what it adds to the outbox. Anybody
        brings it."""
        require_address(sender)
        if checkpoint.link != self.link:
            raise Reverted(Revert.WRONG_VENUE, "it is said to another outpost")
        self._require_later(checkpoint)
        self._require_entries(checkpoint, entries)
        self._require_here(entries)
        require_said(self._state.committee, checkpoint.encode(), attestation)
        self._believe(checkpoint, entries)

    def _require_later(self, checkpoint: Checkpoint) -> None:
        """It says more than the last one, takes nothing back, and after the end takes no more."""
        number, _, taken, closed = self._state.standing
        is_other = checkpoint.number == number > 0 and checkpoint.root != self._state.root
        is_after = closed and checkpoint.taken != taken
        if is_other or is_after or not checkpoint.is_later(self._state.standing):
            raise Reverted(Revert.STALE_CHECKPOINT, f"{self._state.standing} was heard")

    def _require_entries(self, checkpoint: Checkpoint, entries: Sequence[OutboxEntry]) -> None:
        """They are what the checkpoint adds to the outbox; and what it took was deposited."""
        sent = self._state.standing[1]
        is_whole = len(entries) <= ENTRIES_MAX and sent + len(entries) == checkpoint.sent
        follows = head_after(self._state.head, sent, entries) == checkpoint.head
        if not is_whole or not follows or checkpoint.taken > len(self._state.inbox):
            raise Reverted(Revert.ENTRIES_DIFFER, f"{checkpoint.sent - sent} entries are wanted")

    def _require_here(self, entries: Sequence[OutboxEntry]) -> None:
        """No more is let out than is here: what a false checkpoint cannot change."""
        wanted: dict[int, int] = {}
        for entry in entries:
            wanted[entry.asset] = wanted.get(entry.asset, 0) + entry.amount
            there = self._state.ledgers.get(entry.asset)
            if there is None or wanted[entry.asset] > there.custody:
                raise Reverted(Revert.FUNDS_LACKING, f"entry {entry.index} is of more than is here")

    def _believe(self, checkpoint: Checkpoint, entries: Sequence[OutboxEntry]) -> None:
        state = self._state
        state.standing, state.root = checkpoint.standing, checkpoint.root
        state.head = checkpoint.head
        said = (checkpoint.number, checkpoint.root, checkpoint.sent, checkpoint.taken)
        state.events.append(CheckpointHeard(*said, checkpoint.closed))
        for entry in entries:
            ledger = state.ledgers[entry.asset]
            ledger.custody -= entry.amount
            ledger.owe(entry.owner, entry.amount)
            state.events.append(Released(entry))

    def succeed(
        self,
        sender: Address,
        committee: Committee,
        proofs: Sequence[bytes],
        attestation: Attestation,
    ) -> None:
        """Hear another committee from now on, by the word of the one that is heard."""
        require_address(sender)
        state = self._state
        if not committee.keys:
            raise Reverted(Revert.BAD_OUTPOST, "an outpost hears a committee")
        message = Succession(self.link, state.serial + 1, committee.encode()).encode()
        require_said(state.committee, message, attestation)
        require_possessed(committee, proofs)
        state.committee, state.serial = committee, state.serial + 1
        state.events.append(CommitteeHeard(committee, state.serial))

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance; returns what was paid."""
        require_address(sender)
        amount = self._ledger(asset).pay(sender)
        self._state.events.append(PaidOut(sender, asset, amount))
        return amount

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay a deposit back that home never took, once home is closed; returns what was paid."""
        require_address(sender)
        state, (_, _, taken, closed) = self._state, self._state.standing
        if not closed:
            raise Reverted(Revert.NOT_FROZEN, "nobody said that home is closed")
        is_left = type(index) is int and taken <= index < len(state.inbox)
        if not is_left or index in state.reclaimed:
            raise Reverted(Revert.NOTHING_TO_RECLAIM, f"deposit {index} waits for nothing")
        entry = state.inbox[index]
        if entry.owner != sender:
            raise Reverted(Revert.NOT_OWNER, f"deposit {index} is somebody else's")
        state.reclaimed.add(index)
        ledger = state.ledgers[entry.asset]
        ledger.custody -= entry.amount
        ledger.hand_out(sender, entry.amount)
        state.events.append(DepositReclaimed(index, sender, entry.asset, entry.amount))
        return entry.amount

    def _require_open(self) -> None:
        if self._state.standing[3]:
            raise Reverted(Revert.FROZEN, "home is closed: it takes nothing more")

    def _ledger(self, asset: int) -> Vault:
        found = self._state.ledgers.get(asset) if type(asset) is int else None
        if found is None:
            raise Reverted(Revert.UNKNOWN_ASSET, f"no token is kept under the mark {asset}")
        return found


def require_outpost(deployment: OutpostDeployment) -> None:
    """Refuse an outpost that could not be used."""
    try:
        require_caps(deployment.caps)
        require_caps(deployment.leasts)
    except Rejected as error:
        raise Reverted(Revert.BAD_OUTPOST, error.detail) from error
    if [mark for mark, _ in deployment.caps] != [mark for mark, _ in deployment.leasts]:
        raise Reverted(Revert.BAD_OUTPOST, "each asset has a cap and a least deposit")
    if not deployment.committee.keys:
        raise Reverted(Revert.BAD_OUTPOST, "an outpost hears a committee")
    require_possessed(deployment.committee, deployment.proofs)
