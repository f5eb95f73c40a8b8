"""Outflows as columns: from the steps of a batch to the records of their table.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections.abc import Sequence

from circuits.gadgets.words import CASH_WORD, SLOT_WORD
from circuits.statement.columns import Clock, biased_cash, column, matrix
from circuits.tables.records import CashAccess, OutflowRecords, SlotAccess
from rollup.protocol.constants import CASH_LIMIT
from rollup.protocol.encoding import owner_words
from rollup.protocol.outcome import Outcome, OutflowStep, PurseStep

_NOBODY = PurseStep(0, -CASH_LIMIT, -CASH_LIMIT)
"""Whose access of cash is all zeros: a withdrawal has it in the place of a receiver."""


def outflows(outcome: Outcome, clock: Clock) -> OutflowRecords:
    """The records of the outflow table, each access with the time of the one before it."""
    steps = outcome.steps.outflows
    signed = [step.signed.outflow for step in steps]
    times = [_touch(step, clock) for step in steps]
    payers = [PurseStep(s.signed.outflow.account, s.cash_before, s.cash_after) for s in steps]
    return OutflowRecords(
        transfer=column(not each.is_withdrawal for each in signed),
        account=column(each.account for each in signed),
        slot=column(each.slot for each in signed),
        generation=column(each.generation for each in signed),
        receiver=column(each.receiver for each in signed),
        amount=column(each.amount for each in signed),
        owner=matrix([owner_words(step.owner) for step in steps], 6),
        slot_access=SlotAccess(
            previous_ts=column(slot for slot, _, _ in times),
            generation_before=column(step.slot_before.generation for step in steps),
            filled_before=column(step.slot_before.filled for step in steps),
            filled_after=column(step.slot_after.filled for step in steps),
        ),
        payer=_cash(payers, [payer for _, payer, _ in times], [True] * len(steps)),
        payee=_cash(
            [step.receiver or _NOBODY for step in steps],
            [payee for _, _, payee in times],
            [step.receiver is not None for step in steps],
        ),
    )


def _touch(step: OutflowStep, clock: Clock) -> tuple[int, int, int]:
    """Timestamps of the accesses before this one: slot, cash of who pays and of who is paid."""
    outflow, now = step.signed.outflow, step.timestamp
    slot = clock.touch(outflow.account, SLOT_WORD + outflow.slot, now)
    payer = clock.touch(outflow.account, CASH_WORD, now)
    receiver = step.receiver
    payee = 0 if receiver is None else clock.touch(receiver.account, CASH_WORD, now)
    return slot, payer, payee


def _cash(purses: Sequence[PurseStep], times: Sequence[int], exists: Sequence[bool]) -> CashAccess:
    return CashAccess(
        account=column(purse.account for purse in purses),
        previous_ts=column(times),
        before=biased_cash(purse.cash_before for purse in purses),
        after=biased_cash(purse.cash_after for purse in purses),
        existed=column(exists),
        exists=column(exists),
    )
