"""The core: one function, `step`. No clock, no input or output, no randomness.

The same commands give the same state and events on every machine. A trader's mistake is an event
with a reason; a command that the operator's own code must never send raises CoreError, and changes
nothing.
"""

from collections import deque
from typing import Final

from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.continuing import require_continues
from rollup.protocol.deposit import DepositOutcome, EntryKind, extend_queue
from rollup.protocol.market import Governance, require_prices
from rollup.protocol.order import Order, TimeInForce
from rollup.protocol.rejection import Reason, Rejected
from sequencer.engine.book import Book
from sequencer.engine.candidates import meets_for, next_maker
from sequencer.engine.closing import ask_out, close, foreseen, shut, waits
from sequencer.engine.command import (
    Cancel,
    CloseBatch,
    Command,
    OpenBatch,
    PayOut,
    Submit,
    TellAhead,
    TellKey,
)
from sequencer.engine.core_error import CoreError
from sequencer.engine.due import look_after_the_due
from sequencer.engine.ending import end, end_all, withdraw
from sequencer.engine.event import (
    AnyReason,
    BatchOpened,
    CancelDone,
    CancelRefused,
    DepositJudged,
    Event,
    OrderAccepted,
    OrderRefused,
    OrderRested,
    OrderWaiting,
    Traded,
    VenueReason,
)
from sequencer.engine.live import LiveOrder, OrderKey
from sequencer.engine.meeting import Charges, Party, size_limit
from sequencer.engine.settling import leave, settle
from sequencer.engine.state import CoreState, new_state
from sequencer.engine.telling import forget_consumed, take_ahead, tell
from sequencer.engine.work import Work

__all__ = [
    "EXPIRY_AHEAD_MS",
    "CoreError",
    "CoreState",
    "foreseen",
    "new_state",
    "refusal",
    "shut",
    "step",
    "waits",
]

EXPIRY_AHEAD_MS: Final = 90 * 24 * 3_600_000
"""How far beyond the open batch an order may expire: what a trader leaves behind the venue keeps
for that long, and no instrument here is planned further ahead than a quarter of a year."""


def step(state: CoreState, command: Command) -> list[Event]:
    """Apply one command to the state, which it changes. What it accepts has a provable batch."""
    match command:
        case OpenBatch():
            return _open(state, command)
        case Submit():
            return _submit(state, command)
        case Cancel():
            return _cancel(state, command)
        case PayOut():
            return ask_out(state, _working(state), command)
        case TellKey() | TellAhead():
            _working(state)
            return tell(state.ahead, state.ledger, command, state.deposits_consumed)
        case CloseBatch():
            return close(state, _working(state), command.receipts)


def refusal(state: CoreState, order: Order) -> AnyReason | None:
    """Why the venue would not take this order now; None if it would. Changes nothing."""
    work = _working(state)
    if (order.chain, order.venue) != (state.chain, state.venue):
        return Reason.ORDER_VENUE
    if order.account not in state.ledger.holders:
        return Reason.ACCOUNT_MISSING
    if order.market >= len(state.books):
        return Reason.MARKET_OUT_OF_BOUNDS
    return (
        _bar(state, work, order)
        or _terms_refusal(work, order)
        or _slot_refusal(state, order)
        or state.ledger.could_fill(work, order)
    )


def _bar(state: CoreState, work: Work, order: Order) -> AnyReason | None:
    """Why its account has no order at all in this batch, or none in its market."""
    if work.terms[order.market].is_ended:
        return Reason.MARKET_ENDED
    if order.account in work.liquidated:
        return VenueReason.LIQUIDATED
    is_full = work.zones and order.account == state.ledger.governance.backstop_account
    barred = is_full or (order.account, order.market) in work.deleveraged
    return VenueReason.DELEVERAGED if barred else None


