"""Facts: what one account may know of what happened to its own orders.

The core's events tell of everybody at once. `facts_of` splits them by owner: a trade becomes one
fact for each side, an order's end is its owner's alone. A fact names an order by slot and
generation and no account at all, and leaves out an order's place in time, which would count what
others send.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rollup.private import Private
from sequencer.engine import event as core
from sequencer.engine.core import CoreState
from sequencer.engine.live import OrderKey

OwnKey = tuple[int, int]
"""(slot, generation): what an order is called among its account's own."""


@dataclass(frozen=True, slots=True, repr=False)
class Accepted(Private):
    """The order went live."""

    key: OwnKey


@dataclass(frozen=True, slots=True, repr=False)
class Refused(Private):
    """The order never went live."""

    key: OwnKey
    reason: core.AnyReason


@dataclass(frozen=True, slots=True, repr=False)
class Waiting(Private):
    """The batch is full: the order goes on in the next one."""

    key: OwnKey


@dataclass(frozen=True, slots=True, repr=False)
class Rested(Private):
    """What is left of the order waits in the book."""

    key: OwnKey
    remaining: int


@dataclass(frozen=True, slots=True, repr=False)
class Filled(Private):
    """The order traded in a batch, with whom is not said."""

    key: OwnKey
    batch: int
    market: int
    price: int
    size: int
    is_maker: bool


@dataclass(frozen=True, slots=True, repr=False)
class Ended(Private):
    """The order left the venue; its generation is used up."""

    key: OwnKey
    reason: core.AnyReason
    remaining: int


@dataclass(frozen=True, slots=True, repr=False)
class CancelRefused(Private):
    """No live order was named by the cancel. Its generation is used up all the same."""

    key: OwnKey
    reason: core.AnyReason


@dataclass(frozen=True, slots=True, repr=False)
class Voided(Private):
    """Batches from a number on are made anew: what was told of them is void, fills first of all.
    What happened instead follows, and then every order that lives, as `Lives`; no other does."""

    number: int


@dataclass(frozen=True, slots=True, repr=False)
class Lives(Private):
    """After batches were made anew: the order lives, and still wants so many lots."""

    key: OwnKey
    remaining: int


Fact = Accepted | Refused | Waiting | Rested | Filled | Ended | CancelRefused | Voided | Lives


def facts_after_redo(
    number: int,
    accounts: Iterable[int],
    done: Iterable[tuple[int, Sequence[core.Event]]],
    before: CoreState,
    after: CoreState,
) -> Iterator[tuple[int, Fact]]:
    """What owners are told once batches from `number` on were made anew: these accounts that what
    they heard is void; then what was `done` instead, by batch; then all that lives.

    An account that is somebody else's now, with another key, hears nothing of the one before it.
    """
    same = [account for account in sorted(set(accounts)) if _is_same(account, before, after)]
    yield from ((account, Voided(number)) for account in same)
    told = [fact for batch, events in done for fact in facts_of(events, batch)]
    yield from told
    concerned = {*same, *(account for account, _ in told)}
    for (account, slot), live in sorted(after.live.items()):
        if account in concerned:
            yield account, Lives((slot, live.order.generation), live.remaining)


def _is_same(account: int, before: CoreState, after: CoreState) -> bool:
    was, holder = before.ledger.holders.get(account), after.ledger.holders.get(account)
    return was is not None and holder is not None and was.header == holder.header


def facts_of(events: Iterable[core.Event], batch: int) -> Iterator[tuple[int, Fact]]:
    """Every fact with the account that may know it, in order; a trade's maker comes first. All
    events are of one batch.

    What is public anyway (batches, deposits) is nobody's own and left out.
    """
    for event in events:
        match event:
            case core.Traded():
                for key, is_maker in ((event.maker, True), (event.taker, False)):
                    fill = Filled(_own(key), batch, event.market, event.price, event.size, is_maker)
                    yield key[0], fill
            case core.OrderAccepted(key=key):
                yield key[0], Accepted(_own(key))
            case core.OrderRefused(key=key):
                yield key[0], Refused(_own(key), event.reason)
            case core.OrderWaiting(key=key):
                yield key[0], Waiting(_own(key))
            case core.OrderRested(key=key):
                yield key[0], Rested(_own(key), event.remaining)
            case core.OrderEnded(key=key):
                yield key[0], Ended(_own(key), event.reason, event.remaining)
            case core.CancelRefused(key=key):
                yield key[0], CancelRefused(_own(key), event.reason)


def _own(key: OrderKey) -> OwnKey:
    _, slot, generation = key
    return (slot, generation)
