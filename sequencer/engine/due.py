"""Who is due as a batch opens: refreshed, liquidated, or healed by deleveraging."""

from rollup.protocol.order import Side
from rollup.protocol.takeover import Route
from sequencer.engine.ending import end_all
from sequencer.engine.event import Deleveraged, Event, Liquidated, VenueReason
from sequencer.engine.liquidating import liquidate
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
    for account in sorted(work.due):
        if not state.ledger.may_open(work, account):
            continue
        if not state.ledger.refresh(work, account):
            found, healed = liquidate(state, work, account)
            events += found
            if not healed:
                left.append(account)
    backstop = state.ledger.governance.backstop_account
    for account in sorted(left, key=lambda each: (each != backstop, each)):
        events += _deleverage(state, work, account)
    return events


def _deleverage(state: CoreState, work: Work, account: int) -> list[Event]:
    """The backstop takes what it can carry, and the rest closes lots of others, whose orders in the
    market end: none of them may trade in the batch."""
    if not state.ledger.may_open(work, account):
        return []
    before = state.ledger.holders[account].holding.positions
    chosen = state.ledger.deleverage(work, account)
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
