"""A batch: everything needed to execute and prove one step of the venue, and nothing else.

It carries the touched leaves and the siblings of their paths, so that nobody needs a state store.
Private: it shows orders, fills and accounts. Spec: docs/spec/07-batch.md.
"""

from dataclasses import dataclass

from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.account import Account
from rollup.protocol.batch_bounds import (
    require_count,
    require_exits,
    require_rising,
    require_slot_keys,
    require_viewing_keys,
)
from rollup.protocol.bundle import Signed, signature_count
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    BUCKET_NUMBER_BITS,
    CASH_BITS,
    CHAIN_BITS,
    DEPOSITS_MAX,
    MARKETS_MAX,
    NUMBER_BITS,
    OUTFLOWS_MAX,
    PRICE_BITS,
    QUEUE_BITS,
    RESTING_PLACE,
    SIZE_BITS,
    SLOT_BITS,
    TIME_BITS,
)
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.encoding import (
    TypeCode,
    chain_one,
    fold_markets,
    globals_blocks,
    market_blocks,
)
from rollup.protocol.market import Governance, require_prices
from rollup.protocol.market_book import MarketBook, book_after, hour_is_due, require_book
from rollup.protocol.oracle import require_reports
from rollup.protocol.order import Side, SignedOrder
from rollup.protocol.outflow import SignedOutflow
from rollup.protocol.premium import premium_rates
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import LARGEST, ShapeClass
from rollup.protocol.slot import SlotKey, SlotState
from rollup.protocol.takeover import OrderTakeover, Takeover
from rollup.protocol.tally import Tally
from rollup.protocol.triggers import TriggerOpening
from rollup.protocol.units import (
    Salt,
    require_bounds,
    require_bytes,
    require_digest,
    require_flag,
    require_length,
    require_salt,
    require_tuple_of,
)

PLACES = RESTING_PLACE + LARGEST.slots
"""End of the places of a batch's orders."""


@dataclass(frozen=True, slots=True, repr=False)
class Fill(Private):
    """One match: `buy` and `sell` are places of the batch's orders; price in ticks, size in lots.

    A place is an index of those signed in the batch, or RESTING_PLACE + an index of those that
    rested before it. `taker` says which side pays the taker's fee.
    """

    buy: int
    sell: int
    price: int
    size: int
    taker: Side

    def __post_init__(self) -> None:
        for name in ("buy", "sell"):
            require_bounds(name, getattr(self, name), 0, PLACES, Reason.ORDER_UNKNOWN)
        require_bounds("fill price", self.price, 1, 1 << PRICE_BITS, Reason.PRICE_OUT_OF_BOUNDS)
        require_bounds("fill size", self.size, 1, 1 << SIZE_BITS, Reason.SIZE_OUT_OF_BOUNDS)
        if not isinstance(self.taker, Side):
            raise Rejected(Reason.MALFORMED, "taker must be a Side")


@dataclass(frozen=True, slots=True, repr=False)
class MarketsState(Private):
    """The markets leaf: frontiers of longs and of shorts, biased bucket numbers, and the tally of
    each market that was listed in the last batch; and a salt.

    A frontier is the bucket down to which all counters of its side have been shown to be zero.
    """

    frontiers: tuple[tuple[int, int], ...]
    tallies: tuple[Tally, ...]
    salt: Salt

    def __post_init__(self) -> None:
        require_frontiers(self.frontiers)
        require_tuple_of("tallies", self.tallies, Tally)
        if len(self.tallies) != len(self.frontiers):
            raise Rejected(Reason.TALLY_COUNT, "every market has a tally beside its frontiers")
        require_salt("markets salt", self.salt)

    def digest(self, compress_many: CompressMany) -> Digest:
        """The markets root."""
        tallies = [(each.premium, each.volume, each.open_interest) for each in self.tallies]
        return fold_markets(market_blocks(self.frontiers, tallies, self.salt), compress_many)


