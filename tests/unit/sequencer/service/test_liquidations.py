"""Liquidations of a running venue: told to their owner alone, and the same from the journal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollup.codec.fields import Node
from rollup.crypto.envelope import Action
from rollup.crypto.salt import SaltKey
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.order import Side
from sequencer.batches.artefacts import LockedFolder, VenueFolder
from sequencer.batches.machine import Setup
from sequencer.batches.replay import replay
from sequencer.client.book import OwnBook
from sequencer.client.slots import ForgetfulStore, Slots
from sequencer.client.travelling import order_action
from sequencer.client.wire import account_answer
from sequencer.engine import due
from sequencer.engine.event import VenueReason
from sequencer.service.answers import sight
from sequencer.service.fact_codec import facts_from_bytes, facts_to_bytes
from sequencer.service.facts import Accepted, Deleveraged, Ended, Fact, Liquidated, Rested, Waiting
from sequencer.service.venue import Venue
from tests.helpers.oracle import reports
from tests.strategies import venues
from tests.unit.sequencer.service.test_facts import OPERATOR, PRICE, Queue, send

LONG, SHORT = 1, 2
SIZE = 10_000
BACKSTOP = venues.GOVERNANCE.backstop_account
DOLLAR = 10**6


class Funded(Queue):
    """Two traders, one with little, and a backstop that can take everything."""

    backstop = 10**6 * DOLLAR
    later: tuple[QueueEntry, ...] = ()

    def queue_from(self, first: int, count: int) -> list[QueueEntry]:
        entries = [
            venues.registration(0, LONG, 700 * DOLLAR),
            venues.registration(1, SHORT, 10**6 * DOLLAR),
            venues.credit(2, BACKSTOP, self.backstop),
            *self.later,
        ]
        return entries[first : first + count]

    def governance_for(self, number: int, time: int) -> Governance:
        return venues.GOVERNANCE


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


def start(folder: LockedFolder, l1: Funded | None = None) -> Venue:
    return Venue(setup(), folder, l1 or Funded(), OPERATOR)  # type: ignore[arg-type]


def open_batch(venue: Venue, btc: int) -> None:
    time = venue.core.time + 1_000
    prices = (btc, venues.PRICES[1])
    venue.open_batch(time, reports(venues.GOVERNANCE, prices, time))
    assert venue.prices == prices


def fall(venue: Venue) -> list[tuple[int, Fact]]:
    """The long one is liquidated in the third batch, which stays open: what was told of that."""
    open_batch(venue, PRICE)
    send(
        venue,
        order_action(venues.order(SHORT, Side.SELL, PRICE, SIZE)),
        order_action(venues.order(LONG, Side.BUY, PRICE, SIZE)),
        order_action(venues.order(LONG, Side.BUY, PRICE * 98 // 100, 3, slot=5)),
    )
    venue.close_batch()
    open_batch(venue, PRICE * 96 // 100)
    venue.close_batch()
    venue.take_facts()
    open_batch(venue, PRICE * 93 // 100)
    return venue.take_facts()


def test_its_owner_alone_is_told_and_the_order_ends_first(folder: LockedFolder) -> None:
    venue = start(folder)
    told = fall(venue)
    venue.close()
    assert {account for account, _ in told} == {LONG}
    ended, taken = (fact for _, fact in told)
    assert ended == Ended((5, 0), VenueReason.LIQUIDATED, 3, 3)
    assert isinstance(taken, Liquidated)
    assert (taken.batch, taken.market, taken.price) == (3, 0, PRICE * 93 // 100)
    assert taken.side is Side.SELL and 0 < taken.size < SIZE and taken.fee > 0
    assert facts_from_bytes(facts_to_bytes([ended, taken])) == (ended, taken)
    assert str(taken) == "Liquidated(private)"


def test_a_client_reads_what_its_owner_is_told(folder: LockedFolder) -> None:
    venue = start(folder)
    told = fall(venue)
    taken = told[-1][1]
    assert isinstance(taken, Liquidated)
    seen = sight(venue.core, venue.history, LONG, 0, venue.run)
    venue.close()
    answer = account_answer(Node({**seen.head, **seen.holding, "facts": seen.facts}, "answer"))
    assert answer is not None
    book = OwnBook(Slots(ForgetfulStore()))
    book.learn(answer.run, answer.page, 0, venues.GOVERNANCE.markets)
    (found,) = book.liquidations
    assert (found.symbol, found.side, found.batch) == ("BTC-PERP", Side.SELL, 3)
    assert found.price == taken.price / 10 and found.fee * DOLLAR == taken.fee
    assert found.size * 10**5 == taken.size and not found.is_void
    book._void(3)
    assert found.is_void


def test_a_restart_goes_on_with_the_same_positions_and_roots(folder: LockedFolder) -> None:
    venue = start(folder)
    fall(venue)
    venue.close()  # in the middle of the batch
    again = start(folder)
    held = again.core.ledger.holders
    assert again.core.work is not None and again.core.work.liquidated == {LONG}
    assert held[BACKSTOP].holding.positions[0] == SIZE - held[LONG].holding.positions[0] > 0
    closed = again.close_batch()
    again.close()
    (takeover,) = closed.batch.takeovers
    assert takeover.account == LONG
    roots = [each.header.new_root for each in replay(folder.journal, setup())]
    assert len(roots) == 3 and roots[-1] == closed.header.new_root


class Poor(Funded):
    """The backstop can take nothing."""

    backstop = 10 * DOLLAR


@pytest.fixture
def nobody_is_deleveraged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches have no room for it: so that a step stays open."""
    monkeypatch.setattr(due, "deleverage", lambda *_: ())


