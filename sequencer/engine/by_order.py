"""Lots of a liquidated account that resting orders take, planned: nothing is changed.

They are asked before the backstop, the best price first and then who came first, each for as much
as its account may take. The account loses the same lots for the same money whoever takes them; what
an order pays beyond that is the backstop's (rollup.protocol.by_order).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rollup.private import Private
from rollup.protocol.constants import CASH_LIMIT, REST_BITS
from rollup.protocol.holding import Holding
from rollup.protocol.margin import excess
from rollup.protocol.order import Side
from rollup.protocol.rejection import Rejected
from rollup.protocol.slot import SlotState, filled
from rollup.protocol.takeover import full_fee, full_rest
from rollup.protocol.terms import MarketTerms
from rollup.protocol.trade import fee, moved, notional, require_fee
from sequencer.engine.book import Book
from sequencer.engine.holder import reducible, settled, trade_refusal
from sequencer.engine.ledger import Ledger
from sequencer.engine.liquidation import Taking
from sequencer.engine.live import LiveOrder
from sequencer.engine.meeting import size_limit
from sequencer.engine.refreshing import is_short
from sequencer.engine.room import Opening
from sequencer.engine.slots import in_slot
from sequencer.engine.work import Work

ASKED_MAX: Final = 64
"""Orders that are asked for the lots of one position: nobody's orders make a batch late."""


class Take(NamedTuple):
    """An order takes `size` lots for its price and `charge`, the maker's fee; the account pays
    `fee` of the liquidation fee, and the backstop is left the rest. Then its account holds this."""

    live: LiveOrder
    size: int
    price: int
    fee: int
    rest: int
    charge: int
    holding: Holding
    slot: SlotState


