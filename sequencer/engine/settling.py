"""Positions of markets that have ended become cash, a share of each batch, until none are left."""

from collections.abc import Iterator

from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.triggers import SIDES
from sequencer.engine.ending import end, withdraw
from sequencer.engine.event import Event, Settled
from sequencer.engine.ledger import Ledger
from sequencer.engine.liquidation import moved
from sequencer.engine.state import CoreState
from sequencer.engine.work import Work

SHARE = 2
"""Settlements take one part of so many of a batch's takeovers and positions, and leave the rest to
those who trade."""


def leave(state: CoreState, work: Work) -> list[Event]:
    """Orders in markets that have ended leave the venue."""
    ended = work.book.ended
    waiting = {live.order.market for live in state.waiting}
    if not any(state.books[market] or market in waiting for market in ended):
        return []
    events: list[Event] = []
    for _, live in sorted(state.live.items()):
        if live.order.market in ended:
            withdraw(state, live)
            events.append(end(state, live, Reason.MARKET_ENDED))
    return events


def settle(state: CoreState, work: Work) -> list[Event]:
    """Settle positions as far as the batch has room for it; the others wait for the next one."""
    ledger, events = state.ledger, []
    for market, account in _unsettled(ledger, work):
        opening = ledger.opening(account)
        is_full = len(work.takeovers) >= work.shape_class.takeovers // SHARE
        if is_full or not work.room.fits([opening], share=SHARE):
            break
        event = _settled(ledger, work, account, market)
        if event is not None:
            events.append(event)
    return events


def _unsettled(ledger: Ledger, work: Work) -> Iterator[tuple[int, int]]:
    """Market and account of every position of a perpetual that has ended."""
    for market in sorted(work.book.ended):
        if work.terms[market].is_asset:
            continue
        for side in SIDES:
            for _, accounts in ledger.index.rising(market, side):
                yield from ((market, account) for account in accounts)


def _settled(ledger: Ledger, work: Work, account: int, market: int) -> Event | None:
    """All that an account has in a market; None where its cash would leave its bounds."""
    holding, terms = ledger.holders[account].holding, work.terms[market]
    size = holding.positions[market]
    try:
        after = moved(holding, market, -size, 0, terms)
    except Rejected:
        return None
    ledger.touch(work, account, (market,))
    ledger.hold(work, account, after)
    work.counted.settle(market, size)
    work.takeovers.append(Takeover(account, market, abs(size), 0, Route.SETTLED))
    side = Side.SELL if size > 0 else Side.BUY
    return Settled(account, market, terms.price, abs(size), side, work.time)