def _terms_refusal(work: Work, order: Order) -> AnyReason | None:
    """Why this batch cannot take its terms: expiry too near or too far, fee cap too low."""
    if order.expiry < work.time:
        return Reason.ORDER_EXPIRED
    if order.expiry > work.time + EXPIRY_AHEAD_MS:
        return VenueReason.EXPIRY_TOO_FAR
    return Reason.FEE_ABOVE_CAP if order.max_fee < _highest_fee(work, order) else None


def _slot_refusal(state: CoreState, order: Order) -> AnyReason | None:
    """Why the slot cannot take this order: an older generation than what acted there, or lives."""
    key = (order.account, order.slot)
    if order.generation < state.ledger.stored(order).generation:
        return Reason.GENERATION_DEAD
    if order.generation < state.used.get(key, 0):
        return VenueReason.GENERATION_USED
    live = state.live.get(key)
    is_busy = live is not None and order.generation <= live.order.generation
    return VenueReason.SLOT_BUSY if is_busy else None


def _highest_fee(work: Work, order: Order) -> int:
    """The highest rate that this kind of order may be charged, in millionths."""
    terms = work.terms[order.market]
    if order.post_only:
        return terms.maker_fee
    if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
        return terms.taker_fee
    return max(terms.taker_fee, terms.maker_fee)


def _working(state: CoreState) -> Work:
    if state.work is None:
        raise CoreError("no batch is open")
    return state.work


def _open(state: CoreState, command: OpenBatch) -> list[Event]:
    """Deposits first, and orders of a key that its owner took away end; then orders leave that
    expired or whose market has ended, pegged ones move, accounts below maintenance margin are
    liquidated, and positions of markets that have ended are settled; then orders that the last
    batch had no room for go on, in their order, before anybody else is asked."""
    _adopt(state, _require_next(state, command))
    state.work = work = state.ledger.begin(command, state.market_book, state.tallies, state.total)
    events: list[Event] = [BatchOpened(command.number)]
    for entry in command.deposits:
        outcome = state.ledger.deposit(work, entry)
        if outcome is not None:
            events.append(DepositJudged(entry, outcome))
        if entry.has_key and outcome is DepositOutcome.CREDITED:
            take_ahead(state.ahead, state.ledger, entry)
        if entry.kind is EntryKind.ROTATE and outcome is DepositOutcome.CREDITED:
            events += end_all(state, entry.account, VenueReason.KEY_ROTATED)
        state.deposits_consumed += 1
        state.queue_head = extend_queue(state.queue_head, entry)
    forget_consumed(state.ahead, state.deposits_consumed)
    for book in state.books:
        for live in book.expire(command.time):
            events.append(end(state, live, Reason.ORDER_EXPIRED))
    events += leave(state, work)
    events += _peg(state, work)
    events += look_after_the_due(state, work)
    return events + settle(state, work) + _resume(state, work)


def _peg(state: CoreState, work: Work) -> list[Event]:
    """Pegged orders move with the oracle's price. Those that would trade there wait for their turn,
    before any that waited already."""
    for live in state.waiting:
        live.peg(work.prices[live.order.market])
    events: list[Event] = []
    crossing = []
    for market, book in enumerate(state.books):
        crossing += book.move(work.prices[market])
    for live in crossing:
        events.append(OrderWaiting(live.key, live.receipt))
    state.waiting.extendleft(reversed(crossing))
    return events