@dataclass(slots=True, repr=False)
class Plan(Private):
    """Which orders take what of an account."""

    ledger: Ledger
    work: Work
    account: int
    takes: list[Take] = field(default_factory=list)
    holdings: dict[int, Holding] = field(default_factory=dict)

    @property
    def rests(self) -> int:
        """What is left to the backstop."""
        return sum(take.rest for take in self.takes)

    @property
    def openings(self) -> list[Opening]:
        """What a batch opens for it."""
        ledger, takers = self.ledger, [take.live.order for take in self.takes]
        both = (self.account, ledger.governance.backstop_account)
        return [
            *(ledger.opening(each) for each in both),
            *(ledger.opening(each.account, (each.market,), (each.slot,)) for each in takers),
        ]

    def ask(self, book: Book, taking: Taking, side: Side) -> None:
        """Offer what has to be taken in a market to the orders of a side, until none is left."""
        terms = self.work.terms[taking.market]
        lots, due = taking.size, taking.fee
        for asked, live in enumerate(book.orders(side)):
            price = price_of(live, terms)
            if not lots or price is None or asked == ASKED_MAX:
                break
            take = self._take(live, price, lots, due) if self._may(live) else None
            if take is not None and self._fits(take):
                self.takes.append(take)
                self.holdings[live.order.account] = take.holding
                lots, due = lots - take.size, due - take.fee

    def taken(self, taking: Taking) -> Taking:
        """What orders take of it."""
        of_market = [take for take in self.takes if take.live.order.market == taking.market]
        size, fee = sum(t.size for t in of_market), sum(t.fee for t in of_market)
        return Taking(taking.market, size, fee)

    def left(self, taking: Taking) -> Taking:
        """What they leave."""
        found = self.taken(taking)
        return Taking(taking.market, taking.size - found.size, taking.fee - found.fee)

    def _may(self, live: LiveOrder) -> bool:
        """Whether an order may take anything in this batch: not where its market has no price, and
        while that is clamped, or of an open step, only if it says so; nobody who is to be
        liquidated, or was deleveraged there; not the
        backstop's, which takes what is left; and nobody who is due and has not paid for that."""
        order, work = live.order, self.work
        is_fresh = work.steady[order.market] and not work.book.is_open
        holder = self.ledger.holders[order.account]
        now = holder.holding
        old = work.before.get(order.account, now)
        return (
            (is_fresh or order.when_clamped)
            and not work.book.markets[order.market].missing
            and order.account != self.account
            and not live.of_backstop
            and not is_short(self.ledger.governance, work, order.account, holder)
            and (order.account, order.market) not in work.deleveraged
            and min(excess(old, work.terms), excess(now, work.terms)) >= 0
        )

    def _take(self, live: LiveOrder, price: int, lots: int, due: int) -> Take | None:
        """The most that an order can take of so many lots, for which so much of the fee is due."""
        terms, order = self.work.terms[live.order.market], live.order
        most = min(lots, live.remaining, size_limit(price, terms.funding))
        most = min(most, reducible(order, self._holding(order.account)))
        better = full_rest(1, price, order.side, terms)
        most = min(most, ((1 << REST_BITS) - 1) // max(1, better))
        found = self._tried(live, price, most, due) if most else None
        low, high = 0, most
        while found is None and high - low > 1:
            middle = (low + high) // 2
            smaller = self._tried(live, price, middle, due)
            low, high = (low, middle) if smaller is None else (middle, high)
        return self._tried(live, price, low, due) if found is None and low else found

    def _tried(self, live: LiveOrder, price: int, size: int, due: int) -> Take | None:
        """What an order does by taking so many lots; None where a rule forbids it."""
        order, work = live.order, self.work
        terms = work.terms[order.market]
        holder, now = self.ledger.holders[order.account], self._holding(order.account)
        whole = full_fee(size, terms)
        paid_fee = min(whole, due)
        rest = full_rest(size, price, order.side, terms) - whole + paid_fee
        charge = fee(notional(price, size), terms.maker_fee)
        try:
            require_fee(order, terms.maker_fee)
            stored = in_slot(order, holder.header.key, holder.slot(order.slot))
            slot = filled(order.generation, stored, size)
            after = settled(now, order, moved(size, price, terms.funding), size, charge)
        except Rejected:
            return None
        before = work.before.get(order.account, holder.holding)
        acted = work.acted_in(order.account, (order.market,))
        if rest < 0 or trade_refusal(before, after, work.terms, acted) is not None:
            return None
        return Take(live, size, price, paid_fee, rest, charge, after, slot)

    def _holding(self, account: int) -> Holding:
        now = self.ledger.holders[account].holding
        return self.holdings.get(account, now)

    def _fits(self, take: Take) -> bool:
        """Whether the batch has room for it beside the rest of the plan, and the fee account for
        its fee."""
        ledger, work, takes = self.ledger, self.work, [*self.takes, take]
        most, governance = work.shape_class, ledger.governance
        lives = dict.fromkeys(each.live for each in takes)
        signed = [s for live in lives for s in work.must_carry(live, ledger.stored(live.order))]
        if work.trades + len(takes) > most.trades or not work.may_carry(signed):
            return False
        fees = work.fees + sum(each.charge for each in takes)
        if ledger.holders[governance.fee_account].holding.cash + fees >= CASH_LIMIT:
            return False
        whole = Plan(ledger, work, self.account, takes)
        return work.room.fits(whole.openings, beside=work.carried.more_nodes(signed))


def price_of(live: LiveOrder, terms: MarketTerms) -> int | None:
    """At which price an order takes: its own, or the band's edge if its own is beyond; None where
    that is too good for it."""
    if live.order.side is Side.BUY:
        price = min(live.limit, terms.band_high)
        return price if price >= terms.least_bid else None
    price = max(live.limit, terms.band_low)
    return price if price <= terms.most_asked else None


def plan(
    ledger: Ledger, work: Work, books: Sequence[Book], account: int, chosen: Sequence[Taking]
) -> Plan:
    """What orders take of an account of what was chosen. Nothing where a batch is made anew, and
    where the fee account is liquidated or is to be: fees would be more than it needs."""
    found = Plan(ledger, work, account)
    venue = ledger.governance.fee_account
    holder = ledger.holders[venue]
    spent = venue in work.liquidated or excess(holder.holding, work.terms) < 0
    spent = spent or is_short(ledger.governance, work, venue, holder)
    if work.redo or spent:
        return found
    held = ledger.holders[account].holding.positions
    for taking in chosen:
        side = Side.BUY if held[taking.market] > 0 else Side.SELL
        found.ask(books[taking.market], taking, side)
    return found
