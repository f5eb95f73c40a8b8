"""The market book: its bounds and bytes, and what follows from it."""

from dataclasses import fields, replace
from typing import Any

import pytest

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.hash.keccak import keccak256
from rollup.protocol.funding import HOUR_MS, RATE_SCALE, hour
from rollup.protocol.market import Governance
from rollup.protocol.market_book import (
    ENTRY_FLAGS,
    ENTRY_NUMBERS,
    BookEntry,
    MarketBook,
    book_after,
    hour_is_due,
    last_price,
    step_bound,
)
from rollup.protocol.market_book_codec import book_from_bytes, book_value, read_book
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers.market_books import book_of, unsigned_reports
from tests.helpers.oracle import NEW_PRICE, listing
from tests.helpers.venue import BTC_MARKET, ETH_MARKET, GOVERNANCE, PRICES, START, refusal

BOOK = book_of(PRICES, funding=(7, -3))
BTC, ETH = BOOK.markets
LATER = (hour(START) + 1) * HOUR_MS
BOTH = (0, 1)


def after(
    before: MarketBook = BOOK,
    governance: Governance = GOVERNANCE,
    time: int = LATER,
    prices: tuple[int, ...] = PRICES,
    reported: tuple[int, ...] = BOTH,
) -> MarketBook:
    rates = (0,) * len(governance.markets) if hour_is_due(before, time) else ()
    given = unsigned_reports(governance, *reported, prices=prices)
    return book_after(before, governance, time, prices, given, rates, 0)


def test_at_genesis_nothing_was_charged() -> None:
    book = MarketBook.opened(GOVERNANCE, START, PRICES)
    assert book.prices == PRICES and book.hour == hour(START)
    assert [(each.funding, each.carry) for each in book.markets] == [(0, 0)] * 2
    assert [each.step for each in book.markets] == [f.step for f in GOVERNANCE.oracle.feeds]
    assert [each.funding_cap for each in book.markets] == [200, 0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": 0}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"price": 2**29}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"funding": 2**28 + 1}, Reason.FUNDING_OUT_OF_BOUNDS),
        ({"funding": -(2**28) - 1}, Reason.FUNDING_OUT_OF_BOUNDS),
        ({"carry": -1}, Reason.FUNDING_OUT_OF_BOUNDS),
        ({"carry": RATE_SCALE}, Reason.FUNDING_OUT_OF_BOUNDS),
        ({"step": 0}, Reason.FRACTION_OUT_OF_BOUNDS),
        ({"clamped": 1}, Reason.MALFORMED),
        ({"missing": 0}, Reason.MALFORMED),
        ({"funding_cap": 501}, Reason.FUNDING_TOO_HIGH),
        ({"funding": True}, Reason.MALFORMED),
    ],
)
def test_an_entry_out_of_bounds_cannot_be_made(changes: dict[str, Any], reason: Reason) -> None:
    assert refusal(lambda: replace(BTC, **changes)) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hour": -1}, Reason.TIME_OUT_OF_BOUNDS),
        ({"open_since": -1}, Reason.TIME_OUT_OF_BOUNDS),
        ({"open_since": 2**52}, Reason.TIME_OUT_OF_BOUNDS),
        ({"markets": ()}, Reason.MARKET_COUNT),
        ({"markets": (BTC,) * 65}, Reason.MARKET_COUNT),
        ({"markets": [BTC]}, Reason.MALFORMED),
    ],
)
def test_a_book_out_of_bounds_cannot_be_made(changes: dict[str, Any], reason: Reason) -> None:
    assert refusal(lambda: replace(BOOK, **changes)) is reason


def test_the_digest_is_keccak_of_the_numbers_in_order_and_sees_every_one() -> None:
    names = (*ENTRY_NUMBERS, *ENTRY_FLAGS)
    numbers = (BOOK.hour, 0, 0, 0, 2, *(int(getattr(e, n)) for e in BOOK.markets for n in names))
    words = b"".join(n.to_bytes(8, "big", signed=True) for n in numbers)
    assert BOOK.digest() == keccak256(b"crypsis-book-4" + GOVERNANCE.digest() + words)
    assert set(names) == {member.name for member in fields(BookEntry)}
    others = [replace(BOOK, hour=BOOK.hour + 1), replace(BOOK, markets=(BTC,))]
    others += [replace(BOOK, open_since=START), replace(BOOK, stalled=1)]
    others += [replace(BOOK, debt_stop=True), replace(BOOK, governance=bytes(32))]
    for name in ENTRY_FLAGS:
        others.append(replace(BOOK, markets=(replace(BTC, **{name: True}), ETH)))
    for name in ENTRY_NUMBERS:
        other = replace(BTC, **{name: getattr(BTC, name) - (1 if name == "funding_cap" else -1)})
        others.append(replace(BOOK, markets=(other, ETH)))
    digests = {each.digest() for each in (BOOK, *others)}
    assert len(digests) == len(others) + 1


