"""Lies about refresh fees: who pays, how much, and whose it is.

What the rules take is in tests/unit/rollup/protocol/test_refreshing.py; here they look away.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.records import Records
from rollup.field.koalabear import P
from rollup.protocol import refreshing, transition
from rollup.protocol.ledger import Ledger
from rollup.protocol.outcome import Outcome
from tests.helpers.lies import Liar
from tests.helpers.skipped import DUE, FEES, NEEDY, RICH
from tests.helpers.statement import (
    claims_broken_by,
    claims_broken_in,
    denied,
    small_circuit,
    small_witness,
)
from tests.helpers.venue import GOVERNANCE, credit, real
from tests.unit.rollup.protocol.test_refreshing import FEE, book, left, needed

BACKSTOP = GOVERNANCE.backstop_account
PAIR = 2**26


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(book(suite=real()), monkeypatch)


def charging(liar: Liar, fees: Mapping[int, int]) -> None:
    """Let these accounts be charged so much, whatever is due, and nobody else."""

    def charge_refreshes(ledger: Ledger, *_: Any) -> dict[int, int]:
        for index, fee in fees.items():
            ledger.accounts[index].cash -= fee
        return dict(fees)

    liar.bend("charge_refreshes", charge_refreshes)


def test_honest_fees_break_nothing(liar: Liar) -> None:
    batch = liar.venue.batch(refreshed=[DUE, RICH], takeovers=[needed(liar.venue)])
    outcome = liar.outcome(batch)
    assert outcome.steps.refreshed == {DUE: FEE}
    assert claims_broken_by(outcome) == set()


@pytest.mark.parametrize("missing", [FEE, FEE - 1, 1, 0, -1])
def test_honest_fees_of_who_has_little_break_nothing(liar: Liar, missing: int) -> None:
    spare = FEE - missing
    entry = credit(
        liar.venue.state.globals.deposits_consumed, NEEDY, spare - left(liar.venue, NEEDY)
    )
    outcome = liar.outcome(liar.venue.batch([entry], refreshed=[NEEDY, DUE]))
    assert outcome.steps.refreshed.get(NEEDY, 0) == min(FEE, spare)
    assert claims_broken_by(outcome) == set()


@pytest.mark.parametrize("fee", [0, 1, FEE - 1])
def test_that_is_waived_or_short_for_a_friend(liar: Liar, fee: int) -> None:
    """He has more left than the fee."""
    charging(liar, {DUE: fee})
    assert liar.claims(liar.venue.batch(refreshed=[DUE])) == {"account.refresh-fee"}


def test_that_is_more_for_an_enemy(liar: Liar) -> None:
    charging(liar, {DUE: FEE + 1})
    assert liar.claims(liar.venue.batch(refreshed=[DUE])) == {"account.refresh-fee"}


def test_of_whom_the_price_has_not_passed(liar: Liar) -> None:
    """As a fee of who pays one, or as one who was due."""
    charging(liar, {RICH: FEE})
    outcome = liar.outcome(liar.venue.batch(refreshed=[RICH]))
    assert claims_broken_by(outcome) == {"account.refresh-fee"}
    lie = called(replay(outcome), RICH, due=1, dealt=1, dues=1)
    found = claims_broken_in(lie, outcome.public)
    assert found == {"account.due", "account.spent", "position.spent"}


def called(records: Records, account: int, **values: int) -> Records:
    """An account's row says otherwise."""
    mine = records.account.account == account
    changed = {
        name: np.where(mine, value, getattr(records.account, name)).astype(np.int64)
        for name, value in values.items()
    }
    return replace(records, account=replace(records.account, **changed))


def silent(records: Records, account: int) -> Records:
    """Its positions do not say that it was due."""
    mine = records.position.account == account
    due = np.where(mine, 0, records.position.due).astype(np.int64)
    return replace(records, position=replace(records.position, due=due))


def test_of_one_who_was_due_and_says_nothing(liar: Liar) -> None:
    charging(liar, {})
    outcome = liar.outcome(liar.venue.batch(refreshed=[DUE]))
    records = replay(outcome)
    untold = called(records, DUE, due=0, dues=0, dealt=0)
    claims = {"batch.spent", "position.due"}
    assert claims_broken_in(untold, outcome.public) == claims
    assert claims_broken_in(silent(untold, DUE), outcome.public) == claims
    half = called(records, DUE, due=0, dealt=0)
    assert claims_broken_in(half, outcome.public) == {"account.due", "batch.spent"}


