"""Lies about deposits and governance: what L1 enqueued and set is not the prover's to change."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.field.koalabear import P
from rollup.protocol import payment
from rollup.protocol.batch import Batch
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import ConsumedDeposit, PublicInput
from rollup.protocol.rejection import Reason
from tests.helpers.lies import Liar, forge
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import BTC_PRICE, GOVERNANCE, Match, Venue, buy, credit, register, sell

FIRST = 3
"""The next entry of the queue: the liar's venue has consumed three registrations."""


def with_public(outcome: Outcome, **changes: Any) -> Outcome:
    """The outcome under another public input, unchecked."""
    return forge(outcome, public=forge(outcome.public, **changes))


def judged(liar: Liar, outcome: DepositOutcome) -> None:
    """Let every entry have this outcome."""
    liar.bend("judge", lambda *_, **__: outcome)


def honest(liar: Liar, entry: QueueEntry, outcome: DepositOutcome) -> Batch:
    """A batch with one entry, which the rules judge as said."""
    batch = liar.venue.batch([entry])
    assert liar.outcome(batch).steps.deposits[0].outcome is outcome
    return batch


# The queue.


def test_a_deposit_that_is_not_in_the_queue(liar: Liar) -> None:
    batch = liar.venue.batch([credit(FIRST, 1, 5)])
    outcome = liar.outcome(batch)
    lie = with_public(outcome, deposits=(), total=outcome.public.total_before)
    assert claims_broken_by(lie) == {"deposit.queue", "batch.globals-after"}


def test_a_deposit_of_another_amount(liar: Liar) -> None:
    outcome = liar.outcome(liar.venue.batch([credit(FIRST, 1, 5)]))
    queued = ConsumedDeposit(credit(FIRST, 1, 4), DepositOutcome.CREDITED)
    lie = with_public(outcome, deposits=(queued,))
    assert {"deposit.queue", "public.message"} <= claims_broken_by(lie)


def test_a_deposit_for_another_account(liar: Liar) -> None:
    outcome = liar.outcome(liar.venue.batch([credit(FIRST, 1, 5)]))
    queued = ConsumedDeposit(credit(FIRST, 2, 5), DepositOutcome.CREDITED)
    lie = with_public(outcome, deposits=(queued,))
    assert claims_broken_by(lie) == {"deposit.queue", "public.message"}


def test_a_deposit_twice(liar: Liar) -> None:
    entry = credit(FIRST, 1, 5)
    batch = liar.venue.batch([entry, entry])
    assert liar.refusal(batch) == Reason.DEPOSIT_ORDER
    liar.blind("require_follows")
    liar.monkeypatch.setattr(PublicInput, "_require_deposits", lambda _: None)
    outcome = liar.outcome(batch)
    queued = outcome.public.deposits[:1]
    lie = with_public(outcome, deposits=queued, total=outcome.public.total - 5)
    claims = claims_broken_by(lie)
    assert {"deposit.queue", "batch.globals-after"} <= claims


def test_a_deposit_skipped(liar: Liar) -> None:
    batch = liar.venue.batch([credit(FIRST + 1, 1, 5)])
    assert liar.refusal(batch) == Reason.DEPOSIT_ORDER
    both = liar.outcome(liar.venue.batch([credit(FIRST, 1, 5), credit(FIRST + 1, 1, 5)]))
    records = replay(both)
    lie = replace(records, deposit=without_first(records.deposit))
    claims = claims_broken_in(lie, both.public)
    assert {"public.message", "deposit.access"} <= claims


