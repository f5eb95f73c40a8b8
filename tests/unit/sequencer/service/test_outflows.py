"""Outflows of a running venue: from sealed envelopes to what payer and payee are told, and the same
from the journal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollup.codec.fields import Node
from rollup.crypto.envelope import Action, OutflowAction
from rollup.crypto.salt import SaltKey
from rollup.protocol.order import Side
from rollup.protocol.outflow import OutflowKind
from rollup.protocol.public import GrantedWithdrawal
from rollup.protocol.rejection import Reason
from sequencer.batches.artefacts import LockedFolder, VenueFolder
from sequencer.batches.machine import Setup
from sequencer.batches.replay import replay
from sequencer.client.book import OwnBook
from sequencer.client.slots import ForgetfulStore, Slots
from sequencer.client.travelling import order_action
from sequencer.client.wire import account_answer
from sequencer.engine.event import VenueReason
from sequencer.service.answers import sight
from sequencer.service.fact_codec import facts_from_bytes, facts_to_bytes
from sequencer.service.facts import Fact, OutflowAsked, OutflowPaid, OutflowRefused, Received
from sequencer.service.venue import Venue
from tests.helpers.oracle import reports
from tests.strategies import venues
from tests.unit.sequencer.service.test_facts import END, OPERATOR, PRICE, Queue, send

ONE, TWO = 1, 2
PLENTY = 10**12
"""What each trader has."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[LockedFolder]:
    folder = VenueFolder(tmp_path).lock()
    folder.start(venues.genesis(), bytes(32), venues.RECEIPT_MATERIAL)
    yield folder
    folder.close()


def setup() -> Setup:
    return Setup(
        venues.genesis(), SaltKey(bytes(32)), venues.quick_compress_many, venues.always_valid
    )


def start(folder: LockedFolder) -> Venue:
    return Venue(setup(), folder, Queue(), OPERATOR)  # type: ignore[arg-type]


def outflow(account: int, amount: int, receiver: int | None = None, slot: int = 4) -> Action:
    kind = OutflowKind.WITHDRAWAL if receiver is None else OutflowKind.TRANSFER
    to, expiry = 0 if receiver is None else receiver, END + 10_000
    return OutflowAction(account, slot, 1, int(kind), to, 0, amount, expiry, bytes(84))


def paid(venue: Venue) -> list[tuple[int, Fact]]:
    """A withdrawal, a transfer, and one that asks for more than there is: what was told of it."""
    venue.open_batch(END)
    answers = send(
        venue, outflow(ONE, 700), outflow(ONE, 50, TWO, slot=5), outflow(ONE, PLENTY, slot=6)
    )
    assert [type(answer.facts[0]) for answer in answers] == [OutflowAsked] * 3
    venue.take_facts()
    venue.close_batch()
    return venue.take_facts()


def test_payer_and_payee_are_told_as_the_batch_closes(folder: LockedFolder) -> None:
    venue = start(folder)
    told = paid(venue)
    public = venue.unproved[-1].outcome.public
    venue.close()
    assert told == [
        (ONE, OutflowPaid((4, 1), 1, OutflowKind.WITHDRAWAL, 0, 0, 700, END, 1)),
        (ONE, OutflowPaid((5, 1), 1, OutflowKind.TRANSFER, TWO, 0, 50, END, 2)),
        (TWO, Received(1, 0, 50, END)),
        (ONE, OutflowRefused((6, 1), Reason.MARGIN, 3)),
    ]
    owner = venues.registration(0, ONE, PLENTY).owner
    assert public.withdrawals == (GrantedWithdrawal(owner, 700),)
    assert public.total == 3 * PLENTY - 700
    facts = [fact for _, fact in told]
    assert facts_from_bytes(facts_to_bytes(facts)) == tuple(facts)


def test_what_is_refused_at_once_is_answered_and_noted(folder: LockedFolder) -> None:
    venue = start(folder)
    venue.open_batch(END)
    (answer,) = send(venue, outflow(ONE, 5, receiver=77))
    assert answer.reason is Reason.ACCOUNT_MISSING
    refused = OutflowRefused((4, 1), Reason.ACCOUNT_MISSING, 1)
    assert answer.facts == (refused,)
    (again,) = send(venue, outflow(ONE, 5, receiver=TWO))
    assert again.reason is None
    venue.close()
    later = start(folder)
    told = later.history.since(ONE, 0, 10).facts
    later.close()
    assert told == (refused, OutflowAsked((4, 1), 2))


def test_an_outflow_of_another_kind_or_to_oneself_is_no_command(folder: LockedFolder) -> None:
    venue = start(folder)
    venue.open_batch(END)
    strange = OutflowAction(ONE, 4, 1, 2, 0, 0, 5, END, bytes(84))
    answers = send(venue, strange, outflow(ONE, 5, ONE), outflow(ONE, 0))
    venue.close()
    assert [answer.reason for answer in answers] == [
        Reason.MALFORMED,
        Reason.OUTFLOW_RECEIVER,
        Reason.AMOUNT_OUT_OF_BOUNDS,
    ]


def test_a_restart_in_the_middle_of_the_batch_pays_the_same(folder: LockedFolder) -> None:
    venue = start(folder)
    venue.open_batch(END)
    send(venue, outflow(ONE, 700), outflow(TWO, 9, ONE))
    venue.close()
    again = start(folder)
    assert len(again.core.asked) == 2
    again.take_facts()
    closed = again.close_batch()
    told = again.take_facts()
    again.close()
    assert [type(fact) for _, fact in told] == [OutflowPaid, OutflowPaid, Received]
    assert len(closed.batch.outflows) == 2
    (replayed,) = replay(folder.journal, setup())
    assert replayed.header == closed.header


def test_a_client_reads_what_it_was_told(folder: LockedFolder) -> None:
    venue = start(folder)
    paid(venue)
    books = {}
    for account in (ONE, TWO):
        seen = sight(venue.core, venue.history, account, 0, venue.run)
        answer = account_answer(Node({**seen.head, **seen.holding, "facts": seen.facts}, "answer"))
        assert answer is not None
        books[account] = book = OwnBook(Slots(ForgetfulStore()))
        book.learn(answer.run, answer.page, 0, venues.GOVERNANCE.markets)
    venue.close()
    found = [
        (each.state.value, each.receiver, each.reason) for each in books[ONE].outflows.values()
    ]
    assert found == [("paid", None, None), ("paid", TWO, None), ("refused", None, "margin")]
    (incoming,) = books[TWO].incoming
    assert (incoming.amount * 10**6, incoming.batch) == (50, 1)


def test_a_venue_without_fresh_prices_pays_who_holds_nothing(folder: LockedFolder) -> None:
    """The other is told `shut`; both had asked in the same words."""
    venue = start(folder)
    venue.open_batch(END, reports(venues.GOVERNANCE, venues.PRICES, END))
    send(
        venue,
        order_action(venues.order(ONE, Side.BUY, PRICE, 10)),
        order_action(venues.order(TWO, Side.SELL, PRICE, 10)),
    )
    venue.close_batch()
    venue.open_batch(END + 1_000)
    send(venue, outflow(ONE, 5), outflow(3, 5))
    venue.take_facts()
    venue.close_batch()
    told = venue.take_facts()
    venue.close()
    assert (ONE, OutflowRefused((4, 1), VenueReason.SHUT, 3)) in told
    assert [account for account, fact in told if isinstance(fact, OutflowPaid)] == [3]
