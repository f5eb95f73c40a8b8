"""Market books on chain: what a batch makes of the one before it, and what it leaves."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.fields import Node
from rollup.crypto.address_key import signer_of
from rollup.l1.interface import Revert
from rollup.oracle.package import feed_id
from rollup.protocol.constants import FUNDING_BITS, MARKETS_MAX, STALLED_MAX, STEP_PATIENCE_MS
from rollup.protocol.ended import ending_markets, is_ending
from rollup.protocol.funding import HOUR_MS, RATE_SCALE, Funding, charged, rate
from rollup.protocol.governance_codec import read_governance
from rollup.protocol.market import Market
from rollup.protocol.market_book import BookEntry, MarketBook, book_after, hour_is_due
from rollup.protocol.market_book_codec import read_book
from rollup.protocol.oracle import PRICE_LEAST, PRICE_MOST
from rollup.protocol.pricing import pricing_of
from rollup.protocol.public import PublicInput
from tests.helpers.assets import ASSETS
from tests.helpers.collateral import counting_asset
from tests.helpers.contracts import Probe, members_of, revm
from tests.helpers.ended import delist, traded
from tests.helpers.funding_vectors import FILE
from tests.helpers.market_books import book_of, unsigned_reports
from tests.helpers.venue import BTC_MARKET, GOVERNANCE, PRICES, START, Venue
from tests.helpers.venue_batches import (
    KEYS,
    PricedBatch,
    batches,
    entries,
    markets,
    numbers,
    signed,
)

PROBE = Probe("BooksProbe")
VECTORS = json.loads(FILE.read_text("ascii"))
GAS_MAX = revm.GAS_MAX
"""Gas of a transaction at most."""

FUNDING_MOST = 1 << FUNDING_BITS


def book_by_rules(batch: PricedBatch) -> MarketBook:
    """The book of a batch."""
    now = (batch.governance, batch.time, batch.prices, batch.reports, batch.premium_rates)
    return book_after(batch.book_before, *now, batch.total_before)


def left_by_rules(batch: PricedBatch) -> MarketBook:
    """The book that it leaves."""
    book = book_by_rules(batch)
    ending = ending_markets(batch.governance, book) if batch.closed else frozenset()
    stepped = book.stepped(batch.time, closed=batch.closed, progress=batch.progress)
    return stepped.ending(ending).kept(dict(enumerate(batch.changes)))


def members(book: MarketBook, digest: bytes) -> Any:
    """A book as the contract says it, with this digest."""
    return (digest, *members_of(PROBE, "follow", book)[1:])


def require_same(batch: PricedBatch) -> MarketBook:
    """Contract and rules make the same books of a batch; the one that it leaves."""
    left = left_by_rules(batch)
    found = PROBE.ask("booksOf", batch, batch.total_before, batch.changes)
    assert found[0] == members(book_by_rules(batch), bytes(32))
    assert found[1] == members(left, left.digest())
    return left


def a_batch(**members: Any) -> PricedBatch:
    """A batch of the tests' venue an hour after its book, whose markets are reported."""
    time = START - START % HOUR_MS + HOUR_MS
    prices = members.get("prices", PRICES)
    given = {
        "governance": GOVERNANCE,
        "book_before": book_of(PRICES, funding=(7, -3, *([0] * 62))),
        "time": time,
        "prices": prices,
        "reports": unsigned_reports(GOVERNANCE, 0, 1, prices=prices),
        "changes": (0, 0),
        **members,
    }
    due = hour_is_due(given["book_before"], given["time"])
    return PricedBatch(**{"premium_rates": (-37, 130) if due else (), **given})


# Funding.


def test_vectors_of_rates_and_charges() -> None:
    for row in VECTORS["rates"]:
        found = PROBE.ask("rate", row["premium_rate"], row["interest"], row["cap"])
        assert found == row["rate"]
    for row in VECTORS["charges"]:
        found = PROBE.ask("charged", row["funding"], row["carry"], row["rate"], row["price"])
        assert found == (row["funding_after"], row["carry_after"])


