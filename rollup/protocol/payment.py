"""Payments: which outflows a batch may hold, and what they do.

Cash leaves an account only by its holder's signature, in a batch that is a whole step, and what is
left must meet initial margin, in markets whose prices are fresh and unclamped: so nobody is paid at
prices that the venue held still. Spec: docs/spec/16-outflow.md.
"""

from collections.abc import Sequence

from rollup.protocol.assets import USDC, market_of, require_known
from rollup.protocol.batch import Batch
from rollup.protocol.constants import OUTFLOW_TIMESTAMP
from rollup.protocol.holding import balance
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.outcome import OutflowStep, PurseStep
from rollup.protocol.outflow import Outflow
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.slot import used_up
from rollup.protocol.terms import MarketTerms
from rollup.protocol.units import require_cash, require_position


def apply_outflow(batch: Batch, ledger: Ledger, place: int) -> OutflowStep:
    """Take cash or an asset out of an account and, for a transfer, put it into another one."""
    signed = batch.outflows[place]
    outflow = signed.outflow
    with refusals_at(f"outflow {place}"):
        require_begins_step(batch)
        header = ledger.header(outflow.account)
        account, slot = ledger.existing(outflow.account), (outflow.account, outflow.slot)
        slot_before = ledger.slot(slot)
        slot_after = used_up(outflow.generation, slot_before)
        require_known(batch.governance, outflow.asset)
        before, after = move(account, outflow.asset, -outflow.amount)
        ledger.slots[slot] = slot_after
        account.paid_out = True
        account.cash_out |= outflow.asset == USDC
        receiver = None if outflow.is_withdrawal else _receive(ledger, outflow)
    return OutflowStep(
        OUTFLOW_TIMESTAMP + place,
        signed,
        header.key,
        header.owner,
        slot_before,
        slot_after,
        before,
        after,
        receiver,
    )


def move(account: Entry, mark: int, amount: int) -> tuple[int, int]:
    """Give an account so much of what a mark names, or take it where the amount is below zero: what
    it has before and after. Rejected if that is no cash or no position; whether it would owe an
    asset is judged when the batch is done."""
    before = balance(account.holding, mark)
    if mark == USDC:
        require_cash("cash", before + amount)
        account.cash = before + amount
    else:
        require_position("position", before + amount)
        account.set_position(market_of(mark), before + amount)
    return before, before + amount


def _receive(ledger: Ledger, outflow: Outflow) -> PurseStep:
    receiver = ledger.existing(outflow.receiver)
    before, after = move(receiver, outflow.asset, outflow.amount)
    return PurseStep(outflow.receiver, before, after)


def require_begins_step(batch: Batch) -> None:
    """While a step is open its prices stand, and who is below maintenance may wait to be looked at:
    no cash leaves. Nor in the batch that closes it, whose prices are those of its first batch."""
    if batch.begins_open:
        raise Rejected(Reason.OUTFLOW_STEP, "the step is open, so no cash leaves")


def require_steady(ledger: Ledger, steady: Sequence[bool], terms: Sequence[MarketTerms]) -> None:
    """Who pays out has perpetuals only where prices are fresh and unclamped. Lots of an asset count
    for nothing over initial margin at any other price, and anybody can give an account one."""
    for index, entry in ledger.accounts.items():
        asked = (market for market in entry.markets if not terms[market].is_asset)
        if entry.paid_out and not all(steady[market] for market in asked):
            where = ledger.place(index)
            detail = f"{where}: cash leaves it while a price is clamped or missing"
            raise Rejected(Reason.OUTFLOW_MARKET, detail)
