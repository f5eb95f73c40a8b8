"""The batch that is open."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.batch import Fill
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.holding import Holding
from rollup.protocol.market_book import MarketBook
from rollup.protocol.order import SignedOrder
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.takeover import OrderTakeover, Route, Takeover
from rollup.protocol.terms import MarketTerms
from sequencer.engine.counted import Counted
from sequencer.engine.live import LiveOrder, OrderKey
from sequencer.engine.room import Room


@dataclass(slots=True, repr=False)
class Work(Private):
    """The batch that is open: its terms, what it did so far, and what accounts held before it.

    `room` has all that the batch opens. `due`: of whom the price has passed a trigger as it opens.
    `liquidated` accounts have no action of their own in this batch, nor has anybody where it goes
    on with an open step but to take of these; `deleveraged` ones, by market, trade nothing there.
    `took`: whose orders took lots of liquidated accounts, by market. `acted`: by account, markets
    in which its orders were filled, or it took lots as the backstop. `zones`: by market and side,
    down to which old trigger. `refreshed`: what accounts paid for being due. `asked` counts the
    outflows that wait for the batch to close, which have their places in it, and `exits` are
    entries of the queue that do; `steady` says of each market whether its price is fresh and
    unclamped.
    """

    number: int
    time: int
    book: MarketBook
    terms: tuple[MarketTerms, ...]
    steady: tuple[bool, ...]
    room: Room
    counted: Counted
    reports: tuple[SignedPackage, ...] = ()
    redo: bool = False
    attempt: int = 0
    before: dict[int, Holding] = field(default_factory=dict)
    due: frozenset[int] = frozenset()
    deposits: list[QueueEntry] = field(default_factory=list)
    exits: list[QueueEntry] = field(default_factory=list)
    orders: list[SignedOrder] = field(default_factory=list)
    places: dict[OrderKey, int] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    order_takeovers: list[OrderTakeover] = field(default_factory=list)
    took: set[tuple[int, int]] = field(default_factory=set)
    acted: dict[int, set[int]] = field(default_factory=dict)
    liquidated: set[int] = field(default_factory=set)
    deleveraged: set[tuple[int, int]] = field(default_factory=set)
    zones: dict[tuple[int, int], int] = field(default_factory=dict)
    fees: int = 0
    refreshed: dict[int, int] = field(default_factory=dict)
    asked: int = 0

    @property
    def prices(self) -> tuple[int, ...]:
        """Its oracle prices."""
        return self.book.prices

    def act(self, account: int, markets: Iterable[int]) -> None:
        """From now on an account has acted in these markets."""
        self.acted.setdefault(account, set()).update(markets)

    def acted_in(self, account: int, more: Iterable[int] = ()) -> frozenset[int]:
        """The markets in which an account acted, and some more."""
        return frozenset(self.acted.get(account, ())).union(more)

    @property
    def shape_class(self) -> ShapeClass:
        """How much it may hold."""
        return self.room.most

    @property
    def trades(self) -> int:
        """Fills and takeovers by orders so far."""
        return len(self.fills) + len(self.order_takeovers)

    def taken_over(self, market: int) -> int:
        """The lots, signed, that the backstop took of liquidated accounts so far."""
        return sum(
            each.size if self.before[each.account].positions[market] > 0 else -each.size
            for each in self.takeovers
            if each.market == market and each.route is Route.BACKSTOP
        )

    def name(self, live: LiveOrder) -> int:
        """The place of an order among those that the batch carries, from now on if not before."""
        if live.key not in self.places:
            self.places[live.key] = len(self.orders)
            self.orders.append(live.signed)
        return self.places[live.key]
