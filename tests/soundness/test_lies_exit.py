"""Lies about exits: an owner who is refused what he could have, or somebody paid who may not be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.protocol import closing as leaves
from rollup.protocol import exits, liquidation, margin, payment, transition
from rollup.protocol.barred import BarredExit, ExitBar
from rollup.protocol.batch import Batch
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import ConsumedDeposit
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Takeover
from tests.helpers.lies import Liar, fallen_liar, forge, make_liar
from tests.helpers.market_books import terms_at
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import (
    BACKSTOP,
    BACKSTOP_ACCOUNT,
    BTC,
    PRICES,
    USDC,
    Match,
    begun,
    buy,
    credit,
    owner,
    sell,
    take_out,
    withdraw,
)

FIRST = 3
"""The next entry of the queue: the liar's venue has consumed three registrations."""

SPARE = 10 * USDC


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return make_liar(monkeypatch)


def asking(liar: Liar, *entries: QueueEntry, paid: bool, **parts: Any) -> Batch:
    """A batch with these exits, all of them paid or none."""
    indices = [entry.index for entry in entries] if paid else []
    return liar.venue.batch(entries, exits=indices, **parts)


def most(liar: Liar, account: int = 1) -> int:
    """All that may leave a trader that is long."""
    leaf = liar.venue.state.accounts[account]
    return leaf.cash + leaf.positions[BTC] * terms_at(PRICES)[BTC].long_initial


def bar(liar: Liar, said: ExitBar) -> None:
    """Let every exit that is refused have this bar, whether it holds or not."""

    def barred(batch: Any, ledger: Any, *_: Any, **__: Any) -> tuple[BarredExit, ...]:
        asked = [(i, e.barred) for i, e in ledger.accounts.items() if e.barred is not None]
        return tuple(BarredExit(index, amount, said) for index, amount in asked)

    liar.bend("barred_exits", barred, leaves)


def without(outcome: Outcome) -> Outcome:
    """The outcome, without the bars that accounts show."""
    return forge(outcome, barred=())


def test_honest_exits_break_nothing(liar: Liar) -> None:
    trade = Match(buy(3, 10, slot=2), sell(2, 10, slot=2), 10)
    entries = (
        take_out(FIRST, 1, most(liar)),
        take_out(FIRST + 1, 2, 10**12),
        take_out(FIRST + 2, 3, 7),
        take_out(FIRST + 3, 3, 7, owner(1)),
        take_out(FIRST + 4, 77, 7),
        credit(FIRST + 5, 3, 5),
    )
    batch = liar.venue.batch(entries, [trade], exits=[FIRST, FIRST + 2])
    outcome = liar.outcome(batch)
    assert [each.bar for each in outcome.barred] == [ExitBar.SHORT]
    assert claims_broken_by(outcome) == set()


def test_honest_bars_break_nothing(liar: Liar) -> None:
    """A price that is missing, the backstop, and a batch that begins open."""
    backstop = take_out(FIRST + 1, BACKSTOP_ACCOUNT, 7, BACKSTOP)
    batch = asking(liar, take_out(FIRST, 1, 7), backstop, paid=False, reported=False)
    outcome = liar.outcome(batch)
    assert {each.bar for each in outcome.barred} == {ExitBar.UNSTEADY, ExitBar.STANDING}
    assert claims_broken_by(outcome) == set()
    batch = begun(asking(liar, take_out(FIRST, 3, 7), paid=False))
    assert liar.claims(batch) == set()


# Somebody is paid who may not be.


def test_a_stranger_is_paid(liar: Liar) -> None:
    batch = asking(liar, take_out(FIRST, 1, SPARE, owner(2)), paid=True)
    assert liar.refusal(batch) is Reason.EXIT_UNPAID
    liar.bend("judge", lambda *_, **__: DepositOutcome.CREDITED)
    assert "deposit.is-owner" in liar.claims(batch)


def test_an_owner_is_paid_more_than_initial_margin_leaves(liar: Liar) -> None:
    batch = asking(liar, take_out(FIRST, 1, most(liar) + 1), paid=True)
    assert liar.refusal(batch) is Reason.MARGIN
    liar.blind("_require_initial", margin)
    assert liar.claims(batch) == {"account.initial"}


