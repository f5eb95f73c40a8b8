"""Lies about cash that leaves: who takes it, how often, how much, where to, and when.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.records import Records
from rollup.hash.many import compress_many
from rollup.protocol import authority, liquidation, margin, payment, transition
from rollup.protocol import closing as leaves
from rollup.protocol.batch import Batch
from rollup.protocol.order import message_digest
from rollup.protocol.outcome import Outcome, OutflowStep
from rollup.protocol.outflow import Outflow, SignedOutflow
from rollup.protocol.public import GrantedWithdrawal
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import SlotState
from rollup.protocol.takeover import Takeover
from tests.helpers.lies import Liar, claim_closings, fallen_liar, forge, make_liar
from tests.helpers.market_books import terms_at
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import (
    BACKSTOP_ACCOUNT,
    BTC,
    PRICES,
    START,
    USDC,
    Match,
    begun,
    buy,
    credit,
    owner,
    sell,
    transfer,
    withdraw,
)

SPARE = 10 * USDC
PUBLIC = "public.message"
"""What the verifier says and nobody hears."""


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return make_liar(monkeypatch)


def paying(liar: Liar, *outflows: Outflow | SignedOutflow, **parts: Any) -> Batch:
    """A batch with these outflows, whose prices are reported."""
    return liar.venue.batch(outflows=outflows, reported=True, **parts)


def paid(outcome: Outcome, **changes: Any) -> Outcome:
    """The outcome with its first outflow's step changed."""
    first, *others = outcome.steps.outflows
    steps = forge(outcome.steps, outflows=(forge(first, **changes), *others))
    return forge(outcome, steps=steps)


def told(outcome: Outcome, **changes: Any) -> Outcome:
    """The outcome with another public input."""
    return forge(outcome, public=replace(outcome.public, **changes))


def changed(records: Records, table: str, **changes: Any) -> Records:
    """Records with columns of one table changed."""
    return replace(records, **{table: replace(getattr(records, table), **changes)})


def test_honest_outflows_break_nothing(liar: Liar) -> None:
    trade = Match(buy(3, 10, slot=2), sell(2, 10, slot=2), 10)
    outflows = (
        withdraw(1, SPARE),
        transfer(1, 3, SPARE, slot=3),
        withdraw(3, 7),
        withdraw(1, 5, generation=4),
        transfer(3, 0, 1, slot=4),
    )
    assert liar.claims(paying(liar, *outflows, matches=[trade])) == set()


# Who, and how often.


def test_a_withdrawal_that_leaves_its_slot_as_it_was(liar: Liar) -> None:
    batch = paying(liar, withdraw(1, SPARE))
    liar.bend("used_up", lambda _, stored: stored, payment)
    assert liar.claims(batch) == {"order.slot-access", "slot.value-after"}


def test_a_withdrawal_twice(liar: Liar) -> None:
    liar.venue.run(paying(liar, withdraw(1, SPARE)))
    assert liar.refusal(paying(liar, withdraw(1, SPARE))) is Reason.GENERATION_DEAD
    liar.bend("used_up", lambda generation, _: SlotState(generation + 1), payment)
    assert liar.claims(paying(liar, withdraw(1, SPARE))) == {"order.generation"}


def test_a_withdrawal_twice_in_a_batch(liar: Liar) -> None:
    twice = [withdraw(1, SPARE)] * 2
    assert liar.refusal(paying(liar, *twice)) is Reason.GENERATION_DEAD
    liar.bend("used_up", lambda generation, _: SlotState(generation + 1), payment)
    assert liar.claims(paying(liar, *twice)) == {"order.generation"}


@pytest.mark.parametrize("outflow", [withdraw(1, SPARE), transfer(1, 2, SPARE)])
def test_signed_by_another_account(liar: Liar, outflow: Outflow) -> None:
    batch = paying(liar, liar.venue.signed_outflow(outflow, by=2))
    assert liar.refusal(batch) is Reason.ORDER_SIGNATURE
    suite = replace(liar.venue.suite, verify_many=lambda keys, *_: [True] * len(keys))
    liar.venue.suite = suite
    assert "signature.sum" in liar.claims(batch)


def test_an_order_paid_out_as_a_withdrawal(liar: Liar) -> None:
    """Its members stand in the same cells; the type of the message does not."""
    order = sell(1, 5, price=2, slot=9, max_fee=0)
    outflow = transfer(1, 2, 5)
    stolen = SignedOutflow(outflow, liar.venue.signed(order).signature)
    batch = paying(liar, stolen)
    assert liar.refusal(batch) is Reason.ORDER_SIGNATURE
    liar.venue.suite = replace(liar.venue.suite, verify_many=lambda keys, *_: [True] * len(keys))
    outcome = liar.outcome(batch)
    assert "signature.sum" in claims_broken_by(outcome)
    root = np.array([message_digest(order, compress_many)], dtype=np.uint32)
    records = changed(replay(outcome), "signature", root=root)
    assert claims_broken_in(records, outcome.public) == {"order.signed", "signature.tree"}
    records = changed(records, "order", outflow=np.zeros(1, dtype=np.int64))
    assert claims_broken_in(records, outcome.public) == {
        "outflow.signed",
        "order.slot-access",
        "slot.value-after",
    }


