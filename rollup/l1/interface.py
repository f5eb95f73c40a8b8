"""What the L1 side of the venue is: its calls, its events, and its closed lists of reasons.

Every implementation is held to the same tests. Spec: docs/spec/09-l1.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from rollup.hash.poseidon import Digest
from rollup.l1.bond import BondedVenue
from rollup.l1.elsewhere import HomeL1
from rollup.l1.elsewhere import InboxTaken as InboxTaken  # noqa: PLC0414 (of this interface)
from rollup.l1.elsewhere import OutpostAnnounced as OutpostAnnounced  # noqa: PLC0414 (likewise)
from rollup.l1.elsewhere import SentOut as SentOut  # noqa: PLC0414 (likewise)
from rollup.l1.escape import LeafOpening, Payout
from rollup.l1.exit_events import AccountEscaped as AccountEscaped  # noqa: PLC0414 (likewise)
from rollup.l1.exit_events import Address as Address  # noqa: PLC0414 (likewise)
from rollup.l1.exit_events import AssetEscaped as AssetEscaped  # noqa: PLC0414 (likewise)
from rollup.l1.exit_events import EntryReclaimed as EntryReclaimed  # noqa: PLC0414 (likewise)
from rollup.l1.exit_events import EscapedPrivately as EscapedPrivately  # noqa: PLC0414 (likewise)
from rollup.l1.exit_events import Frozen as Frozen  # noqa: PLC0414 (likewise)
from rollup.l1.private_exit import PrivateExit
from rollup.l1.reasons import Refusal as Refusal  # noqa: PLC0414 (of this interface)
from rollup.l1.reasons import Revert as Revert  # noqa: PLC0414 (of this interface)
from rollup.l1.reasons import Reverted as Reverted  # noqa: PLC0414 (of this interface)
from rollup.oracle.package import SignedPackage
from rollup.protocol.assets import USDC
from rollup.protocol.committee import Attestation
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput


@dataclass(frozen=True, slots=True)
class DepositQueued:
    """An entry joined the queue."""

    entry: QueueEntry


@dataclass(frozen=True, slots=True)
class HeaderTaken:
    """A header joined the unproved tail."""

    number: int
    time: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class HeaderRefused:
    """A header was refused: its number comes again as a redo, at the same time."""

    number: int
    time: int
    digest: bytes
    reason: Refusal


@dataclass(frozen=True, slots=True)
class BatchAccepted:
    """A proof was accepted and the state root advanced."""

    number: int
    time: int
    old_root: Digest
    new_root: Digest


@dataclass(frozen=True, slots=True)
class DepositRefunded:
    """A refused entry's amount can be withdrawn by its sender."""

    index: int
    owner: Address
    asset: int
    amount: int
    outcome: DepositOutcome


@dataclass(frozen=True, slots=True)
class ExitAnswered:
    """A batch consumed an exit: its owner can withdraw the amount if `outcome` is CREDITED, and the
    stake that came with it in any case."""

    index: int
    owner: Address
    amount: int
    outcome: DepositOutcome


@dataclass(frozen=True, slots=True)
class WithdrawalGranted:
    """A batch took an amount out of custody, which its owner can withdraw; `place` is among those
    of the batch."""

    number: int
    place: int
    owner: Address
    asset: int
    amount: int


@dataclass(frozen=True, slots=True)
class EstateTook:
    """A batch gave the estate lots of an asset, for so many quanta each."""

    number: int
    asset: int
    lots: int
    price: int


@dataclass(frozen=True, slots=True)
class EstateSold:
    """Lots of the estate were bought, for so many quanta in all."""

    buyer: Address
    asset: int
    lots: int
    paid: int


