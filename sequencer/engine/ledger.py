"""What accounts hold while a batch trades, and whether one more fill keeps every rule.

The rules are those of rollup.protocol, called one by one: fees, bounds, slots, and the margin rule
net since the batch began. Every touched account satisfies the margin rule after every fill, so a
batch can be closed at any moment. The fee account's credit at the end of the batch is left out of
its margin here: more cash never breaks the rule.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from rollup.protocol.account import SlotState
from rollup.protocol.batch import Fill
from rollup.protocol.constants import CASH_LIMIT, MOVED_BITS, NOTIONAL_BITS, OUTFLOWS_MAX
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.margin import NOTHING, Holding, closing, excess, margin_refusal
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook, book_after
from rollup.protocol.order import Order, Side
from rollup.protocol.outflow import Outflow
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.terms import MarketTerms, batch_terms
from rollup.protocol.trade import fee, fill_slot, moved, notional, require_fee
from sequencer.engine.command import OpenBatch
from sequencer.engine.deleveraging import Draft, Scene, merged, plan, zone_leaves
from sequencer.engine.holder import Holder, settled
from sequencer.engine.liquidation import Taking, taken, takings
from sequencer.engine.live import LiveOrder
from sequencer.engine.room import Opening, Room, first_repeated_rotation
from sequencer.engine.solvency import TriggerIndex
from sequencer.engine.work import Work


class Party(StrEnum):
    """Whose fault it is that two orders cannot meet."""

    TAKER = "taker"
    MAKER = "maker"


class Fault(NamedTuple):
    """One side of a candidate fill that breaks a rule; the other side is innocent."""

    party: Party
    reason: Reason


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
        self.index = TriggerIndex()

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
            steady=tuple(entry.is_steady for entry in book.markets),
            room=Room(self.shape_class),
            reports=command.reports,
            redo=command.redo,
            attempt=command.attempt,
        )
        self._touch(work, self.governance.fee_account)
        return work

    def room_for_entries(self, entries: Sequence[QueueEntry]) -> int:
        """How many of the first entries a batch takes: all that an account holds is opened with it,
        so entries for accounts of many positions fill a batch sooner. Half of its room is left to
        others, or deposits of a few dollars would keep everybody from trading, and a step open. One
        entry always fits. The second that somebody sends to give an account another key waits.
        """
        most = first_repeated_rotation(entries)
        room = Room(self.shape_class)
        room.take(self.opening(self.governance.fee_account))
        for place, entry in enumerate(entries[:most]):
            opening = self.opening(entry.account)
            if place and not room.fits([opening], share=2):
                return place
            room.take(opening)
        return most

    def opening(
        self, account: int, markets: Iterable[int] = (), slots: tuple[int, ...] = ()
    ) -> Opening:
        """What a batch opens with an account that trades in these markets."""
        holder = self.holders.get(account)
        if holder is None:
            return Opening(account, tuple(markets), (), slots)
        held = {*holder.holding.positions.markets, *(seat.market for seat in holder.seats)}
        return Opening(account, tuple(held.union(markets)), holder.leaves, slots)

    def deposit(self, work: Work, entry: QueueEntry) -> DepositOutcome:
        """Consume one queue entry: registered, credited, given another key, or refused with its
        outcome."""
        holder = self.holders.get(entry.account)
        held = (None, None) if holder is None else (holder.holding.cash, holder.header.owner)
        outcome = judge(entry, *held)
        self._touch(work, entry.account)
        work.deposits.append(entry)
        if outcome is not DepositOutcome.CREDITED:
            return outcome
        if entry.kind is EntryKind.REGISTER:
            holder = self.holders[entry.account] = Holder(entry.header())
        if holder is not None:
            if entry.kind is EntryKind.ROTATE:
                holder.header = entry.header()
            holder.holding = holder.holding._replace(cash=holder.holding.cash + entry.amount)
        return outcome

    def due(self, work: Work) -> list[int]:
        """Accounts that have to be looked at for the batch to close its step, rising."""
        return sorted(self.index.due(work.terms))

    def refresh(self, work: Work, account: int) -> bool:
        """Give an account that came due new triggers, if it meets maintenance margin, which counts
        what somebody deposited in time. Whether it does; it may have to wait for room."""
        if excess(self.holders[account].holding, work.terms) < 0:
            return False
        if work.room.fits([self.opening(account)]):
            self._touch(work, account)
        return True

    def liquidate(self, work: Work, account: int) -> tuple[Taking, ...]:
        """Let the backstop take what an account below maintenance margin has to lose. Empty, with
        nothing changed, where the batch has no room for it, the backstop lacks the margin, or the
        account has less than nothing; and for the backstop itself."""
        number = self.governance.backstop_account
        holder, backstop = self.holders[account], self.holders[number]
        chosen = () if account == number else takings(holder.holding, work.terms)
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
            self._touch(work, index, [taking.market for taking in chosen])
            each.holding = after
        work.takeovers += [Takeover(account, *taking) for taking in chosen]
        work.liquidated.add(account)
        return chosen

    def deleverage(self, work: Work, account: int) -> tuple[Takeover, ...]:
        """Take of an account below maintenance margin what the backstop can carry, and close lots
        of the other side with the rest. Empty, with nothing changed, where that does not heal it,
        or the batch has no room for it."""
        backstop = self.governance.backstop_account
        scene = Scene(
            self.holders,
            self.index,
            work.terms,
            backstop,
            work.before,
            frozenset(work.liquidated),
            work.zones,
        )
        draft = plan(scene, account)
        if draft is None or not self._room_to_close(work, draft):
            return ()
        if not all(self._may_end(work, draft, index) for index in draft.ends):
            return ()
        markets = {takeover.market for takeover in draft.takeovers}
        for index in {*draft.ends, backstop}:
            self._touch(work, index, markets if index in draft.ends else ())
        for index, after in draft.ends.items():
            self.holders[index].holding = after
        work.takeovers += draft.takeovers
        work.liquidated |= draft.liquidated
        work.zones = merged(work.zones, draft.zones)
        work.room.reserve(zone_leaves(work.zones, work.terms))
        work.deleveraged |= {
            (each.taker, each.market) for each in draft.takeovers if each.route is Route.DELEVERAGED
        }
        return tuple(draft.takeovers)

    def _may_end(self, work: Work, draft: Draft, index: int) -> bool:
        """Whether the closing rule lets the batch end with what a plan leaves: one of two that are
        liquidated may be left flagged."""
        if index not in draft.paired:
            return self._may_become(work, index, draft.ends[index])
        before = work.before.get(index, self.holders[index].holding)
        try:
            closing(before, draft.ends[index], work.terms, traded=False)
        except Rejected:
            return False
        return True

    def _room_to_close(self, work: Work, draft: Draft) -> bool:
        """Whether the batch can hold a plan beside what it has."""
        markets = {takeover.market for takeover in draft.takeovers}
        backstop = self.opening(self.governance.backstop_account)
        opened = [backstop, *(self.opening(index, markets) for index in draft.ends)]
        zones = zone_leaves(merged(work.zones, draft.zones), work.terms)
        takeovers = len(work.takeovers) + len(draft.takeovers)
        return takeovers <= self.shape_class.takeovers and work.room.fits(opened, zones=zones)

    def _room_to_take(self, work: Work, account: int, chosen: Sequence[Taking]) -> bool:
        """Whether the batch can hold these takings of an account beside what it has."""
        markets = [taking.market for taking in chosen]
        backstop = self.governance.backstop_account
        opened = [self.opening(account), self.opening(backstop, markets)]
        takeovers = len(work.takeovers) + len(chosen)
        return takeovers <= self.shape_class.takeovers and work.room.fits(opened)

    def _may_become(self, work: Work, account: int, after: Holding) -> bool:
        """Whether the closing rule lets a batch leave an account so."""
        before = work.before.get(account, self.holders[account].holding)
        return margin_refusal(before, after, work.terms) is None

    def has_room(self, work: Work, maker: LiveOrder, taker: LiveOrder) -> bool:
        """Whether the batch can hold one more fill, of these two orders. If it is made anew it
        holds none, and while a step is open orders wait: its prices are old. Nor where the fee
        account is liquidated: what was taken of it leaves it what it must have, and not the fees
        of fills, of which an exhausted account would have something left."""
        spent = self.governance.fee_account in work.liquidated
        if work.redo or work.book.is_open or spent:
            return False
        pair, most = (maker, taker), self.shape_class
        orders = len(work.orders) + sum(live.key not in work.places for live in pair)
        if len(work.fills) >= most.trades or orders + work.asked > most.orders:
            return False
        return work.room.fits(
            [
                self.opening(live.order.account, (live.order.market,), (live.order.slot,))
                for live in pair
            ]
        )

    def take_in(self, work: Work, outflow: Outflow) -> bool:
        """Give an outflow a place in the batch; False where there is none."""
        opened = [self.opening(outflow.account, slots=(outflow.slot,))]
        if not outflow.is_withdrawal:
            opened.append(self.opening(outflow.receiver))
        orders = len(work.orders) + work.asked
        if work.asked >= OUTFLOWS_MAX or orders >= self.shape_class.orders:
            return False
        if not work.room.fits(opened):
            return False
        for each in opened:
            self._touch(work, each.account, slots=each.slots)
        work.asked += 1
        return True

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
            after = settled(holder.holding, order, paid, order.size, charge)
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
        """Credit the batch's fees to the fee account, which must exist; then all that was opened is
        counted by its new triggers."""
        holder = self.holders[self.governance.fee_account]
        holder.holding = holder.holding._replace(cash=holder.holding.cash + work.fees)
        for account in work.before:
            if account in self.holders:
                self._count(account, work.terms)

    def _count(self, account: int, terms: Sequence[MarketTerms]) -> None:
        holder = self.holders[account]
        self.index.drop(account, holder)
        holder.count(terms)
        self.index.put(account, holder)

    def _touch(
        self,
        work: Work,
        account: int,
        markets: Iterable[int] = (),
        slots: tuple[int, ...] = (),
    ) -> None:
        """From now on the batch opens an account, with positions in these markets and slots."""
        if account not in work.before:
            holder = self.holders.get(account)
            work.before[account] = NOTHING if holder is None else holder.holding
        work.room.take(self.opening(account, markets, slots))

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
        after = settled(holder.holding, order, paid, size, charge)
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
        self._touch(work, order.account, (order.market,), (order.slot,))
        holder = self.holders[order.account]
        holder.holding = side.holding
        holder.slots[order.slot] = side.slot
        work.fees += side.charge
        if side.live.key not in work.places:
            work.places[side.live.key] = len(work.orders)
            work.orders.append(side.live.signed)


def size_limit(price: int, funding: int) -> int:
    """The most lots one fill can have at a price, so that its notional and what it moves stay in
    bounds."""
    most = ((1 << NOTIONAL_BITS) - 1) // price
    return min(most, ((1 << MOVED_BITS) - 1) // max(1, abs(price - funding)))
