"""Prices that are clamped or missing: what the market book says of them, and what nobody may do at
them. Who must be dealt with is, whatever a price is worth."""

from dataclasses import replace

import pytest

from rollup.oracle.package import feed_id
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.order import PEG_BIAS
from rollup.protocol.rejection import Reason
from tests.helpers.assets import ASSET_GOVERNANCE, WBTC, WBTC_MARK, asset_venue, spot
from tests.helpers.fallen import LONG, RICH, WELL, fallen
from tests.helpers.keeper import holding_of, plan
from tests.helpers.market_books import terms_at, unsigned_reports
from tests.helpers.thin import NEAR, thin
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    PRICES,
    USDC,
    ByOrder,
    Match,
    Venue,
    buy,
    credit,
    sell,
    transfer,
    withdraw,
)

FAR = (BTC_PRICE * 2, ETH_PRICE)
"""What is reported where the price of BTC is held back."""


@pytest.fixture
def venue() -> Venue:
    """Account 1 holds 1,000 lots of BTC, account 3 of ETH, account 2 owes them."""
    made = Venue().with_traders(*[1000 * USDC] * 3)
    ether = {"market": ETH, "slot": 1, "price": ETH_PRICE}
    bid, ask = buy(3, 1000, **ether), sell(2, 1000, **ether)
    bitcoin = Match(buy(1, 1000), sell(2, 1000), 1000)
    made.run(made.batch(matches=[bitcoin, Match(bid, ask, 1000, ETH_PRICE)]))
    return made


def clamped(venue: Venue) -> Venue:
    venue.reports = unsigned_reports(GOVERNANCE, BTC, ETH, prices=FAR)
    return venue


def missing(venue: Venue) -> Venue:
    venue.reports = unsigned_reports(GOVERNANCE, ETH)
    return venue


UNSTEADY = {"clamped": clamped, "missing": missing}


def trade(buyer: int, seller: int, size: int, market: int = BTC) -> Match:
    price = PRICES[market]
    terms = {"market": market, "slot": 3, "price": price}
    return Match(buy(buyer, size, **terms), sell(seller, size, **terms), size, price)


def test_the_book_says_which_prices_are_fresh(venue: Venue) -> None:
    found = venue.run(venue.batch()).public.book_after
    assert [each.is_steady for each in found.markets] == [True, True]
    found = venue.run(clamped(venue).batch()).public.book_after
    assert [(e.clamped, e.missing) for e in found.markets] == [(True, False), (False, False)]
    found = venue.run(missing(venue).batch()).public.book_after
    assert [(e.clamped, e.missing) for e in found.markets] == [(False, True), (False, False)]


def test_where_no_price_is_known_nobody_trades_not_even_to_shrink(venue: Venue) -> None:
    assert venue.apply(venue.batch(matches=[trade(2, 1, 100)]))
    missing(venue)
    for match in (trade(2, 1, 100), trade(1, 2, 100), trade(3, 1, 1)):
        assert venue.refusal(venue.batch(matches=[match])) is Reason.MARKET_MISSING
    assert venue.apply(venue.batch(matches=[trade(3, 2, 100, ETH)]))


def test_where_a_price_is_held_back_both_sides_shrink(venue: Venue) -> None:
    clamped(venue)
    assert venue.apply(venue.batch(matches=[trade(2, 1, 100)]))
    assert venue.apply(venue.batch(matches=[trade(2, 1, 1000)]))
    assert venue.apply(venue.batch(matches=[trade(3, 2, 100, ETH)])), "the other price is fresh"


@pytest.mark.parametrize(
    "match",
    [
        trade(1, 2, 1),
        trade(3, 1, 1),
        trade(2, 3, 1),
        trade(2, 1, 1001),
    ],
    ids=["both grow", "the buyer opens", "the seller opens", "both flip"],
)
def test_where_a_price_is_held_back_nobody_grows(venue: Venue, match: Match) -> None:
    assert venue.apply(venue.batch(matches=[match]))
    clamped(venue)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARKET_UNSTEADY