def test_an_owner_is_paid_and_his_account_does_not_say_so(liar: Liar) -> None:
    outcome = liar.outcome(asking(liar, take_out(FIRST, 1, SPARE), paid=True))
    records = replay(outcome)
    none = np.zeros_like(records.account.outflows)
    silent = replace(records, account=replace(records.account, outflows=none))
    assert claims_broken_in(silent, outcome.public) == {"deposit.exit-margin"}


def test_an_owner_is_paid_out_of_less_than_leaves(liar: Liar) -> None:
    """The account keeps what L1 pays."""
    outcome = liar.outcome(asking(liar, take_out(FIRST, 1, SPARE), paid=True))
    records = replay(outcome)
    cash = records.deposit.cash
    kept = replace(records.deposit, amount=np.zeros_like(records.deposit.amount))
    claims = claims_broken_in(replace(records, deposit=kept), outcome.public)
    assert "deposit.queue" in claims
    assert len(cash.before) == 1


def test_the_same_deposit_is_paid_out_and_credited(liar: Liar) -> None:
    """L1 is told of a credit, and the account is paid out of; and the other way round."""
    paid = liar.outcome(asking(liar, take_out(FIRST, 1, SPARE), paid=True))
    told = ConsumedDeposit(credit(FIRST, 1, SPARE), DepositOutcome.CREDITED)
    lie = forge(paid, public=forge(paid.public, deposits=(told,)))
    assert "deposit.queue" in claims_broken_by(lie)
    brought = liar.outcome(liar.venue.batch([credit(FIRST, 1, SPARE)]))
    told = ConsumedDeposit(take_out(FIRST, 1, SPARE), DepositOutcome.CREDITED)
    lie = forge(brought, public=forge(brought.public, deposits=(told,)))
    assert "deposit.queue" in claims_broken_by(lie)


def test_an_exit_is_paid_at_a_price_that_nobody_gave(liar: Liar) -> None:
    batch = asking(liar, take_out(FIRST, 1, SPARE), paid=True, reported=False)
    assert liar.refusal(batch) is Reason.OUTFLOW_MARKET
    liar.blind("require_steady")
    assert liar.claims(batch) == {"position.steady"}


def test_an_exit_is_paid_in_an_open_step(liar: Liar) -> None:
    batch = begun(asking(liar, take_out(FIRST, 3, SPARE), paid=True))
    assert liar.refusal(batch) is Reason.OUTFLOW_STEP
    liar.blind("require_begins_step", payment)
    liar.blind("require_begins_step", exits)
    assert liar.claims(batch) == {"deposit.exit-begun"}


def test_an_exit_is_paid_by_a_batch_that_leaves_its_step_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    liar = fallen_liar(monkeypatch)
    batch = asking(liar, take_out(FIRST + 1, 3, SPARE), paid=True)
    assert liar.refusal(batch) is Reason.OUTFLOW_STEP
    liar.bend("is_closed", lambda *_: True, leaves)
    outcome = liar.outcome(batch)
    public = replace(outcome.public, closed=False, progress=False)
    truth = forge(outcome, public=public, progress=None)
    assert claims_broken_by(truth) == {"deposit.exit-closed"}


def test_an_exit_is_paid_out_of_a_liquidated_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """No signature stands under it that a liquidated account could not have."""
    liar = fallen_liar(monkeypatch)
    fee = 900 * terms_at(liar.venue.prices)[BTC].liquidation_fee
    taken = [Takeover(1, BTC, 900, fee)]
    liar.blind("require_needed", transition)
    batch = asking(liar, take_out(FIRST + 1, 1, USDC), paid=True, takeovers=taken)
    assert liar.refusal(batch) is Reason.LIQUIDATED_SIGNED
    liar.blind("require_unsigned", liquidation)
    batch = asking(liar, take_out(FIRST + 1, 1, USDC), paid=True, takeovers=taken)
    assert "account.paid-out-standing" in liar.claims(batch)


def test_an_exit_is_paid_out_of_the_backstop(liar: Liar) -> None:
    liar.venue.run(liar.venue.batch([credit(FIRST, BACKSTOP_ACCOUNT, 1000 * USDC)]))
    batch = asking(liar, take_out(FIRST + 1, BACKSTOP_ACCOUNT, SPARE, BACKSTOP), paid=True)
    assert liar.refusal(batch) is Reason.BACKSTOP_SIGNED

    def note(batch: Batch, entry: Any, step: Any) -> None:
        entry.paid_out = entry.cash_out = True

    liar.bend("_note", note, exits)
    assert liar.claims(batch) == {"account.paid-out-standing"}