def test_a_book_comes_back_from_its_bytes_and_from_its_record() -> None:
    assert book_from_bytes(BOOK.encode()) == BOOK
    assert read_book(Node(book_value(BOOK), "book")) == BOOK


def test_other_bytes_are_no_book() -> None:
    data = BOOK.encode()
    for other in (b"", data[:-1], data + b"\0", data + bytes(40), b"x" + data[1:], data[:22]):
        with pytest.raises((CodecError, Rejected)):
            book_from_bytes(other)


def test_funding_is_charged_once_in_the_first_batch_of_a_later_hour() -> None:
    assert after(time=LATER - 1) == BOOK
    charged = after()
    assert (charged.markets[0].funding, charged.markets[0].carry) == (14, 4_000_000)
    assert charged.hour == BOOK.hour + 1
    assert after(charged, time=LATER + HOUR_MS - 1) == charged
    assert after(time=LATER + 99 * HOUR_MS).markets == charged.markets, "hours missed are one"
    assert after(charged, time=LATER + HOUR_MS).markets[0].funding == 22


def test_a_market_without_interest_or_cap_is_not_charged() -> None:
    assert after().markets[1] == ETH


def test_a_market_that_nobody_reports_is_not_charged_nor_later_for_that_hour() -> None:
    missed = after(reported=(1,))
    assert missed.markets == (replace(BTC, missing=True), ETH)
    assert missed.hour == BOOK.hour + 1
    assert after(missed, time=LATER + 1).markets == BOOK.markets


def test_the_price_of_the_batch_is_what_is_charged_on() -> None:
    book = after(prices=(606_000, 250_000))
    assert (book.markets[0].funding, book.markets[0].carry) == (14, 4_600_000)
    assert book.prices == (606_000, 250_000)


def test_an_hour_never_comes_back() -> None:
    earlier = after(time=LATER - 10 * HOUR_MS)
    assert earlier.hour == BOOK.hour and earlier.markets == BOOK.markets


def test_the_smaller_cap_holds_of_the_batch_before_and_now() -> None:
    low = replace(BTC_MARKET, funding_cap=10, interest=80)
    high = replace(BTC_MARKET, taker_fee=500, maker_fee=250, funding_cap=500, interest=4_000)
    lower, higher = (listing(GOVERNANCE, (market, ETH_MARKET)) for market in (low, high))
    assert after(governance=lower).markets[0].funding == 7 + 6
    risen = after(governance=higher)
    assert risen.markets[0].funding == 7 + 120, "200, of the batch before"
    assert risen.markets[0].funding_cap == 500
    again = after(risen, higher, LATER + HOUR_MS)
    assert again.markets[0].funding == 7 + 120 + 300


def test_a_new_market_starts_from_its_listing_price_without_funding() -> None:
    grown = listing(GOVERNANCE, (BTC_MARKET, ETH_MARKET, replace(ETH_MARKET, symbol="SOL")))
    feed = grown.oracle.feeds[2]
    assert last_price(BOOK, 2, feed) == NEW_PRICE and step_bound(BOOK, 2, feed) == feed.step
    book = after(governance=grown, prices=(*PRICES, NEW_PRICE), reported=(0, 1, 2))
    new = book.markets[2]
    assert (new.price, new.funding, new.carry) == (NEW_PRICE, 0, 0)


def test_a_step_is_the_smaller_of_the_batch_before_and_now() -> None:
    feed = GOVERNANCE.oracle.feeds[0]
    for before, now, wanted in ((300, 450, 300), (450, 300, 300), (450, 450, 450)):
        book = replace(BOOK, markets=(replace(BTC, step=before), ETH))
        assert step_bound(book, 0, replace(feed, step=now)) == wanted
    assert last_price(BOOK, 0, feed) == PRICES[0]


def test_a_market_that_is_listed_no_more_leaves_the_book() -> None:
    one = listing(GOVERNANCE, (BTC_MARKET,))
    assert len(after(governance=one, prices=PRICES[:1], reported=(0,)).markets) == 1


def test_a_book_says_since_when_its_step_is_open() -> None:
    opened = BOOK.stepped(START + 5, closed=False, progress=True)
    assert opened.is_open and opened.open_since == START + 5
    assert opened.stepped(START + 9, closed=False, progress=True).open_since == START + 5
    closed = opened.stepped(START + 9, closed=True, progress=True)
    assert not closed.is_open and closed == BOOK


def test_an_hour_that_begins_in_an_open_step_is_charged_by_the_step_that_follows() -> None:
    opened = BOOK.stepped(START + 5, closed=False, progress=True)
    meanwhile = after(opened, reported=())
    assert meanwhile.hour == BOOK.hour and meanwhile.is_open
    assert [each.funding for each in meanwhile.markets] == [each.funding for each in BOOK.markets]
    closed = meanwhile.stepped(LATER, closed=True, progress=True)
    assert after(closed, time=LATER + 1).markets == after().markets != BOOK.markets
