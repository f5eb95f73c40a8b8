"""What accounts hold while a batch trades, and whether one more fill keeps every rule.

The rules are those of rollup.protocol, called one by one: fees, bounds, slots, and the margin rule
net since the batch began. Every touched account satisfies the margin rule after every fill, so a
batch can be closed at any moment. The fee account's credit at the end of the batch is left out of
its margin here: more cash never breaks the rule.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rollup.protocol.assets import markets_of
from rollup.protocol.batch import Fill
from rollup.protocol.constants import CASH_LIMIT, OUTFLOWS_MAX
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.holding import NOTHING, Holding, received
from rollup.protocol.margin import margin_refusal
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook, book_after, hour_is_due
from rollup.protocol.order import Order, Side
from rollup.protocol.outflow import Outflow
from rollup.protocol.premium import premium_rates
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.slot import SlotState, filled
from rollup.protocol.tally import Tally, tallies_before
from rollup.protocol.terms import MarketTerms, batch_terms
from rollup.protocol.trade import bounded, fee, moved, notional, require_fee
from sequencer.engine.choosing import class_for
from sequencer.engine.command import OpenBatch
from sequencer.engine.counted import counting
from sequencer.engine.holder import (
    Holder,
    known,
    least_reducible,
    reducible,
    settled,
    trade_refusal,
)
from sequencer.engine.live import LiveOrder
from sequencer.engine.meeting import Charges, Fault, Party
from sequencer.engine.refreshing import is_short, owed, require_payable
from sequencer.engine.room import Opening, Room, first_repeated
from sequencer.engine.slots import in_slot
from sequencer.engine.solvency import TriggerIndex
from sequencer.engine.work import Work


class _Side(NamedTuple):
    """One side of a candidate fill: whose it is and what it would leave."""

    party: Party
    live: LiveOrder
    holding: Holding
    slot: SlotState
    charge: int
    refresh: int


class Ledger:
    """All accounts of the venue. A batch holds no more than its shape class takes, which is
    `shape_class`, or `crash_class` where that saves batches (sequencer.engine.choosing)."""

    def __init__(
        self,
        governance: Governance,
        shape_class: ShapeClass,
        crash_class: ShapeClass | None = None,
    ) -> None:
        self.governance = governance
        self.shape_class = shape_class
        self.crash_class = crash_class
        self.holders: dict[int, Holder] = {}
        self.index = TriggerIndex()

    def begin(
        self, command: OpenBatch, before: MarketBook, tallies: Sequence[Tally], total: int
    ) -> Work:
        """A new batch after one that left this market book, these tallies and so much USDC under
        custody; the fee account is always part of it, and its parameters are those of now. Its
        class follows from who is due at its prices."""
        now = (self.governance, command.time, command.prices, command.reports)
        book = book_after(before, *now, premium_rates(before, tallies, *now), total)
        is_due = hour_is_due(before, command.time)
        begun = tallies_before(tallies, len(book.markets), is_due=is_due, ended=before.ended)
        terms = batch_terms(self.governance, book)
        due = self.index.due(terms)
        shape_class = class_for(self, sorted(due), terms)
        work = Work(
            number=command.number,
            time=command.time,
            book=book,
            terms=terms,
            steady=tuple(entry.is_steady for entry in book.markets),
            room=Room(shape_class),
            counted=counting(begun, self.governance.markets),
            reports=command.reports,
            redo=command.redo,
            attempt=command.attempt,
            due=frozenset(due),
        )
        self.touch(work, self.governance.fee_account)
        return work

    def room_for_entries(self, entries: Sequence[QueueEntry]) -> int:
        """How many of the first entries a batch of either class takes: all that an account holds is
        opened with it, so entries for accounts of many positions fill a batch sooner. Half of its
        room is left to others, or deposits of a few dollars would keep everybody from trading, and
        a step open. One entry always fits. The second that somebody sends to give an account
        another key, or to take money out of it, waits.
        """
        most = first_repeated(entries)
        room = Room(self.shape_class.common(self.crash_class))
        room.take(self.opening(self.governance.fee_account))
        for place, entry in enumerate(entries[:most]):
            opening = self.opening(entry.account, markets_of(entry.asset))
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

    def deposit(self, work: Work, entry: QueueEntry) -> DepositOutcome | None:
        """Consume one queue entry: credited, or refused with its outcome. None of an exit that may
        be paid: what becomes of it is known when the batch closes."""
        holder = self.holders.get(entry.account)
        outcome = judge(entry, *known(holder), self.governance, work.book.ended)
        is_credited = outcome is DepositOutcome.CREDITED
        self.touch(work, entry.account, markets_of(entry.asset) if is_credited else ())
        work.deposits.append(entry)
        if outcome is DepositOutcome.EXIT_BARRED:
            work.exits.append(entry)
            return None
        if not is_credited:
            return outcome
        if entry.kind is EntryKind.REGISTER:
            self.holders[entry.account] = Holder(entry.header())
        holder = self.holders[entry.account]
        if entry.kind is EntryKind.ROTATE:
            holder.rotate(entry.header())
        holder.holding = received(holder.holding, entry.asset, entry.amount)
        return outcome

    def may_open(self, work: Work, account: int) -> bool:
        """Whether the batch has room for the account alone. Where it has not, it has none for what
        would open more than that."""
        return work.room.fits([self.opening(account)])

    def charge(self, work: Work, account: int, fee: int) -> None:
        """Take so much of an account, for being due, and give it to the backstop, which is open."""
        if fee:
            work.refreshed[account] = work.refreshed.get(account, 0) + fee
            for index, change in ((account, -fee), (self.governance.backstop_account, fee)):
                holding = self.holders[index].holding
                self.hold(work, index, holding._replace(cash=holding.cash + change))

    def may_become(
        self, work: Work, account: int, after: Holding, acted: Iterable[int] = ()
    ) -> bool:
        """Whether the closing rule lets a batch leave an account so, which has acted in these
        markets beside those of before."""
        before = work.before.get(account, self.holders[account].holding)
        markets = work.acted_in(account, acted)
        return margin_refusal(before, after, work.terms, acted=markets) is None

    def has_room(self, work: Work, maker: LiveOrder, taker: LiveOrder) -> bool:
        """Whether the batch can hold one more fill, of these two orders. If it is made anew it
        holds none, and while a step is open orders wait: its prices are old. Nor where the fee
        account is liquidated: what was taken of it leaves it what it must have, and not the fees
        of fills, of which an exhausted account would have something left."""
        fees = self.governance.fee_account
        spent = fees in work.liquidated or is_short(self.governance, work, fees, self.holders[fees])
        if work.redo or work.book.is_open or spent:
            return False
        pair, most = (maker, taker), work.shape_class
        signed = [s for live in pair for s in work.must_carry(live, self.stored(live.order))]
        if work.trades >= most.trades or not work.may_carry(signed):
            return False
        places = ((live.order.account, live.order.market, live.order.slot) for live in pair)
        return work.room.fits(
            [self.opening(who, (market,), (slot,)) for who, market, slot in places],
            beside=work.carried.more_nodes(signed),
        )

    def most_to_open(self, work: Work, maker: LiveOrder, taker: LiveOrder) -> int:
        """The most lots that two orders can fill before the cap on open interest."""
        market, held = taker.order.market, {}
        for live in (maker, taker):
            account = self.holders[live.order.account]
            held[live.order.side] = account.holding.positions[market]
        return work.counted.most(market, held[Side.BUY], held[Side.SELL])

    def take_in(self, work: Work, outflow: Outflow) -> bool:
        """Give an outflow a place in the batch; False where there is none."""
        markets = markets_of(outflow.asset)
        opened = [self.opening(outflow.account, markets, (outflow.slot,))]
        if not outflow.is_withdrawal:
            opened.append(self.opening(outflow.receiver, markets))
        if work.asked >= OUTFLOWS_MAX or not work.may_carry((), outflows=1):
            return False
        if not work.room.fits(opened):
            return False
        for each in opened:
            self.touch(work, each.account, markets, each.slots)
        work.asked += 1
        return True

    def stored(self, order: Order) -> SlotState:
        """What the slot of an order holds now."""
        return self.holders[order.account].slot(order.slot)

    def reducible(self, work: Work, order: Order) -> int:
        """Lots that an order may trade now for all that is said of reducing."""
        holding = self.holders[order.account].holding
        if order.account != self.governance.backstop_account:
            return reducible(order, holding)
        return least_reducible(order, holding, work.taken_over(order.market))

    def could_fill(self, work: Work, order: Order) -> Reason | None:
        """Why the whole order, filled alone at its limit inside the band, would break a rule.

        None if it would not. The price the limit is moved to is the worst it could fill at now.
        """
        terms = work.terms[order.market]
        holder = self.holders[order.account]
        size = min(order.size, self.reducible(work, order))
        if not size:
            return Reason.REDUCE_ONLY
        limit = order.limit(terms.price)
        if order.account == self.governance.backstop_account:
            limit = bounded(limit, order.side, terms.price)
        price = min(max(limit, terms.band_low), terms.band_high)
        charge = fee(price * size, max(terms.taker_fee, terms.maker_fee))
        paid = size * (price - terms.funding)
        try:
            after = settled(holder.holding, order, paid, size, charge)
        except Rejected as refusal:
            return refusal.reason
        before = work.before.get(order.account, holder.holding)
        acted = work.acted_in(order.account, (order.market,))
        return trade_refusal(before, after, work.terms, acted)

    def try_fill(
        self, work: Work, maker: LiveOrder, taker: LiveOrder, price: int, size: int
    ) -> Charges | Fault:
        """Fill `size` lots at `price` if every rule holds for both sides; else change nothing.

        Of nothing where a reduce-only order has nothing left to reduce: then it is at fault. The
        taker is asked first: a taker that cannot pay does not get makers removed. The caller
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
        try:
            work.counted.fill(taker.order.market, price, size, terms)
        except Rejected as refusal:
            return Fault(Party.TAKER, refusal.reason)
        places = {
            side.live.order.side: work.name(side.live, self.stored(side.live.order))
            for side in sides
        }
        for side in sides:
            self._take(work, side)
        for side in sides:
            self.charge(work, side.live.order.account, side.refresh)
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

    def present(self, accounts: Iterable[int]) -> frozenset[int]:
        """Those of the accounts that exist."""
        return frozenset(each for each in accounts if each in self.holders)

    def hold(self, work: Work, account: int, after: Holding) -> None:
        """From now on an account holds this."""
        work.counted.hold(self.holders[account].holding.positions, after.positions)
        self.holders[account].holding = after

    def touch(
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
        if not self.reducible(work, order):
            raise Rejected(Reason.REDUCE_ONLY)
        require_fee(order, rate)
        stored = in_slot(order, holder.header.key, holder.slot(order.slot))
        slot = filled(order.generation, stored, size)
        after = settled(holder.holding, order, paid, size, charge)
        before = work.before.get(order.account, holder.holding)
        more = owed(self.governance, work, order.account, holder, after)
        require_payable(self.governance, work, more)
        ends = after._replace(cash=after.cash - more)
        acted = work.acted_in(order.account, (order.market,))
        refusal = trade_refusal(before, ends, work.terms, acted)
        if refusal is not None:
            raise Rejected(refusal)
        return _Side(party, live, after, slot, charge, more)

    def _fees_fit(self, work: Work, sides: list[_Side]) -> bool:
        """Whether the fee account could still be credited all fees if the batch ended here."""
        account = self.governance.fee_account
        holder = self.holders.get(account)
        cash = 0 if holder is None else holder.holding.cash
        for side in sides:
            if side.live.order.account == account:
                cash = side.holding.cash
        return cash + work.fees + sum(side.charge for side in sides) < CASH_LIMIT

    def _take(self, work: Work, side: _Side) -> None:
        order = side.live.order
        self.touch(work, order.account, (order.market,), (order.slot,))
        self.hold(work, order.account, side.holding)
        self.holders[order.account].slots[order.slot] = side.slot
        work.fees += side.charge
        work.act(order.account, (order.market,))