def without_first(record: Any) -> Any:
    """Deposit records without the first row."""

    def rest(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value[1:]
        return replace(
            value, **{name: rest(getattr(value, name)) for name in value.__dataclass_fields__}
        )

    return rest(record)


def test_deposits_out_of_their_order(liar: Liar) -> None:
    """The registration comes second in the queue, so the credit before it must be refused."""
    entries = [credit(FIRST, 9, 5), register(FIRST + 1, 9, 5)]
    batch = liar.venue.batch(entries)
    assert liar.outcome(batch).steps.deposits[0].outcome is DepositOutcome.ACCOUNT_MISSING
    turned = liar.outcome(liar.venue.batch([register(FIRST, 9, 5), credit(FIRST + 1, 9, 5)]))
    queued = tuple(ConsumedDeposit(entry, DepositOutcome.CREDITED) for entry in entries)
    lie = with_public(turned, deposits=queued)
    assert {"deposit.queue", "public.message"} <= claims_broken_by(lie)


# What must be refused is refused, and nothing else.


def bad_key(words: tuple[int, ...]) -> QueueEntry:
    return replace(register(FIRST, 9, 5), key_words=words)


def test_a_key_off_the_curve(liar: Liar) -> None:
    batch = honest(liar, bad_key((1,) * 14), DepositOutcome.KEY_OFF_CURVE)
    judged(liar, DepositOutcome.CREDITED)
    assert liar.claims(batch) == {"deposit.key-on-curve"}


def test_a_key_that_is_not_canonical(liar: Liar) -> None:
    """A good key plus p in one word: another 14 words for the same point."""
    good = register(FIRST, 9, 5).key_words
    shifted = next(place for place, word in enumerate(good) if word + P < 2**32)
    words = tuple(word + P * (place == shifted) for place, word in enumerate(good))
    batch = honest(liar, bad_key(words), DepositOutcome.KEY_NON_CANONICAL)
    judged(liar, DepositOutcome.CREDITED)
    header = register(FIRST, 9, 5).header()
    liar.monkeypatch.setattr(QueueEntry, "header", lambda _: header)
    assert liar.claims(batch) == {"deposit.queue", "public.message"}


def test_an_account_registered_a_second_time(liar: Liar) -> None:
    batch = honest(liar, register(FIRST, 1, 5), DepositOutcome.ACCOUNT_EXISTS)
    judged(liar, DepositOutcome.CREDITED)
    claims = liar.claims(batch)
    assert {"deposit.account", "deposit.register"} <= claims


def test_a_credit_to_an_account_that_is_not_there(liar: Liar) -> None:
    batch = honest(liar, credit(FIRST, 9, 5), DepositOutcome.ACCOUNT_MISSING)
    judged(liar, DepositOutcome.CREDITED)
    assert "deposit.account" in liar.claims(batch)


def test_a_credit_that_overflows(liar: Liar) -> None:
    venue = liar.venue
    most = 2**62 - 1
    venue.run(venue.batch([credit(FIRST, 1, most), credit(FIRST + 1, 1, most)]))
    batch = honest(liar, credit(FIRST + 2, 1, most), DepositOutcome.CASH_OVERFLOW)
    judged(liar, DepositOutcome.CREDITED)
    liar.blind("require_cash", payment)
    liar.monkeypatch.setattr("rollup.protocol.account.require_cash", lambda *_: None)
    liar.monkeypatch.setattr("rollup.protocol.encoding.CASH_BITS", 65)
    claims = liar.claims(batch)
    assert claims & {"deposit.cash", "deposit.bounds"}


@pytest.mark.parametrize(
    ("outcome", "claims"),
    [
        (DepositOutcome.KEY_OFF_CURVE, {"deposit.key-off-curve"}),
        (DepositOutcome.KEY_NON_CANONICAL, {"deposit.queue", "public.message"}),
        (DepositOutcome.ACCOUNT_EXISTS, {"deposit.account"}),
    ],
)
def test_a_good_registration_refused(liar: Liar, outcome: DepositOutcome, claims: set[str]) -> None:
    batch = honest(liar, register(FIRST, 9, 5), DepositOutcome.CREDITED)
    judged(liar, outcome)
    assert liar.claims(batch) == claims


@pytest.mark.parametrize(
    ("outcome", "claims"),
    [
        (DepositOutcome.ACCOUNT_MISSING, {"deposit.account"}),
        (DepositOutcome.CASH_OVERFLOW, {"deposit.cash"}),
    ],
)
def test_a_good_credit_refused(liar: Liar, outcome: DepositOutcome, claims: set[str]) -> None:
    batch = honest(liar, credit(FIRST, 1, 5), DepositOutcome.CREDITED)
    judged(liar, outcome)
    assert liar.claims(batch) >= claims


def test_an_outcome_that_l1_is_not_told(liar: Liar) -> None:
    """Credited inside, refunded outside: the money would be there twice."""
    outcome = liar.outcome(liar.venue.batch([credit(FIRST, 1, 5)]))
    (deposit,) = outcome.public.deposits
    told = replace(deposit, outcome=DepositOutcome.ACCOUNT_MISSING)
    lie = with_public(outcome, deposits=(told,))
    assert {"deposit.queue", "public.message"} <= claims_broken_by(lie)


def test_more_cash_than_was_deposited(liar: Liar) -> None:
    def double(step: Any, _: Governance, ledger: Any, entry: QueueEntry, *__: int) -> Any:
        ledger.accounts[entry.account].cash += entry.amount
        return forge(step, cash_after=step.cash_after + entry.amount)

    batch = liar.venue.batch([credit(FIRST, 1, 5)])
    told = liar.outcome(batch)
    liar.after("apply_deposit", double)
    lie = liar.outcome(batch)
    assert lie.public.new_root != told.public.new_root
    assert "deposit.access" in claims_broken_by(lie)


# Governance.


def governed(**changes: int) -> Governance:
    """The test venue's governance with members of its first market changed."""
    market = replace(GOVERNANCE.markets[0], **changes)
    return replace(GOVERNANCE, markets=(market, *GOVERNANCE.markets[1:]))


@pytest.mark.parametrize(
    "changes",
    [
        {"taker_fee": 100},
        {"maker_fee": 105},
        {"band_fraction": 499},
        {"initial_fraction": 905},
        {"maintenance_fraction": 590},
        {"liquidation_fee": 249},
    ],
)
def test_parameters_other_than_the_governance_digest(liar: Liar, changes: dict[str, int]) -> None:
    """The batch follows parameters that L1 never set; the public input has those it did, and from
    these the verifier derives other terms."""
    own = governed(**changes)
    assert own.digest() != GOVERNANCE.digest()
    venue: Venue = liar.venue
    price = BTC_PRICE * 1045 // 1000 if "band_fraction" in changes else BTC_PRICE
    size = 15_000 if "initial_fraction" in changes else 100
    orders = (buy(1, size, slot=1, price=price), sell(3, size, slot=1, price=price))
    venue.genesis = replace(venue.genesis, governance=own)
    outcome = liar.outcome(venue.batch(matches=[Match(*orders, size, price)]))
    assert claims_broken_by(outcome) == set()
    claims = claims_broken_by(with_public(outcome, governance=GOVERNANCE))
    assert claims == {"market.public", "public.message"}


def test_fees_for_another_account(liar: Liar) -> None:
    own = replace(GOVERNANCE, fee_account=1)
    liar.venue.genesis = forge(liar.venue.genesis, governance=own)
    outcome = liar.outcome(liar.trade())
    lie = with_public(outcome, governance=GOVERNANCE)
    assert "batch.fee-account" in claims_broken_by(lie)


def test_prices_other_than_the_public_ones(liar: Liar) -> None:
    outcome = liar.outcome(liar.trade())
    prices = (BTC_PRICE + 1, *outcome.public.prices[1:])
    lie = with_public(outcome, prices=prices)
    claims = claims_broken_by(lie)
    assert claims == {"market.public", "public.message"}
