"""What an owner asks for at L1 the batch pays, or shows that no batch of its state could."""

import pytest

from rollup.protocol.barred import BarredExit, ExitBar
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import GrantedWithdrawal
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.rejection import Reason
from tests.helpers.market_books import terms_at
from tests.helpers.venue import (
    BACKSTOP,
    BACKSTOP_ACCOUNT,
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    NO_KEY,
    PRICES,
    USDC,
    Match,
    Venue,
    begun,
    buy,
    credit,
    owner,
    refusal,
    sell,
    take_out,
    withdraw,
)

RICH = 1000 * USDC
FIRST = 3
"""The next entry of the queue."""


@pytest.fixture
def venue() -> Venue:
    """Traders 1 to 3 with a thousand dollars each, 1 long and 2 short of 1,000 lots of BTC."""
    found = Venue().with_traders(RICH, RICH, RICH)
    found.run(found.batch(matches=[Match(buy(1, 1000), sell(2, 1000), 1000)]))
    return found


def cash(venue: Venue, account: int) -> int:
    return venue.state.accounts[account].cash


def most(venue: Venue, account: int = 1) -> int:
    """All that may leave a trader that is long."""
    leaf = venue.state.accounts[account]
    return leaf.cash + leaf.positions[BTC] * terms_at(PRICES)[BTC].long_initial


def became(outcome: Outcome) -> list[DepositOutcome]:
    return [step.outcome for step in outcome.steps.deposits]


def test_an_exit_is_paid_to_the_owner_without_a_signature(venue: Venue) -> None:
    before = cash(venue, 1)
    outcome = venue.run(venue.batch([take_out(FIRST, 1, 7)], exits=[FIRST]))
    public = outcome.public
    assert became(outcome) == [DepositOutcome.CREDITED]
    assert public.exits == (GrantedWithdrawal(owner(1), 7),)
    assert (public.withdrawals, public.refunds, public.credited) == ((), (), 0)
    assert (cash(venue, 1), public.total) == (before - 7, public.total_before - 7)


def test_all_that_initial_margin_leaves_can_be_taken_and_no_quantum_more(venue: Venue) -> None:
    entry = take_out(FIRST, 1, most(venue))
    assert venue.refusal(venue.batch([entry])) is Reason.EXIT_PAYABLE
    venue.apply(venue.batch([entry], exits=[FIRST]))
    more = take_out(FIRST, 1, most(venue) + 1)
    assert venue.refusal(venue.batch([more], exits=[FIRST])) is Reason.MARGIN
    outcome = venue.run(venue.batch([more]))
    assert became(outcome) == [DepositOutcome.EXIT_BARRED]
    assert outcome.barred == (BarredExit(1, more.amount, ExitBar.SHORT),)
    assert outcome.public.exits == outcome.public.refunds == ()
    assert outcome.public.total == outcome.public.total_before


def test_what_comes_in_before_it_in_the_batch_counts(venue: Venue) -> None:
    entries = [take_out(FIRST, 3, RICH + 5), credit(FIRST + 1, 3, 5)]
    outcome = venue.run(venue.batch(entries, exits=[FIRST]))
    assert (became(outcome), cash(venue, 3)) == ([DepositOutcome.CREDITED] * 2, 0)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (take_out(FIRST, 9, 7), DepositOutcome.ACCOUNT_MISSING),
        (take_out(FIRST, 1, 7, owner(2)), DepositOutcome.NOT_OWNER),
    ],
)
def test_nobody_else_takes_it(venue: Venue, entry: QueueEntry, expected: DepositOutcome) -> None:
    outcome = venue.apply(venue.batch([entry]))
    assert (became(outcome), outcome.barred) == ([expected], ())
    assert venue.refusal(venue.batch([entry], exits=[FIRST])) is Reason.EXIT_UNPAID


def test_no_other_entry_is_paid_out(venue: Venue) -> None:
    batch = venue.batch([credit(FIRST, 1, 7)], exits=[FIRST])
    assert venue.refusal(batch) is Reason.EXIT_UNPAID
    assert venue.refusal(venue.batch(exits=[FIRST])) is Reason.EXIT_UNPAID


def test_the_backstop_pays_nothing(venue: Venue) -> None:
    venue.run(venue.batch([credit(FIRST, BACKSTOP_ACCOUNT, RICH)]))
    entry = take_out(FIRST + 1, BACKSTOP_ACCOUNT, 7, BACKSTOP)
    assert venue.refusal(venue.batch([entry], exits=[FIRST + 1])) is Reason.BACKSTOP_SIGNED
    (barred,) = venue.apply(venue.batch([entry])).barred
    assert barred.bar is ExitBar.STANDING