def test_of_the_liquidated(liar: Liar) -> None:
    """What is left of it is less than what the fee of a liquidation was taken of."""
    charging(liar, {NEEDY: 1, DUE: FEE})
    takeover = needed(liar.venue)
    takeover = replace(takeover, size=takeover.size + 1, fee=takeover.fee // takeover.size)
    liar.blind("require_needed")
    liar.bend("require_fees_paid", lambda *_: frozenset())
    found = liar.claims(liar.venue.batch(refreshed=[DUE], takeovers=[takeover]))
    assert "account.refresh-fee" in found


def test_of_one_who_stays_below(liar: Liar) -> None:
    charging(liar, {NEEDY: FEE})
    assert liar.claims(liar.venue.batch(refreshed=[NEEDY])) == {"account.refresh-fee"}


def test_of_the_backstop(liar: Liar) -> None:
    charging(liar, {BACKSTOP: FEE})
    assert "account.refresh-fee" in liar.claims(liar.venue.batch(refreshed=[BACKSTOP]))


def test_that_leaves_who_pays_below_maintenance(liar: Liar) -> None:
    """The whole fee is taken of an account that has a quantum less to spare."""
    entry = credit(
        liar.venue.state.globals.deposits_consumed, NEEDY, FEE - 1 - left(liar.venue, NEEDY)
    )
    batch = liar.venue.batch([entry], refreshed=[NEEDY])
    charging(liar, {NEEDY: FEE})
    # As one who is left below maintenance, and as if it were healthy.
    assert liar.claims(batch) == {"account.refresh-fee"}
    honest = transition.close_account

    def healthy(*given: Any) -> Any:
        found = honest(*given)
        return replace(found, below=False) if given[2] == NEEDY else found

    liar.bend("close_account", healthy)
    assert "account.safety" in liar.claims(batch)


@pytest.mark.parametrize("more", [1, -1, -FEE])
def test_that_the_backstop_is_credited_otherwise(liar: Liar, more: int) -> None:
    """Cash from nowhere, or a fee that is nobody's."""
    honest = transition.credit_rests
    liar.bend("credit_rests", lambda *given: honest(*given[:-1], given[-1] + more))
    claims = liar.claims(liar.venue.batch(refreshed=[DUE]))
    assert claims == ({"batch.rests"} if more == -FEE else {"batch.credit"})


def test_that_somebody_else_is_credited(liar: Liar) -> None:
    honest = transition.credit_rests
    liar.bend("credit_rests", lambda ledger, _, *rest: honest(ledger, FEES, *rest))
    found = liar.claims(liar.venue.batch(refreshed=[DUE]))
    assert found == {"batch.backstop", "batch.fee-account", "account.value-after"}


def test_that_the_accounts_do_not_sum_up(liar: Liar) -> None:
    """The batch is told of less than was charged."""
    outcome = liar.outcome(liar.venue.batch(refreshed=[DUE]))
    records = replay(outcome)
    lie = replace(records, batch=replace(records.batch, refreshed=FEE - 1))
    found = claims_broken_in(lie, outcome.public)
    assert {"account.flagged", "batch.flagged", "batch.credit"} == found


def test_of_another_size_than_governance_says(liar: Liar) -> None:
    """The operator has a schedule of its own."""
    liar.bend("refresh_fee", lambda *_: FEE // 2, refreshing)
    assert liar.claims(liar.venue.batch(refreshed=[DUE])) == {"account.refresh-fee"}


def with_cash(liar: Liar, low: int, middle: int) -> Outcome:
    """A batch that refreshes an account whose cash has these pairs, biased, before the fee."""
    cash = liar.venue.state.accounts[DUE].cash + 2**63
    wanted = (cash >> 52 << 52) + middle * PAIR + low
    if wanted < cash:
        wanted += 2**52
    entry = credit(liar.venue.state.globals.deposits_consumed, DUE, wanted - cash)
    return liar.outcome(liar.venue.batch([entry], refreshed=[DUE]))


@pytest.mark.parametrize("middle", [0, 1, 2**26 - 1])
@pytest.mark.parametrize("low", [0, FEE - 1, FEE, 2**26 - 1])
def test_fees_are_taken_of_any_cash(liar: Liar, low: int, middle: int) -> None:
    outcome = with_cash(liar, low, middle)
    assert outcome.steps.refreshed == {DUE: FEE}
    assert claims_broken_by(outcome) == set()


@pytest.mark.parametrize("name", ["refresh.stops", "refresh.passes", "refresh.cash_low"])
def test_that_is_taken_of_cash_that_is_not_there(liar: Liar, name: str) -> None:
    """A carry that was not is 2^26 quanta more in one pair or the other; and no pair has more than
    two limbs."""
    outcome = with_cash(liar, FEE, 1)
    witness = small_witness(outcome)
    table = witness.traces["account"]
    names = small_circuit().table("account").table.columns.names()
    (row,) = np.flatnonzero(table[:, names.index("refresh.pays")] == 1)
    table[row, names.index(name)] += 1
    assert "account.refresh-cash" in denied(witness.failures())


def test_that_leaves_a_pair_below_zero(liar: Liar) -> None:
    """The fee carries into a pair that has nothing: it is of the third, and not p - 1 in it."""
    outcome = with_cash(liar, 0, 0)
    witness = small_witness(outcome)
    table, width = witness.traces["account"], small_circuit().table("account").table.columns
    names = width.names()
    (row,) = np.flatnonzero(table[:, names.index("refresh.passes")] == 1)
    for name, value in (("refresh.passes", 0), ("refresh.stops", 1), ("after.cash.1", P - 1)):
        table[row, names.index(name)] = value
    table[row, names.index("after.cash.2")] += 1
    assert "account.refresh-cash" in denied(witness.failures())
