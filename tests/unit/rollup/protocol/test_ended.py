"""Ended markets: when one is over, what stands then, and how its positions become cash."""

from dataclasses import replace

import pytest

from rollup.protocol.continuing import require_continues
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.ended import ending_markets, is_ending, step_buckets
from rollup.protocol.funding import HOUR_MS
from rollup.protocol.market_book_codec import book_from_bytes
from rollup.protocol.outcome import Outcome
from rollup.protocol.positions import NO_POSITIONS
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.tally import NO_TALLY, Tally
from rollup.protocol.terms import MarketTerms
from tests.helpers.assets import ASSET_GOVERNANCE, WBTC, WBTC_MARK, asset_venue, paying, spot
from tests.helpers.ended import (
    FUNDING,
    LAST_PRICE,
    LONG,
    LOTS,
    OTHER,
    SHORT,
    VALUE,
    delist,
    delisted,
    ended,
    net_settled,
    require_conserved,
    settlement,
    settling,
    traded,
)
from tests.helpers.market_books import unsigned_reports
from tests.helpers.oracle import oracle_terms
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    Match,
    Venue,
    begun,
    buy,
    credit,
    genesis,
    held,
    refusal,
    sell,
    withdraw,
)

FEED = GOVERNANCE.oracle.feeds[BTC]


@pytest.fixture
def venue() -> Venue:
    return ended()


def terms(outcome: Outcome) -> MarketTerms:
    return outcome.steps.terms[BTC]


# When a market is over.


def test_a_delisted_market_lives_for_one_step_more_and_is_over_when_that_closes() -> None:
    venue = traded()
    delist(venue, BTC)
    venue.prices = (LAST_PRICE, ETH_PRICE)
    match = Match(buy(LONG, 10, slot=2), sell(OTHER, 10, slot=2), 10)
    last = venue.run(venue.batch(matches=[match]))
    assert not terms(last).is_ended and last.public.ending == {BTC}
    assert last.public.book.ended == frozenset()
    assert venue.state.book.ended == {BTC} and last.public.book_after.ended == {BTC}
    assert terms(venue.run(venue.batch())).is_ended


def test_it_is_not_over_while_its_last_step_is_open() -> None:
    venue = traded()
    delist(venue, BTC)
    public = venue.apply(venue.batch()).public
    still = replace(public, closed=False)
    assert still.ending == frozenset() and still.book_after.ended == frozenset()


def test_its_price_and_f_stand_for_good_whatever_is_reported(venue: Venue) -> None:
    for wrong in (2 * BTC_PRICE, 500_000):
        venue.prices = (wrong, ETH_PRICE)
        reports = venue.batch(step=HOUR_MS).reports
        venue.prices = (LAST_PRICE, ETH_PRICE)
        outcome = venue.run(replace(venue.batch(step=HOUR_MS), reports=reports))
        entry = venue.state.book.markets[BTC]
        assert (entry.price, entry.funding, entry.ended) == (LAST_PRICE, FUNDING, True)
        assert entry.is_steady and outcome.public.premium_rates[BTC] == 0
        assert "BTC" not in outcome.public.funding_rates


def test_rules_refuse_another_price(venue: Venue) -> None:
    venue.prices = (LAST_PRICE + 1, ETH_PRICE)
    assert venue.refusal(venue.batch()) is Reason.MARKET_ENDED


def test_nothing_is_required_of_its_lots_and_they_count_whole(venue: Venue) -> None:
    found = terms(venue.run(venue.batch()))
    assert (found.maintenance, found.initial, found.liquidation_fee) == (0, 0, 0)
    assert found.value == VALUE == found.long_maintenance == found.long_initial
    assert found.short_maintenance == -VALUE and found.reliefs == (0, 0)
    assert found.value % found.bucket and found.least_order == 0


@pytest.mark.parametrize(
    ("price", "clamped", "is_over"),
    [
        (2**10 - 1, False, True),
        (2**10, True, True),
        (2**10, False, False),
        (2**10 + 1, True, False),
        (BTC_PRICE, True, False),
        (2**29 - 2, True, False),
        (2**29 - 1, False, False),
        (2**29 - 1, True, True),
    ],
)
def test_a_market_ends_where_its_price_is_held_at_an_end(
    price: int, clamped: bool, is_over: bool
) -> None:
    """Signers report less than the least price, or more than the greatest: for good."""
    market = replace(BTC_MARKET, bucket=2**21 - 1)
    entry = replace(ended().state.book.markets[BTC], price=price, funding=0, ended=False)
    assert is_ending(market, FEED, replace(entry, clamped=clamped)) is is_over


