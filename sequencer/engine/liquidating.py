"""An account below maintenance margin loses what it must: to orders first, then to the backstop."""

from collections.abc import Sequence

from rollup.protocol.holding import Holding
from rollup.protocol.margin import closing
from rollup.protocol.order import Side
from rollup.protocol.rejection import Rejected
from rollup.protocol.takeover import OrderTakeover, Takeover, full_fee
from sequencer.engine.by_order import Plan, Take, plan
from sequencer.engine.ending import end, end_all
from sequencer.engine.event import Event, Liquidated, Took, VenueReason
from sequencer.engine.ledger import Ledger
from sequencer.engine.liquidation import Taking, gained, lost, takings
from sequencer.engine.state import CoreState
from sequencer.engine.work import Work


def liquidate(state: CoreState, work: Work, account: int) -> tuple[list[Event], bool]:
    """Take of an account what it has to lose, and end its orders: none of them may trade in the
    batch. Whether that healed it. Where the backstop cannot take what orders leave, only they take;
    and nothing happens where the account has less than nothing, or must pay all that it has left
    and not all of it can be taken. Of the backstop itself nothing is taken here.
    """
    ledger = state.ledger
    backstop = ledger.governance.backstop_account
    holding = ledger.holders[account].holding
    chosen = () if account == backstop else takings(holding, work.terms)
    if not chosen:
        return [], False
    by_orders = plan(ledger, work, state.books, account, chosen)
    heals = _heals(ledger, work, by_orders, chosen)
    exhausted = any(each.fee < full_fee(each.size, work.terms[each.market]) for each in chosen)
    if not heals and (exhausted or not _may_help(ledger, work, by_orders, chosen)):
        return [], False
    events = end_all(state, account, VenueReason.LIQUIDATED)
    for take in by_orders.takes:
        events += _take(state, work, account, take)
    if heals:
        _let_the_backstop(ledger, work, account, _left(by_orders, chosen))
    work.liquidated.add(account)
    gone = chosen if heals else map(by_orders.taken, chosen)
    return events + [_told(work, account, holding, each) for each in gone if each.size], heals


def _heals(ledger: Ledger, work: Work, by_orders: Plan, chosen: Sequence[Taking]) -> bool:
    """Whether the backstop may take what orders leave, and the batch has room for it: then nothing
    more has to be taken of the account."""
    account, number = by_orders.account, ledger.governance.backstop_account
    left = _left(by_orders, chosen)
    opened = [*by_orders.openings, ledger.opening(number, [each.market for each in left])]
    takeovers = len(work.takeovers) + len(left)
    if takeovers > work.shape_class.takeovers or not work.room.fits(opened):
        return False
    before, backstop = ledger.holders[account].holding, ledger.holders[number].holding
    try:
        after = lost(before, chosen, work.terms)
        ends = gained(_paid(backstop, by_orders.rests), before, left, work.terms)
    except Rejected:
        return False
    if not ledger.may_become(work, account, after):
        return False
    if not left:
        return _may_end(ledger, work, number, ends)
    return ledger.may_become(work, number, ends, [each.market for each in left])


def _left(by_orders: Plan, chosen: Sequence[Taking]) -> list[Taking]:
    """What orders leave to the backstop."""
    return [each for each in map(by_orders.left, chosen) if each.size]


def _may_help(ledger: Ledger, work: Work, by_orders: Plan, chosen: Sequence[Taking]) -> bool:
    """Whether orders may take without the backstop, and leave the account below maintenance."""
    account, number = by_orders.account, ledger.governance.backstop_account
    if not by_orders.takes:
        return False
    gone = [each for each in map(by_orders.taken, chosen) if each.size]
    after = lost(ledger.holders[account].holding, gone, work.terms)
    backstop = _paid(ledger.holders[number].holding, by_orders.rests)
    return _may_end(ledger, work, account, after) and _may_end(ledger, work, number, backstop)


def _may_end(ledger: Ledger, work: Work, account: int, after: Holding) -> bool:
    """Whether the closing rule lets an account without orders end so, flagged or not."""
    before = work.before.get(account, ledger.holders[account].holding)
    try:
        closing(before, after, work.terms, traded=False, acted=work.acted_in(account))
    except Rejected:
        return False
    return True


def _paid(holding: Holding, amount: int) -> Holding:
    return holding._replace(cash=holding.cash + amount)


def _take(state: CoreState, work: Work, account: int, take: Take) -> list[Event]:
    """An order takes its lots; who it is told of it, and that it ends if it wants no more."""
    ledger, live, order = state.ledger, take.live, take.live.order
    number = ledger.governance.backstop_account
    before = ledger.holders[account].holding
    ledger.touch(work, account, (order.market,))
    ledger.touch(work, number)
    ledger.touch(work, order.account, (order.market,), (order.slot,))
    part = (Taking(order.market, take.size, take.fee),)
    ledger.hold(work, account, lost(before, part, work.terms))
    ledger.hold(work, number, _paid(ledger.holders[number].holding, take.rest))
    ledger.hold(work, order.account, take.holding)
    place = work.name(live, ledger.stored(order))
    ledger.holders[order.account].slots[order.slot] = take.slot
    work.fees += take.charge
    work.took.add((order.account, order.market))
    work.act(order.account, (order.market,))
    work.order_takeovers.append(OrderTakeover(place, account, take.size, take.price, take.rest))
    state.books[order.market].reduce(live, take.size)
    told = (order.market, take.price, take.size, order.side, take.charge, work.time, live.receipt)
    events: list[Event] = [Took(live.key, *told)]
    if not live.remaining:
        events.append(end(state, live, VenueReason.FILLED))
    return events


def _let_the_backstop(ledger: Ledger, work: Work, account: int, left: Sequence[Taking]) -> None:
    """The backstop takes what orders leave."""
    number = ledger.governance.backstop_account
    before, backstop = ledger.holders[account].holding, ledger.holders[number].holding
    for index in (account, number):
        ledger.touch(work, index, [taking.market for taking in left])
    ledger.hold(work, account, lost(before, left, work.terms))
    ledger.hold(work, number, gained(backstop, before, left, work.terms))
    work.act(number, [taking.market for taking in left])
    work.takeovers += [Takeover(account, *taking) for taking in left]


def _told(work: Work, account: int, before: Holding, gone: Taking) -> Event:
    side = Side.SELL if before.positions[gone.market] > 0 else Side.BUY
    price = work.prices[gone.market]
    return Liquidated(account, gone.market, price, gone.size, side, gone.fee, work.time)
