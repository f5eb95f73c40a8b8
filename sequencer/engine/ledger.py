"""What accounts hold while a batch trades, and whether one more fill keeps every rule.

The rules are those of rollup.protocol, called one by one: fees, bounds, slots, and the margin rule
net since the batch began. Every touched account satisfies the margin rule after every fill, so a
batch can be closed at any moment. The fee account's credit at the end of the batch is left out of
its margin here: more cash never breaks the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.account import FRESH_SLOT, Header, SlotState
from rollup.protocol.batch import Fill
from rollup.protocol.constants import CASH_LIMIT, MOVED_BITS, NOTIONAL_BITS, OUTFLOWS_MAX
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.margin import NOTHING, Holding, excess, margin_refusal
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook, book_after
from rollup.protocol.order import Order, Side, SignedOrder
from rollup.protocol.outflow import Outflow
from rollup.protocol.pricing import steady_markets
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.takeover import Takeover
from rollup.protocol.terms import MarketTerms, batch_terms
from rollup.protocol.trade import fee, fill_slot, moved, notional, require_fee
from rollup.protocol.units import require_cash, require_position
from sequencer.engine.command import OpenBatch
from sequencer.engine.liquidation import Taking, taken, takings
from sequencer.engine.live import LiveOrder, OrderKey


class Party(StrEnum):
    """Whose fault it is that two orders cannot meet."""

    TAKER = "taker"
    MAKER = "maker"


class Fault(NamedTuple):
    """One side of a candidate fill that breaks a rule; the other side is innocent."""

    party: Party
    reason: Reason


@dataclass(slots=True, repr=False)
class Holder(Private):
    """An account as the venue trades it; slots never used are not listed."""

    header: Header
    holding: Holding = NOTHING
    slots: dict[int, SlotState] = field(default_factory=dict)

    def slot(self, index: int) -> SlotState:
        """The slot's generation and lots filled."""
        return self.slots.get(index, FRESH_SLOT)


@dataclass(slots=True, repr=False)
class Work(Private):
    """The batch that is open: its terms, what it did so far, and what accounts held before it.

    `positions` has (account, market) of every position that the batch opens: those that a touched
    account held before, and those that it traded. `liquidated` accounts have no action of their own
    in this batch. `asked` counts the outflows that wait for the batch to close, which have their
    places in it; `steady` says of each market whether its price is fresh and unclamped.
    """

    number: int
    time: int
    book: MarketBook
    terms: tuple[MarketTerms, ...]
    steady: tuple[bool, ...]
    before: dict[int, Holding]
    reports: tuple[SignedPackage, ...] = ()
    redo: bool = False
    attempt: int = 0
    deposits: list[QueueEntry] = field(default_factory=list)
    orders: list[SignedOrder] = field(default_factory=list)
    places: dict[OrderKey, int] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    liquidated: set[int] = field(default_factory=set)
    slots: set[tuple[int, int]] = field(default_factory=set)
    positions: set[tuple[int, int]] = field(default_factory=set)
    fees: int = 0
    asked: int = 0

    @property
    def prices(self) -> tuple[int, ...]:
        """Its oracle prices."""
        return self.book.prices


class Charges(NamedTuple):
    """The fees of one fill, in quanta."""

    maker: int
    taker: int


class _Side(NamedTuple):
    """One side of a candidate fill: whose it is and what it would leave."""

    party: Party
    live: LiveOrder
    holding: Holding
    slot: SlotState
    charge: int