def test_a_price_that_falls_below_the_least_ends_its_market() -> None:
    """It is held at the least, and would be for ever."""
    low = (1_050, ETH_PRICE)
    markets = (replace(BTC_MARKET, bucket=1), GOVERNANCE.markets[ETH])
    oracle = oracle_terms(("BTC", "ETH"), low)
    governance = replace(GOVERNANCE, markets=markets, oracle=oracle)
    venue = Venue(genesis=genesis(governance, low), prices=low)
    reports = tuple(unsigned_reports(governance, BTC, prices=(900, ETH_PRICE)))
    venue.prices, venue.reports = (1_024, ETH_PRICE), reports
    venue.run(venue.batch())
    assert venue.state.book.ended == {BTC}


def test_it_ends_within_two_steps_of_the_last_bucket() -> None:
    """Of a price that grows the short side gets there first."""
    entry = replace(ended().state.book.markets[BTC], funding=0, ended=False)

    def over(price: int) -> bool:
        return is_ending(BTC_MARKET, FEED, replace(entry, price=price))

    first = next(price for price in range(BTC_PRICE, 60 * BTC_PRICE, 600) if over(price))
    room = 2 * step_buckets(BTC_MARKET, FEED, first)
    maintenance = -(-first * BTC_MARKET.maintenance_fraction // 10**4)
    number = (-first - maintenance) // BTC_MARKET.bucket + 2**16 - 2**14
    assert room - 6 < number < room and not over(first - 600)


@pytest.mark.parametrize(("funding", "cap"), [(0, 13), (0, 200), (-5000, 200)])
def test_a_live_market_that_did_not_end_stays_in_range_for_a_step(funding: int, cap: int) -> None:
    """From the greatest price at which it lives, one more step either way, F and margin too."""
    market = replace(BTC_MARKET, funding_cap=cap)
    entry = replace(ended().state.book.markets[BTC], funding=funding, ended=False)
    prices = range(BTC_PRICE, 60 * BTC_PRICE, 997)
    price = max(p for p in prices if not is_ending(market, FEED, replace(entry, price=p)))
    risen = price * (10**4 + FEED.step) // 10**4
    margin = market.maintenance_fraction + FEED.step
    worst = (-(risen - funding) - cap * risen // 10**6 - risen * margin // 10**4) // 600
    assert worst + 2**16 - 2**14 >= 0


def test_delisted_is_for_good() -> None:
    after = delisted(GOVERNANCE, BTC)
    require_continues(GOVERNANCE, after)
    assert refusal(lambda: require_continues(after, GOVERNANCE)) is Reason.GOVERNANCE_CHANGED


def test_a_delisted_market_is_exempt_from_the_bound_of_a_step() -> None:
    feeds = (replace(FEED, step=5_000), *GOVERNANCE.oracle.feeds[1:])
    oracle = replace(GOVERNANCE.oracle, feeds=feeds)
    assert refusal(lambda: replace(GOVERNANCE, oracle=oracle)) is Reason.STEP_TOO_WIDE
    assert replace(delisted(GOVERNANCE, BTC), oracle=oracle).markets[BTC].delisted


def test_the_book_says_which_are_over_in_its_bytes(venue: Venue) -> None:
    book = venue.state.book
    assert book_from_bytes(book.encode()) == book
    lives = replace(book, markets=tuple(replace(m, ended=False) for m in book.markets))
    assert lives.digest() != book.digest()


def test_a_market_ends_once(venue: Venue) -> None:
    governance = venue.genesis.governance
    assert ending_markets(governance, venue.state.book) == frozenset()


# What is settled.


def test_a_long_and_a_short_get_what_their_lots_are_worth(venue: Venue) -> None:
    before = dict(venue.state.accounts)
    outcome = venue.run(settling(venue, LONG, SHORT))
    for account in (LONG, SHORT):
        leaf = venue.state.accounts[account]
        assert leaf.cash == before[account].cash + LOTS[account] * VALUE
        assert leaf.positions[BTC] == 0 and leaf.positions[ETH] == before[account].positions[ETH]
    assert outcome.steps.liquidated == frozenset()
    assert net_settled(venue.state) == LOTS[LONG] + LOTS[SHORT]
    require_conserved(venue.state)


def test_settling_changes_nothing_that_margin_counts(venue: Venue) -> None:
    outcome = venue.run(settling(venue, LONG, SHORT, OTHER))
    for account in outcome.accounts:
        mark, after = account.closing.mark, account.closing.after
        assert (mark.equity, mark.excess) == (after.equity, after.excess)
        assert not account.liquidated


def test_open_interest_falls_with_the_lots_that_were_held(venue: Venue) -> None:
    assert venue.state.markets.tallies[BTC].open_interest == LOTS[LONG]
    venue.run(settling(venue, SHORT))
    assert venue.state.markets.tallies[BTC].open_interest == LOTS[LONG]
    venue.run(settling(venue, LONG, OTHER))
    assert venue.state.markets.tallies[BTC] == NO_TALLY
    assert venue.state.accounts[OTHER].positions == NO_POSITIONS


def test_what_was_counted_of_the_last_hour_is_dropped_as_the_market_ends() -> None:
    venue = traded()
    delist(venue, BTC)
    assert venue.state.markets.tallies[BTC].volume > 0
    venue.run(venue.batch())
    assert venue.state.markets.tallies[BTC] == Tally(0, 0, LOTS[LONG])
    assert venue.state.markets.tallies[ETH].volume > 0


def test_what_was_settled_is_kept_where_an_hour_is_due(venue: Venue) -> None:
    venue.run(settling(venue, SHORT))
    venue.run(venue.batch(step=HOUR_MS))
    assert net_settled(venue.state) == LOTS[SHORT]
    require_conserved(venue.state)


def test_orders_of_somebody_who_is_settled_act_in_other_markets(venue: Venue) -> None:
    terms = {"market": ETH, "price": ETH_PRICE, "slot": 2}
    match = Match(buy(OTHER, 10, **terms), sell(LONG, 10, **terms), 10, ETH_PRICE)
    outcome = venue.run(venue.batch(matches=[match], takeovers=[settlement(OTHER)]))
    assert venue.state.accounts[OTHER].positions == held(0, 10)
    assert outcome.public.closed


def test_positions_are_settled_in_a_step_that_is_open(venue: Venue) -> None:
    batch = begun(settling(venue, LONG))
    assert not venue.apply(batch).steps.liquidated


def test_an_owner_withdraws_while_he_has_lots_of_it(venue: Venue) -> None:
    """It counts as fresh and unclamped: nobody's money waits for a price that never comes."""
    outcome = venue.apply(venue.batch(outflows=[withdraw(SHORT, 10**6)]))
    assert len(outcome.public.withdrawals) == 1


@pytest.mark.parametrize(
    ("takeover", "reason"),
    [
        (settlement(LONG, 999), Reason.TAKEOVER_SIZE),
        (settlement(LONG, 1001), Reason.TAKEOVER_SIZE),
        (settlement(LONG, fee=1), Reason.TAKEOVER_FEE),
        (settlement(LONG, 50, market=ETH), Reason.MARKET_LIVE),
        (settlement(LONG, 1, market=9), Reason.MARKET_ABSENT),
        (Takeover(LONG, BTC, 1000, 0), Reason.MARKET_ENDED),
        (Takeover(LONG, BTC, 700, 0, Route.DELEVERAGED, SHORT), Reason.MARKET_ENDED),
        (Takeover(LONG, BTC, 700, 0, Route.LIQUIDATED, SHORT), Reason.MARKET_ENDED),
    ],
    ids=["fewer", "more", "fee", "live", "absent", "backstop", "deleveraged", "liquidated"],
)
def test_what_is_no_settlement_is_refused(venue: Venue, takeover: Takeover, reason: Reason) -> None:
    assert venue.refusal(venue.batch(takeovers=[takeover])) is reason


def test_nobody_is_settled_twice(venue: Venue) -> None:
    assert venue.refusal(settling(venue, LONG, LONG)) is Reason.TAKEOVER_SIZE


def test_a_settlement_names_no_taker() -> None:
    found = refusal(lambda: Takeover(LONG, BTC, 1, 0, Route.SETTLED, SHORT))
    assert found is Reason.MALFORMED


def test_no_order_trades_in_a_market_that_is_over(venue: Venue) -> None:
    match = Match(buy(SHORT, 1, slot=3), sell(LONG, 1, slot=3), 1, LAST_PRICE)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARKET_ENDED


# Assets.


def test_an_ended_asset_is_withdrawn_and_neither_traded_nor_deposited() -> None:
    venue = asset_venue()
    venue.genesis = replace(venue.genesis, governance=delisted(ASSET_GOVERNANCE, WBTC))
    venue.run(venue.batch())
    assert venue.state.book.ended == {WBTC}
    assert venue.refusal(venue.batch(matches=[spot(1, 2, 10)])) is Reason.MARKET_ENDED
    taken = Takeover(1, WBTC, 100_000, 0, Route.SETTLED)
    assert venue.refusal(venue.batch(takeovers=[taken])) is Reason.ASSET_TAKEN
    first = venue.state.globals.deposits_consumed
    outcome = venue.run(venue.batch([credit(first, 1, 10, WBTC_MARK), credit(first + 1, 1, 10)]))
    judged = [deposit.outcome for deposit in outcome.public.deposits]
    assert judged == [DepositOutcome.ASSET_UNKNOWN, DepositOutcome.CREDITED]
    outcome = venue.run(paying(venue, withdraw(1, 10, asset=WBTC_MARK)))
    assert venue.state.book.markets[WBTC].custody == 100_000 - 10
