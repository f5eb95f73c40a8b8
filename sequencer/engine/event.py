"""Events: what the core says happened, in order. Private: they show orders and accounts.

`receipt` is that of the command which brought the order, or the cancel, that an event tells of.
"""

from dataclasses import dataclass
from enum import StrEnum

from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.batch import Fill
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.order import Side, SignedOrder
from rollup.protocol.outflow import OutflowKind, SignedOutflow
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.slot import SlotKey
from rollup.protocol.takeover import OrderTakeover, Takeover
from sequencer.engine.command import NO_RECEIPT
from sequencer.engine.live import OrderKey


class VenueReason(StrEnum):
    """Why the venue refuses or ends what the protocol's rules would allow, or ended well."""

    FILLED = "filled"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    IMMEDIATE_REMAINDER = "immediate-remainder"
    POST_ONLY_WOULD_TRADE = "post-only-would-trade"
    SLOT_BUSY = "slot-busy"
    GENERATION_USED = "generation-used"
    EXPIRY_TOO_FAR = "expiry-too-far"
    NOTHING_TO_CANCEL = "nothing-to-cancel"
    LIQUIDATED = "liquidated"
    DELEVERAGED = "deleveraged"
    KEY_ROTATED = "key-rotated"
    REPLAYED = "replayed"
    BETWEEN_BATCHES = "between-batches"
    SHUT = "shut"
    ENVELOPE = "envelope"


AnyReason = Reason | VenueReason


@dataclass(frozen=True, slots=True)
class BatchOpened:
    """A batch takes orders."""

    number: int


@dataclass(frozen=True, slots=True)
class DepositJudged:
    """A queue entry was credited or refused."""

    entry: QueueEntry
    outcome: DepositOutcome


@dataclass(frozen=True, slots=True, repr=False)
class OrderAccepted(Private):
    """An order went live; `sequence` is its place in time."""

    key: OrderKey
    sequence: int
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class OrderRefused(Private):
    """An order never went live."""

    key: OrderKey
    reason: AnyReason
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class OrderWaiting(Private):
    """The batch is full: the order goes on first thing in the next one, before any later order."""

    key: OrderKey
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class OrderRested(Private):
    """What is left of an order waits in the book."""

    key: OrderKey
    remaining: int
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class OrderEnded(Private):
    """An order left the venue; its generation is used up."""

    key: OrderKey
    reason: AnyReason
    remaining: int
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class CancelDone(Private):
    """A cancel ended the live order that it named: that one's end was told just before."""

    key: OrderKey
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class CancelRefused(Private):
    """No live order was named by a cancel. Its generation is used up all the same."""

    key: OrderKey
    reason: AnyReason
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class Traded(Private):
    """Two orders met, in the batch that ends at `time`. Fees in quanta, as each side paid them."""

    market: int
    price: int
    size: int
    maker: OrderKey
    taker: OrderKey
    taker_side: Side
    maker_fee: int
    taker_fee: int
    time: int
    maker_receipt: int = NO_RECEIPT
    taker_receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class Took(Private):
    """A resting order took `size` lots of an account that was liquidated, in the batch that ends at
    `time`, for its price and the maker's fee in quanta. `side` is the order's."""

    key: OrderKey
    market: int
    price: int
    size: int
    side: Side
    fee: int
    time: int
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class OutflowAsked(Private):
    """An outflow waits for its batch to close. Its generation is used up."""

    key: OrderKey
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class OutflowRefused(Private):
    """An outflow did not happen, and does not wait for another batch."""

    key: OrderKey
    reason: AnyReason
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class OutflowPaid(Private):
    """Cash or an asset left an account, in the batch that ends at `time`: `amount` quanta or lots
    of what a mark names (rollup.protocol.assets), to its owner at L1 or to the account
    `receiver`."""

    key: OrderKey
    kind: OutflowKind
    receiver: int
    asset: int
    amount: int
    time: int
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class KeyTold(Private):
    """The viewing key of an account was told: its leaf is published under that from the open batch
    on, or from the one that consumes the queue entry which it was told ahead of."""

    account: int
    receipt: int = NO_RECEIPT


@dataclass(frozen=True, slots=True, repr=False)
class Liquidated(Private):
    """An account below maintenance margin lost `size` lots, to orders, to the backstop or to close
    lots of others, in the batch that ends at `time`: for what they are worth at the oracle's
    `price`, less `fee` quanta. `side` is how the account's position went: sold where it was
    long."""

    account: int
    market: int
    price: int
    size: int
    side: Side
    fee: int
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Deleveraged(Private):
    """An account lost `size` lots because somebody of the other side was below maintenance margin
    and the backstop could carry no more: at the oracle's `price`, for no fee. `side` is how its
    position went."""

    account: int
    market: int
    price: int
    size: int
    side: Side
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Settled(Private):
    """All `size` lots that an account had in a market that has ended became cash, in the batch that
    ends at `time`: for what they are worth at its last `price`, for no fee. `side` is how its
    position went."""

    account: int
    market: int
    price: int
    size: int
    side: Side
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Refreshed(Private):
    """The price had passed a trigger of an account, and it meets maintenance margin: in the batch
    that ends at `time` it paid `fee` quanta for being looked at."""

    account: int
    fee: int
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class BatchClosed(Private):
    """All that a batch record needs of the trading; the batcher adds the state's openings.

    `exits` are the indices of queue entries that are paid. `accounts` and `slots` are what was
    touched, rising; `governance` are the parameters in force;
    `receipts` is the head that the closing command gave.
    """

    shape_class: ShapeClass
    number: int
    time: int
    prices: tuple[int, ...]
    reports: tuple[SignedPackage, ...]
    redo: bool
    attempt: int
    governance: Governance
    deposits: tuple[QueueEntry, ...]
    orders: tuple[SignedOrder, ...]
    resting: tuple[SlotKey, ...]
    cancels: tuple[SignedCancel, ...]
    lapsed: tuple[SlotKey, ...]
    fills: tuple[Fill, ...]
    takeovers: tuple[Takeover, ...]
    order_takeovers: tuple[OrderTakeover, ...]
    outflows: tuple[SignedOutflow, ...]
    exits: tuple[int, ...]
    accounts: tuple[int, ...]
    slots: tuple[tuple[int, int], ...]
    receipts: bytes


Event = (
    BatchOpened
    | DepositJudged
    | OrderAccepted
    | OrderRefused
    | OrderWaiting
    | OrderRested
    | OrderEnded
    | CancelDone
    | CancelRefused
    | Traded
    | Took
    | OutflowAsked
    | OutflowRefused
    | OutflowPaid
    | KeyTold
    | Liquidated
    | Deleveraged
    | Settled
    | Refreshed
    | BatchClosed
)
