"""Every queue entry is consumed: credited, or refused with its reason and refunded."""

from dataclasses import replace

import pytest

from rollup.field.koalabear import P
from rollup.protocol.constants import CASH_LIMIT
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason
from tests.helpers.venue import Match, Venue, buy, credit, owner, refusal, register, sell

AMOUNT = 5_000_000
OWNER = owner(1)


def outcomes(outcome: Outcome) -> list[DepositOutcome]:
    return [step.outcome for step in outcome.steps.deposits]


def with_key_word(entry: QueueEntry, place: int, word: int) -> QueueEntry:
    words = (*entry.key_words[:place], word, *entry.key_words[place + 1 :])
    return replace(entry, key_words=words)


def off_curve(entry: QueueEntry) -> QueueEntry:
    return with_key_word(entry, 0, (entry.key_words[0] + 1) % P)


def test_a_registration_opens_an_account_with_its_first_deposit() -> None:
    venue = Venue()
    outcome = venue.run(venue.batch([register(0, 1, AMOUNT)]))
    assert outcomes(outcome) == [DepositOutcome.CREDITED]
    assert venue.state.accounts[1].cash == AMOUNT
    assert venue.state.globals.total == AMOUNT
    assert venue.state.globals.deposits_consumed == 1
    assert outcome.public.total_before == 0
    assert outcome.steps.deposits[0].timestamp == 1


def test_a_registration_and_credits_in_one_batch_add_up() -> None:
    venue = Venue()
    venue.run(venue.batch([register(0, 1, 7), credit(1, 1, 5), credit(2, 1, 3)]))
    assert venue.state.accounts[1].cash == 15


def test_a_credit_may_come_from_anybody() -> None:
    venue = Venue().with_traders(AMOUNT)
    venue.run(venue.batch([replace(credit(1, 1, 1), owner=bytes(20))]))
    assert venue.state.accounts[1].cash == AMOUNT + 1


REFUSED = [
    (with_key_word(register(1, 2, AMOUNT), 3, P), DepositOutcome.KEY_NON_CANONICAL),
    (with_key_word(register(1, 2, AMOUNT), 13, 2**32 - 1), DepositOutcome.KEY_NON_CANONICAL),
    (
        replace(register(1, 2, AMOUNT), viewing_words=(0, 0, 0, 0, 0, 0, 0, P)),
        DepositOutcome.KEY_NON_CANONICAL,
    ),
    (off_curve(register(1, 2, AMOUNT)), DepositOutcome.KEY_OFF_CURVE),
    (replace(register(1, 2, AMOUNT), key_words=(0,) * 14), DepositOutcome.KEY_OFF_CURVE),
    (register(1, 1, AMOUNT), DepositOutcome.ACCOUNT_EXISTS),
    (register(1, 0, AMOUNT), DepositOutcome.ACCOUNT_EXISTS),
    (credit(1, 2, AMOUNT), DepositOutcome.ACCOUNT_MISSING),
]


@pytest.mark.parametrize(("entry", "expected"), REFUSED)
def test_a_refused_entry_changes_nothing_and_is_refunded(
    entry: QueueEntry, expected: DepositOutcome
) -> None:
    venue = Venue().with_traders(AMOUNT)
    outcome = venue.run(venue.batch([entry]))
    assert outcomes(outcome) == [expected]
    assert outcome.public.refunds == outcome.public.deposits
    assert venue.state.globals.total == AMOUNT
    assert venue.state.globals.deposits_consumed == 2
    assert 2 not in venue.state.accounts
    assert venue.state.accounts[1].cash == AMOUNT
    step = outcome.steps.deposits[0]
    assert step.cash_before == step.cash_after


def test_the_account_of_a_refused_entry_is_opened_and_stays_empty() -> None:
    venue = Venue()
    outcome = venue.run(venue.batch([credit(0, 9, AMOUNT)]))
    touched = outcome.accounts[1]
    assert (touched.index, touched.before, touched.after) == (9, None, None)
    assert touched.leaf_before == touched.leaf_after == (0,) * 8


