"""Facts: what one account may know of what happened to its own orders.

The core's events tell of everybody at once. `facts_of` splits them by owner: a trade becomes one
fact for each side, an order's end is its owner's alone. A fact names an order by slot and
generation and no account at all, and by the sequence of the receipt of the envelope that it came in
(0 where none was given). It leaves out an order's place in time: its owner has no other count of
what others send than its receipts are.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rollup.private import Private
from rollup.protocol.order import Side
from rollup.protocol.outflow import OutflowKind
from sequencer.engine import event as core
from sequencer.engine.command import Cancel, PayOut, Signed, Submit
from sequencer.engine.live import OrderKey
from sequencer.intake.admission import key_of

OwnKey = tuple[int, int]
"""(slot, generation): what an order is called among its account's own."""


@dataclass(frozen=True, slots=True, repr=False)
class Accepted(Private):
    """The order went live."""

    key: OwnKey
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class Refused(Private):
    """The order never went live."""

    key: OwnKey
    reason: core.AnyReason
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class Waiting(Private):
    """The batch is full: the order goes on in the next one."""

    key: OwnKey
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class Rested(Private):
    """What is left of the order waits in the book."""

    key: OwnKey
    remaining: int
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class Filled(Private):
    """The order traded in a batch, which ends at `time`; with whom is not said. `fee` in quanta, as
    its side paid it."""

    key: OwnKey
    batch: int
    market: int
    price: int
    size: int
    is_maker: bool
    side: Side
    fee: int
    time: int
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class Liquidated(Private):
    """In a batch, which ends at `time`, the account lost `size` lots, because it had less than
    its maintenance margin: for what they are worth at the oracle's `price`, less a `fee` in quanta.
    To whom is not said. `side` is how its position went. It comes of no envelope."""

    batch: int
    market: int
    price: int
    size: int
    side: Side
    fee: int
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Deleveraged(Private):
    """In a batch, which ends at `time`, lots of the account closed lots of somebody who was
    liquidated, because the backstop could carry no more: at the oracle's `price`, for no fee.
    `side` is how its position went. It comes of no envelope."""

    batch: int
    market: int
    price: int
    size: int
    side: Side
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Settled(Private):
    """In a batch, which ends at `time`, all `size` lots that the account had in a market that has
    ended became cash: for what they are worth at its last `price`, for no fee. `side` is how its
    position went. It comes of no envelope."""

    batch: int
    market: int
    price: int
    size: int
    side: Side
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Refreshed(Private):
    """In a batch, which ends at `time`, the account paid `fee` quanta because the price had passed
    the bucket at which it must be looked at, and it met maintenance margin. It comes of no
    envelope."""

    batch: int
    fee: int
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Ended(Private):
    """The order left the venue; its generation is used up."""

    key: OwnKey
    reason: core.AnyReason
    remaining: int
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class Cancelled(Private):
    """The cancel ended an order: that order's end was told just before."""

    key: OwnKey
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class CancelRefused(Private):
    """No live order was named by the cancel. Its generation is used up all the same."""

    key: OwnKey
    reason: core.AnyReason
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class OutflowAsked(Private):
    """The withdrawal or transfer waits for its batch to close; its generation is used up."""

    key: OwnKey
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class OutflowPaid(Private):
    """Cash or an asset left the account in a batch, which ends at `time`: `amount` quanta or lots
    of what a mark names, to the owner at L1 or to the account `receiver`."""

    key: OwnKey
    batch: int
    kind: OutflowKind
    receiver: int
    asset: int
    amount: int
    time: int
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class OutflowRefused(Private):
    """The withdrawal or transfer did not happen, and does not wait for another batch."""

    key: OwnKey
    reason: core.AnyReason
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class Received(Private):
    """Another account paid this one so many quanta, or lots of what a mark names, in a batch, which
    ends at `time`; who is not said. It comes of no envelope of its owner's."""

    batch: int
    asset: int
    amount: int
    time: int


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
    receipt: int


@dataclass(frozen=True, slots=True, repr=False)
class ChangedHands(Private):
    """The account is another owner's now, or nobody's, because L1's queue is another one: what was
    told up to here is not for whoever has it from now on. Told to nobody."""


Fact = (
    Accepted
    | Refused
    | Waiting
    | Rested
    | Filled
    | Liquidated
    | Deleveraged
    | Settled
    | Refreshed
    | Ended
    | Cancelled
    | CancelRefused
    | OutflowAsked
    | OutflowPaid
    | OutflowRefused
    | Received
    | Voided
    | Lives
    | ChangedHands
)

