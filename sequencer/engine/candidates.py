"""Whom a taking order meets next.

Where a price is fresh and unclamped that is the best order of the other side. Where it is clamped
both sides of a fill must shrink their positions, so that who cannot is passed over and keeps its
place; where there is none nobody meets.
"""

from rollup.protocol.margin import has_grown
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from sequencer.engine.live import LiveOrder, opposite
from sequencer.engine.state import CoreState
from sequencer.engine.work import Work


def next_maker(state: CoreState, work: Work, taker: LiveOrder) -> LiveOrder | Reason:
    """The resting order that a taker whose limit the best price meets comes to; or why it meets
    none. In a batch that fills nothing anyhow, flags of its step bar nobody for good: it waits."""
    market = taker.order.market
    book, side = state.books[market], opposite(taker.order.side)
    if work.steady[market] or work.redo or work.book.is_open:
        return next(book.orders(side))
    if work.book.markets[market].missing:
        return Reason.MARKET_MISSING
    if spare(state, work, taker):
        for maker in book.orders(side):
            if not taker.accepts(maker.limit):
                break
            if spare(state, work, maker):
                return maker
    return Reason.MARKET_UNSTEADY


def meets_for(state: CoreState, work: Work, maker: LiveOrder, taker: LiveOrder) -> int:
    """The most lots that two orders may trade with each other, as far as their market's price goes:
    what both want, or where it is clamped what both can shrink by."""
    wanted = min(maker.remaining, taker.remaining)
    if work.steady[taker.order.market]:
        return wanted
    return min(wanted, spare(state, work, maker), spare(state, work, taker))


def spare(state: CoreState, work: Work, live: LiveOrder) -> int:
    """By how many lots an order may move its account's position, so that it is no larger than
    before the batch and of no other side; by none where it has taken lots of liquidated accounts,
    which it then keeps."""
    account, market = live.order.account, live.order.market
    holding = state.ledger.holders[account].holding
    now, old = holding.positions[market], work.before.get(account, holding).positions[market]
    if has_grown(old, now):
        return 0
    if live.order.side is Side.BUY:
        return max(0, old) - now
    return now - min(0, old)
