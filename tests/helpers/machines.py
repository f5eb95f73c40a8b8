"""Everything that decides what a machine does next, to compare two of them."""

from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.machine import Machine, Setup
from sequencer.engine.live import LiveOrder
from sequencer.service.recovery import genesis_start, recover


def described(machine: Machine) -> dict[str, object]:
    """Core and committed state, the open batch included, and every order in its place."""
    core, state = machine.core, machine.batcher.state
    work = core.work
    return {
        "core": (core.chain, core.venue, core.number, core.time, core.sequence),
        "queue": (core.deposits_consumed, core.queue_head),
        "ahead": {place: (each.key, each.last) for place, each in core.ahead.items()},
        "governance": core.ledger.governance,
        "holders": {
            index: (holder.header, holder.holding, holder.slots, holder.viewing_key)
            for index, holder in core.ledger.holders.items()
        },
        "books": [[order(live) for live in book] for book in core.books],
        "waiting": [order(live) for live in core.waiting],
        "live": {key: order(live) for key, live in core.live.items()},
        "used": core.used,
        "work": None if work is None else [getattr(work, name) for name in work.__slots__],
        "state": (state.root, state.markets, state.globals, state.accounts, state.slots),
    }


def order(live: LiveOrder) -> tuple[object, ...]:
    return (live.signed, live.remaining, live.sequence, live.is_resting)


def replayed(folder: VenueFolder, setup: Setup) -> Machine:
    """The machine that the whole journal comes to."""
    start = genesis_start(folder.journal, setup)
    return recover(start, start.source.survey().now, 0).machine