def require_frontiers(frontiers: object) -> None:
    """Refuse unless these are frontiers of 1 to 64 markets: for each, of longs and of shorts."""
    require_tuple_of("frontiers", frontiers, tuple)
    if not isinstance(frontiers, tuple):
        raise Rejected(Reason.MALFORMED, "frontiers must be a tuple")
    require_bounds("frontiers", len(frontiers), 1, MARKETS_MAX + 1, Reason.FRONTIER_COUNT)
    for pair in frontiers:
        require_length("frontiers of a market", pair, 2)
        for frontier in pair:
            require_bounds(
                "frontier", frontier, 0, 1 << BUCKET_NUMBER_BITS, Reason.TRIGGER_OUT_OF_BOUNDS
            )


@dataclass(frozen=True, slots=True, repr=False)
class Globals(Private):
    """The globals leaf: batch number, time in ms, USDC under custody in quanta, queue entries
    consumed, a salt, and how many accounts are flagged `below`."""

    number: int
    time: int
    total: int
    deposits_consumed: int
    salt: Salt
    flagged: int = 0

    def __post_init__(self) -> None:
        require_bounds("number", self.number, 0, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bounds("time", self.time, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        require_bounds("total", self.total, 0, 1 << CASH_BITS, Reason.TOTAL_OUT_OF_BOUNDS)
        consumed = self.deposits_consumed
        require_bounds("consumed", consumed, 0, 1 << QUEUE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_salt("globals salt", self.salt)
        account_end = 1 << ACCOUNT_BITS
        require_bounds("flagged", self.flagged, 0, account_end, Reason.NUMBER_OUT_OF_BOUNDS)

    def digest(self, compress_many: CompressMany) -> Digest:
        """The globals root."""
        blocks = globals_blocks(
            self.number,
            self.time,
            self.total,
            self.deposits_consumed,
            self.flagged,
            self.salt,
        )
        return chain_one(TypeCode.GLOBALS, blocks, compress_many)


@dataclass(frozen=True, slots=True, repr=False)
class AccountOpening(Private):
    """A touched account before the batch; `account` is None where the leaf is empty."""

    index: int
    account: Account | None

    def __post_init__(self) -> None:
        index_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.index, 0, index_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        if self.account is not None and not isinstance(self.account, Account):
            raise Rejected(Reason.MALFORMED, "an account opening holds an Account or nothing")


@dataclass(frozen=True, slots=True, repr=False)
class SlotOpening(Private):
    """A touched slot before the batch."""

    account: int
    slot: int
    state: SlotState

    def __post_init__(self) -> None:
        account_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.account, 0, account_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_bounds("slot", self.slot, 0, 1 << SLOT_BITS, Reason.SLOT_OUT_OF_BOUNDS)
        if not isinstance(self.state, SlotState):
            raise Rejected(Reason.MALFORMED, "a slot opening holds a SlotState")


@dataclass(frozen=True, slots=True, repr=False)
class PartialState(Private):
    """The part of the state that a batch touches, before it, with the siblings of its paths, and
    the public market book beside it.

    Accounts rise strictly by index, slots by (account, slot), leaves of triggers by index. Siblings
    are those of a multi-opening: level by level from the leaves, left to right, one for each parent
    with a single touched child. All slot trees share one list, ordered by account
    (rollup.tree.multi).
    """

    book: MarketBook
    markets: MarketsState
    globals: Globals
    accounts: tuple[AccountOpening, ...]
    slots: tuple[SlotOpening, ...]
    account_siblings: tuple[Digest, ...]
    slot_siblings: tuple[Digest, ...]
    triggers: tuple[TriggerOpening, ...] = ()
    trigger_siblings: tuple[Digest, ...] = ()

    def __post_init__(self) -> None:
        require_book("book", self.book)
        if not isinstance(self.markets, MarketsState) or not isinstance(self.globals, Globals):
            raise Rejected(Reason.MALFORMED, "a partial state holds MarketsState and Globals")
        require_tuple_of("accounts", self.accounts, AccountOpening)
        require_tuple_of("slots", self.slots, SlotOpening)
        require_tuple_of("account_siblings", self.account_siblings, tuple)
        require_tuple_of("slot_siblings", self.slot_siblings, tuple)
        require_tuple_of("triggers", self.triggers, TriggerOpening)
        require_tuple_of("trigger_siblings", self.trigger_siblings, tuple)
        for digest in (*self.account_siblings, *self.slot_siblings, *self.trigger_siblings):
            require_digest("sibling", digest)
        require_count("accounts", len(self.accounts), LARGEST.accounts)
        require_count("leaves of triggers", len(self.triggers), LARGEST.triggers)
        require_rising("account", [(opening.index,) for opening in self.accounts])
        require_rising("trigger", [(opening.index,) for opening in self.triggers])
        require_rising("slot", [(opening.account, opening.slot) for opening in self.slots])


@dataclass(frozen=True, slots=True, repr=False)
class NewSalts(Private):
    """Fresh salts: one per opened account in their order (unused where the leaf stays empty)."""

    accounts: tuple[Salt, ...]
    markets: Salt
    globals: Salt

    def __post_init__(self) -> None:
        require_tuple_of("account salts", self.accounts, tuple)
        for salt in (*self.accounts, self.markets, self.globals):
            require_salt("salt", salt)


@dataclass(frozen=True, slots=True, repr=False)
class Batch(Private):
    """One batch, which holds no more than its `shape_class` takes. `time` is the end of its window;
    `prices` are the oracle prices of its markets, and `reports` what they were made of
    (rollup.protocol.pricing); `receipts` is the head of the chain of receipts when it was closed
    (rollup.protocol.receipt).

    `redo` says that L1 refused the batch that first had this number or one before it: this one is
    batched anew, at the same time and prices, and matches no orders.
    `frontiers` are where it leaves those of the listed markets.
    `orders` are those signed in it, and `resting` the slots of those that rested before it and
    trade in it. `cancels` come after all that trades. `lapsed` are slots, rising, whose order the
    venue ends as the batch does, and gives no reason for.
    `outflows` are withdrawals and transfers, in the order in which they happen; `order_takeovers`
    are the takeovers by orders, which come before all fills. `exits` are the indices of the queue
    entries that ask for money and are paid. `viewing_keys` are those that the venue was told of
    accounts that it opens, by rising account.
    """

    shape_class: ShapeClass
    chain: int
    venue: int
    number: int
    time: int
    reports: tuple[SignedPackage, ...]
    prices: tuple[int, ...]
    redo: bool
    governance: Governance
    receipts: bytes
    old_root: Digest
    deposits: tuple[QueueEntry, ...]
    orders: tuple[SignedOrder, ...]
    fills: tuple[Fill, ...]
    takeovers: tuple[Takeover, ...]
    pre: PartialState
    salts: NewSalts
    frontiers: tuple[tuple[int, int], ...]
    outflows: tuple[SignedOutflow, ...] = ()
    order_takeovers: tuple[OrderTakeover, ...] = ()
    exits: tuple[int, ...] = ()
    viewing_keys: tuple[tuple[int, Digest], ...] = ()
    resting: tuple[SlotKey, ...] = ()
    cancels: tuple[SignedCancel, ...] = ()
    lapsed: tuple[SlotKey, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.shape_class, ShapeClass):
            raise Rejected(Reason.MALFORMED, "a batch holds a ShapeClass")
        for name in ("chain", "venue"):
            identifier = getattr(self, name)
            require_bounds(name, identifier, 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS)
        require_bounds("number", self.number, 0, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bounds("time", self.time, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        if not isinstance(self.governance, Governance):
            raise Rejected(Reason.MALFORMED, "a batch holds a Governance")
        require_reports(self.reports)
        require_prices(self.prices, self.governance)
        require_frontiers(self.frontiers)
        if len(self.frontiers) != len(self.governance.markets):
            raise Rejected(Reason.FRONTIER_COUNT, "every listed market has its frontiers")
        require_flag("redo", self.redo)
        require_bytes("receipts", self.receipts, DIGEST_BYTES)
        require_digest("old_root", self.old_root)
        require_tuple_of("deposits", self.deposits, QueueEntry)
        require_tuple_of("orders", self.orders, SignedOrder)
        require_tuple_of("fills", self.fills, Fill)
        require_tuple_of("takeovers", self.takeovers, Takeover)
        require_tuple_of("outflows", self.outflows, SignedOutflow)
        require_count("deposits", len(self.deposits), DEPOSITS_MAX)
        require_count("orders", len(self.orders), LARGEST.slots)
        require_count("fills", len(self.fills), LARGEST.trades)
        require_count("takeovers", len(self.takeovers), LARGEST.takeovers)
        require_tuple_of("takeovers by orders", self.order_takeovers, OrderTakeover)
        require_count("takeovers by orders", len(self.order_takeovers), LARGEST.trades)
        require_count("outflows", len(self.outflows), OUTFLOWS_MAX)
        require_tuple_of("cancels", self.cancels, SignedCancel)
        require_count("cancels", len(self.cancels), LARGEST.slots)
        require_slot_keys("resting", self.resting)
        require_slot_keys("lapsed", self.lapsed)
        require_rising("lapsed", self.lapsed)
        require_exits(self.exits)
        require_viewing_keys(self.viewing_keys)
        if not isinstance(self.pre, PartialState) or not isinstance(self.salts, NewSalts):
            raise Rejected(Reason.MALFORMED, "a batch holds a PartialState and NewSalts")
        if len(self.salts.accounts) != len(self.pre.accounts):
            raise Rejected(
                Reason.SALT_COUNT,
                f"{len(self.pre.accounts)} accounts are opened, "
                f"but there are {len(self.salts.accounts)} salts",
            )

    @property
    def begins_open(self) -> bool:
        """Whether it goes on with the step of the batch before, at the same prices."""
        return self.pre.book.is_open

    @property
    def book(self) -> MarketBook:
        """The market book with this batch's prices and funding. Nobody states it; whether the batch
        leaves its step open is known when it is done (`PublicInput.book_after`)."""
        now = (self.governance, self.time, self.prices, self.reports)
        return book_after(self.pre.book, *now, self.premium_rates, self.pre.globals.total)

    @property
    def is_hour_due(self) -> bool:
        """Whether it charges the funding of an hour."""
        return hour_is_due(self.pre.book, self.time)

    @property
    def premium_rates(self) -> tuple[int, ...]:
        """One for each market where an hour is due, of what the state holds; else none."""
        now = (self.governance, self.time, self.prices, self.reports)
        return premium_rates(self.pre.book, self.pre.markets.tallies, *now)

    @property
    def signed(self) -> list[Signed]:
        """Its orders and cancels, as what bundles are made of."""
        signed = [(each.order.account, each.signature, each.path) for each in self.orders]
        signed += [(each.cancel.account, each.signature, each.path) for each in self.cancels]
        return signed

    @property
    def signatures(self) -> int:
        """How many signatures it carries: one a bundle, whatever it takes of it."""
        return len(self.outflows) + signature_count(self.signed)

    def require_fits(self) -> None:
        """Rejected with TOO_MANY if the batch holds more than its shape class takes."""
        shape = self.shape_class
        signed = len(self.orders) + len(self.outflows) + len(self.cancels)
        require_count("orders, outflows and cancels", signed, shape.slots)
        require_count("signatures", self.signatures, shape.orders)
        require_count("slots", len(self.pre.slots), shape.slots)
        trades = len(self.fills) + len(self.order_takeovers)
        require_count("fills and takeovers by orders", trades, shape.trades)
        require_count("takeovers", len(self.takeovers), shape.takeovers)
        require_count("accounts", len(self.pre.accounts), shape.accounts)
        require_count("leaves of triggers", len(self.pre.triggers), shape.triggers)
