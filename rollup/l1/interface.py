"""What the L1 side of the venue is: its calls, its events, and its closed lists of reasons.

Every implementation is held to the same tests. Spec: docs/spec/09-l1.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from rollup.hash.poseidon import Digest
from rollup.oracle.package import SignedPackage
from rollup.protocol.assets import USDC
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput

Address: TypeAlias = bytes
"""20 bytes."""


class Revert(StrEnum):
    """Why a call changed nothing."""

    BAD_ADDRESS = "bad-address"
    BAD_WORDS = "bad-words"
    BAD_AMOUNT = "bad-amount"
    AMOUNT_TOO_SMALL = "amount-too-small"
    BALANCE_TOO_SMALL = "balance-too-small"
    CUSTODY_FULL = "custody-full"
    QUEUE_FULL = "queue-full"
    ACCOUNTS_FULL = "accounts-full"
    REGISTERED = "registered"
    ROTATING = "rotating"
    UNKNOWN_ACCOUNT = "unknown-account"
    UNKNOWN_ASSET = "unknown-asset"
    DELISTED_ASSET = "delisted-asset"
    NOTHING_TO_WITHDRAW = "nothing-to-withdraw"
    FUNDS_LACKING = "funds-lacking"
    NOT_FOR_SALE = "not-for-sale"
    COST_ABOVE_LIMIT = "cost-above-limit"
    NOTHING_TO_COVER = "nothing-to-cover"
    NOT_OPERATOR = "not-operator"
    HEADER_EXISTS = "header-exists"
    WRONG_NUMBER = "wrong-number"
    OLD_ROOT = "old-root"
    CLOCK_NOT_ADVANCED = "clock-not-advanced"
    OFF_GRID = "off-grid"
    CLOCK_AHEAD = "clock-ahead"
    DEPOSITS_SKIPPED = "deposits-skipped"
    REDO_TIME = "redo-time"
    REDO_WANTED = "redo-wanted"
    REDO_UNCALLED = "redo-uncalled"
    PROOF_OVERDUE = "proof-overdue"
    PIN_CIRCUIT = "pin-circuit"
    PIN_FIXED = "pin-fixed"
    PIN_PARAMETERS = "pin-parameters"
    PIN_SHAPE = "pin-shape"
    NO_HEADER = "no-header"
    HEADER_DIFFERS = "header-differs"
    WRONG_VENUE = "wrong-venue"
    DEPOSIT_NOT_QUEUED = "deposit-not-queued"
    TOTAL = "total"
    GRANT_TOO_LARGE = "grant-too-large"
    BOOK_BEFORE = "book-before"
    REPORT_SLOT = "report-slot"
    REPORT_FEED = "report-feed"
    REPORT_SIGNATURE = "report-signature"
    REPORT_SIGNER = "report-signer"
    REPORT_REPEATED = "report-repeated"
    REPORT_ORDER = "report-order"
    REPORT_QUORUM = "report-quorum"
    BAD_REPORTS = "bad-reports"
    REPORT_AHEAD = "report-ahead"
    REPORT_STALE = "report-stale"
    PRICE_MOVED = "price-moved"
    PRICE_UNCLAMPED = "price-unclamped"
    PRICE_DIFFERS = "price-differs"
    STEP_REPORTS = "step-reports"
    STEP_STALLED = "step-stalled"
    PROOF = "proof"
    NOT_GOVERNOR = "not-governor"
    NUMBER_PASSED = "number-passed"
    DELAY_TOO_SHORT = "delay-too-short"
    INTERVAL_TOO_LONG = "interval-too-long"
    GOVERNANCE_CHANGED = "governance-changed"
    GOVERNANCE_UNSAFE = "governance-unsafe"
    BAD_DEPLOYMENT = "bad-deployment"
    GENESIS_ROOT = "genesis-root"


class Refusal(StrEnum):
    """Why a header was refused for good: the call succeeds and the refusal stays on record."""

    GOVERNANCE = "governance"
    DEPOSIT_NOT_QUEUED = "deposit-not-queued"
    CLOCK_BEHIND = "clock-behind"
    REPORT_WITHHELD = "report-withheld"
    QUEUE_HELD_BACK = "queue-held-back"


class Reverted(Exception):
    """A call that changed nothing. `reason` is why, `detail` the numbers."""

    def __init__(self, reason: Revert, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


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
    | WithdrawalGranted
    | Withdrawn
    | EstateTook
    | EstateSold
    | EstateCovered
    | GovernanceAnnounced
    | GovernanceEnacted
    | ReportsGiven
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


class L1(Protocol):
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

    def give_reports(self, sender: Address, reports: Sequence[SignedPackage]) -> int:
        """Give signed reports of one slot, of each market a quorum or none, so that no header can
        call such a market missing; returns how many L1 did not hold. Anybody can."""

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content, before there is a proof."""

    def post_batch(self, sender: Address, public: PublicInput, proof: bytes) -> None:
        """Advance the state root by the oldest header of the tail, if its proof holds."""

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance of USDC or of an asset; returns what was paid."""

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        """Buy lots of an asset that the estate has, for what they cost now, at most so many quanta;
        returns what was paid. Anybody can."""

    def cover(self, sender: Address, amount: int) -> None:
        """Pay so many quanta of what the estate lacks. Anybody can."""

    def announce_governance(self, sender: Address, governance: Governance, number: int) -> int:
        """Announce parameters for batches from a number on; returns their earliest batch time."""
