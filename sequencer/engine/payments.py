"""Which of the outflows that were asked for a batch pays: decided as it closes.

Pure numbers: nothing is changed until the ledger takes the decision over, so that whoever closes a
batch can first find out whether it would close its step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rollup.private import Private
from rollup.protocol.assets import USDC, require_known
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.exits import Left, bar_of
from rollup.protocol.holding import Holding, received
from rollup.protocol.margin import margin_refusal
from rollup.protocol.outflow import Outflow, SignedOutflow
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.slot import SlotKey, SlotState, used_up
from sequencer.engine.event import AnyReason, VenueReason
from sequencer.engine.ledger import Ledger
from sequencer.engine.live import OrderKey
from sequencer.engine.refreshing import is_short
from sequencer.engine.work import Work


class Asked(NamedTuple):
    """An outflow that waits for its batch to close, and the receipt that it came with."""

    signed: SignedOutflow
    receipt: int

    @property
    def key(self) -> OrderKey:
        """What it is called: as an order, since it uses up a generation."""
        outflow = self.signed.outflow
        return (outflow.account, outflow.slot, outflow.generation)


@dataclass(slots=True, repr=False)
class Payments(Private):
    """What was decided: who is paid and who is not, what accounts and slots then hold, and of whom
    USDC leaves. `exits` are entries of the queue that are paid, `barred` those that are not."""

    exits: list[QueueEntry] = field(default_factory=list)
    barred: list[QueueEntry] = field(default_factory=list)
    paid: list[Asked] = field(default_factory=list)
    refused: list[tuple[Asked, AnyReason]] = field(default_factory=list)
    holdings: dict[int, Holding] = field(default_factory=dict)
    cash_out: set[int] = field(default_factory=set)
    slots: dict[SlotKey, SlotState] = field(default_factory=dict)


def decide(ledger: Ledger, work: Work, asked: Sequence[Asked]) -> Payments:
    """Exits first, each in the order in which it came; out of an account whose exit is refused
    nothing is paid, since what bars it may be that nothing is. What a batch cannot pay is refused,
    and does not wait: it was signed for an account that may be another one at the next prices."""
    found = Payments()
    for entry in work.exits:
        _exit(ledger, work, found, entry)
    barred = {entry.account for entry in found.barred}
    for each in asked:
        outflow = each.signed.outflow
        is_barred = outflow.account in barred
        reason = VenueReason.SHUT if is_barred else _shut(ledger, work, outflow)
        reason = reason or _pay(ledger, work, found, outflow)
        if reason is None:
            found.paid.append(each)
        else:
            found.refused.append((each, reason))
    return found


def none_of(work: Work, asked: Sequence[Asked]) -> Payments:
    """Nobody is paid: the step stays open."""
    refused: list[tuple[Asked, AnyReason]] = [(each, VenueReason.SHUT) for each in asked]
    return Payments(refused=refused, barred=list(work.exits))


def _exit(ledger: Ledger, work: Work, found: Payments, entry: QueueEntry) -> None:
    """Pay an exit, on paper, unless the rules know a bar (rollup.protocol.exits). That the step
    stays open is found out later."""
    account = entry.account
    holding = found.holdings.get(account, ledger.holders[account].holding)
    exempt = account in work.liquidated or account == ledger.governance.backstop_account
    markets = {market for holder, market in work.room.positions if holder == account}
    left = Left(holding, markets, exempt, account in found.cash_out)
    if bar_of(entry.amount, left, work.terms, work.steady, is_shut=False) is not None:
        found.barred.append(entry)
        return
    found.exits.append(entry)
    found.holdings[account] = received(holding, USDC, -entry.amount)
    found.cash_out.add(account)


def _shut(ledger: Ledger, work: Work, outflow: Outflow) -> AnyReason | None:
    """Why the batch pays nothing out of this account, or to it, whatever it holds. A withdrawal
    goes to no account: its receiver has the number of one. The backstop is paid nothing where
    others were deleveraged because it could carry no more; nor one who has not paid for being due,
    since more cash would be taken for that."""
    named = {outflow.account} if outflow.is_withdrawal else {outflow.account, outflow.receiver}
    if named & work.liquidated or (work.zones and ledger.governance.backstop_account in named):
        return VenueReason.SHUT
    if any(is_short(ledger.governance, work, each, ledger.holders[each]) for each in named):
        return VenueReason.SHUT
    opened = (market for account, market in work.room.positions if account == outflow.account)
    steady = (work.steady[market] or work.terms[market].is_asset for market in opened)
    return None if all(steady) else VenueReason.SHUT


def _pay(ledger: Ledger, work: Work, found: Payments, outflow: Outflow) -> AnyReason | None:
    """Take it, on paper, if every rule holds."""
    payer, place = ledger.holders[outflow.account], (outflow.account, outflow.slot)
    holding = found.holdings.get(outflow.account, payer.holding)
    try:
        stored = found.slots.get(place, payer.slot(outflow.slot))
        slot = used_up(outflow.generation, stored)
        require_known(ledger.governance, outflow.asset)
        after = received(holding, outflow.asset, -outflow.amount)
        payee = None if outflow.is_withdrawal else _paid(ledger, found, outflow)
    except Rejected as refusal:
        return refusal.reason
    cash_out = outflow.asset == USDC or outflow.account in found.cash_out
    said = {"paid_out": True, "cash_out": cash_out}
    before, acted = work.before.get(outflow.account, payer.holding), work.acted_in(outflow.account)
    reason: Reason | None = margin_refusal(before, after, work.terms, acted=acted, **said)
    if reason is not None:
        return reason
    grows = payee is not None and outflow.asset != USDC
    if payee and grows and not ledger.may_become(work, outflow.receiver, payee):
        return VenueReason.SHUT
    found.slots[place], found.holdings[outflow.account] = slot, after
    if cash_out:
        found.cash_out.add(outflow.account)
    if payee is not None:
        found.holdings[outflow.receiver] = payee
    return None


def _paid(ledger: Ledger, found: Payments, outflow: Outflow) -> Holding:
    holder = ledger.holders[outflow.receiver]
    holding = found.holdings.get(outflow.receiver, holder.holding)
    return received(holding, outflow.asset, outflow.amount)
