"""The owner gives his account another key, and nobody else does."""

from dataclasses import replace

import pytest

from rollup.field.koalabear import P
from rollup.protocol.batch import Batch, Fill
from rollup.protocol.constants import CASH_LIMIT
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.order import Order, Side
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers.venue import (
    BACKSTOP,
    BACKSTOP_ACCOUNT,
    BTC_PRICE,
    OTHER_KEY,
    USDC,
    Venue,
    buy,
    owner,
    register,
    rotate,
    sell,
    withdraw,
)

AMOUNT = 1000 * USDC


def venue_of_two() -> Venue:
    return Venue().with_traders(AMOUNT, AMOUNT)


def outcomes(outcome: Outcome) -> list[DepositOutcome]:
    return [step.outcome for step in outcome.steps.deposits]


def trade(venue: Venue, *entries: QueueEntry, bought_by: int = 1, slot: int = 0) -> Batch:
    """Trader 1 buys of trader 2 in a batch with these entries, by a key of this number."""
    orders: tuple[Order, Order] = (buy(1, 100, slot=slot), sell(2, 100, slot=slot))
    signed = (venue.signed(orders[0], bought_by), venue.signed(orders[1]))
    return venue.assemble(entries, signed, (Fill(0, 1, BTC_PRICE, 100, Side.BUY),))


def test_a_rotation_gives_the_account_another_header_and_its_amount() -> None:
    venue = venue_of_two()
    entry = rotate(2, 1, 7)
    before = venue.state.accounts[1]
    outcome = venue.run(venue.batch([entry]))
    after = venue.state.accounts[1]
    assert outcomes(outcome) == [DepositOutcome.CREDITED]
    assert after.header == entry.header() != before.header
    assert after.header.owner == before.header.owner
    assert after.cash == AMOUNT + 7
    assert venue.state.globals.total == 2 * AMOUNT + 7
    assert outcome.public.refunds == ()
    (touched,) = (each for each in outcome.accounts if each.index == 1)
    assert touched.rotated
    assert touched.headers[0] != touched.headers[1]


def test_the_owner_of_the_backstop_gives_it_another_key() -> None:
    venue = venue_of_two()
    outcome = venue.run(venue.batch([rotate(2, BACKSTOP_ACCOUNT, 7, BACKSTOP)]))
    assert outcomes(outcome) == [DepositOutcome.CREDITED]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (replace(rotate(2, 1, 7), key_words=(P,) * 14), DepositOutcome.KEY_NON_CANONICAL),
        (replace(rotate(2, 1, 7), key_words=(0,) * 14), DepositOutcome.KEY_OFF_CURVE),
        (rotate(2, 9, 7), DepositOutcome.ACCOUNT_MISSING),
        (rotate(2, 1, 7, owner(2)), DepositOutcome.NOT_OWNER),
        (rotate(2, 0, 7, owner(2)), DepositOutcome.NOT_OWNER),
    ],
)
def test_what_is_refused_changes_no_key_and_is_refunded(
    entry: QueueEntry, expected: DepositOutcome
) -> None:
    venue = venue_of_two()
    headers = {index: account.header for index, account in venue.state.accounts.items()}
    outcome = venue.run(venue.batch([entry]))
    assert outcomes(outcome) == [expected]
    assert outcome.public.refunds == outcome.public.deposits
    assert {i: account.header for i, account in venue.state.accounts.items()} == headers


def test_reasons_have_an_order_of_precedence() -> None:
    entry = rotate(0, 1, 10, owner(2))
    off_curve = replace(entry, key_words=(0,) * 14)
    both = replace(off_curve, viewing_words=(P,) * 8)
    assert judge(both, None, None) is DepositOutcome.KEY_NON_CANONICAL
    assert judge(off_curve, None, None) is DepositOutcome.KEY_OFF_CURVE
    assert judge(entry, None, None) is DepositOutcome.ACCOUNT_MISSING
    assert judge(entry, CASH_LIMIT - 1, owner(1)) is DepositOutcome.NOT_OWNER
    assert judge(entry, CASH_LIMIT - 10, owner(2)) is DepositOutcome.CASH_OVERFLOW
    assert judge(entry, CASH_LIMIT - 11, owner(2)) is DepositOutcome.CREDITED


def test_the_new_key_signs_in_the_batch_of_its_rotation_and_the_old_one_does_not() -> None:
    venue = venue_of_two()
    assert venue.refusal(trade(venue, rotate(2, 1, 7))) is Reason.ORDER_SIGNATURE
    venue.run(trade(venue, rotate(2, 1, 7), bought_by=OTHER_KEY + 1))
    assert venue.state.accounts[1].positions[0] == 100


def test_the_old_key_never_signs_again() -> None:
    venue = venue_of_two()
    venue.run(venue.batch([rotate(2, 1, 7)]))
    assert venue.refusal(trade(venue)) is Reason.ORDER_SIGNATURE
    out = venue.batch(outflows=[venue.signed_outflow(withdraw(1, 5))])
    assert venue.refusal(out) is Reason.ORDER_SIGNATURE
    paid = venue.signed_outflow(withdraw(1, 5), by=OTHER_KEY + 1)
    outcome = venue.run(venue.batch(outflows=[paid]))
    assert [each.owner for each in outcome.public.withdrawals] == [owner(1)]


def test_an_outflow_of_the_old_key_is_refused_in_the_batch_of_the_rotation() -> None:
    venue = venue_of_two()
    out = venue.batch([rotate(2, 1, 7)], outflows=[venue.signed_outflow(withdraw(1, 5))])
    assert venue.refusal(out) is Reason.ORDER_SIGNATURE


def test_the_owner_of_the_registration_may_rotate_in_the_same_batch() -> None:
    venue = venue_of_two()
    entries = [register(2, 3, 5), rotate(3, 3, 6)]
    outcome = venue.run(venue.batch(entries))
    assert outcomes(outcome) == [DepositOutcome.CREDITED] * 2
    assert venue.state.accounts[3].header == entries[1].header()
    assert venue.state.accounts[3].cash == 11


def test_a_batch_gives_an_account_no_third_key() -> None:
    venue = venue_of_two()
    assert venue.refusal(venue.batch([rotate(2, 1, 7), rotate(3, 1, 7)])) is Reason.ROTATED_TWICE
    stranger = [rotate(2, 1, 7, owner(2)), rotate(3, 1, 7)]
    assert outcomes(venue.run(venue.batch(stranger))) == [
        DepositOutcome.NOT_OWNER,
        DepositOutcome.CREDITED,
    ]


def test_a_credit_brings_no_key() -> None:
    with pytest.raises(Rejected, match="no key"):
        replace(rotate(0, 1, 5), kind=EntryKind.CREDIT)