TERMINAL: Final = (Refused, Ended, Cancelled, CancelRefused, OutflowPaid, OutflowRefused)
"""With one of these a receipt's story ends, unless it is told anew after a `Voided`."""


def facts_of(events: Iterable[core.Event], batch: int) -> Iterator[tuple[int, Fact]]:
    """Every fact with the account that may know it, in order; a trade's maker comes first. All
    events are of one batch.

    What is public anyway (batches, deposits) is nobody's own and left out.
    """
    for event in events:
        match event:
            case core.Traded():
                yield event.maker[0], _filled(event, batch, is_maker=True)
                yield event.taker[0], _filled(event, batch, is_maker=False)
            case core.Took() | core.Liquidated() | core.Deleveraged() | core.Settled():
                yield _of_liquidation(event, batch)
            case core.Refreshed(account=account):
                yield account, Refreshed(batch, event.fee, event.time)
            case core.OrderAccepted(key=key):
                yield key[0], Accepted(_own(key), event.receipt)
            case core.OrderRefused(key=key):
                yield key[0], Refused(_own(key), event.reason, event.receipt)
            case core.OrderWaiting(key=key):
                yield key[0], Waiting(_own(key), event.receipt)
            case core.OrderRested(key=key):
                yield key[0], Rested(_own(key), event.remaining, event.receipt)
            case core.OrderEnded(key=key):
                yield key[0], Ended(_own(key), event.reason, event.remaining, event.receipt)
            case core.CancelDone(key=key):
                yield key[0], Cancelled(_own(key), event.receipt)
            case core.CancelRefused(key=key):
                yield key[0], CancelRefused(_own(key), event.reason, event.receipt)
            case core.OutflowAsked() | core.OutflowPaid() | core.OutflowRefused():
                yield from _of_outflow(event, batch)


def _of_liquidation(
    event: core.Took | core.Liquidated | core.Deleveraged | core.Settled, batch: int
) -> tuple[int, Fact]:
    match event:
        case core.Took():
            return event.key[0], _took(event, batch)
        case core.Liquidated():
            lost = (event.market, event.price, event.size, event.side, event.fee, event.time)
            return event.account, Liquidated(batch, *lost)
        case core.Deleveraged() | core.Settled():
            kind = Settled if isinstance(event, core.Settled) else Deleveraged
            told = (event.market, event.price, event.size, event.side, event.time)
            return event.account, kind(batch, *told)


def _of_outflow(
    event: core.OutflowAsked | core.OutflowPaid | core.OutflowRefused, batch: int
) -> Iterator[tuple[int, Fact]]:
    account, own = event.key[0], _own(event.key)
    match event:
        case core.OutflowAsked():
            yield account, OutflowAsked(own, event.receipt)
        case core.OutflowPaid():
            yield from _paid(event, batch)
        case core.OutflowRefused():
            yield account, OutflowRefused(own, event.reason, event.receipt)


def _paid(event: core.OutflowPaid, batch: int) -> Iterator[tuple[int, Fact]]:
    """What who pays and who is paid may know."""
    account, *_ = event.key
    what = (event.kind, event.receiver, event.asset, event.amount, event.time, event.receipt)
    yield account, OutflowPaid(_own(event.key), batch, *what)
    if event.kind is OutflowKind.TRANSFER:
        yield event.receiver, Received(batch, event.asset, event.amount, event.time)


_REFUSED: Final[dict[type[Signed], Callable[..., Fact]]] = {
    Submit: Refused,
    Cancel: CancelRefused,
    PayOut: OutflowRefused,
}


def refused_fact(command: Signed, reason: core.AnyReason) -> tuple[int, Fact]:
    """What its sender is told of a command that the core refused, which is in no journal."""
    account, *key = key_of(command)
    return account, _REFUSED[type(command)](tuple(key), reason, command.receipt)


def _filled(event: core.Traded, batch: int, *, is_maker: bool) -> Filled:
    if is_maker:
        key, receipt, fee = event.maker, event.maker_receipt, event.maker_fee
    else:
        key, receipt, fee = event.taker, event.taker_receipt, event.taker_fee
    is_buy = (event.taker_side is Side.BUY) is not is_maker
    return Filled(
        _own(key),
        batch,
        event.market,
        event.price,
        event.size,
        is_maker,
        Side.BUY if is_buy else Side.SELL,
        fee,
        event.time,
        receipt,
    )


def _took(event: core.Took, batch: int) -> Filled:
    """A fill like any other: of whom the lots are is not said."""
    terms = (event.market, event.price, event.size, True)
    return Filled(_own(event.key), batch, *terms, event.side, event.fee, event.time, event.receipt)


def _own(key: OrderKey) -> OwnKey:
    _, slot, generation = key
    return (slot, generation)
