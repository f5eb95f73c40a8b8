"""From the outcome of a batch to columns: its steps, each with the time of the access before.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuits.gadgets.words import CASH_WORD
from circuits.statement.columns import Clock, biased_cash, column, matrix
from circuits.statement.replay_accounts import Asked, accounts, headers, positions
from circuits.statement.replay_fills import fills, limb_sums
from circuits.statement.replay_markets import markets, triggers
from circuits.statement.replay_orders import marked, orders, signatures, signers
from circuits.statement.replay_outflows import outflows
from circuits.statement.replay_slots import SlotTimes, slots
from circuits.statement.replay_takeovers import takeovers
from circuits.tables.records import (
    I64,
    U32,
    BatchRecords,
    CashAccess,
    DepositRecords,
    PositionAccess,
    Records,
    TreeRecords,
)
from rollup.hash.batched import digest_rows
from rollup.protocol.assets import USDC
from rollup.protocol.constants import POSITION_LIMIT
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.encoding import owner_words
from rollup.protocol.outcome import DepositStep, FeeStep, Outcome
from rollup.tree.multi import TouchedNode


def replay(outcome: Outcome) -> Records:
    """All records of a batch."""
    clock, times = Clock(), SlotTimes(outcome)
    deposits = _deposits(outcome, clock)
    traded = fills(outcome, clock, times)
    taken = takeovers(outcome, clock)
    paid = outflows(outcome, clock)
    batch = _batch(outcome, clock)
    asked = Asked(signers(outcome), marked(outcome))
    return Records(
        tree=_tree(outcome),
        order=orders(outcome, times),
        signature=signatures(outcome),
        fill=traded,
        takeover=taken,
        outflow=paid,
        account=accounts(outcome, clock, asked),
        header=headers(outcome, asked),
        position=positions(outcome, clock),
        market=markets(outcome),
        trigger=triggers(outcome),
        slot=slots(outcome, times),
        deposit=deposits,
        batch=batch,
    )


def _deposits(outcome: Outcome, clock: Clock) -> DepositRecords:
    steps = outcome.steps.deposits
    entries = [step.entry for step in steps]
    cash = CashAccess(
        account=column(entry.account for entry in entries),
        previous_ts=column(clock.touch(s.entry.account, CASH_WORD, s.timestamp) for s in steps),
        before=biased_cash(s.cash_before for s in steps),
        after=biased_cash(s.cash_after for s in steps),
        existed=column(s.existed for s in steps),
        exists=column(s.existed or s.outcome == 0 for s in steps),
    )
    return DepositRecords(
        index=column(entry.index for entry in entries),
        kind=column(entry.kind for entry in entries),
        asset=column(entry.asset for entry in entries),
        amount=column(entry.amount for entry in entries),
        owner=matrix([owner_words(entry.owner) for entry in entries], 6),
        key_words=matrix([entry.key_words for entry in entries], 14),
        viewing=matrix([entry.viewing_words for entry in entries], 8),
        outcome=column(s.outcome for s in steps),
        holder=matrix([_holder(step) for step in steps], 6),
        cash=cash,
        position=_deposit_positions(steps, clock),
    )


def _deposit_positions(steps: Sequence[DepositStep], clock: Clock) -> PositionAccess:
    """Positions that entries of assets add to, or would; nothing of the others."""
    looked = [
        s.entry.asset != USDC
        and s.outcome in (DepositOutcome.CREDITED, DepositOutcome.ASSET_OVERFLOW)
        for s in steps
    ]
    pairs = list(zip(steps, looked, strict=True))
    return PositionAccess(
        previous_ts=column(
            clock.touch(s.entry.account, s.entry.asset, s.timestamp) if is_looked else 0
            for s, is_looked in pairs
        ),
        before=column(s.lots_before + POSITION_LIMIT for s in steps),
        after=column(s.lots_after + POSITION_LIMIT for s in steps),
    )


def _holder(step: DepositStep) -> Sequence[int]:
    """Whose the account is, where that decides what becomes of the entry."""
    return owner_words(step.owner) if step.asks_owner and step.owner else (0,) * 6


def _tree(outcome: Outcome) -> TreeRecords:
    nodes = (
        *outcome.account_nodes,
        *outcome.slot_nodes,
        *outcome.trigger_nodes,
        *outcome.steps.authority.nodes,
    )
    names = TouchedNode._fields
    members: dict[str, Sequence[Any]] = dict.fromkeys(names, ())
    members.update(zip(names, zip(*nodes, strict=True), strict=False))
    return TreeRecords(
        tree=column(members["tree"]),
        depth=column(members["depth"]),
        index=column(members["index"]),
        left=(digest_rows(members["left_old"]), digest_rows(members["left_new"])),
        right=(digest_rows(members["right_old"]), digest_rows(members["right_new"])),
        node=(digest_rows(members["old"]), digest_rows(members["new"])),
        left_touched=column(members["left_touched"]),
        right_touched=column(members["right_touched"]),
    )


def _batch(outcome: Outcome, clock: Clock) -> BatchRecords:
    public, fees, rests = outcome.public, outcome.steps.fees, outcome.steps.rests
    before, after = outcome.globals_before, outcome.globals_after
    old, new = outcome.markets_before, outcome.markets_after
    return BatchRecords(
        chain=public.chain,
        venue=public.venue,
        number=public.number,
        time=(before.time, after.time),
        total=(before.total, after.total),
        deposits_consumed=(before.deposits_consumed, after.deposits_consumed),
        accounts_root=(_digest(outcome.accounts_root_before), _digest(outcome.accounts_root_after)),
        triggers_root=(_digest(outcome.triggers_root_before), _digest(outcome.triggers_root_after)),
        flagged=(before.flagged, after.flagged),
        markets_salt=(_digest(old.salt), _digest(new.salt)),
        globals_salt=(_digest(before.salt), _digest(after.salt)),
        fee_account=fees.account,
        fees=fees.amount,
        fee_sums=_fee_sums(outcome),
        credited=public.credited,
        cash=_credit(fees, clock),
        backstop=public.governance.backstop_account,
        refreshed=sum(outcome.steps.refreshed.values()),
        rested=int(rests is not None),
        rests=sum(step.takeover.rest for step in outcome.steps.order_takeovers),
        rest_sums=_rest_sums(outcome),
        rest_cash=_credit(rests, clock),
        spent=outcome.spent,
        progress_by=None if outcome.progress is None else outcome.progress.by,
        progress_over=0 if outcome.progress is None else outcome.progress.over,
    )


def _credit(credit: FeeStep | None, clock: Clock) -> CashAccess:
    """The one access of who is credited; zeros where nobody is."""
    if credit is None:
        zero = np.zeros(1, dtype=np.int64)
        cash = zero.astype(np.uint64)
        return CashAccess(zero, zero, cash, cash, zero, zero)
    one = np.ones(1, dtype=np.int64)
    return CashAccess(
        account=column([credit.account]),
        previous_ts=column([clock.touch(credit.account, CASH_WORD, credit.timestamp)]),
        before=biased_cash([credit.cash_before]),
        after=biased_cash([credit.cash_after]),
        existed=one,
        exists=one,
    )


def _fee_sums(outcome: Outcome) -> I64:
    """Sums of the limbs of all fees, as the fill table adds them up."""
    sides = [side for step in outcome.steps.fills for side in (step.buyer, step.seller)]
    sides += [step.taker for step in outcome.steps.order_takeovers]
    return limb_sums(side.fee for side in sides)


def _rest_sums(outcome: Outcome) -> I64:
    """The same of all that takeovers by orders leave to the backstop."""
    return limb_sums(step.takeover.rest for step in outcome.steps.order_takeovers)


def _digest(elements: Sequence[int]) -> U32:
    return np.array(elements, dtype=np.uint32)
