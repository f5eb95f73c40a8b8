"""Outflows as columns: from the steps of a batch to the records of their table.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections.abc import Sequence

from circuits.statement.columns import Clock, biased, column, matrix
from circuits.statement.replay_fills import times_ordered
from circuits.tables.records import I64, CashAccess, OutflowRecords
from rollup.protocol.assets import USDC, market_of
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT
from rollup.protocol.encoding import owner_words
from rollup.protocol.outcome import Outcome, OutflowStep, PurseStep

_NO_ACCESS = (0, 0, 0)
"""What a withdrawal has in the place of a receiver: account and words of zero."""


def outflows(outcome: Outcome, clock: Clock) -> OutflowRecords:
    """The records of the outflow table, each access with the time of the one before it."""
    steps = outcome.steps.outflows
    signed = [step.signed.outflow for step in steps]
    times = [_touch(step, clock) for step in steps]
    payers = [PurseStep(s.signed.outflow.account, s.before, s.after) for s in steps]
    return OutflowRecords(
        transfer=column(not each.is_withdrawal for each in signed),
        account=column(each.account for each in signed),
        receiver=column(each.receiver for each in signed),
        asset=column(each.asset for each in signed),
        amount=column(each.amount for each in signed),
        owner=matrix([owner_words(step.owner) for step in steps], 6),
        payer=_access(steps, payers, [payer for payer, _ in times]),
        payee=_access(steps, [s.receiver for s in steps], [payee for _, payee in times]),
        counts=(_counts(outcome, payers), _counts(outcome, [s.receiver for s in steps])),
    )


def _counts(outcome: Outcome, purses: Sequence[PurseStep | None]) -> I64:
    """How often orders of an account met others in the market of what leaves, and took there."""
    traded, took = times_ordered(outcome)
    rows = []
    for step, purse in zip(outcome.steps.outflows, purses, strict=True):
        asset = step.signed.outflow.asset
        seat = None if purse is None or asset == USDC else (purse.account, market_of(asset))
        rows.append([0, 0] if seat is None else [traded[seat], took[seat]])
    found: I64 = matrix(rows, 2)
    return found


def _touch(step: OutflowStep, clock: Clock) -> tuple[int, int]:
    """Timestamps of the accesses before this one: of what leaves who pays and comes to who is paid,
    whose word is the mark of the asset."""
    outflow, now = step.signed.outflow, step.timestamp
    payer = clock.touch(outflow.account, outflow.asset, now)
    receiver = step.receiver
    payee = 0 if receiver is None else clock.touch(receiver.account, outflow.asset, now)
    return payer, payee


def _access(
    steps: Sequence[OutflowStep], purses: Sequence[PurseStep | None], times: Sequence[int]
) -> CashAccess:
    words = [_words(*pair) for pair in zip(steps, purses, strict=True)]
    exists = column(purse is not None for purse in purses)
    return CashAccess(
        account=column(account for account, _, _ in words),
        previous_ts=column(times),
        before=biased(0, (before for _, before, _ in words)),
        after=biased(0, (after for _, _, after in words)),
        existed=exists,
        exists=exists,
    )


def _words(step: OutflowStep, purse: PurseStep | None) -> tuple[int, int, int]:
    """Account and what it has before and after, biased as its word is."""
    if purse is None:
        return _NO_ACCESS
    bias = CASH_LIMIT if step.signed.outflow.asset == USDC else POSITION_LIMIT
    return purse.account, purse.before + bias, purse.after + bias
