"""Laws of liquidation over whole crashes: who is below maintenance is taken over, nobody falls
below zero, and cash and lots only change hands.

A price moves by less than theorem T allows between two batches, and a plain operator takes over as
little as heals whoever is below maintenance. Then there is always a valid batch, and no account
ever has less than nothing at a batch's prices: neither before its takeovers nor after them.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.openings import due_accounts
from rollup.protocol.outcome import Outcome
from rollup.protocol.takeover import Takeover
from rollup.protocol.terms import MarketTerms
from tests.helpers.fallen import BACKSTOP, WEALTH
from tests.helpers.keeper import plan
from tests.helpers.market_books import terms_at
from tests.helpers.venue import BTC, ETH, PRICES, USDC, Match, Venue, buy, credit, sell

MARKETS = (BTC, ETH)
TRADERS = range(2, 7)
MOVE = 350
"""Ten-thousandths that a price moves between two batches at most: below maintenance, 500, less the
liquidation fee of 250 would be safe for whole fees; more than that leaves accounts exhausted."""

some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
moves = st.lists(
    st.tuples(st.integers(-MOVE, MOVE), st.integers(-MOVE, MOVE)), min_size=1, max_size=8
)
leverages = st.lists(
    st.tuples(st.integers(-95, 95), st.integers(-95, 95)),
    min_size=len(TRADERS),
    max_size=len(TRADERS),
)
"""Tenths of a trader's cash in each market, split so that initial margin is met."""


def opened(leverages: list[tuple[int, int]]) -> Venue:
    """Trader 1 is rich and on the other side of everybody."""
    venue = Venue().with_traders(WEALTH, *[1000 * USDC] * len(TRADERS))
    first = venue.state.globals.deposits_consumed
    venue.run(venue.batch([credit(first, BACKSTOP, WEALTH)]))
    matches = []
    for account, pair in zip(TRADERS, leverages, strict=True):
        for market, tenths in zip(MARKETS, pair, strict=True):
            lots = abs(tenths) * 1000 * USDC // (20 * PRICES[market])
            terms = {"price": PRICES[market], "market": market, "slot": market}
            mine = {**terms, "generation": 1}
            theirs = {**terms, "slot": 2 * account + market}
            if lots and tenths > 0:
                orders = buy(account, lots, **mine), sell(1, lots, **theirs)
            elif lots:
                orders = buy(1, lots, **theirs), sell(account, lots, **mine)
            else:
                continue
            matches.append(Match(*orders, lots, PRICES[market]))
    venue.run(venue.batch(matches=matches))
    return venue


def holding(venue: Venue, account: int) -> Holding:
    leaf = venue.state.accounts[account]
    return Holding(leaf.cash, leaf.positions)


def planned(venue: Venue, terms: tuple[MarketTerms, ...]) -> list[Takeover]:
    """As few lots of everybody below maintenance as heal them, for the whole fee; or all, for what
    is left."""
    return [
        takeover
        for account in TRADERS
        if value(holding(venue, account), terms).excess < 0
        for takeover in plan(account, holding(venue, account), terms, 100)
    ]


def totals(venue: Venue) -> tuple[int, ...]:
    """Cash of all accounts, and lots of all in each market."""
    accounts = venue.state.accounts.values()
    lots = (sum(each.positions[market] for each in accounts) for market in MARKETS)
    return (sum(each.cash for each in accounts), *lots)


def require_nobody_below_zero(venue: Venue, terms: tuple[MarketTerms, ...]) -> None:
    for account in venue.state.accounts:
        assert value(holding(venue, account), terms).equity >= 0


def crash(leverages: list[tuple[int, int]], moves: list[tuple[int, int]]) -> list[Outcome]:
    """The batches of a crash, each held to the laws."""
    venue = opened(leverages)
    before = totals(venue)
    assert before[1:] == (0, 0)
    outcomes = []
    for pair in moves:
        moved = zip(venue.prices, pair, strict=True)
        venue.prices = tuple(price * (10_000 + move) // 10_000 for price, move in moved)
        terms = terms_at(venue.prices, venue.genesis.governance)
        require_nobody_below_zero(venue, terms)
        due = due_accounts(venue.state, terms)
        outcomes.append(venue.run(venue.batch(takeovers=planned(venue, terms), refreshed=due)))
        assert outcomes[-1].public.closed
        require_nobody_below_zero(venue, terms)
        assert totals(venue) == before
        assert outcomes[-1].public.total == before[0]
        for account in TRADERS:
            assert value(holding(venue, account), terms).excess >= 0
    return outcomes


@some
@given(leverages, moves)
def test_a_crash_leaves_everybody_above_maintenance_and_nobody_below_zero(
    leverages: list[tuple[int, int]], moves: list[tuple[int, int]]
) -> None:
    crash(leverages, moves)


def test_a_crash_takes_longs_and_shorts_and_some_of_them_are_exhausted() -> None:
    pairs = [(95, 95), (95, 0), (-95, 95), (-95, -95), (90, -90)]
    outcomes = crash(pairs, [*[(-270, -270)] * 2, (-350, -350), *[(100, 100)] * 24])
    sides = {step.short for outcome in outcomes for step in outcome.steps.takeovers}
    assert sides == {False, True}
    assert any(outcome.steps.exhausted for outcome in outcomes)
    assert any(
        step.takeover.account not in outcome.steps.exhausted
        for outcome in outcomes
        for step in outcome.steps.takeovers
    )