def test_a_price_that_nobody_gave_bars_who_holds_the_market_and_nobody_else(venue: Venue) -> None:
    entries = [take_out(FIRST, 1, 7), take_out(FIRST + 1, 3, 7)]
    batch = venue.batch(entries, reported=False, exits=[FIRST, FIRST + 1])
    assert venue.refusal(batch) is Reason.OUTFLOW_MARKET
    batch = venue.batch(entries, reported=False)
    assert venue.refusal(batch) is Reason.EXIT_PAYABLE
    outcome = venue.apply(venue.batch(entries, reported=False, exits=[FIRST + 1]))
    assert outcome.barred == (BarredExit(1, 7, ExitBar.UNSTEADY),)


def test_an_open_step_bars_everybody(venue: Venue) -> None:
    entry = take_out(FIRST, 3, 7)
    assert venue.refusal(begun(venue.batch([entry], exits=[FIRST]))) is Reason.OUTFLOW_STEP


def test_a_batch_that_leaves_its_step_open_pays_nobody() -> None:
    venue = Venue().with_traders(60 * USDC, RICH, RICH)
    entry = credit(FIRST, BACKSTOP_ACCOUNT, RICH)
    venue.run(venue.batch([entry], [Match(buy(1, 900), sell(2, 900), 900)]))
    venue.prices = (BTC_PRICE * 930 // 1000, ETH_PRICE)
    entries = [take_out(FIRST + 1, 3, 7)]
    assert venue.refusal(venue.batch(entries, exits=[FIRST + 1])) is Reason.OUTFLOW_STEP
    outcome = venue.apply(venue.batch(entries))
    assert not outcome.public.closed
    assert outcome.barred == (BarredExit(3, 7, ExitBar.SHUT),)


def test_an_account_has_one_exit_that_is_refused_and_any_number_that_are_paid(venue: Venue) -> None:
    much = take_out(FIRST, 1, RICH), take_out(FIRST + 1, 1, RICH)
    assert venue.refusal(venue.batch(much)) is Reason.EXIT_TWICE
    little = take_out(FIRST, 1, 5), take_out(FIRST + 1, 1, 6)
    assert len(venue.apply(venue.batch(little, exits=[FIRST, FIRST + 1])).public.exits) == 2
    mixed = take_out(FIRST, 1, 5), take_out(FIRST + 1, 1, RICH)
    # What was paid decides whether assets count, so the other is not said to be short.
    assert venue.refusal(venue.batch(mixed, exits=[FIRST])) is Reason.EXIT_PAYABLE


def test_an_outflow_beside_it_is_not_paid_where_it_is_refused(venue: Venue) -> None:
    entry = take_out(FIRST, 1, RICH)
    batch = venue.batch([entry], outflows=[withdraw(1, 7)])
    assert venue.refusal(batch) is Reason.EXIT_PAYABLE


@pytest.mark.parametrize("amount", [0, 2**53])
def test_an_exit_is_of_what_can_be_granted(amount: int) -> None:
    assert refusal(lambda: take_out(FIRST, 1, amount)) is Reason.AMOUNT_OUT_OF_BOUNDS


def test_an_exit_brings_no_key_and_is_of_cash() -> None:
    def made(**changes: object) -> QueueEntry:
        members = {
            "index": FIRST,
            "kind": EntryKind.EXIT,
            "account": 1,
            "owner": owner(1),
            "key_words": NO_KEY,
            "viewing_words": (0,) * 8,
            "amount": 7,
            **changes,
        }
        return QueueEntry(**members)  # type: ignore[arg-type]

    assert made().brought == 0
    assert refusal(lambda: made(key_words=(1, *NO_KEY[1:]))) is Reason.MALFORMED
    assert refusal(lambda: made(asset=1)) is Reason.MALFORMED


def test_batch_and_public_input_say_it_in_one_encoding(venue: Venue) -> None:
    batch = venue.batch([take_out(FIRST, 1, 7)], exits=[FIRST])
    assert batch_from_bytes(batch_to_bytes(batch)) == batch
    public = venue.apply(batch).public
    assert public_from_json(public_to_json(public)) == public
    assert public.digest() != venue.apply(venue.batch([credit(FIRST, 1, 7)])).public.digest()
