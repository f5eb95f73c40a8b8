"""The batch that is open."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.batch import Fill
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.holding import Holding
from rollup.protocol.market_book import MarketBook
from rollup.protocol.order import SignedOrder
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.slot import SlotKey, SlotState
from rollup.protocol.takeover import OrderTakeover, Route, Takeover
from rollup.protocol.terms import MarketTerms
from sequencer.engine.carried import Action, Carried
from sequencer.engine.counted import Counted
from sequencer.engine.live import LiveOrder, OrderKey
from sequencer.engine.room import Room
from sequencer.engine.slots import rests


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

    `orders` are those that it carries signed, `resting` the slots of those that the state holds
    since before it, and `places` where each that trades is among them. `to_cancel` has the highest
    cancel of each slot so far, `cancels` those that it carries, and `lapsed` slots whose order the
    venue ended: both are known once it is `prepared` to close.
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
    resting: list[SlotKey] = field(default_factory=list)
    places: dict[OrderKey, int] = field(default_factory=dict)
    to_cancel: dict[SlotKey, SignedCancel] = field(default_factory=dict)
    cancels: list[SignedCancel] = field(default_factory=list)
    lapsed: set[SlotKey] = field(default_factory=set)
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
    carried: Carried = field(default_factory=Carried)
    prepared: bool = False

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

    def may_carry(self, signed: Iterable[Action], outflows: int = 0) -> bool:
        """Whether it has room for so much more that is signed, beside what it opens: orders and
        cancels, and outflows that wait."""
        more, most, waiting = list(signed), self.shape_class, self.asked + outflows
        signatures = self.carried.signatures + self.carried.more_signatures(more) + waiting
        actions = self.carried.actions + len(more) + waiting
        return signatures <= most.orders and actions <= most.slots

    def carry(self, signed: Action) -> None:
        """Carry an order or a cancel from now on."""
        if isinstance(signed, SignedOrder):
            self.orders.append(signed)
        else:
            self.cancels.append(signed)
        self.carried.take(signed)
        self.room.beside = self.carried.nodes

    @property
    def slots(self) -> set[SlotKey]:
        """Slots that it opens, but for those of outflows."""
        signed = {(each.order.account, each.order.slot) for each in self.orders}
        cancelled = {(each.cancel.account, each.cancel.slot) for each in self.cancels}
        return signed.union(self.resting, cancelled, self.lapsed)

    def note_cancel(self, signed: SignedCancel) -> None:
        """A cancel that the batch carries if it has room as it closes: the highest of each slot."""
        key = (signed.cancel.account, signed.cancel.slot)
        noted = self.to_cancel.get(key)
        if noted is None or noted.cancel.generation < signed.cancel.generation:
            self.to_cancel[key] = signed

    def must_carry(self, live: LiveOrder, stored: SlotState) -> list[SignedOrder]:
        """What of an order the batch has to carry for it to trade, of which its slot holds this:
        nothing where it rests there, or is carried."""
        is_known = live.key in self.places or rests(live.order, stored)
        return [] if is_known else [live.signed]

    def name(self, live: LiveOrder, stored: SlotState) -> int:
        """The place of an order that trades, from now on if not before; `stored` is what its slot
        holds just before that."""
        if live.key not in self.places:
            account, slot, _ = live.key
            if rests(live.order, stored):
                self.places[live.key] = RESTING_PLACE + len(self.resting)
                self.resting.append((account, slot))
            else:
                self.places[live.key] = len(self.orders)
                self.carry(live.signed)
        return self.places[live.key]
