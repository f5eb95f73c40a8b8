"""Who is due as a batch opens: refreshed, liquidated, or healed by deleveraging."""

from collections.abc import Sequence

from rollup.protocol.margin import excess
from rollup.protocol.order import Side
from rollup.protocol.takeover import Route
from sequencer.engine.closing_out import deleverage
from sequencer.engine.ending import end_all
from sequencer.engine.event import Deleveraged, Event, Liquidated, VenueReason
from sequencer.engine.ledger import Ledger
from sequencer.engine.liquidating import liquidate
from sequencer.engine.refreshing import owed
from sequencer.engine.state import CoreState
from sequencer.engine.work import Work


def look_after_the_due(state: CoreState, work: Work) -> list[Event]:
    """Who is due and healthy is refreshed, who is not loses lots to orders and to the backstop; and
    by deleveraging where it can carry no more, the backstop itself first.

    In a crash more are due than a batch opens; for whom there is no room nothing is computed, so
    that a full batch does not cost as much as there are accounts due.
    """
    events: list[Event] = []
    left = []
    backstop = state.ledger.governance.backstop_account
    for account in _refresh(state, work, sorted(work.due)):
        if not state.ledger.may_open(work, account):
            continue
        found, healed = liquidate(state, work, account)
        events += found
        if not healed:
            left.append(account)
    for account in sorted(left, key=lambda each: (each != backstop, each)):
        events += _deleverage(state, work, account)
    if work.zones:
        # It is full as the batch ends: nothing that its orders do may give it room.
        events += end_all(state, backstop, VenueReason.DELEVERAGED)
    return events


def _refresh(state: CoreState, work: Work, due: Sequence[int]) -> list[int]:
    """All who are healthy are refreshed, whom the batch opens already before others; the backstop
    last, since it is paid for them. Those who are not healthy."""
    ledger, backstop = state.ledger, state.ledger.governance.backstop_account
    if due and ledger.governance.refresh_fee:
        # Deposits leave half of the room, so that there is room for one account more.
        ledger.touch(work, backstop)
    ranked = sorted(due, key=lambda each: (each == backstop, each not in work.before, each))
    opened = (each for each in ranked if ledger.may_open(work, each))
    healthy = {each for each in opened if _is_refreshed(ledger, work, each)}
    return [each for each in due if each not in healthy]


def _is_refreshed(ledger: Ledger, work: Work, account: int) -> bool:
    """Give an account that came due new triggers, if it meets maintenance margin, which counts what
    somebody deposited in time; it pays for that. Whether it does."""
    holder = ledger.holders[account]
    if excess(holder.holding, work.terms) < 0:
        return False
    ledger.touch(work, account)
    ledger.charge(work, account, owed(ledger.governance, work, account, holder, holder.holding))
    return True


def _deleverage(state: CoreState, work: Work, account: int) -> list[Event]:
    """The backstop takes what it can carry, and the rest closes lots of others, whose orders in the
    market end: none of them may trade in the batch."""
    if not state.ledger.may_open(work, account):
        return []
    before = state.ledger.holders[account].holding.positions
    chosen = deleverage(state.ledger, work, account)
    if not chosen:
        return []
    events = end_all(state, account, VenueReason.LIQUIDATED)
    for each in chosen:
        long = before[each.market] > 0
        side, other = (Side.SELL, Side.BUY) if long else (Side.BUY, Side.SELL)
        told = (each.market, work.prices[each.market], each.size)
        events.append(Liquidated(account, *told, side, each.fee, work.time))
        if each.route is Route.DELEVERAGED:
            events += end_all(state, each.taker, VenueReason.DELEVERAGED, each.market)
            events.append(Deleveraged(each.taker, *told, other, work.time))
        elif each.route is Route.LIQUIDATED:
            events += end_all(state, each.taker, VenueReason.LIQUIDATED)
            events.append(Liquidated(each.taker, *told, other, 0, work.time))
    return events