@dataclass(frozen=True, slots=True)
class EstateCovered:
    """Somebody paid so many quanta of what the estate lacks."""

    sender: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A pending balance was paid out."""

    owner: Address
    asset: int
    amount: int


@dataclass(frozen=True, slots=True)
class GovernanceAnnounced:
    """New parameters will be in force for batches of at least this number and this time."""

    governance: Governance
    number: int
    valid_from: int


@dataclass(frozen=True, slots=True)
class GovernanceEnacted:
    """A header is the first under new parameters: `number` is its."""

    digest: bytes
    number: int


@dataclass(frozen=True, slots=True)
class ReportsGiven:
    """Reports of a market and a slot were given; of so many signers L1 holds one now."""

    slot: int
    market: int
    signers: int


Event: TypeAlias = (
    DepositQueued
    | HeaderTaken
    | HeaderRefused
    | BatchAccepted
    | DepositRefunded
    | ExitAnswered
    | WithdrawalGranted
    | Withdrawn
    | EstateTook
    | EstateSold
    | EstateCovered
    | GovernanceAnnounced
    | GovernanceEnacted
    | ReportsGiven
    | Frozen
    | EntryReclaimed
    | AccountEscaped
    | EscapedPrivately
    | AssetEscaped
    | OutpostAnnounced
    | InboxTaken
    | SentOut
)


@dataclass(frozen=True, slots=True)
class HeaderVerdict:
    """What became of a header: L1 holds it, or its refusal is on record."""

    refusal: HeaderRefused | None = None

    @property
    def is_taken(self) -> bool:
        """Whether L1 holds the header; if not, a redo of its number is wanted."""
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class HeldHeader:
    """A header that waits for its proof; `taken_at` is the L1 time at which it came."""

    header: BatchHeader
    digest: bytes
    taken_at: int


class L1(HomeL1, BondedVenue, Protocol):
    """The contract. Each call succeeds whole, or raises Reverted and changes nothing."""

    @property
    def root(self) -> Digest:
        """The state root that is proved."""

    @property
    def queue(self) -> Sequence[QueueEntry]:
        """All deposits ever queued, in order."""

    @property
    def proved_number(self) -> int:
        """Number of the last batch that is proved; 0 is genesis."""

    @property
    def head_number(self) -> int:
        """Number of the last batch whose header is held, proved or not."""

    @property
    def tail(self) -> Sequence[HeldHeader]:
        """Headers held and not proved yet, oldest first."""

    @property
    def refusal(self) -> HeaderRefused | None:
        """The refusal on record that waits for its redo."""

    @property
    def redo_until(self) -> int:
        """L1 time of the last refusal: batches up to it were closed before anybody could know."""

    @property
    def parameters(self) -> Sequence[GovernanceAnnounced]:
        """All parameters there are, genesis first; of those that fit a batch by number and time,
        the last are in force."""

    @property
    def given(self) -> Mapping[int, bytes]:
        """By slot, in ms, the digest of the signed reports of it that are held."""

    @property
    def is_frozen(self) -> bool:
        """Whether the venue has ended: nothing is left to do but to take out what is in it."""

    def given_reports(self, slot: int) -> Sequence[SignedPackage]:
        """The reports of a slot that are held, by feed and signer."""

    def queue_from(self, first: int, count: int) -> Sequence[QueueEntry]:
        """At most `count` entries of the queue, from index `first` on."""

    def wants_redo(self, number: int, time: int) -> bool:
        """Whether a batch of this number and time must be made anew."""

    def header_digest(self, number: int) -> bytes | None:
        """Digest of the header held under a number, also after it is proved."""

    def queue_head(self, count: int) -> bytes | None:
        """The queue's hash chain after `count` entries; None where the queue is shorter."""

    def governance_for(self, number: int, time: int) -> Governance:
        """The parameters in force for a batch of this number and time that begins a step; one that
        goes on with an open step is under those of the batch before."""

    def register(
        self,
        sender: Address,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
        asset: int = USDC,
    ) -> QueueEntry:
        """Ask for the sender's own account, with a key (14 words), a viewing commitment (8 words)
        and a first deposit, in quanta or in lots of the asset that a mark names
        (rollup.protocol.assets). The sender keeps one index, also after a refused try."""

    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        """Deposit into an account whose index was assigned, the sender's or another's."""

    def rotate(
        self,
        sender: Address,
        account: int,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
    ) -> QueueEntry:
        """Ask that an account whose index was assigned have another key and viewing commitment, and
        deposit into it. A batch refuses it if the sender is not the account's owner. The next one
        of a sender waits until the last is consumed in a batch that is proved."""

    def request_exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """Ask for USDC out of the sender's account, whose index was assigned: a batch pays it, or
        shows a bar. A stake of the least deposit comes with it, which is the sender's again when it
        is consumed. The next one of a sender waits until the last is consumed in a batch that is
        proved."""

    def give_reports(self, sender: Address, reports: Sequence[SignedPackage]) -> int:
        """Give signed reports of one slot, of each market a quorum or none, so that no header can
        call such a market missing; returns how many L1 did not hold. Anybody can."""

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content, before there is a proof."""

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Advance the state root by the oldest header of the tail, if its proof holds, and if the
        committee attested to hold its data where the batch's parameters have one."""

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance of USDC or of an asset; returns what was paid."""

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        """Buy lots of an asset that the estate has, for what they cost now, at most so many quanta;
        returns what was paid. Anybody can."""

    def cover(self, sender: Address, amount: int) -> None:
        """Pay so many quanta of what the estate lacks. Anybody can."""

    def announce_governance(
        self,
        sender: Address,
        governance: Governance,
        number: int,
        possession: Sequence[bytes] = (),
    ) -> int:
        """Announce parameters for batches from a number on, with a proof of possession for each key
        of their committee; returns their earliest batch time."""

    def freeze(self, sender: Address) -> None:
        """End the venue for good, where a queue entry or a header waited too long for a proof.
        Anybody can."""

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay an entry that no proved batch consumed back to its sender, once the venue is frozen;
        returns what was paid."""

    def escape(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> Payout:
        """Give the owner of an account what it has by the last root and the book beside it, once,
        to withdraw."""

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        """Give a recipient what some account of the last root is worth by the book beside it, once,
        to withdraw; returns that. The account's key said so, by a proof that shows nothing else.
        Anybody brings it."""
