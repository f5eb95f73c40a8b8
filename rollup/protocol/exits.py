"""Forced exits: what an owner asks for at L1, the batch pays, or is barred from paying.

An entry of the queue asks for USDC out of the sender's own account, without a signature of the
venue's kind. A batch pays it, under the rules of every outflow, or shows a bar: one of those for
which no batch of this state could pay. Which of the two is decided as the batch ends, when it is
known what the account holds and whether the step is closed. Spec: docs/spec/21-forced-exits.md.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from rollup.protocol.barred import BarredExit, ExitBar
from rollup.protocol.batch import Batch
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.holding import Holding
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.margin import value
from rollup.protocol.outcome import DepositStep
from rollup.protocol.payment import require_begins_step
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.terms import MarketTerms


class Left(NamedTuple):
    """What an account ends a batch with: `markets` are those that it held or traded."""

    holding: Holding
    markets: Collection[int]
    is_exempt: bool
    is_paid_out: bool


def bar_of(
    amount: int,
    left: Left,
    terms: Sequence[MarketTerms],
    steady: Sequence[bool],
    *,
    is_shut: bool,
) -> ExitBar | None:
    """The bar to paying so much out of an account as it ends a batch; None if there is none.

    is_shut: the batch begins an open step or leaves its own open; an account is exempt that is the
    backstop, is liquidated, or is flagged before or after the batch. UNSTEADY: a perpetual that it
    held or traded has a price that is clamped or missing. SHORT: without its assets it would be
    left below initial margin; never said of an account out of which something else is paid, whose
    assets may be counted.
    """
    if is_shut:
        return ExitBar.SHUT
    if left.is_exempt:
        return ExitBar.STANDING
    if any(not steady[m] and not terms[m].is_asset for m in left.markets):
        return ExitBar.UNSTEADY
    over = value(left.holding, terms, without_assets=True).initial
    return ExitBar.SHORT if over < amount and not left.is_paid_out else None


def note_exits(batch: Batch, ledger: Ledger, steps: Sequence[DepositStep]) -> None:
    """Note of every account that an exit of it is paid or refused. Rejected: EXIT_UNPAID if the
    batch says of an entry that it is paid, and it is not; EXIT_TWICE for a second that is refused
    of one account; and as for any outflow where the step is open or the account the backstop."""
    paid = {s.entry.index for s in steps if s.is_exit and s.outcome is DepositOutcome.CREDITED}
    if paid != set(batch.exits):
        raise Rejected(Reason.EXIT_UNPAID, "an entry is said to be paid that is no exit to pay")
    for step in steps:
        if step.is_exit:
            with refusals_at(f"deposit {step.entry.index}"):
                _note(batch, ledger.accounts[step.entry.account], step)


def _note(batch: Batch, entry: Entry, step: DepositStep) -> None:
    if step.outcome is DepositOutcome.CREDITED:
        require_begins_step(batch)
        if step.entry.account == batch.governance.backstop_account:
            raise Rejected(Reason.BACKSTOP_SIGNED, "the backstop pays nothing out")
        entry.paid_out = entry.cash_out = True
    elif step.outcome is DepositOutcome.EXIT_BARRED:
        if entry.barred is not None:
            raise Rejected(Reason.EXIT_TWICE, "another exit of its account is refused")
        entry.barred = step.entry.amount


def barred_exits(
    batch: Batch,
    ledger: Ledger,
    terms: Sequence[MarketTerms],
    steady: Sequence[bool],
    exempt: Collection[int],
    *,
    closed: bool,
) -> tuple[BarredExit, ...]:
    """Every exit that the batch refuses, with its bar, by account. Rejected: EXIT_PAYABLE if one
    could have been paid."""
    found = []
    for index, entry in ledger.accounts.items():
        if entry.barred is None:
            continue
        shut = batch.begins_open or not closed
        left = Left(entry.holding, entry.markets, index in exempt, entry.paid_out)
        bar = bar_of(entry.barred, left, terms, steady, is_shut=shut)
        if bar is None:
            where = ledger.place(index)
            raise Rejected(Reason.EXIT_PAYABLE, f"{where}: its exit is refused, and could be paid")
        found.append(BarredExit(index, entry.barred, bar))
    return tuple(found)