def test_whose_lots_are_closed_is_told(folder: LockedFolder) -> None:
    """The backstop can take little, so the short one loses what the long one must give up."""
    venue = start(folder, Poor())
    told = fall(venue)
    (mine,) = (fact for account, fact in told if account == SHORT)
    taken, lost = (fact for _, fact in told if isinstance(fact, Liquidated))
    assert taken.fee > 0 and taken.size < lost.size
    assert isinstance(mine, Deleveraged) and mine.side is Side.BUY
    assert (mine.batch, mine.market, mine.price, mine.size) == (3, 0, lost.price, lost.size)
    assert lost.fee == 0
    assert facts_from_bytes(facts_to_bytes([mine])) == (mine,)
    seen = sight(venue.core, venue.history, SHORT, 0, venue.run)
    venue.close()
    answer = account_answer(Node({**seen.head, **seen.holding, "facts": seen.facts}, "answer"))
    assert answer is not None
    book = OwnBook(Slots(ForgetfulStore()))
    book.learn(answer.run, answer.page, 0, venues.GOVERNANCE.markets)
    (found,) = book.liquidations
    assert found.deleveraged and found.fee == 0 and found.side is Side.BUY


def report(venue: Venue, btc: int) -> None:
    """Open the next batch, with reports of a price."""
    time = venue.core.time + 1_000
    venue.open_batch(time, reports(venues.GOVERNANCE, (btc, venues.PRICES[1]), time))


@pytest.mark.usefixtures("nobody_is_deleveraged")
def test_while_somebody_is_due_the_step_stays_open_and_its_prices_stand(
    folder: LockedFolder,
) -> None:
    l1 = Poor()
    venue = start(folder, l1)
    assert fall(venue) == []
    assert not venue.close_batch().outcome.public.closed
    fallen = venue.prices
    report(venue, PRICE * 90 // 100)
    waiting = venue.close_batch()
    assert waiting.batch.prices == fallen and waiting.batch.reports == ()
    assert waiting.outcome.public.begins_open and not waiting.outcome.public.closed
    l1.later = (venues.credit(3, LONG, 1_000 * DOLLAR),)
    report(venue, PRICE * 90 // 100)
    rescued = venue.close_batch()
    assert rescued.batch.prices == fallen and rescued.outcome.public.closed
    assert rescued.batch.takeovers == ()
    report(venue, PRICE * 91 // 100)
    assert venue.prices == (PRICE * 91 // 100, venues.PRICES[1])
    venue.close()


def in_the_other_market(account: int, side: Side) -> Action:
    return order_action(venues.order(account, side, venues.PRICES[1], 5, slot=3, market=1))


@pytest.mark.usefixtures("nobody_is_deleveraged")
def test_orders_that_would_trade_wait_while_a_step_is_open(folder: LockedFolder) -> None:
    l1 = Poor()
    l1.later = (venues.registration(3, 3, 10**6 * DOLLAR),)
    venue = start(folder, l1)
    fall(venue)
    venue.close_batch()
    report(venue, PRICE)
    (sold,) = send(venue, in_the_other_market(SHORT, Side.SELL))
    (bought,) = send(venue, in_the_other_market(3, Side.BUY))
    assert [type(fact) for fact in sold.facts] == [Accepted, Rested]
    assert [type(fact) for fact in bought.facts] == [Accepted, Waiting]
    assert venue.close_batch().batch.fills == ()
    l1.later = (*l1.later, venues.credit(4, LONG, 1_000 * DOLLAR))
    report(venue, PRICE)
    rescued = venue.close_batch()
    assert rescued.outcome.public.closed and rescued.batch.fills == ()
    report(venue, PRICE * 93 // 100)
    assert [fill.size for fill in venue.close_batch().batch.fills] == [5]
    venue.close()


@pytest.mark.usefixtures("nobody_is_deleveraged")
def test_a_restart_goes_on_in_the_open_step(folder: LockedFolder) -> None:
    l1 = Poor()
    venue = start(folder, l1)
    fall(venue)
    open_since = venue.close_batch().batch.time
    fallen = venue.prices
    venue.close()
    again = start(folder, l1)
    assert again.core.market_book.open_since == open_since
    report(again, PRICE)
    closed = again.close_batch()
    assert closed.batch.prices == fallen and not closed.outcome.public.closed
    again.close()
    roots = [each.header.new_root for each in replay(folder.journal, setup())]
    assert roots[-1] == closed.header.new_root and len(roots) == 4
