"""How live orders leave the venue."""

from sequencer.engine.event import AnyReason, Event, OrderEnded, VenueReason
from sequencer.engine.live import LiveOrder
from sequencer.engine.slots import rests
from sequencer.engine.state import CoreState


def withdraw(state: CoreState, live: LiveOrder) -> None:
    """Take a live order from wherever it is."""
    if live.is_resting:
        state.books[live.order.market].remove(live)
    else:
        state.waiting.remove(live)


def end(state: CoreState, live: LiveOrder, reason: AnyReason) -> OrderEnded:
    """Forget a live order that no book holds any more, and use its generation up. What the state
    holds of it lapses as soon as a batch has room for that."""
    key = (live.order.account, live.order.slot)
    del state.live[key]
    state.unplaced.pop(live.sequence, None)
    if rests(live.order, state.ledger.stored(live.order)):
        state.stale.add(key)
    state.used[key] = max(state.used.get(key, 0), live.order.generation + 1)
    return OrderEnded(live.key, reason, live.remaining, live.receipt)


def end_all(
    state: CoreState, account: int, reason: VenueReason, market: int | None = None
) -> list[Event]:
    """End an account's live orders, in one market or in all."""
    events: list[Event] = []
    for live in [each for (owner, _), each in sorted(state.live.items()) if owner == account]:
        if market is None or live.order.market == market:
            withdraw(state, live)
            events.append(end(state, live, reason))
    return events