@given(
    numbers(-FUNDING_MOST, FUNDING_MOST),
    numbers(0, RATE_SCALE - 1),
    numbers(-(2**17), 2**17),
    numbers(0, 4000),
    numbers(0, 500),
    numbers(1, PRICE_MOST),
)
def test_an_hour_is_charged_as_the_rules_charge_it(
    offset: int, carry: int, premium: int, interest: int, cap: int, price: int
) -> None:
    each = rate(premium, interest, cap)
    assert PROBE.ask("rate", premium, interest, cap) == each
    wanted = charged(Funding(offset, carry), each, price)
    assert PROBE.ask("charged", offset, carry, each, price) == wanted


def test_below_zero_a_charge_is_rounded_down_and_the_rest_is_carried() -> None:
    assert PROBE.ask("charged", 0, 0, -1, 1024) == (-1, RATE_SCALE - 1024)


@pytest.mark.parametrize("row", VECTORS["books"], ids=lambda row: str(row["time"]))
def test_vectors_of_books(row: dict[str, Any]) -> None:
    governance = read_governance(Node(VECTORS["governance"], "governance"))
    pairs = zip(governance.markets, row["funding_cap"], row["interest"], strict=True)
    listed = tuple(replace(each, funding_cap=c, interest=i) for each, c, i in pairs)
    governance = replace(governance, markets=listed)
    prices = tuple(row["prices"])
    batch = PricedBatch(
        governance=governance,
        book_before=read_book(Node(row["before"]["book"], "book")),
        time=row["time"],
        prices=prices,
        reports=unsigned_reports(governance, *row["reported"], prices=prices),
        premium_rates=tuple(row["premium_rates"]),
        changes=(0, 0),
    )
    book = PROBE.ask("booksOf", batch, 0, (0, 0))[0]
    assert book == members(read_book(Node(row["after"]["book"], "book")), bytes(32))


# Books.


@given(batches())
def test_books_are_those_of_the_rules_whatever_the_prices_are(batch: PricedBatch) -> None:
    require_same(batch)


@given(batches())
def test_a_batch_that_is_priced_leads_on_or_stalls(batch: PricedBatch) -> None:
    given = (batch.governance, batch.time, batch.book_before, batch.reports, signer_of)
    batch = replace(batch, prices=pricing_of(*given).prices)
    left = left_by_rules(batch)
    asked = (batch, batch.total_before, batch.changes)
    if left.stalled > STALLED_MAX:
        assert PROBE.refusal("follow", *asked) is Revert.STEP_STALLED
    else:
        wanted = (members(book_by_rules(batch), bytes(32)), left.digest())
        assert PROBE.ask("follow", *asked) == wanted


def test_prices_are_judged_before_the_step() -> None:
    """A batch that stalls and whose price moved is refused for its price."""
    before = replace(book_of(PRICES), open_since=START - 10**6, stalled=STALLED_MAX)
    batch = a_batch(book_before=before, reports=(), closed=False, progress=False)
    assert PROBE.refusal("follow", batch, 0, (0, 0)) is Revert.STEP_STALLED
    moved = replace(batch, prices=(PRICES[0] + 1, PRICES[1]))
    assert PROBE.refusal("follow", moved, 0, (0, 0)) is Revert.PRICE_MOVED


@pytest.mark.parametrize("by", [-1, 0, 1, 10**9])
@pytest.mark.parametrize("stalled", [0, STALLED_MAX - 1, STALLED_MAX])
def test_a_step_stalls_once_it_is_old(by: int, stalled: int) -> None:
    opened = replace(book_of(PRICES), open_since=START, stalled=stalled)
    for closed, progress in ((False, False), (False, True), (True, False), (True, True)):
        batch = a_batch(
            book_before=opened,
            time=START + STEP_PATIENCE_MS + by,
            reports=(),
            closed=closed,
            progress=progress,
        )
        left = require_same(batch)
        assert left.is_open != closed
        if left.stalled > STALLED_MAX:
            assert PROBE.refusal("follow", batch, 0, (0, 0)) is Revert.STEP_STALLED


def test_a_step_that_a_batch_opens_is_open_since_its_time() -> None:
    left = require_same(a_batch(closed=False, progress=False))
    assert left.open_since == a_batch().time and left.stalled == 0


