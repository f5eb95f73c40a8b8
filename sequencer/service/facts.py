"""Facts: what one account may know of what happened to its own orders.

The core's events tell of everybody at once. `facts_of` splits them by owner: a trade becomes one
fact for each side, an order's end is its owner's alone. A fact names an order by slot and
generation and no account at all, and leaves out an order's place in time, which would count what
others send.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rollup.private import Private
from sequencer.batches.batcher import ClosedBatch
from sequencer.engine import event as core
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
    """The order traded, with whom is not said."""

    key: OwnKey
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
    """A batch in which the account traded is made anew: its fills there are void. What becomes of
    its orders now is told by the facts that follow."""

    number: int


Fact = Accepted | Refused | Waiting | Rested | Filled | Ended | CancelRefused | Voided


def voided_in(batches: Iterable[ClosedBatch]) -> Iterator[tuple[int, Voided]]:
    """For each account that traded in a batch that is made anew, once a batch."""
    for closed in batches:
        for account in sorted({signed.order.account for signed in closed.batch.orders}):
            yield account, Voided(closed.batch.number)


def facts_of(events: Iterable[core.Event]) -> Iterator[tuple[int, Fact]]:
    """Every fact with the account that may know it, in order; a trade's maker comes first.

    What is public anyway (batches, deposits) is nobody's own and left out.
    """
    for event in events:
        match event:
            case core.Traded():
                for key, is_maker in ((event.maker, True), (event.taker, False)):
                    fill = Filled(_own(key), event.market, event.price, event.size, is_maker)
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
