"""A running venue one of whose markets is delisted: owners are told, reports of it are left out,
and the journal gives it all again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollup.codec.fields import Node
from rollup.protocol.header import missing_of
from rollup.protocol.market import Governance
from rollup.protocol.order import Side
from rollup.protocol.pricing import PriceKind
from rollup.protocol.rejection import Reason
from sequencer.batches.artefacts import LockedFolder, VenueFolder
from sequencer.batches.replay import replay
from sequencer.client.book import OwnBook
from sequencer.client.rows import liquidation_record
from sequencer.client.slots import ForgetfulStore, Slots
from sequencer.client.travelling import order_action
from sequencer.client.wire import account_answer
from sequencer.service.answers import sight
from sequencer.service.fact_codec import facts_from_bytes, facts_to_bytes
from sequencer.service.facts import Ended, Fact, Refused, Settled
from sequencer.service.venue import Venue
from tests.helpers.ended import delisted
from tests.strategies import venues
from tests.unit.sequencer.service.test_facts import PRICE, send
from tests.unit.sequencer.service.test_liquidations import (
    LONG,
    SHORT,
    SIZE,
    Funded,
    report,
    setup,
    start,
)

DELISTED = delisted(venues.GOVERNANCE, 0)


class Delisting(Funded):
    """BTC is delisted from the third batch on."""

    def governance_for(self, number: int, time: int) -> Governance:
        return DELISTED if number >= 3 else venues.GOVERNANCE


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[LockedFolder]:
    folder = VenueFolder(tmp_path).lock()
    folder.start(venues.genesis(), bytes(32), venues.RECEIPT_MATERIAL)
    yield folder
    folder.close()


def ends(venue: Venue) -> list[tuple[int, Fact]]:
    """What is told as the batch opens in which BTC is over: two hold lots, and an order rests."""
    report(venue, PRICE)
    send(
        venue,
        order_action(venues.order(SHORT, Side.SELL, PRICE, SIZE)),
        order_action(venues.order(LONG, Side.BUY, PRICE, SIZE)),
        order_action(venues.order(LONG, Side.BUY, PRICE * 98 // 100, 3, slot=5)),
    )
    venue.close_batch()
    for move in (101, 102):
        report(venue, PRICE * move // 100)
        venue.close_batch()
    venue.take_facts()
    report(venue, PRICE * 103 // 100)
    return venue.take_facts()


def test_owners_are_told_that_their_positions_became_cash(folder: LockedFolder) -> None:
    venue = start(folder, Delisting())
    told = ends(venue)
    last = PRICE * 102 // 100
    (left,) = (fact for account, fact in told if isinstance(fact, Ended))
    assert left == Ended((5, 0), Reason.MARKET_ENDED, 3, 3)
    settled = {account: fact for account, fact in told if isinstance(fact, Settled)}
    assert settled.keys() == {LONG, SHORT} and len(told) == 3
    for account, side in ((LONG, Side.SELL), (SHORT, Side.BUY)):
        fact = settled[account]
        assert (fact.batch, fact.market, fact.price, fact.size) == (4, 0, last, SIZE)
        assert fact.side is side and str(fact) == "Settled(private)"
        assert facts_from_bytes(facts_to_bytes([fact])) == (fact,)
    seen = sight(venue.core, venue.history, LONG, 0, venue.run)
    closed = venue.close_batch()
    venue.close()
    assert not closed.outcome.steps.liquidated
    answer = account_answer(Node({**seen.head, **seen.holding, "facts": seen.facts}, "answer"))
    assert answer is not None
    book = OwnBook(Slots(ForgetfulStore()))
    book.learn(answer.run, answer.page, 0, venues.GOVERNANCE.markets)
    (found,) = book.liquidations
    assert found.settled and not found.deleveraged and found.fee == 0
    assert liquidation_record(found)["settled"] is True


def test_its_price_stands_and_reports_of_it_are_left_out(folder: LockedFolder) -> None:
    venue = start(folder, Delisting())
    ends(venue)
    assert venue.prices[0] == PRICE * 102 // 100
    assert venue.selection is not None and venue.selection.pricing.kinds[0] is PriceKind.ENDED
    feed = venues.GOVERNANCE.oracle.feeds[0].feed
    closed = venue.close_batch()
    venue.close()
    assert closed.batch.reports
    assert all(each.package.points[0].feed != feed for each in closed.batch.reports)
    assert missing_of(closed.outcome.public) == closed.header.missing == 0


def test_an_order_of_it_is_refused_by_its_reason(folder: LockedFolder) -> None:
    venue = start(folder, Delisting())
    ends(venue)
    (answer,) = send(venue, order_action(venues.order(SHORT, Side.SELL, PRICE, 1, slot=7)))
    (fact,) = answer.facts
    assert isinstance(fact, Refused) and fact.reason is Reason.MARKET_ENDED
    venue.close()


def test_the_journal_gives_it_again(folder: LockedFolder) -> None:
    venue = start(folder, Delisting())
    ends(venue)
    venue.close()  # in the middle of the batch
    again = start(folder, Delisting())
    closed = again.close_batch()
    again.close()
    assert len(closed.batch.takeovers) == 2
    roots = [each.header.new_root for each in replay(folder.journal, setup())]
    assert len(roots) == 4 and roots[-1] == closed.header.new_root