def _require_next(state: CoreState, command: OpenBatch) -> Governance:
    """The parameters of the batch. CoreError unless it can open now."""
    if state.work is not None:
        raise CoreError(f"batch {state.work.number} is still open")
    if command.number != state.number + 1:
        raise CoreError(f"batch {state.number + 1} is next, not {command.number}")
    if command.time <= state.time:
        raise CoreError(f"batch time must pass {state.time}, not {command.time}")
    if len(command.deposits) > DEPOSITS_MAX:
        raise CoreError(f"a batch takes {DEPOSITS_MAX} deposits, not {len(command.deposits)}")
    if state.ledger.room_for_entries(command.deposits) < len(command.deposits):
        raise CoreError(f"accounts of {len(command.deposits)} entries hold more than they may")
    for place, entry in enumerate(command.deposits, state.deposits_consumed):
        if entry.index != place:
            raise CoreError(f"queue entry {place} is next, not {entry.index}")
    if state.market_book.is_open and command.governance is not None:
        raise CoreError(f"batch {command.number}: the step is open, so its parameters stand")
    governance = command.governance or state.ledger.governance
    try:
        require_continues(state.ledger.governance, governance)
        require_prices(command.prices, governance)
    except Rejected as error:
        raise CoreError(f"batch {command.number}: {error}") from error
    return governance


def _adopt(state: CoreState, governance: Governance) -> None:
    """The parameters of the batch come into force; a new market starts with an empty book."""
    added = len(governance.markets) - len(state.books)
    state.books += tuple(Book() for _ in range(added))
    state.ledger.governance = governance


def _resume(state: CoreState, work: Work) -> list[Event]:
    """Orders that wait go on; what has expired leaves, also behind one that waits again."""
    held, state.waiting = state.waiting, deque()
    events: list[Event] = []
    for live in held:
        if live.order.expiry < work.time:
            events.append(end(state, live, Reason.ORDER_EXPIRED))
        elif state.waiting:
            state.waiting.append(live)
        else:
            events += _trade(state, work, live)
    return events


def _submit(state: CoreState, command: Submit) -> list[Event]:
    work = _working(state)
    order = command.signed.order
    reason = refusal(state, order)
    if reason is not None:
        return [OrderRefused(_key(order), reason, command.receipt)]
    events = _replaced(state, order)
    parts = (command.signed, order.size, state.sequence, command.receipt)
    live = LiveOrder(*parts, of_backstop=order.account == state.ledger.governance.backstop_account)
    live.peg(work.prices[order.market])
    state.sequence += 1
    state.live[order.account, order.slot] = live
    state.unplaced[live.sequence] = live
    events.append(OrderAccepted(live.key, live.sequence, live.receipt))
    if state.waiting:
        state.waiting.append(live)
        return [*events, OrderWaiting(live.key, live.receipt)]
    return events + _trade(state, work, live)


def _replaced(state: CoreState, order: Order) -> list[Event]:
    """The live order of the slot makes place for one of a later generation, in one command: who
    quotes is at no time without a quote, nor with two. It ends for good, also where the later one
    then does not rest."""
    live = state.live.get((order.account, order.slot))
    if live is None:
        return []
    withdraw(state, live)
    return [end(state, live, VenueReason.REPLACED)]


def _trade(state: CoreState, work: Work, taker: LiveOrder) -> list[Event]:
    """Meet the other side until nothing matches; then rest, end, or wait for the next batch."""
    book = state.books[taker.order.market]
    if taker.order.post_only and book.would_trade(taker):
        return [end(state, taker, VenueReason.POST_ONLY_WOULD_TRADE)]
    events: list[Event] = []
    while taker.remaining and book.would_trade(taker):
        found = _candidate(state, work, taker)
        if isinstance(found, Reason):
            return [*events, end(state, taker, found)]
        maker, price = found
        if not state.ledger.has_room(work, maker, taker):
            return [*events, _no_room(state, work, taker)]
        met, goes_on = _meet(state, work, maker, taker, price)
        events += met
        if not goes_on:
            return events
    return events + _settle_remainder(state, book, taker)


def _candidate(state: CoreState, work: Work, taker: LiveOrder) -> tuple[LiveOrder, int] | Reason:
    """The resting order that a taker meets, and at which price; or why it meets none."""
    maker = next_maker(state, work, taker)
    if isinstance(maker, Reason):
        return maker
    price = _fair_price(work, maker, taker)
    if price is None:
        return Reason.PRICE_OUTSIDE_BAND
    return Reason.SELF_TRADE if maker.order.account == taker.order.account else (maker, price)