def test_a_signed_transfer_filled_as_an_order(liar: Liar) -> None:
    """Nobody offers it to the fills: the order's row is one of an outflow."""
    outcome = liar.outcome(liar.trade(100))
    kinds = np.array([1, 0], dtype=np.int64)
    broken = claims_broken_in(changed(replay(outcome), "order", outflow=kinds), outcome.public)
    assert {"order.unused", "order.outflow", "order.signed"} <= broken


def test_after_its_expiry(liar: Liar) -> None:
    batch = paying(liar, withdraw(1, SPARE, expiry=START))
    assert liar.refusal(batch) is Reason.ORDER_EXPIRED
    liar.blind("require_in_time", authority)
    assert liar.claims(batch) == {"order.expiry"}


def test_of_the_backstop(liar: Liar) -> None:
    entry = credit(liar.venue.state.globals.deposits_consumed, BACKSTOP_ACCOUNT, SPARE)
    liar.venue.run(liar.venue.batch([entry]))
    batch = paying(liar, withdraw(BACKSTOP_ACCOUNT, SPARE))
    assert liar.refusal(batch) is Reason.BACKSTOP_SIGNED
    liar.blind("require_payer", authority)
    assert liar.claims(batch) == {"account.paid-out-standing"}


# Where to, and how much.


def test_to_another_owner(liar: Liar) -> None:
    outcome = liar.outcome(paying(liar, withdraw(1, SPARE)))
    lie = told(outcome, withdrawals=(GrantedWithdrawal(owner(2), SPARE),))
    assert claims_broken_by(lie) == {"outflow.granted", PUBLIC}
    assert claims_broken_by(paid(lie, owner=owner(2))) == {"header.owner", "outflow.owner"}


@pytest.mark.parametrize("more", [1, -1, 2**40, 2**26])
def test_another_amount_than_leaves(liar: Liar, more: int) -> None:
    signed = 2**41 + 5
    entry = credit(liar.venue.state.globals.deposits_consumed, 3, 2**43)
    outcome = liar.outcome(paying(liar, withdraw(3, signed), deposits=[entry]))
    public = outcome.public
    lie = told(outcome, withdrawals=(GrantedWithdrawal(owner(3), signed + more),))
    assert claims_broken_by(lie) >= {"outflow.granted"}
    lower = told(lie, total=public.total - more)
    assert lower.public.total_before == public.total_before
    assert claims_broken_by(lower) >= {"outflow.granted", "batch.globals-after"}


@pytest.mark.parametrize("count", [0, 2])
def test_granted_another_number_of_times(liar: Liar, count: int) -> None:
    outcome = liar.outcome(paying(liar, withdraw(1, SPARE)))
    grant = outcome.public.withdrawals
    lie = told(outcome, withdrawals=grant * count)
    assert claims_broken_by(lie) >= {"outflow.granted"}


def test_a_total_that_does_not_fall(liar: Liar) -> None:
    outcome = liar.outcome(paying(liar, withdraw(1, SPARE)))
    lie = told(outcome, total=outcome.public.total + SPARE)
    assert claims_broken_by(lie) == {"batch.globals-after", "batch.globals-before"}


def test_more_cash_than_leaves_stays(liar: Liar) -> None:
    def keep(*given: Any) -> OutflowStep:
        step = honest(*given)
        ledger = given[1]
        ledger.accounts[1].cash += 1
        return forge(step, after=step.after + 1)

    honest = transition.apply_outflow
    liar.bend("apply_outflow", keep)
    assert liar.claims(paying(liar, withdraw(1, SPARE))) == {"outflow.cash"}


def test_more_arrives_than_left(liar: Liar) -> None:
    def give(*given: Any) -> OutflowStep:
        step = honest(*given)
        ledger = given[1]
        ledger.accounts[3].cash += 1
        assert step.receiver is not None
        receiver = forge(step.receiver, after=step.receiver.after + 1)
        return forge(step, receiver=receiver)

    honest = transition.apply_outflow
    liar.bend("apply_outflow", give)
    assert liar.claims(paying(liar, transfer(1, 3, SPARE))) == {"outflow.cash"}


def test_a_transfer_to_oneself(liar: Liar) -> None:
    """The second access would follow the first one at the same time."""
    outflow = forge(transfer(1, 2, SPARE), receiver=1)
    batch = paying(liar, liar.venue.signed_outflow(outflow))
    found = liar.claims(batch)
    assert found >= {"outflow.distinct-accounts"}