def test_an_hour_is_charged_once_and_not_in_an_open_step() -> None:
    left = require_same(a_batch())
    assert left.markets[0].funding != 7 and left.hour == a_batch().time // HOUR_MS
    same = require_same(a_batch(time=a_batch().time - 1))
    assert same.markets[0].funding == 7
    opened = replace(a_batch().book_before, open_since=START)
    still = require_same(a_batch(book_before=opened, reports=()))
    assert still.markets[0].funding == 7 and still.hour == opened.hour


def test_a_missing_market_is_not_charged_and_a_lower_cap_of_before_holds() -> None:
    missed = require_same(a_batch(reports=unsigned_reports(GOVERNANCE, 1)))
    assert missed.markets[0].missing and missed.markets[0].funding == 7
    low = tuple(replace(each, funding_cap=1) for each in a_batch().book_before.markets)
    capped = require_same(a_batch(book_before=replace(a_batch().book_before, markets=low)))
    assert capped.markets[0].funding_cap == GOVERNANCE.markets[0].funding_cap


@pytest.mark.parametrize("funding", [FUNDING_MOST, -FUNDING_MOST, FUNDING_MOST - 1])
@pytest.mark.parametrize("premium", [-(2**17), 2**17 - 1])
def test_funding_stands_where_it_would_leave_its_bounds(funding: int, premium: int) -> None:
    before = book_of(PRICES, funding=(funding, funding, *([0] * 62)))
    left = require_same(a_batch(book_before=before, premium_rates=(premium, premium)))
    assert abs(left.markets[0].funding) <= FUNDING_MOST


def test_markets_that_are_new_and_markets_that_went() -> None:
    one = replace(a_batch().book_before, markets=a_batch().book_before.markets[:1])
    new = require_same(a_batch(book_before=one))
    assert (new.markets[1].funding, new.markets[1].carry) == (0, 0)
    three = replace(one, markets=(*a_batch().book_before.markets, one.markets[0]))
    assert len(require_same(a_batch(book_before=three)).markets) == 2


def test_an_ended_market_stands_whatever_is_reported() -> None:
    entry, other = a_batch().book_before.markets
    over = replace(entry, ended=True, clamped=True, missing=True)
    before = replace(a_batch().book_before, markets=(over, other))
    left = require_same(a_batch(book_before=before))
    stood = left.markets[0]
    assert (stood.funding, stood.ended, stood.is_steady) == (7, True, True)


