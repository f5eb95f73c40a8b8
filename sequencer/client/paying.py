"""Cash out of an account, as flows: ask for a withdrawal or a transfer, and wait for its batch.

The venue pays at the end of a batch, or refuses there: nothing waits for another one, so what was
refused with `shut` is asked for again, as a new outflow. What was withdrawn is claimed at L1, in
the owner's name, once its batch is proved (`crypsis claim`).
"""

from typing import Final

from rollup.protocol.outflow import NO_RECEIVER, Outflow, OutflowKind
from rollup.protocol.rejection import Rejected
from sequencer.client.amounts import Number
from sequencer.client.assets import CASH, asset_named
from sequencer.client.errors import OrderRefused, OutOfRange, TimedOut
from sequencer.client.flow import Flow, Wait
from sequencer.client.outflows import OutflowState, OwnOutflow
from sequencer.client.session import Parcel, Session
from sequencer.client.signing import outflow_action
from sequencer.client.telling import tell_if_untold

LIFE_MS: Final = 10 * 60_000
"""An outflow is for the batch that is open; the rest is for clocks that differ, and for batches
that are made anew."""

POLL_S: Final = 1.0


def ask(
    session: Session, amount: Number, receiver: int | None, asset: str = CASH
) -> Flow[OwnOutflow]:
    """Ask for a withdrawal, or for a transfer to an account. OutOfRange for an asset that is not
    listed, OrderRefused where the venue refuses it at once."""
    what = asset_named(asset, session.markets)
    yield from tell_if_untold(session)
    steps, key = what.steps(amount), session.book.slots.take()
    own = OwnOutflow(key, what.amount(steps), receiver, what.symbol)
    try:
        outflow = _outflow(session, own, what.mark, steps)
        action = outflow_action(outflow, session.owner, session.signer)
    except Rejected as refusal:
        session.book.slots.release(key)
        raise OutOfRange(str(refusal)) from None
    session.book.outflows[key] = own
    yield from session.deliver([Parcel(action, outflow=own)])
    if own.state is OutflowState.SENT:
        yield from session.refresh()
    if own.state is OutflowState.REFUSED:
        raise OrderRefused(own.reason or "refused", own.digest)
    return own


def _outflow(session: Session, own: OwnOutflow, mark: int, steps: int) -> Outflow:
    to, (slot, generation) = session.keys.destination, own.key
    kind = OutflowKind.WITHDRAWAL if own.receiver is None else OutflowKind.TRANSFER
    return Outflow(
        chain=to.chain,
        venue=to.venue,
        account=session.owner.account,
        slot=slot,
        generation=generation,
        kind=kind,
        receiver=NO_RECEIVER if own.receiver is None else own.receiver,
        asset=mark,
        amount=steps,
        expiry=session.now + LIFE_MS,
    )


def settle(session: Session, own: OwnOutflow, timeout: float | None) -> Flow[OwnOutflow]:
    """Wait until its batch has closed. OrderRefused if it was not paid, TimedOut after `timeout`
    seconds."""
    pause = min(POLL_S, session.status.interval_ms / 4000)
    waited = 0.0
    yield from session.refresh()
    while not own.is_final:
        if timeout is not None and waited >= timeout:
            raise TimedOut(f"the outflow is {own.state.value} after {timeout} s")
        yield Wait(pause)
        waited += pause
        yield from session.refresh()
    if own.state is OutflowState.REFUSED:
        raise OrderRefused(own.reason or "refused", own.digest)
    return own


def withdraw(
    session: Session, amount: Number, timeout: float | None, asset: str = CASH
) -> Flow[OwnOutflow]:
    """A withdrawal, and its end."""
    own = yield from ask(session, amount, None, asset)
    return (yield from settle(session, own, timeout))


def transfer(
    session: Session, receiver: int, amount: Number, timeout: float | None, asset: str = CASH
) -> Flow[OwnOutflow]:
    """A transfer to another account, and its end."""
    own = yield from ask(session, amount, receiver, asset)
    return (yield from settle(session, own, timeout))