class Ledger:
    """All accounts of the venue. A batch holds no more than its shape class takes."""

    def __init__(self, governance: Governance, shape_class: ShapeClass) -> None:
        self.governance = governance
        self.shape_class = shape_class
        self.holders: dict[int, Holder] = {}

    def begin(self, command: OpenBatch, before: MarketBook) -> Work:
        """A new batch after one that left this market book; the fee account is always part of it,
        and its parameters are those of now."""
        now = (command.time, command.prices, command.reports)
        book = book_after(before, self.governance, *now)
        work = Work(
            number=command.number,
            time=command.time,
            book=book,
            terms=batch_terms(self.governance, book),
            steady=steady_markets(self.governance, command.reports, command.prices),
            before={},
            reports=command.reports,
            redo=command.redo,
            attempt=command.attempt,
        )
        self._touch(work, self.governance.fee_account)
        return work

    def room_for_entries(self, entries: Sequence[QueueEntry]) -> int:
        """How many of the first entries a batch takes: all that an account holds is opened with it,
        so entries for accounts of many positions fill a batch sooner. Half of its positions are
        left to fills, or deposits of a few dollars would keep everybody from trading. One entry
        always fits.
        """
        touched = {self.governance.fee_account}
        opened = sum(len(self._held(account)) for account in touched)
        for place, entry in enumerate(entries):
            if entry.account not in touched:
                touched.add(entry.account)
                opened += len(self._held(entry.account))
            if opened > self.shape_class.positions // 2:
                return place
        return len(entries)

    def deposit(self, work: Work, entry: QueueEntry) -> DepositOutcome:
        """Consume one queue entry: registered, credited, or refused with its outcome."""
        holder = self.holders.get(entry.account)
        cash = None if holder is None else holder.holding.cash
        outcome = judge(entry, cash)
        self._touch(work, entry.account)
        work.deposits.append(entry)
        if outcome is not DepositOutcome.CREDITED:
            return outcome
        if entry.kind is EntryKind.REGISTER:
            holder = self.holders[entry.account] = Holder(entry.header())
        if holder is not None:
            holder.holding = holder.holding._replace(cash=holder.holding.cash + entry.amount)
        return outcome

    def due(self, work: Work) -> list[int]:
        """Accounts below maintenance margin at the batch's prices, rising. What somebody deposited
        in time counts. The backstop is none of them: nobody takes what it holds."""
        return [
            account
            for account, holder in sorted(self.holders.items())
            if holder.holding.positions.held
            and account != self.governance.backstop_account
            and excess(holder.holding, work.terms) < 0
        ]

    def liquidate(self, work: Work, account: int) -> tuple[Taking, ...]:
        """Let the backstop take what an account that is due has to lose. Empty, with nothing
        changed, where the batch has no room for it, the backstop lacks the margin, or the account
        has less than nothing."""
        number = self.governance.backstop_account
        holder, backstop = self.holders[account], self.holders[number]
        chosen = takings(holder.holding, work.terms)
        if not chosen or not self._room_to_take(work, account, chosen):
            return ()
        try:
            ends = taken(holder.holding, backstop.holding, chosen, work.terms)
        except Rejected:
            return ()
        pairs = ((account, holder, ends[0]), (number, backstop, ends[1]))
        if not all(self._may_become(work, index, after) for index, _, after in pairs):
            return ()
        for index, each, after in pairs:
            self._touch(work, index)
            each.holding = after
            work.positions.update((index, taking.market) for taking in chosen)
        work.takeovers += [Takeover(account, *taking) for taking in chosen]
        work.liquidated.add(account)
        return chosen

    def _room_to_take(self, work: Work, account: int, chosen: Sequence[Taking]) -> bool:
        """Whether the batch can hold these takings of an account beside what it has."""
        pair, most = (account, self.governance.backstop_account), self.shape_class
        markets = [taking.market for taking in chosen]
        opened = {
            *work.positions,
            *((index, market) for index in pair for market in (*self._held(index), *markets)),
        }
        return (
            len(work.takeovers) + len(chosen) <= most.takeovers
            and len({*work.before, *pair}) <= most.accounts
            and len(opened) <= most.positions
        )

    def _may_become(self, work: Work, account: int, after: Holding) -> bool:
        """Whether the margin rule lets a batch leave an account so."""
        before = work.before.get(account, self.holders[account].holding)
        return margin_refusal(before, after, work.terms) is None

    def has_room(self, work: Work, maker: LiveOrder, taker: LiveOrder) -> bool:
        """Whether the batch can hold one more fill, of these two orders; if made anew, none."""
        if work.redo:
            return False
        pair, most = (maker, taker), self.shape_class
        orders = len(work.orders) + sum(live.key not in work.places for live in pair)
        accounts = len(work.before) + sum(live.order.account not in work.before for live in pair)
        positions = len(work.positions) + sum(self._opens(work, live) for live in pair)
        return (
            len(work.fills) < most.trades
            and orders + work.asked <= most.orders
            and accounts <= most.accounts
            and positions <= most.positions
        )

    def take_in(self, work: Work, outflow: Outflow) -> bool:
        """Give an outflow a place in the batch; False where there is none."""
        most, named = self.shape_class, {outflow.account}
        if not outflow.is_withdrawal:
            named.add(outflow.receiver)
        fresh = named - work.before.keys()
        positions = sum(len(self._held(account)) for account in fresh)
        if (
            work.asked >= OUTFLOWS_MAX
            or len(work.orders) + work.asked >= most.orders
            or len(work.before) + len(fresh) > most.accounts
            or len(work.positions) + positions > most.positions
        ):
            return False
        for account in sorted(named):
            self._touch(work, account)
        work.asked += 1
        return True

    def _opens(self, work: Work, live: LiveOrder) -> int:
        """Positions that a fill of this order would add to those that the batch opens."""
        account, market = live.order.account, live.order.market
        if account in work.before:
            return int((account, market) not in work.positions)
        return len({*self._held(account), market})

    def _held(self, account: int) -> tuple[int, ...]:
        holder = self.holders.get(account)
        return () if holder is None else holder.holding.positions.markets

    def could_fill(self, work: Work, order: Order) -> Reason | None:
        """Why the whole order, filled alone at its limit inside the band, would break a rule.

        None if it would not. The price the limit is moved to is the worst it could fill at now.
        """
        terms = work.terms[order.market]
        holder = self.holders[order.account]
        price = min(max(order.price, terms.band_low), terms.band_high)
        charge = fee(price * order.size, max(terms.taker_fee, terms.maker_fee))
        paid = order.size * (price - terms.funding)
        try:
            after = _settle(holder.holding, order, paid, order.size, charge)
        except Rejected as refusal:
            return refusal.reason
        before = work.before.get(order.account, holder.holding)
        return margin_refusal(before, after, work.terms)

    def try_fill(
        self, work: Work, maker: LiveOrder, taker: LiveOrder, price: int, size: int
    ) -> Charges | Fault:
        """Fill `size` lots at `price` if every rule holds for both sides; else change nothing.

        The taker is asked first: a taker that cannot pay does not get makers removed. The caller
        has checked limits, band, room, and that the accounts differ.
        """
        terms = work.terms[taker.order.market]
        amount, paid = notional(price, size), moved(size, price, terms.funding)
        sides = []
        for party, live, rate in (
            (Party.TAKER, taker, terms.taker_fee),
            (Party.MAKER, maker, terms.maker_fee),
        ):
            try:
                sides.append(self._side(work, party, live, paid, size, rate, fee(amount, rate)))
            except Rejected as refusal:
                return Fault(party, refusal.reason)
        if not self._fees_fit(work, sides):
            return Fault(Party.TAKER, Reason.CASH_OUT_OF_BOUNDS)
        for side in sides:
            self._take(work, side, size)
        places = {live.order.side: work.places[live.key] for live in (maker, taker)}
        work.fills.append(Fill(places[Side.BUY], places[Side.SELL], price, size, taker.order.side))
        of_taker, of_maker = sides
        return Charges(of_maker.charge, of_taker.charge)

    def finish(self, work: Work) -> None:
        """Credit the batch's fees to the fee account, which must exist."""
        holder = self.holders[self.governance.fee_account]
        holder.holding = holder.holding._replace(cash=holder.holding.cash + work.fees)

    def _touch(self, work: Work, account: int) -> None:
        if account in work.before:
            return
        holder = self.holders.get(account)
        work.before[account] = NOTHING if holder is None else holder.holding
        work.positions.update((account, market) for market in self._held(account))

    def _side(
        self,
        work: Work,
        party: Party,
        live: LiveOrder,
        paid: int,
        size: int,
        rate: int,
        charge: int,
    ) -> _Side:
        """One side after the fill. Rejected if fee cap, slot, bounds or margin forbid it."""
        order = live.order
        holder = self.holders[order.account]
        require_fee(order, rate)
        slot = fill_slot(order, holder.slot(order.slot), size)
        after = _settle(holder.holding, order, paid, size, charge)
        before = work.before.get(order.account, holder.holding)
        refusal = margin_refusal(before, after, work.terms)
        if refusal is not None:
            raise Rejected(refusal)
        return _Side(party, live, after, slot, charge)

    def _fees_fit(self, work: Work, sides: list[_Side]) -> bool:
        """Whether the fee account could still be credited all fees if the batch ended here."""
        account = self.governance.fee_account
        holder = self.holders.get(account)
        cash = 0 if holder is None else holder.holding.cash
        for side in sides:
            if side.live.order.account == account:
                cash = side.holding.cash
        return cash + work.fees + sum(side.charge for side in sides) < CASH_LIMIT

    def _take(self, work: Work, side: _Side, size: int) -> None:
        order = side.live.order
        self._touch(work, order.account)
        holder = self.holders[order.account]
        holder.holding = side.holding
        holder.slots[order.slot] = side.slot
        work.slots.add((order.account, order.slot))
        work.positions.add((order.account, order.market))
        work.fees += side.charge
        if side.live.key not in work.places:
            work.places[side.live.key] = len(work.orders)
            work.orders.append(side.live.signed)


def size_limit(price: int, funding: int) -> int:
    """The most lots one fill can have at a price, so that its notional and what it moves stay in
    bounds."""
    most = ((1 << NOTIONAL_BITS) - 1) // price
    return min(most, ((1 << MOVED_BITS) - 1) // max(1, abs(price - funding)))


def _settle(holding: Holding, order: Order, paid: int, size: int, charge: int) -> Holding:
    """A side after the buyer's paying or the seller's receiving `paid`, paying its fee, and moving
    `size` lots."""
    sign = 1 if order.side is Side.BUY else -1
    cash = holding.cash - sign * paid - charge
    require_cash("cash", cash)
    market = order.market
    position = holding.positions[market] + sign * size
    require_position("position", position)
    return Holding(cash, holding.positions.put(market, position))