# An owner is refused what he could have.


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        (ExitBar.SHUT, "account.barred-shut"),
        (ExitBar.STANDING, "account.barred-standing"),
        (ExitBar.SHORT, "account.barred-short"),
    ],
)
def test_an_owner_is_refused_what_the_batch_could_pay(
    liar: Liar, said: ExitBar, broken: str
) -> None:
    batch = asking(liar, take_out(FIRST, 1, most(liar)), paid=False)
    assert liar.refusal(batch) is Reason.EXIT_PAYABLE
    bar(liar, said)
    assert liar.claims(batch) == {broken}


def test_an_owner_is_refused_for_a_price_that_is_fresh(liar: Liar) -> None:
    bar(liar, ExitBar.UNSTEADY)
    liar.bend("barred_exits", lambda *_, **__: (), leaves)
    outcome = liar.outcome(asking(liar, take_out(FIRST, 1, SPARE), paid=False))
    records = replay(outcome)
    account, position = records.account, records.position
    of_one = (account.account == 1).astype(np.int64)
    place = list(ExitBar).index(ExitBar.UNSTEADY) + 1
    account = replace(account, barred=of_one * place, barred_amount=of_one * SPARE)
    said = (position.account == 1).astype(np.int64)
    nobody = replace(records, account=account)
    assert claims_broken_in(nobody, outcome.public) == {"account.barred-unsteady"}
    lie = replace(nobody, position=replace(position, unsteady=said))
    assert claims_broken_in(lie, outcome.public) == {"position.unsteady"}


def test_an_owner_is_refused_without_a_word(liar: Liar) -> None:
    liar.bend("barred_exits", lambda *_, **__: (), leaves)
    batch = asking(liar, take_out(FIRST, 1, SPARE), paid=False)
    assert liar.claims(batch) == {"deposit.exit-barred"}


def test_an_owner_is_refused_for_another_amount(liar: Liar) -> None:
    """He has not so much more, but what he asked for."""
    outcome = liar.outcome(asking(liar, take_out(FIRST, 1, most(liar) + 1), paid=False))
    (true,) = outcome.barred
    lie = forge(outcome, barred=(forge(true, amount=true.amount + 1),))
    assert claims_broken_by(lie) == {"deposit.exit-barred", "account.barred"}


def test_an_owner_is_refused_because_another_is_short(liar: Liar) -> None:
    outcome = liar.outcome(asking(liar, take_out(FIRST, 1, most(liar) + 1), paid=False))
    (true,) = outcome.barred
    lie = forge(outcome, barred=(forge(true, account=0),))
    assert "deposit.exit-barred" in claims_broken_by(lie)


def test_an_account_is_paid_out_of_and_said_to_be_short(liar: Liar) -> None:
    """A withdrawal that he signed is paid, and his exit is not."""
    entry = take_out(FIRST, 1, most(liar) + 1)
    batch = asking(liar, entry, paid=False, outflows=[withdraw(1, 7)])
    assert liar.refusal(batch) is Reason.EXIT_PAYABLE
    bar(liar, ExitBar.SHORT)
    assert "account.barred-short" in liar.claims(batch)


def test_the_owner_is_called_a_stranger(liar: Liar) -> None:
    batch = asking(liar, take_out(FIRST, 1, SPARE), paid=False)
    liar.bend("judge", lambda *_, **__: DepositOutcome.NOT_OWNER)
    assert liar.claims(batch) == {"deposit.is-not-owner"}


def test_the_account_is_called_missing(liar: Liar) -> None:
    batch = asking(liar, take_out(FIRST, 1, SPARE), paid=False)
    liar.bend("judge", lambda *_, **__: DepositOutcome.ACCOUNT_MISSING)
    assert "deposit.account" in liar.claims(batch)


@pytest.mark.parametrize(
    "outcome",
    [
        DepositOutcome.KEY_OFF_CURVE,
        DepositOutcome.KEY_NON_CANONICAL,
        DepositOutcome.ACCOUNT_EXISTS,
        DepositOutcome.CASH_OVERFLOW,
    ],
)
def test_an_exit_has_no_outcome_of_a_deposit(liar: Liar, outcome: DepositOutcome) -> None:
    batch = asking(liar, take_out(FIRST, 1, SPARE), paid=False)
    liar.bend("judge", lambda *_, **__: outcome)
    assert "deposit.kind" in liar.claims(batch)