def test_a_registration_refused_once_may_succeed_later() -> None:
    venue = Venue()
    entries = [off_curve(register(0, 1, 2)), register(1, 1, 3), register(2, 1, 4)]
    outcome = venue.run(venue.batch(entries))
    assert outcomes(outcome) == [
        DepositOutcome.KEY_OFF_CURVE,
        DepositOutcome.CREDITED,
        DepositOutcome.ACCOUNT_EXISTS,
    ]
    assert venue.state.accounts[1].cash == 3


def test_reasons_have_an_order_of_precedence() -> None:
    entry = register(0, 1, 0)
    both = with_key_word(off_curve(entry), 5, P)
    assert judge(both, 0, OWNER) is DepositOutcome.KEY_NON_CANONICAL
    assert judge(off_curve(entry), 0, OWNER) is DepositOutcome.KEY_OFF_CURVE
    assert judge(entry, 0, OWNER) is DepositOutcome.ACCOUNT_EXISTS


@pytest.mark.parametrize(
    ("cash", "expected"),
    [
        (CASH_LIMIT - 11, DepositOutcome.CREDITED),
        (CASH_LIMIT - 10, DepositOutcome.CASH_OVERFLOW),
        (-CASH_LIMIT, DepositOutcome.CREDITED),
    ],
)
def test_a_credit_may_not_overflow_cash(cash: int, expected: DepositOutcome) -> None:
    assert judge(credit(0, 1, 10), cash, OWNER) is expected


def test_a_deposit_skipped_is_refused() -> None:
    venue = Venue()
    assert venue.refusal(venue.batch([register(1, 1, AMOUNT)])) is Reason.DEPOSIT_ORDER


def test_a_deposit_taken_twice_is_refused() -> None:
    venue = Venue().with_traders(AMOUNT)
    assert venue.refusal(venue.batch([credit(0, 1, AMOUNT)])) is Reason.DEPOSIT_ORDER
    twice = [credit(1, 1, AMOUNT), credit(1, 1, AMOUNT)]
    assert venue.refusal(venue.batch(twice)) is Reason.DEPOSIT_ORDER


def test_the_total_under_custody_has_64_bits() -> None:
    venue = Venue()
    entries = [register(i, i + 1, 2**62 - 1) for i in range(5)]
    assert venue.refusal(venue.batch(entries)) is Reason.TOTAL_OUT_OF_BOUNDS


def test_a_registered_account_can_trade_at_once_but_a_refused_one_cannot() -> None:
    venue = Venue().with_traders(10**12)
    match = Match(buy(2, 1), sell(1, 1), 1)
    venue.apply(venue.batch([register(1, 2, 10**9)], [match]))
    refused = venue.batch([off_curve(register(1, 2, 10**9))], [match])
    assert venue.refusal(refused) is Reason.ACCOUNT_MISSING


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": -1}, Reason.AMOUNT_OUT_OF_BOUNDS),
        ({"amount": 2**62}, Reason.AMOUNT_OUT_OF_BOUNDS),
        ({"account": 2**30}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"account": 1 + P}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"owner": bytes(19)}, Reason.MALFORMED),
        ({"key_words": (0,) * 13}, Reason.MALFORMED),
        ({"key_words": (2**32, *(0,) * 13)}, Reason.WORD_OUT_OF_BOUNDS),
        ({"kind": 1}, Reason.MALFORMED),
        ({"kind": EntryKind.CREDIT}, Reason.MALFORMED),
    ],
)
def test_an_entry_that_l1_cannot_queue_cannot_be_made(
    changes: dict[str, object], reason: Reason
) -> None:
    entry = register(0, 1, 1)
    assert refusal(lambda: replace(entry, **changes)) is reason  # type: ignore[arg-type]
