"""The client takes money out: once, whatever is lost, and says what became of it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.client import paying
from sequencer.client.errors import ClientError, OrderRefused, OutOfRange, TimedOut, WrongAnswer
from sequencer.client.outflows import OutflowState
from sequencer.client.slots import ForgetfulStore
from sequencer.client.trading import Trader
from tests.helpers.played_venue import (
    ACCOUNT,
    FAULTS,
    INTERVAL,
    START,
    PlayedVenue,
    play,
    session,
)


def connected(venue: PlayedVenue) -> Trader:
    trader = Trader(session())
    play(trader.connect(), venue)
    return trader


def test_a_withdrawal_comes_back_paid() -> None:
    venue = PlayedVenue()
    at = connected(venue).session
    own = play(paying.withdraw(at, "12.5", None), venue)
    (action,) = venue.paid
    assert (action.account, action.kind, action.receiver) == (ACCOUNT, 0, 0)
    assert action.amount == 12_500_000
    assert (own.state, own.amount, own.receiver) == (OutflowState.PAID, Decimal("12.500000"), None)
    assert (own.batch, own.time) == (1, START + INTERVAL)
    assert len(own.receipts) == 1 and own.is_final
    assert list(at.book.outflows) == [own.key] and str(own) == "OwnOutflow(private)"


def test_a_transfer_names_whom_it_pays() -> None:
    venue = PlayedVenue()
    own = play(paying.transfer(connected(venue).session, 7, "0.000001", None), venue)
    (action,) = venue.paid
    assert (action.kind, action.receiver, action.amount) == (1, 7, 1)
    assert own.receiver == 7


@pytest.mark.parametrize("amount", ["0", "0.0000001", "12.3456789", "9007199254.740992"])
def test_what_is_no_amount_is_never_sent(amount: str) -> None:
    venue = PlayedVenue()
    at = connected(venue).session
    asks = len(venue.asks)
    with pytest.raises(OutOfRange):
        play(paying.withdraw(at, amount, None), venue)
    assert len(venue.asks) == asks and at.book.slots.free == 256


def test_a_transfer_to_oneself_is_never_sent_and_takes_no_slot() -> None:
    venue = PlayedVenue()
    at = connected(venue).session
    with pytest.raises(OutOfRange):
        play(paying.transfer(at, ACCOUNT, 1, None), venue)
    assert at.book.slots.free == 256 and not venue.receipts


def test_a_refusal_says_why_and_gives_the_slot_back() -> None:
    venue = PlayedVenue(refuses="shut")
    at = connected(venue).session
    with pytest.raises(OrderRefused) as refused:
        play(paying.withdraw(at, 1, None), venue)
    assert refused.value.reason == "shut"
    (own,) = at.book.outflows.values()
    assert (own.state, own.reason) == (OutflowState.REFUSED, "shut")
    assert at.book.slots.free == 256


def test_each_has_a_generation_of_its_own() -> None:
    venue = PlayedVenue()
    at = connected(venue).session
    keys = [play(paying.withdraw(at, 1, None), venue).key for _ in range(3)]
    assert len(set(keys)) == 3 == len(venue.paid)


def test_a_batch_that_does_not_end_is_waited_for_so_long() -> None:
    venue = PlayedVenue(closes=False)
    at = connected(venue).session
    with pytest.raises(TimedOut):
        play(paying.withdraw(at, 1, 5.0), venue)
    (own,) = at.book.outflows.values()
    assert own.state is OutflowState.ASKED
    venue.close()
    play(at.refresh(), venue)
    assert own.state.value == "paid"


def test_batches_made_anew_are_told_anew() -> None:
    venue = PlayedVenue()
    at = connected(venue).session
    own = play(paying.withdraw(at, 1, None), venue)
    venue.history += [["voided", 1], ["outflow-asked", 1, *own.key]]
    play(at.refresh(), venue)
    assert (own.state.value, own.batch) == ("asked", None)
    venue.tell("outflow-refused", own.key, "margin")
    play(at.refresh(), venue)
    assert (own.state.value, own.reason) == ("refused", "margin")


def test_what_others_paid_is_listed_and_what_is_void_is_marked() -> None:
    venue = PlayedVenue()
    at = connected(venue).session
    venue.history += [["received", 3, 0, 2_500_000, START + 3_000]]
    play(at.refresh(), venue)
    (found,) = at.book.incoming
    assert (found.amount, found.batch, found.is_void) == (Decimal("2.500000"), 3, False)
    venue.history += [["voided", 3]]
    play(at.refresh(), venue)
    assert found.is_void


def test_a_venue_that_pays_something_else_is_found_out() -> None:
    venue = PlayedVenue(closes=False)
    at = connected(venue).session
    own = play(paying.ask(at, 2, None), venue)
    venue.tell("outflow-paid", own.key, 1, 0, 0, 0, 1_999_999, START)
    with pytest.raises(WrongAnswer):
        play(at.refresh(), venue)


def test_a_venue_that_pays_another_asset_is_found_out() -> None:
    """As much of it, by its number, is less than was asked for; or it lists none of the mark."""
    venue = PlayedVenue(closes=False)
    at = connected(venue).session
    own = play(paying.ask(at, 2, None), venue)
    venue.tell("outflow-paid", own.key, 1, 0, 0, 1, 2_000_000, START)
    with pytest.raises(WrongAnswer):
        play(at.refresh(), venue)


def test_what_is_no_asset_of_the_venue_is_never_sent() -> None:
    venue = PlayedVenue()
    at = connected(venue).session
    with pytest.raises(OutOfRange):
        play(paying.withdraw(at, 1, None, "WBTC"), venue)
    assert at.book.slots.free == 256 and not venue.paid


def test_an_earlier_runs_outflow_is_listed_too() -> None:
    venue = PlayedVenue()
    own = play(paying.transfer(connected(venue).session, 7, 3, None), venue)
    later = Trader(session(ForgetfulStore(100)))
    play(later.connect(), venue)
    (found,) = later.session.book.outflows.values()
    assert (found.key, found.amount, found.receiver) == (own.key, own.amount, 7)
    assert found.state is OutflowState.PAID


@given(st.lists(st.sampled_from(FAULTS), max_size=12))
@settings(max_examples=25, deadline=None)
def test_whatever_is_lost_it_happens_once_or_not_at_all(faults: list[str]) -> None:
    venue = PlayedVenue(remembers=False)
    at = connected(venue).session
    try:
        own = play(paying.withdraw(at, 1, 1.0), venue, faults)
    except ClientError:
        own = None
    assert len(venue.paid) <= 1
    if own is not None:
        assert len(venue.paid) == 1


def test_a_copy_that_is_refused_is_not_the_outflows_end() -> None:
    """Where an answer was lost the same signed action can come twice: of one the venue takes, of
    the other it says that its generation is used up."""
    venue = PlayedVenue(seals_answers=False)
    at = connected(venue).session
    own = play(paying.ask(at, 1, None), venue)
    venue.tell("outflow-refused", own.key, "generation-used")
    own = play(paying.settle(at, own, 5.0), venue)
    assert own.state is OutflowState.PAID
    venue.tell("outflow-refused", own.key, "generation-used")
    play(at.refresh(), venue)
    assert own.state is OutflowState.PAID
