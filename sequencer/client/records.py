"""What the venue tells, as records: read strictly by sequencer.client.wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rollup.crypto.envelope import Destination
from rollup.private import Private
from rollup.protocol.market import Market
from rollup.protocol.order import Side
from rollup.protocol.receipt import SignedReceipt
from sequencer.client.slots import Key


@dataclass(frozen=True, slots=True)
class Keys:
    """What to seal to, for this run of the venue. `receipt_signer` is the L1 address that it says
    its receipts are signed by."""

    public_key: bytes
    destination: Destination
    lifetime_ms: int
    receipt_signer: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """The venue's clock and how far it has come; times in ms since 1970. `closes_at` is the end of
    the open batch, None between two."""

    mode: str
    now: int
    interval_ms: int
    opened: int
    closes_at: int | None
    held: int
    proved: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Markets:
    """All markets of the venue, by their number."""

    all: tuple[Market, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """The oracle's price of a market, for the batch that is open or the last one."""

    symbol: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """A batch and how far it has come: sequenced, batched, held or proved. `public` is the
    Keccak-256 of its public input, once it is closed."""

    number: int
    life: str
    time: int | None
    public: bytes | None


class FactKind(StrEnum):
    """What can happen to an order of one's own."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WAITING = "waiting"
    RESTED = "rested"
    FILLED = "filled"
    LIQUIDATED = "liquidated"
    """Lots of the account were taken: of no order of one's own."""
    DELEVERAGED = "deleveraged"
    """Lots of the account closed lots of somebody who was liquidated."""
    SETTLED = "settled"
    """Lots that the account had in a market that has ended became cash."""
    ENDED = "ended"
    CANCELLED = "cancelled"
    """A cancel did what it asked for; the order's end is told by itself."""
    CANCEL_REFUSED = "cancel-refused"
    OUTFLOW_ASKED = "outflow-asked"
    OUTFLOW_PAID = "outflow-paid"
    OUTFLOW_REFUSED = "outflow-refused"
    RECEIVED = "received"
    """Another account paid this one: of nothing of one's own."""
    REFRESHED = "refreshed"
    """The price had passed a trigger of the account, which it paid for."""
    LIVES = "lives"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, repr=False)
class Fact(Private):
    """One row; members that its kind does not have are None. `price` in ticks, sizes in lots, `fee`
    in quanta, `amount` in quanta or lots of what the mark `asset` names, `time` the end of the
    fill's batch in ms.

    `receipt` is the sequence of the receipt whose envelope it came of: the order's, or, of the last
    word on a cancel, the cancel's. `number` is the batch of a fill or of a liquidation, or the
    first batch that is void.
    """

    kind: FactKind
    receipt: int = 0
    key: Key = (0, 0)
    reason: str | None = None
    remaining: int | None = None
    number: int | None = None
    market: int | None = None
    price: int | None = None
    size: int | None = None
    is_maker: bool | None = None
    side: Side | None = None
    fee: int | None = None
    time: int | None = None
    asset: int | None = None
    amount: int | None = None
    receiver: int | None = None
    is_transfer: bool | None = None


@dataclass(frozen=True, slots=True, repr=False)
class LiveRow(Private):
    """An order that lives at the venue, as it tells its owner."""

    key: Key
    market: int
    side: int
    price: int
    size: int
    remaining: int
    expiry: int
    pegged: bool


@dataclass(frozen=True, slots=True, repr=False)
class Page(Private):
    """Facts from `first` on; go on with `next` while `more`."""

    first: int
    next: int
    more: bool
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, repr=False)
class AccountAnswer(Private):
    """What an account holds at the venue's `time`: cash in quanta, lots by market where there are
    any. No slot has used `next_generation`, nor any from there on, as far as the venue tells.
    `is_told` says that the venue has the account's viewing key."""

    run: str
    time: int
    account: int
    cash: int
    positions: Mapping[int, int]
    orders: tuple[LiveRow, ...]
    next_generation: int
    is_told: bool
    page: Page


@dataclass(frozen=True, slots=True, repr=False)
class OwnFrame(Private):
    """One frame of the private stream. `page` is None where the venue had no time to look,
    `holding` (cash, positions) where it is what it was in the frame before."""

    number: int
    is_refused: bool = False
    run: str = ""
    time: int = 0
    account: int = 0
    holding: tuple[int, Mapping[int, int]] | None = None
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class PublicFrame:
    """One frame of the public stream: what is in it, prices in ticks by market."""

    status: Status | None = None
    prices: dict[int, int] | None = None
    batches: tuple[BatchInfo, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class ActionAnswer(Private):
    """What one order or cancel brought, sealed to its sender: facts in order, or why it went no
    further. `more` facts are in the history, for which there was no room. `digest` is what the
    venue computed where a signature did not hold."""

    facts: tuple[Fact, ...]
    reason: str | None = None
    digest: str | None = None
    more: bool = False


RECEIVED = "received"
REPLAYED = "replayed"


@dataclass(frozen=True, slots=True, repr=False)
class Delivered(Private):
    """The venue's item for one envelope. `outcome` is `received`, `replayed`, or why it did not
    open."""

    outcome: str
    receipt: SignedReceipt | None = None
    sealed: bytes | None = None
