"""What the core knows, and how it begins."""

from collections import deque
from dataclasses import dataclass, field

from rollup.private import Private
from rollup.protocol.deposit import QUEUE_START
from rollup.protocol.genesis import Genesis
from rollup.protocol.market_book import MarketBook
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.slot import SlotKey
from rollup.protocol.tally import NO_TALLY, Tally
from sequencer.engine.book import Book
from sequencer.engine.holder import Holder
from sequencer.engine.ledger import Ledger
from sequencer.engine.live import LiveOrder
from sequencer.engine.payments import Asked
from sequencer.engine.telling import KeysAhead
from sequencer.engine.work import Work


@dataclass(slots=True, repr=False)
class CoreState(Private):
    """Everything the core knows; `step` owns it and changes it.

    `market_book` is what the last batch left of prices and funding, public and no order book, and
    `tallies` of each market's trades; `total` the USDC under custody, in quanta.
    `cover` are the accounts that the last batch opened.
    `live` holds the one live order of a slot; `used` the lowest generation a slot still accepts;
    `waiting` the orders a full batch could not take, first come first; `asked` the outflows of the
    open batch, and `is_shut` that it pays none of them; `queue_head` the hash chain
    of the L1 queue after what was consumed, and `ahead` the viewing keys that were told of entries
    after that.

    `unplaced` are live orders that no batch has placed in their slots, by sequence, and perhaps
    some that the open one has; `stale` slots of which the state holds an order that the venue has
    ended, and perhaps some of which it held one (sequencer.engine.resting).
    """

    chain: int
    venue: int
    ledger: Ledger
    number: int
    time: int
    deposits_consumed: int
    queue_head: bytes
    books: tuple[Book, ...]
    market_book: MarketBook
    tallies: tuple[Tally, ...]
    total: int = 0
    cover: frozenset[int] = frozenset()
    live: dict[SlotKey, LiveOrder] = field(default_factory=dict)
    unplaced: dict[int, LiveOrder] = field(default_factory=dict)
    stale: set[SlotKey] = field(default_factory=set)
    used: dict[SlotKey, int] = field(default_factory=dict)
    waiting: deque[LiveOrder] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    ahead: KeysAhead = field(default_factory=dict)
    is_shut: bool = False
    sequence: int = 0
    work: Work | None = None

    @property
    def clock(self) -> int:
        """The venue's time: the end of the open batch, or of the last one."""
        return self.time if self.work is None else self.work.time

    @property
    def book_now(self) -> MarketBook:
        """The market book that the open batch will leave, or that the last one left."""
        return self.market_book if self.work is None else self.work.book

    @property
    def is_full(self) -> bool:
        """Whether orders wait for the next batch."""
        return bool(self.waiting)


def new_state(
    genesis: Genesis, shape_class: ShapeClass = CLASS_S, crash_class: ShapeClass | None = None
) -> CoreState:
    """The venue before its first batch: its own accounts alone, and no order."""
    ledger = Ledger(genesis.governance, shape_class, crash_class)
    ledger.holders[genesis.governance.fee_account] = Holder(genesis.fee_header)
    ledger.holders[genesis.governance.backstop_account] = Holder(genesis.backstop_header)
    return CoreState(
        chain=genesis.chain,
        venue=genesis.venue,
        ledger=ledger,
        number=0,
        time=genesis.time,
        deposits_consumed=0,
        queue_head=QUEUE_START,
        books=tuple(Book() for _ in genesis.governance.markets),
        market_book=genesis.book(),
        tallies=(NO_TALLY,) * len(genesis.prices),
    )