def test_the_debt_stop_is_more_than_a_quarter_of_what_is_under_custody() -> None:
    listed = (replace(BTC_MARKET), replace(ASSETS[0], symbol="W"))
    counted = replace(
        listed[1], maintenance_fraction=1500, initial_fraction=3000, liquidation_fee=300, bucket=600
    )
    governance = replace(GOVERNANCE, markets=(listed[0], counted))
    entry, other = a_batch().book_before.markets
    before = replace(a_batch().book_before, markets=(entry, replace(other, custody=1000)))
    worth = 4 * 1000 * (PRICES[1] * 8500 // 10_000)
    for total, wanted in ((worth - 1, True), (worth, False), (worth + 1, False)):
        batch = a_batch(governance=governance, book_before=before, total_before=total)
        assert require_same(batch).debt_stop is wanted
        opened = replace(before, open_since=START, debt_stop=not wanted)
        still = replace(batch, book_before=opened, reports=(), premium_rates=())
        assert require_same(still).debt_stop is not wanted


# Markets that end.


@given(markets("M"), entries(), st.sampled_from((1, 100, 450)))
def test_a_market_is_over_when_the_rules_say_so(
    market: Market, entry: BookEntry, step: int
) -> None:
    feed = replace(GOVERNANCE.oracle.feeds[0], step=step)
    for price in (entry.price, PRICE_LEAST, PRICE_LEAST - 1, PRICE_MOST):
        each = replace(entry, price=price)
        assert PROBE.ask("isEnding", market, feed, each) == is_ending(market, feed, each)


@pytest.mark.parametrize("funding", [0, -5_000, 1_234])
def test_the_last_prices_at_which_a_market_lives(funding: int) -> None:
    """Where the answer turns, on either side, it turns on chain too."""
    feed = GOVERNANCE.oracle.feeds[0]
    entry = replace(a_batch().book_before.markets[0], funding=funding)
    for market in (
        BTC_MARKET,
        replace(BTC_MARKET, bucket=60),
        counting_asset(),
        counting_asset(bucket=7),
    ):
        low, high = 50_000, PRICE_MOST - 1
        assert is_ending(market, feed, replace(entry, price=high))
        assert not is_ending(market, feed, replace(entry, price=low))
        while high - low > 1:
            middle = (low + high) // 2
            is_over = is_ending(market, feed, replace(entry, price=middle))
            low, high = (low, middle) if is_over else (middle, high)
        for price in (low - 1, low, high, high + 1):
            each = replace(entry, price=price)
            assert PROBE.ask("isEnding", market, feed, each) == is_ending(market, feed, each)


@pytest.mark.parametrize("end", [FUNDING_MOST, -FUNDING_MOST])
def test_the_last_funding_at_which_a_market_lives(end: int) -> None:
    """Where a side's value is far below zero its buckets are rounded down there too."""
    feed, market = GOVERNANCE.oracle.feeds[0], replace(BTC_MARKET, bucket=61)
    entry = a_batch().book_before.markets[0]
    alive, over = 0, end
    while abs(over - alive) > 1:
        middle = (alive + over) // 2
        is_over = is_ending(market, feed, replace(entry, funding=middle))
        alive, over = (alive, middle) if is_over else (middle, over)
    assert is_ending(market, feed, replace(entry, funding=over))
    for funding in range(min(alive, over) - 2, max(alive, over) + 3):
        each = replace(entry, funding=funding)
        assert PROBE.ask("isEnding", market, feed, each) == is_ending(market, feed, each)


# Public inputs of the tests' venues.


def require_public(public: PublicInput) -> None:
    """The books of a real public input, whose reports are signed."""
    changes = [public.custody_change(n + 1) for n in range(len(public.governance.markets))]
    listed = zip(public.governance.markets, changes, strict=True)
    kept = [change if market.is_asset else 0 for market, change in listed]
    found = PROBE.ask("follow", public, public.total_before, kept)
    assert found == (members(public.book, bytes(32)), public.book_after.digest())


def test_a_batch_of_a_venue_leads_on() -> None:
    venue = Venue().with_traders(10**9, 10**9)
    require_public(venue.run(venue.batch()).public)
    require_public(venue.run(venue.batch(step=HOUR_MS)).public)


def test_a_market_that_is_delisted_ends_with_its_step() -> None:
    venue = traded()
    delist(venue, 0)
    public = venue.run(venue.batch()).public
    assert public.ending == {0}
    require_public(public)
    require_public(replace(public, closed=False))
    require_public(venue.run(venue.batch()).public)


def test_the_largest_venue_with_every_report_fits_a_transaction() -> None:
    """64 markets, five signers each, an hour that is due."""
    listed = tuple(replace(BTC_MARKET, symbol=f"M{place}") for place in range(MARKETS_MAX))
    given = tuple(replace(GOVERNANCE.oracle.feeds[0], feed=feed_id(m.symbol)) for m in listed)
    signers = tuple(key.address for key in KEYS)
    oracle = replace(GOVERNANCE.oracle, signers=signers, quorum=3, feeds=given)
    governance = replace(GOVERNANCE, markets=listed, oracle=oracle)
    time = a_batch().time
    reports = tuple(
        signed(key, feed.feed, (60_010 + place) * 10**8, oracle.slot(time))
        for feed in given
        for place, key in enumerate(KEYS)
    )
    batch = PricedBatch(
        governance=governance,
        book_before=book_of((600_000,) * MARKETS_MAX, governance),
        time=time,
        prices=(600_120,) * MARKETS_MAX,
        reports=reports,
        premium_rates=(-100,) * MARKETS_MAX,
        changes=(0,) * MARKETS_MAX,
    )
    wanted = (members(book_by_rules(batch), bytes(32)), left_by_rules(batch).digest())
    assert PROBE.ask("follow", batch, 0, batch.changes) == wanted
    assert PROBE.gas < GAS_MAX // 2