def _no_room(state: CoreState, work: Work, taker: LiveOrder) -> Event:
    """The order waits for the next batch. One that must be immediate ends where a batch is made
    anew, in which nothing is, and where it was filled in part: what is left of it lapses with the
    batch that carries its signature."""
    begun = taker.remaining < taker.order.size
    if (work.redo or begun) and taker.order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
        return end(state, taker, VenueReason.IMMEDIATE_REMAINDER)
    state.waiting.append(taker)
    return OrderWaiting(taker.key, taker.receipt)


def _fair_price(work: Work, maker: LiveOrder, taker: LiveOrder) -> int | None:
    """The maker's price, moved into the band; None if a limit forbids that."""
    terms = work.terms[taker.order.market]
    price = min(max(maker.limit, terms.band_low), terms.band_high)
    if maker.accepts(price) and taker.accepts(price):
        return price
    return None


def _meet(
    state: CoreState, work: Work, maker: LiveOrder, taker: LiveOrder, price: int
) -> tuple[list[Event], bool]:
    """One candidate fill: filled, or the failing order is ended. Whether the taker goes on."""
    book = state.books[taker.order.market]
    most = size_limit(price, work.terms[taker.order.market].funding)
    for live in (maker, taker):
        most = min(most, state.ledger.reducible(work, live.order))
    room = state.ledger.most_to_open(work, maker, taker)
    if not room:
        return [end(state, taker, Reason.OPEN_INTEREST_FULL)], False
    size = min(most, room, meets_for(state, work, maker, taker))
    done = state.ledger.try_fill(work, maker, taker, price, size)
    if isinstance(done, Charges):
        taker.remaining -= size
        book.reduce(maker, size)
        events: list[Event] = [_traded(work, maker, taker, price, size, done)]
        if maker.remaining == 0:
            events.append(end(state, maker, VenueReason.FILLED))
        return events, True
    if done.party is Party.TAKER:
        return [end(state, taker, done.reason)], False
    book.remove(maker)
    return [end(state, maker, done.reason)], True


def _traded(
    work: Work, maker: LiveOrder, taker: LiveOrder, price: int, size: int, charges: Charges
) -> Traded:
    return Traded(
        taker.order.market,
        price,
        size,
        maker.key,
        taker.key,
        taker.order.side,
        charges.maker,
        charges.taker,
        work.time,
        maker.receipt,
        taker.receipt,
    )


def _settle_remainder(state: CoreState, book: Book, taker: LiveOrder) -> list[Event]:
    if taker.remaining == 0:
        return [end(state, taker, VenueReason.FILLED)]
    if taker.order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
        return [end(state, taker, VenueReason.IMMEDIATE_REMAINDER)]
    book.add(taker)
    return [OrderRested(taker.key, taker.remaining, taker.receipt)]


def _cancel(state: CoreState, command: Cancel) -> list[Event]:
    cancel = command.signed.cancel
    named = (cancel.account, cancel.slot, cancel.generation)
    if (cancel.chain, cancel.venue) != (state.chain, state.venue):
        return [CancelRefused(named, Reason.ORDER_VENUE, command.receipt)]
    key = (cancel.account, cancel.slot)
    state.used[key] = max(state.used.get(key, 0), cancel.generation + 1)
    if state.work is not None:
        state.work.note_cancel(command.signed)
    live = state.live.get(key)
    if live is None or live.order.generation > cancel.generation:
        return [CancelRefused(named, VenueReason.NOTHING_TO_CANCEL, command.receipt)]
    withdraw(state, live)
    return [end(state, live, VenueReason.CANCELLED), CancelDone(named, command.receipt)]


def _key(order: Order) -> OrderKey:
    return (order.account, order.slot, order.generation)