def test_a_transfer_to_nobody(liar: Liar) -> None:
    assert liar.refusal(paying(liar, transfer(1, 77, SPARE))) is Reason.ACCOUNT_MISSING

    def touch(ledger: Any, index: int, missing: Any = None) -> Any:
        del missing
        return ledger.touch(index)

    liar.monkeypatch.setattr("rollup.protocol.ledger.Ledger.existing", touch)
    broken = liar.claims(paying(liar, transfer(1, 77, SPARE)))
    assert broken >= {"account.value-after", "outflow.cash-access"}


def test_an_outflow_of_nothing(liar: Liar) -> None:
    nothing = forge(withdraw(1, 1), amount=0)
    batch = paying(liar, liar.venue.signed_outflow(nothing))
    liar.monkeypatch.setattr(GrantedWithdrawal, "__post_init__", lambda _: None)
    assert liar.claims(batch) == {"outflow.amount-positive"}


# What stays behind.


def over(liar: Liar, account: int = 1) -> int:
    """One quantum more than may leave a trader that is long."""
    leaf = liar.venue.state.accounts[account]
    return leaf.cash + leaf.positions[BTC] * terms_at(PRICES)[BTC].long_initial + 1


def test_below_initial_margin(liar: Liar) -> None:
    lie = withdraw(1, over(liar))
    assert liar.refusal(paying(liar, lie)) is Reason.MARGIN
    liar.blind("_require_initial", margin)
    assert liar.claims(paying(liar, lie)) == {"account.initial"}


def test_below_initial_margin_in_an_account_that_only_shrinks(liar: Liar) -> None:
    honest, lie = transition.closing, withdraw(1, over(liar))
    liar.bend("closing", lambda *given, **how: honest(*given, **{**how, "paid_out": False}))
    assert liar.claims(paying(liar, lie)) == {"account.paid-out-initial"}


def test_more_than_there_is(liar: Liar) -> None:
    """Trader 3 holds nothing and owes it."""
    batch = paying(liar, withdraw(3, 1000 * USDC + 1))
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {3}, below=False, grew=True)
    assert liar.claims(batch) == {"account.initial", "account.safety"}


def test_the_account_is_not_told(liar: Liar) -> None:
    outcome = liar.outcome(paying(liar, withdraw(1, SPARE)))
    records, none = replay(outcome), np.zeros(len(outcome.accounts), dtype=np.int64)
    silent = changed(records, "account", outflows=none)
    assert claims_broken_in(silent, outcome.public) == {"outflow.margin"}
    free = changed(records, "account", paid_out=none)
    assert "account.paid-out" in claims_broken_in(free, outcome.public)


# When.


def test_while_a_price_is_missing(liar: Liar) -> None:
    lie = withdraw(1, SPARE)
    batch = liar.venue.batch(outflows=[lie], reported=False)
    assert liar.refusal(batch) is Reason.OUTFLOW_MARKET
    liar.blind("require_steady")
    assert liar.claims(batch) == {"position.steady"}


def test_while_a_price_is_missing_and_called_steady(liar: Liar) -> None:
    liar.blind("require_steady")
    batch = liar.venue.batch(outflows=[withdraw(1, SPARE)], reported=False)
    outcome = liar.outcome(batch)
    records = changed(replay(outcome), "market", steady=np.ones(2, dtype=np.int64))
    assert claims_broken_in(records, outcome.public) == {"market.public", PUBLIC}


def test_in_a_batch_that_begins_in_an_open_step(liar: Liar) -> None:
    batch = begun(liar.venue.batch(outflows=[withdraw(3, SPARE)]))
    assert liar.refusal(batch) is Reason.OUTFLOW_STEP
    liar.blind("require_begins_step", payment)
    assert liar.claims(batch) == {"outflow.step-begun"}


def test_in_a_batch_that_leaves_its_step_open(monkeypatch: pytest.MonkeyPatch) -> None:
    liar = fallen_liar(monkeypatch)
    batch = paying(liar, withdraw(3, SPARE))
    assert liar.refusal(batch) is Reason.OUTFLOW_STEP
    liar.bend("is_closed", lambda *_: True, leaves)
    outcome = liar.outcome(batch)
    public = replace(outcome.public, closed=False, progress=False)
    truth = forge(outcome, public=public, progress=None)
    assert claims_broken_by(truth) == {"outflow.step-closed"}


def test_of_a_liquidated_account(monkeypatch: pytest.MonkeyPatch) -> None:
    liar = fallen_liar(monkeypatch)
    fee = 900 * terms_at(liar.venue.prices)[BTC].liquidation_fee
    # All of it, or it would lack the initial margin of who pays out.
    taken = [Takeover(1, BTC, 900, fee)]
    batch = paying(liar, withdraw(1, USDC), takeovers=taken)
    assert liar.refusal(batch) is Reason.LIQUIDATED_SIGNED
    liar.blind("require_unsigned", liquidation)
    liar.blind("require_needed", transition)
    broken = liar.claims(paying(liar, withdraw(1, USDC), takeovers=taken))
    unsigned = {"account.liquidated-shrinks", "account.liquidated-unsigned"}
    assert broken == {*unsigned, "account.needed", "account.paid-out-standing"}
