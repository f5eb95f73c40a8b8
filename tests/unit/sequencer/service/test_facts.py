"""Receipts and private streams of a running venue: to each owner its own, and to nobody another's.

Envelopes, admission, journal and core are real; hashing is quick and every signature counts.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.crypto.envelope import Action, Destination, EnvelopeReason, PaddingAction
from rollup.crypto.salt import SaltKey
from rollup.oracle.package import SignedPackage
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from rollup.protocol.trade import fee
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.machine import Setup
from sequencer.client.travelling import cancel_action, order_action
from sequencer.engine.event import VenueReason
from sequencer.service import facts
from sequencer.service.answer import Answer
from sequencer.service.facts import (
    Accepted,
    Cancelled,
    CancelRefused,
    Ended,
    Filled,
    Refused,
    Rested,
)
from sequencer.service.venue import Venue
from tests.helpers.oracle import reports
from tests.strategies import venues

BUY, SELL = Side.BUY, Side.SELL
PRICE = venues.PRICES[0]
OPERATOR = bytes(20)
END = venues.START_MS + 1_000
TAKER_FEE, MAKER_FEE = (
    fee(PRICE * 10, rate)
    for rate in (venues.GOVERNANCE.markets[0].taker_fee, venues.GOVERNANCE.markets[0].maker_fee)
)
HERE = Destination(venues.CHAIN, venues.VENUE)


class Queue:
    """As much of L1 as opening a batch asks for."""

    head_number = proved_number = 0
    tail = ()

    def queue_from(self, first: int, count: int) -> list[QueueEntry]:
        entries = [venues.registration(place, place + 1, 10**12) for place in range(3)]
        return entries[first : first + count]

    def given_reports(self, slot: int) -> list[SignedPackage]:
        return []

    def wants_redo(self, number: int, time: int) -> bool:
        return False

    def governance_for(self, number: int, time: int) -> Governance:
        return venues.GOVERNANCE


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """Batch 1 is open at fresh prices; accounts 1 to 3 have money."""
    setup = Setup(
        venues.genesis(), SaltKey(bytes(32)), venues.quick_compress_many, venues.always_valid
    )
    folder = VenueFolder(tmp_path).lock()
    folder.start(setup.genesis, bytes(32), venues.RECEIPT_MATERIAL)
    running = Venue(setup, folder, Queue(), OPERATOR)  # type: ignore[arg-type]
    running.open_batch(END, reports(venues.GOVERNANCE, venues.PRICES, END))
    yield running
    running.close()
    folder.close()


def send(venue: Venue, *actions: Action) -> list[Answer]:
    good_until = venue.core.clock + 1_000
    return venue.submit([venue.sealing_key.seal(each, HERE, good_until) for each in actions])


def order(account: int, side: Side, size: int, **terms: int) -> Action:
    return order_action(venues.order(account, side, PRICE, size, **terms))


def cancel(account: int, slot: int, generation: int) -> Action:
    record = CancelOrder(venues.CHAIN, venues.VENUE, account, slot, generation)
    return cancel_action(SignedCancel(record, venues.SIGNATURE))


def test_a_takers_receipt_tells_of_its_own_order_alone(venue: Venue) -> None:
    resting, taking = send(
        venue, order(1, SELL, 10, slot=7), order(2, BUY, 15, slot=9, generation=4)
    )
    assert resting.facts == (Accepted((7, 0), 1), Rested((7, 0), 10, 1))
    assert taking.facts == (
        Accepted((9, 4), 2),
        Filled((9, 4), 1, 0, PRICE, 10, False, BUY, TAKER_FEE, END, receipt=2),
        Rested((9, 4), 5, 2),
    )


def test_what_happened_to_a_maker_is_in_its_private_stream(venue: Venue) -> None:
    send(venue, order(1, SELL, 10, slot=7))
    venue.take_facts()
    (receipt,) = send(venue, order(2, BUY, 10))
    stream = venue.take_facts()
    assert [fact for owner, fact in stream if owner == 1] == [
        Filled((7, 0), 1, 0, PRICE, 10, True, SELL, MAKER_FEE, END, receipt=1),
        Ended((7, 0), VenueReason.FILLED, 0, 1),
    ]
    assert tuple(fact for owner, fact in stream if owner == 2) == receipt.facts
    assert venue.take_facts() == []


def test_an_order_that_expires_as_a_batch_opens_is_in_its_owners_stream(venue: Venue) -> None:
    send(venue, order(3, BUY, 10, expiry=venues.START_MS + 1_500))
    venue.close_batch()
    venue.take_facts()
    venue.open_batch(venues.START_MS + 2_000)
    assert venue.take_facts() == [(3, Ended((0, 0), Reason.ORDER_EXPIRED, 10, 1))]


def test_a_cancel_is_answered_to_its_sender(venue: Venue) -> None:
    send(venue, order(1, SELL, 10))
    found, missed = send(venue, cancel(1, 0, 3), cancel(1, 5, 2))
    assert found.facts == (Ended((0, 0), VenueReason.CANCELLED, 10, 1), Cancelled((0, 3), 2))
    assert missed.facts == (CancelRefused((5, 2), VenueReason.NOTHING_TO_CANCEL, 3),)


def test_what_is_turned_away_has_a_reason_that_its_owner_is_told(venue: Venue) -> None:
    beyond, padding = send(venue, order(1, BUY, 10, expiry=2**43 - 1), PaddingAction())
    refused = Refused((0, 0), VenueReason.EXPIRY_TOO_FAR, 1)
    assert (beyond.facts, beyond.reason) == ((refused,), VenueReason.EXPIRY_TOO_FAR)
    assert (padding.facts, padding.reason) == ((), None)
    assert venue.take_facts() == [(1, refused)]


def test_an_envelope_is_judged_at_the_time_of_the_open_batch(venue: Venue) -> None:
    envelope = venue.sealing_key.seal(order(1, BUY, 10), HERE, venue.core.clock)
    late = venue.sealing_key.seal(order(2, BUY, 10), HERE, venue.core.clock)
    (first,), (again,) = venue.submit([envelope]), venue.submit([envelope])
    venue.close_batch()
    venue.open_batch(venues.START_MS + 2_000)
    after = venue.submit([envelope, late])
    assert first.reason is None and again == replace(first, is_copy=True)
    assert [receipt.reason for receipt in after] == [EnvelopeReason.EXPIRED] * 2


def test_no_fact_shows_itself() -> None:
    shown = [
        Filled((1, 2), 1, 0, 618_003, 41, True, BUY, 7, 8, receipt=3),
        facts.Waiting((618_003, 2), 3),
    ]
    assert [repr(each) for each in shown] == ["Filled(private)", "Waiting(private)"]