def test_what_counts_is_the_batch_and_not_each_fill(venue: Venue) -> None:
    """A position that comes and goes in between is no larger than it was."""
    clamped(venue)
    back = Match(buy(2, 150, slot=4, price=BTC_PRICE), sell(1, 150, slot=4, price=BTC_PRICE), 150)
    assert venue.apply(venue.batch(matches=[trade(1, 2, 100), back]))
    assert venue.refusal(venue.batch(matches=[trade(1, 2, 200), back])) is Reason.MARKET_UNSTEADY


@pytest.mark.parametrize("how", UNSTEADY)
def test_no_cash_leaves_who_holds_the_market_before_or_after(venue: Venue, how: str) -> None:
    UNSTEADY[how](venue)
    assert venue.refusal(venue.batch(outflows=[withdraw(1, 1)])) is Reason.OUTFLOW_MARKET
    assert venue.apply(venue.batch(outflows=[withdraw(3, 1)]))
    if how == "clamped":
        whole = venue.batch(matches=[trade(2, 1, 1000)], outflows=[withdraw(1, 1)])
        assert venue.refusal(whole) is Reason.OUTFLOW_MARKET


def test_a_market_that_nobody_reports_yet_is_listed_and_not_traded(venue: Venue) -> None:
    before = venue.genesis.governance
    feed = replace(before.oracle.feeds[0], feed=feed_id("NEW"), listing_price=77_000)
    oracle = replace(before.oracle, feeds=(*before.oracle.feeds, feed))
    new = replace(BTC_MARKET, symbol="NEW", bucket=100)
    after = replace(before, markets=(*before.markets, new), oracle=oracle)
    venue.genesis = replace(venue.genesis, governance=after, prices=(*venue.genesis.prices, 77_000))
    venue.prices = (*venue.prices, 77_000)
    venue.reports = unsigned_reports(after, BTC, ETH)
    terms = {"market": 2, "slot": 3, "price": 77_000}
    match = Match(buy(1, 1, **terms), sell(2, 1, **terms), 1, 77_000)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARKET_MISSING
    found = venue.run(venue.batch()).public.book_after
    assert [each.missing for each in found.markets] == [False, False, True]
    venue.reports = ()
    assert venue.apply(venue.batch(matches=[match]))


# No dead end.


