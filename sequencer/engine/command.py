"""Commands: all that can happen to the core, already decoded and authenticated.

The journal holds exactly these, so replaying them gives the same state on every machine.
"""

from dataclasses import dataclass
from typing import Final

from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.poseidon import Digest
from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.constants import ACCOUNT_BITS, QUEUE_BITS, SEQUENCE_BITS
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.order import SignedOrder
from rollup.protocol.outflow import SignedOutflow
from rollup.protocol.receipt import RECEIPTS_START
from rollup.protocol.rejection import Reason
from rollup.protocol.units import require_bounds, require_bytes, require_digest

NO_RECEIPT: Final = 0
"""Receipts are counted from 1."""


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """Start a batch: its number, the end of its window in ms, one oracle price per market, and the
    next entries of the L1 queue.

    `redo` says that it is made anew because L1 refused a header, so that it matches no orders;
    `attempt` counts how often batches were made anew so far, for fresh salts. `governance` is what
    L1 has announced from this batch on, None where the parameters stay: an opening is one command,
    so that parameters never change without a batch. `reports` are what the prices were made of; the
    core only hands them on.
    """

    number: int
    time: int
    prices: tuple[int, ...]
    deposits: tuple[QueueEntry, ...] = ()
    redo: bool = False
    attempt: int = 0
    governance: Governance | None = None
    reports: tuple[SignedPackage, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Submit(Private):
    """An order whose signature admission has checked.

    `receipt` is the sequence of the receipt of the envelope that it came in, 0 where none was
    given: the core only hands it on, so that what becomes of the order names it.
    """

    signed: SignedOrder
    receipt: int = NO_RECEIPT

    def __post_init__(self) -> None:
        require_bounds("receipt", self.receipt, 0, 1 << SEQUENCE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)


@dataclass(frozen=True, slots=True, repr=False)
class Cancel(Private):
    """A cancel whose signature admission has checked.

    A promise of the venue until a batch carries it, which the open one does where it has room:
    from then on nothing that it names can act. `receipt` as in a Submit.
    """

    signed: SignedCancel
    receipt: int = NO_RECEIPT

    def __post_init__(self) -> None:
        require_bounds("receipt", self.receipt, 0, 1 << SEQUENCE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)


@dataclass(frozen=True, slots=True, repr=False)
class PayOut(Private):
    """A withdrawal or transfer whose signature admission has checked. `receipt` as in a Submit."""

    signed: SignedOutflow
    receipt: int = NO_RECEIPT

    def __post_init__(self) -> None:
        require_bounds("receipt", self.receipt, 0, 1 << SEQUENCE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)


@dataclass(frozen=True, slots=True, repr=False)
class TellKey(Private):
    """The viewing key of an account, which admission has held against what the account's header
    commits to: from the open batch on its leaf is published under it. `receipt` as in a Submit."""

    account: int
    key: Digest
    receipt: int = NO_RECEIPT

    def __post_init__(self) -> None:
        account_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.account, 0, account_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_digest("viewing key", self.key)
        require_bounds("receipt", self.receipt, 0, 1 << SEQUENCE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)


@dataclass(frozen=True, slots=True, repr=False)
class TellAhead(Private):
    """A viewing key that an account will have: admission has seen entries of L1's queue that bring
    the account its commitment `viewing`, none of which is consumed yet and the last of which has
    the index `last`. The batch that consumes one publishes the account under it. `receipt` as in a
    Submit."""

    account: int
    key: Digest
    viewing: Digest
    last: int
    receipt: int = NO_RECEIPT

    def __post_init__(self) -> None:
        account_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.account, 0, account_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_digest("viewing key", self.key)
        require_digest("viewing commitment", self.viewing)
        require_bounds("queue index", self.last, 0, 1 << QUEUE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bounds("receipt", self.receipt, 0, 1 << SEQUENCE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)


@dataclass(frozen=True, slots=True)
class CloseBatch:
    """End the batch that is open. `receipts` is the head of the chain of receipts at that moment:
    the core only hands it on, and a venue that gives no receipts stays at the chain's start."""

    receipts: bytes = RECEIPTS_START

    def __post_init__(self) -> None:
        require_bytes("receipts", self.receipts, DIGEST_BYTES)


Signed = Submit | Cancel | PayOut
"""What a trader signs."""

Told = TellKey | TellAhead
"""What a viewing key that is told becomes."""

Sent = Signed | Told
"""What a trader sends: a viewing key is its own authority, and nothing is signed of it."""

Command = OpenBatch | Sent | CloseBatch
