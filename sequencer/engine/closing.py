"""The end of a batch: outflows that were asked for are paid or refused, and the batch is told.

They wait until then because only what an account holds when all else is done says whether its cash
may leave, and only a batch that closes its step pays at all. What a batch cannot pay is refused and
does not wait for another one: it was signed for an account that may be in another state at the next
prices, and whoever wants it still signs again.
"""

from rollup.protocol.assets import is_known
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.outflow import Outflow
from rollup.protocol.rejection import Reason
from sequencer.engine.command import PayOut
from sequencer.engine.event import (
    AnyReason,
    BatchClosed,
    DepositJudged,
    Event,
    OutflowAsked,
    OutflowPaid,
    OutflowRefused,
    Refreshed,
    VenueReason,
)
from sequencer.engine.payments import Asked, Payments, decide, none_of
from sequencer.engine.resting import prepare
from sequencer.engine.state import CoreState
from sequencer.engine.work import Work


def ask_out(state: CoreState, work: Work, command: PayOut) -> list[Event]:
    """An outflow waits for the end of its batch. What would be refused then whatever happens until
    then is refused at once."""
    asked = Asked(command.signed, command.receipt)
    outflow = command.signed.outflow
    reason = _refusal(state, work, outflow) or _slot_refusal(state, outflow)
    if reason is None and not state.ledger.take_in(work, outflow):
        reason = VenueReason.SHUT
    if reason is not None:
        return [OutflowRefused(asked.key, reason, command.receipt)]
    place = (outflow.account, outflow.slot)
    state.used[place] = max(state.used.get(place, 0), outflow.generation + 1)
    state.asked.append(asked)
    return [OutflowAsked(asked.key, command.receipt)]


def _refusal(state: CoreState, work: Work, outflow: Outflow) -> AnyReason | None:
    """Why it can be of no batch now: another venue's, of or to nobody, the backstop's, of
    no asset, too late."""
    named = {outflow.account} if outflow.is_withdrawal else {outflow.account, outflow.receiver}
    if (outflow.chain, outflow.venue) != (state.chain, state.venue):
        return Reason.ORDER_VENUE
    if not named <= state.ledger.holders.keys():
        return Reason.ACCOUNT_MISSING
    if outflow.account == state.ledger.governance.backstop_account:
        return Reason.BACKSTOP_SIGNED
    if not is_known(state.ledger.governance, outflow.asset):
        return Reason.ASSET_UNKNOWN
    return Reason.ORDER_EXPIRED if outflow.expiry < work.time else None


def _slot_refusal(state: CoreState, outflow: Outflow) -> AnyReason | None:
    """Why the slot cannot take it: an older generation, or a live order."""
    place = (outflow.account, outflow.slot)
    stored = state.ledger.holders[outflow.account].slot(outflow.slot)
    if outflow.generation < stored.generation:
        return Reason.GENERATION_DEAD
    if outflow.generation < state.used.get(place, 0):
        return VenueReason.GENERATION_USED
    return VenueReason.SLOT_BUSY if place in state.live else None


def shut(state: CoreState) -> None:
    """The open batch pays nothing out: it would leave its step open."""
    state.is_shut = True


def foreseen(state: CoreState, receipts: bytes) -> BatchClosed | None:
    """The batch as it would be closed now, if anybody would be paid in it. Changes nothing."""
    if state.work is None or not waits(state):
        return None
    payments = _payments(state, state.work)
    pays = payments.paid or payments.exits
    return _closed(state, state.work, payments, receipts) if pays else None


def waits(state: CoreState) -> bool:
    """Whether anybody waits to be paid as the open batch closes."""
    return bool(state.asked) or (state.work is not None and bool(state.work.exits))


def close(state: CoreState, work: Work, receipts: bytes) -> list[Event]:
    """Settle the slots, if that was not done, pay out, credit the fees, and tell what was in the
    batch."""
    prepare(state, work)
    payments = _payments(state, work)
    closed = _closed(state, work, payments, receipts)
    paid = sorted(work.refreshed.items())
    events: list[Event] = [Refreshed(account, fee, work.time) for account, fee in paid]
    events += _pay_out(state, work, payments)
    state.ledger.finish(work)
    state.cover = state.ledger.present(work.before)
    state.number, state.time, state.work = work.number, work.time, None
    state.market_book = work.book
    state.tallies = work.counted.after
    return [*events, closed]


def _payments(state: CoreState, work: Work) -> Payments:
    if state.is_shut:
        return none_of(work, state.asked)
    return decide(state.ledger, work, state.asked)


def _pay_out(state: CoreState, work: Work, payments: Payments) -> list[Event]:
    """Take over what was decided of all that was asked for."""
    for account, holding in payments.holdings.items():
        state.ledger.holders[account].holding = holding
    for (account, slot), stored in payments.slots.items():
        state.ledger.holders[account].slots[slot] = stored
    state.asked, state.is_shut = [], False
    became = [(each, DepositOutcome.CREDITED) for each in payments.exits]
    became += [(each, DepositOutcome.EXIT_BARRED) for each in payments.barred]
    became.sort(key=lambda pair: pair[0].index)
    events: list[Event] = [DepositJudged(entry, outcome) for entry, outcome in became]
    for each in payments.paid:
        outflow = each.signed.outflow
        what = (outflow.kind, outflow.receiver, outflow.asset, outflow.amount)
        events.append(OutflowPaid(each.key, *what, work.time, each.receipt))
    return events + [OutflowRefused(each.key, why, each.receipt) for each, why in payments.refused]


def _closed(state: CoreState, work: Work, payments: Payments, receipts: bytes) -> BatchClosed:
    return BatchClosed(
        shape_class=work.shape_class,
        number=work.number,
        time=work.time,
        prices=work.prices,
        reports=work.reports,
        redo=work.redo,
        attempt=work.attempt,
        governance=state.ledger.governance,
        deposits=tuple(work.deposits),
        orders=tuple(work.orders),
        resting=tuple(work.resting),
        cancels=tuple(work.cancels),
        lapsed=tuple(sorted(work.lapsed)),
        fills=tuple(work.fills),
        takeovers=tuple(work.takeovers),
        order_takeovers=tuple(work.order_takeovers),
        outflows=tuple(each.signed for each in payments.paid),
        exits=tuple(sorted(entry.index for entry in payments.exits)),
        accounts=tuple(sorted(work.before)),
        slots=tuple(sorted(work.slots | payments.slots.keys())),
        receipts=receipts,
    )