@pytest.mark.parametrize("how", UNSTEADY)
def test_who_is_below_maintenance_is_taken_over_at_any_price(how: str) -> None:
    """The backstop grows: it is the one that may."""
    venue = Venue().with_traders(100 * USDC, 10**6 * USDC)
    venue.run(venue.batch([credit(2, BACKSTOP_ACCOUNT, 10**6 * USDC)]))
    venue.run(venue.batch(matches=[Match(buy(1, 1500), sell(2, 1500), 1500)]))
    venue.prices = (BTC_PRICE * 93 // 100, ETH_PRICE)
    fell = unsigned_reports(GOVERNANCE, BTC, ETH, prices=(BTC_PRICE // 2, ETH_PRICE))
    venue.reports = fell if how == "clamped" else unsigned_reports(GOVERNANCE, ETH)
    (takeover,) = plan(1, holding_of(venue.state.accounts[1]), terms_at(venue.prices), 1)
    outcome = venue.run(venue.batch(takeovers=[takeover]))
    assert outcome.public.closed
    assert getattr(outcome.public.book_after.markets[BTC], how)
    assert venue.state.accounts[BACKSTOP_ACCOUNT].positions[BTC] > 0


@pytest.mark.parametrize("reported", [(), (ETH,)], ids=["nothing reported", "another market"])
def test_others_are_deleveraged_at_any_price(reported: tuple[int, ...]) -> None:
    place = thin()
    place.venue.reports = unsigned_reports(GOVERNANCE, *reported, prices=place.venue.prices)
    batch = replace(place.batch(*place.plan()), reports=place.venue.reports)
    outcome = place.venue.run(batch)
    assert outcome.public.closed and outcome.steps.deleveraged
    assert NEAR in {account for account, _ in outcome.steps.deleveraged}


@pytest.mark.parametrize("how", UNSTEADY)
def test_an_order_that_takes_may_grow_where_the_price_is_held_back(how: str) -> None:
    """Where there is none it does not take: pegged, it would have no limit."""
    place = fallen()
    UNSTEADY[how](place.venue)
    lots = place.needed(LONG)
    order = buy(RICH, lots, PEG_BIAS, slot=3, pegged=True, when_clamped=True)
    take = ByOrder(order, LONG, lots, BTC_PRICE)
    batch = place.venue.batch(by_orders=[take])
    if how == "missing":
        assert place.venue.refusal(batch) is Reason.MARKET_MISSING
        place.venue.run(place.batch(place.takeover(LONG, lots)))
        return
    before = place.venue.state.accounts[RICH].positions[BTC]
    assert place.venue.run(batch).steps.order_takeovers
    assert place.venue.state.accounts[RICH].positions[BTC] == before + lots


def test_who_takes_does_not_grow_by_meeting_others() -> None:
    place = fallen()
    clamped(place.venue)
    lots = place.needed(LONG)
    order = buy(WELL, lots, BTC_PRICE, slot=3, when_clamped=True)
    take = ByOrder(order, LONG, lots, BTC_PRICE)
    assert place.venue.apply(place.venue.batch(by_orders=[take]))
    for size, reason in ((1, Reason.MARKET_UNSTEADY), (lots, None)):
        away = Match(buy(RICH, size, slot=4), sell(WELL, size, slot=4), size)
        batch = place.venue.batch(by_orders=[take], matches=[away])
        if reason is None:
            assert place.venue.apply(batch)
        else:
            assert place.venue.refusal(batch) is reason


def test_lots_of_an_asset_whose_price_is_missing_come_and_keep_no_cash() -> None:
    """Anybody can give an account one: it counts for nothing, and stops nothing."""
    venue = asset_venue()
    first = venue.state.globals.deposits_consumed
    entry = credit(first, 2, 5, WBTC_MARK)
    given = transfer(1, 2, 1, slot=9, asset=WBTC_MARK)
    venue.run(venue.batch([entry], outflows=[given, withdraw(2, USDC)], reported=False))
    assert venue.state.accounts[2].positions[WBTC] == 6
    out = withdraw(2, 6, slot=6, asset=WBTC_MARK)
    assert venue.run(venue.batch(outflows=[out], reported=False)).public.withdrawals
    perp = Match(buy(2, 10), sell(1, 10), 10)
    venue.run(venue.batch(matches=[perp]))
    late = venue.batch(outflows=[withdraw(2, USDC, slot=7)], reported=False)
    assert venue.refusal(late) is Reason.OUTFLOW_MARKET


def test_an_asset_is_not_traded_at_a_price_that_is_held_back() -> None:
    venue = asset_venue()
    assert venue.apply(venue.batch(matches=[spot(1, 2, 10)]))
    missing = venue.batch(matches=[spot(1, 2, 10)], reported=False)
    assert venue.refusal(missing) is Reason.MARKET_MISSING
    far = (BTC_PRICE, ETH_PRICE, 2 * BTC_PRICE)
    venue.reports = unsigned_reports(ASSET_GOVERNANCE, BTC, ETH, WBTC, prices=far)
    assert venue.refusal(venue.batch(matches=[spot(1, 2, 10)])) is Reason.MARKET_UNSTEADY


def test_a_market_is_missing_for_long_and_the_venue_goes_on(venue: Venue) -> None:
    missing(venue)
    for _ in range(100):
        first = venue.state.globals.deposits_consumed
        outcome = venue.run(venue.batch([credit(first, 1, 1)], step=60_000))
        assert outcome.public.closed and outcome.public.book_after.stalled == 0
    venue.reports = ()
    assert venue.run(venue.batch(matches=[trade(1, 2, 1)])).public.closed


# Open steps.


def test_how_a_price_came_to_be_stands_while_its_step_is_open() -> None:
    venue = Venue().with_traders(100 * USDC, 10**6 * USDC, 1000 * USDC)
    venue.run(venue.batch(matches=[Match(buy(1, 1500), sell(2, 1500), 1500)]))
    venue.prices = (BTC_PRICE * 93 // 100, ETH_PRICE)
    low = (BTC_PRICE * 80 // 100, ETH_PRICE)
    venue.reports = unsigned_reports(GOVERNANCE, BTC, prices=low)
    first = venue.run(venue.batch())
    assert not first.public.closed
    venue.reports = ()
    second = venue.run(venue.batch())
    found = [(e.clamped, e.missing) for e in second.public.book_after.markets]
    assert found == [(True, False), (False, True)]
