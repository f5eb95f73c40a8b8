"""The whole book after every batch: nobody is skipped, whatever prices and traders do."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.oracle.package import feed_id
from rollup.protocol.continuing import require_continues
from rollup.protocol.market import Governance
from rollup.protocol.market_book import step_bound
from rollup.protocol.openings import due_accounts
from rollup.protocol.outcome import Outcome
from rollup.protocol.state import State
from tests.helpers.keeper import Keeper, Scan
from tests.helpers.market_books import terms_at
from tests.helpers.venue import BTC_MARKET, GOVERNANCE, USDC, Venue, genesis

STEP = min(feed.step for feed in GOVERNANCE.oracle.feeds)
"""How far a price may go, in ten-thousandths: to the brink of theorem T."""

MARKETS = len(GOVERNANCE.markets)
some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

moves = st.lists(
    st.tuples(
        st.tuples(*[st.integers(-STEP, STEP) | st.sampled_from([-STEP, STEP])] * MARKETS),
        st.integers(0, 6),
        st.integers(1, 6),
    ),
    min_size=1,
    max_size=6,
)


def moved(prices: tuple[int, ...], move: tuple[int, ...]) -> tuple[int, ...]:
    """Prices within a step of those before."""
    pairs = zip(prices, move, strict=True)
    return tuple(price + int(price * part / 10_000) for price, part in pairs)


def keeper(seed: int, traders: int = 6) -> Keeper:
    rng = Random(seed)
    amounts = [rng.choice([20, 100, 2000]) * USDC for _ in range(traders)]
    return Keeper(Venue().with_traders(*amounts))


def judge(book: Keeper, outcome: Outcome) -> None:
    """What must hold after every batch, and what after one that closes its step."""
    state, terms = book.venue.state, outcome.steps.terms
    scan = Scan(state, terms)
    assert scan.counts_agree()
    assert scan.due() == due_accounts(state, terms)
    assert_frontiers(state, scan)
    assert all(found.equity >= 0 for found in scan.values().values()), "somebody is below zero"
    assert outcome.public.closed == (scan.due() == [])
    if outcome.public.closed:
        assert scan.unhealthy() == []
    assert set(scan.unhealthy()) <= set(scan.due())


def assert_frontiers(state: State, scan: Scan) -> None:
    """Above a frontier nothing is counted; and it is no higher than somebody or the price is."""
    for market, pair in enumerate(state.markets.frontiers):
        for side, frontier in enumerate(pair):
            triggers = [
                trigger
                for account in state.accounts.values()
                for (held, size), trigger in zip(account.positions, account.triggers, strict=True)
                if held == market and (size < 0) == side
            ]
            assert frontier == max([scan.terms[market].numbers[side], *triggers])


@some
@given(st.integers(0, 2**32), moves)
def test_nobody_is_skipped_and_nobody_is_below_zero(
    seed: int, path: list[tuple[tuple[int, ...], int, int]]
) -> None:
    rng, book = Random(seed), keeper(seed)
    for move, trades, room in path:
        judge(book, book.trade(rng, trades))
        book.room = room
        for outcome in book.step(moved(book.venue.prices, move)):
            judge(book, outcome)
            if not outcome.public.closed:
                judge(book, book.trade(rng, 2))


@pytest.mark.parametrize("seed", range(4))
def test_a_crash_is_closed_step_by_step(seed: int) -> None:
    """Forty steps down, as far as one may go, with hardly any room in a batch."""
    rng, book = Random(seed), keeper(seed, traders=20)
    for _ in range(6):
        judge(book, book.trade(rng, 10))
    book.room = 2
    for place in range(40):
        for outcome in book.step(moved(book.venue.prices, (-STEP, rng.randint(-STEP, STEP)))):
            judge(book, outcome)
        if place % 5 == 0:
            judge(book, book.trade(rng, 6))
    assert book.seen["taken"] and book.seen["refreshed"] and book.seen["open"], book.seen


def governed(book: Keeper, moved_by: int) -> Governance:
    """The same parameters with other maintenance margins, which theorem T allows."""
    before = book.venue.genesis.governance
    markets = tuple(
        replace(
            market,
            maintenance_fraction=max(500, market.maintenance_fraction + moved_by),
            initial_fraction=max(500, market.maintenance_fraction + moved_by) + 500,
        )
        for market in before.markets
    )
    after = replace(before, markets=markets)
    require_continues(before, after)
    return after


@pytest.mark.parametrize("seed", range(3))
def test_parameters_that_move_bring_accounts_due_and_skip_nobody(seed: int) -> None:
    rng, book = Random(seed), keeper(seed, traders=10)
    for _ in range(4):
        judge(book, book.trade(rng, 6))
    for place in range(12):
        venue = book.venue
        governance = governed(book, rng.randint(-STEP, STEP))
        venue.genesis = replace(venue.genesis, governance=governance)
        move = (rng.randint(-STEP, STEP), rng.randint(-STEP, STEP))
        for outcome in book.step(moved(venue.prices, move)):
            judge(book, outcome)
        if place % 3 == 0:
            judge(book, book.trade(rng, 4))
    assert book.seen["refreshed"] + book.seen["taken"] > 2, book.seen


def tight(maintenance: int, step: int) -> Governance:
    """High leverage: hardly more maintenance than a step, in ten-thousandths."""
    markets = tuple(
        replace(
            market,
            maintenance_fraction=maintenance,
            initial_fraction=maintenance + 100,
            band_fraction=90,
            liquidation_fee=maintenance // 2,
        )
        for market in GOVERNANCE.markets
    )
    feeds = tuple(replace(feed, step=step) for feed in GOVERNANCE.oracle.feeds)
    return replace(GOVERNANCE, markets=markets, oracle=replace(GOVERNANCE.oracle, feeds=feeds))


@pytest.mark.parametrize("seed", range(2))
def test_a_margin_and_a_step_that_are_raised_together_leave_nobody_below_zero(seed: int) -> None:
    """Accounts have the old margin in the first batch under the new one: its prices move by the old
    step. By the new one, which theorem T allows, somebody would be below zero."""
    before, after = tight(150, 100), tight(250, 200)
    require_continues(before, after)
    rng = Random(seed)
    venue = Venue(genesis=genesis(before)).with_traders(*[100 * USDC] * 20)
    book = Keeper(venue)
    for _ in range(3):
        judge(book, book.trade(rng, 20))
    for outcome in book.step(moved(venue.prices, (-100, -100))):
        judge(book, outcome)
    venue.genesis = replace(venue.genesis, governance=after)
    bounds = {step_bound(venue.state.book, market, after.oracle.feeds[market]) for market in (0, 1)}
    assert bounds == {100}
    wild = terms_at(moved(venue.prices, (-200, -200)), after)
    assert any(found.equity < 0 for found in Scan(venue.state, wild).values().values())
    for outcome in book.step(moved(venue.prices, (-100, -100))):
        judge(book, outcome)
    assert step_bound(venue.state.book, 0, after.oracle.feeds[0]) == 200


def test_a_market_that_is_listed_later_begins_at_its_price() -> None:
    book = keeper(7)
    venue, new = book.venue, replace(BTC_MARKET, symbol="NEW", bucket=100)
    before = venue.genesis.governance
    feed = replace(before.oracle.feeds[0], feed=feed_id("NEW"), listing_price=77_000)
    oracle = replace(before.oracle, feeds=(*before.oracle.feeds, feed))
    after = replace(before, markets=(*before.markets, new), oracle=oracle)
    require_continues(before, after)
    venue.genesis = replace(venue.genesis, governance=after, prices=(*venue.genesis.prices, 77_000))
    for outcome in book.step((*venue.prices, 77_000)):
        judge(book, outcome)
    assert len(venue.state.markets.frontiers) == 3
    for _ in range(5):
        judge(book, book.trade(Random(3), 8))
    assert any(account.positions[2] for account in venue.state.accounts.values())
    for outcome in book.step(moved(venue.prices, (-STEP, STEP, -STEP))):
        judge(book, outcome)


def test_a_state_that_is_read_again_has_the_same_root() -> None:
    rng, book = Random(5), keeper(5)
    for _ in range(4):
        book.trade(rng, 6)
        list(book.step(moved(book.venue.prices, (-300, 200))))
    state = book.venue.state
    again = State(
        state.accounts,
        state.markets,
        state.globals,
        state.book,
        book.venue.suite.compress_many,
        state.slots,
    )
    assert again.root == state.root
