"""What the L1 side of the venue is: its calls, its events, and its closed list of revert reasons.

Every implementation is held to the same tests. Spec: docs/spec/09-l1.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from rollup.hash.poseidon import Digest
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.public import PublicInput

Address: TypeAlias = bytes
"""20 bytes."""


class Revert(StrEnum):
    """Why a call changed nothing."""

    BAD_ADDRESS = "bad-address"
    BAD_WORDS = "bad-words"
    BAD_AMOUNT = "bad-amount"
    BAD_DIGEST = "bad-digest"
    BALANCE_TOO_SMALL = "balance-too-small"
    CUSTODY_FULL = "custody-full"
    QUEUE_FULL = "queue-full"
    ACCOUNTS_FULL = "accounts-full"
    UNKNOWN_ACCOUNT = "unknown-account"
    NOT_OPERATOR = "not-operator"
    NOT_GOVERNOR = "not-governor"
    NOTHING_TO_WITHDRAW = "nothing-to-withdraw"
    NOTHING_ANNOUNCED = "nothing-announced"
    DELAY_NOT_OVER = "delay-not-over"
    PIN_CIRCUIT = "pin-circuit"
    PIN_PARAMETERS = "pin-parameters"
    PIN_SHAPE = "pin-shape"
    WRONG_VENUE = "wrong-venue"
    WRONG_NUMBER = "wrong-number"
    OLD_ROOT = "old-root"
    GOVERNANCE = "governance"
    CLOCK_NOT_ADVANCED = "clock-not-advanced"
    CLOCK_BEHIND = "clock-behind"
    CLOCK_AHEAD = "clock-ahead"
    DEPOSITS_SKIPPED = "deposits-skipped"
    DEPOSIT_NOT_QUEUED = "deposit-not-queued"
    TOTAL = "total"
    PROOF = "proof"


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
    amount: int
    outcome: DepositOutcome


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A pending balance was paid out."""

    owner: Address
    amount: int


@dataclass(frozen=True, slots=True)
class GovernanceAnnounced:
    """New parameters will be valid from a time on."""

    digest: bytes
    valid_from: int


@dataclass(frozen=True, slots=True)
class GovernanceEnacted:
    """New parameters are valid."""

    digest: bytes


Event: TypeAlias = (
    DepositQueued
    | BatchAccepted
    | DepositRefunded
    | Withdrawn
    | GovernanceAnnounced
    | GovernanceEnacted
)


class L1(Protocol):
    """The contract's calls. Each one succeeds whole, or raises Reverted and changes nothing."""

    def register(
        self,
        sender: Address,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
    ) -> QueueEntry:
        """Ask for the sender's own account, with a key (14 words), a viewing commitment (8 words)
        and a first deposit in quanta. The sender keeps one index, also after a refused try."""

    def credit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """Deposit into an account whose index was assigned, the sender's or another's."""

    def post_batch(self, sender: Address, public: PublicInput, proof: bytes) -> None:
        """Advance the state root, if everything about the batch and its proof holds."""

    def withdraw(self, sender: Address) -> int:
        """Pay the sender's pending balance; returns the quanta paid."""

    def announce_governance(self, sender: Address, digest: bytes) -> int:
        """Announce new parameters by digest; returns the time from which they can be enacted."""

    def enact_governance(self) -> None:
        """Make the announced parameters valid, once their delay is over. Anyone may."""
