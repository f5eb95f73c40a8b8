"""Funding without a cell against a ledger that charges every account at every hour: to the quantum.

The explicit ledger knows nothing of F: buyers pay size x price, and when F of a market moves by d,
everybody who holds a lot pays d quanta and everybody who owes one is paid them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor
from random import Random

import pytest

from rollup.protocol.funding import HOUR_MS
from rollup.protocol.market_book import hour_is_due
from rollup.protocol.outcome import Outcome
from rollup.protocol.state import State
from tests.helpers.market_books import unsigned_reports
from tests.helpers.oracle import listing
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    ETH,
    ETH_MARKET,
    GOVERNANCE,
    PRICES,
    USDC,
    Match,
    Venue,
    buy,
    genesis,
    sell,
)

TRADERS = (1, 2, 3, 4)
HOURS = 30
MOST = {"taker_fee": 450, "maker_fee": 250, "funding_cap": 500}
CHARGED = listing(
    GOVERNANCE,
    (
        replace(BTC_MARKET, **MOST, interest=4_000),
        replace(ETH_MARKET, **MOST, interest=777),
    ),
)
"""Both markets have funding, one as much as there can be."""


class Explicit:
    """Cash of every account, charged in full, and lots by (account, market)."""

    def __init__(self, accounts: dict[int, int]) -> None:
        self.cash = dict(accounts)
        self.lots: Counter[tuple[int, int]] = Counter()

    def charge(self, market: int, moved: int) -> None:
        for (account, held), size in self.lots.items():
            if held == market:
                self.cash[account] -= size * moved

    def follow(self, outcome: Outcome) -> None:
        """Funding first, as the rule has it, then what the fills and fees did."""
        before, after = outcome.public.book_before, outcome.public.book_after
        for market, (old, new) in enumerate(zip(before.markets, after.markets, strict=True)):
            self.charge(market, new.funding - old.funding)
        for step in outcome.steps.fills:
            for side, direction in ((step.buyer, 1), (step.seller, -1)):
                paid = direction * step.fill.price * step.fill.size + side.fee
                self.cash[side.account] -= paid
                self.lots[side.account, step.market] += direction * step.fill.size
        self.cash[0] += outcome.steps.fees.amount

    def equity(self, account: int, prices: tuple[int, ...]) -> int:
        lots = [(market, size) for (a, market), size in self.lots.items() if a == account]
        return self.cash[account] + sum(size * prices[market] for market, size in lots)


def ruled(state: State, account: int) -> int:
    """Equity by the rules: cash and lots at price less F, of the state after the batch."""
    held, book = state.accounts[account], state.book
    values = [entry.price - entry.funding for entry in book.markets]
    return held.cash + sum(size * values[market] for market, size in held.positions)


def orders(random: Random, venue: Venue, place: int, traded: Sequence[int]) -> list[Match]:
    """A few fills in these markets at prices in the band, in slots of their own."""
    matches = []
    for slot in range(random.randrange(4) if traded else 0):
        market = random.choice(traded)
        bid, ask = random.sample(TRADERS, 2)
        price = venue.prices[market] * random.randint(9_700, 10_300) // 10_000
        size = random.choice((1, 7, 1_000, random.randint(1, 3_000)))
        terms = {"market": market, "slot": slot, "generation": place, "price": price}
        terms["expiry"] = venue.state.globals.time + 10 * HOUR_MS
        matches.append(Match(buy(bid, size, **terms), sell(ask, size, **terms), size, price))
    return matches


@pytest.mark.parametrize("seed", range(3))
def test_funding_is_what_a_ledger_that_charges_everybody_says(seed: int) -> None:
    random = Random(f"funding/{seed}")
    venue = Venue(genesis=genesis(CHARGED)).with_traders(*[10**7 * USDC] * len(TRADERS))
    explicit = Explicit({account: each.cash for account, each in venue.state.accounts.items()})
    charges = 0
    for place in range(1, HOURS):
        venue.prices = tuple(p * random.randint(9_600, 10_400) // 10_000 for p in venue.prices)
        reported = [market for market in (BTC, ETH) if random.random() < 0.8]
        venue.reports = unsigned_reports(CHARGED, *reported, prices=venue.prices)
        step = random.choice((1_000, HOUR_MS // 3, HOUR_MS, 5 * HOUR_MS))
        outcome = venue.run(venue.batch((), orders(random, venue, place, reported), step))
        explicit.follow(outcome)
        charges += outcome.public.book_after.markets != outcome.public.book_before.markets
        for account in venue.state.accounts:
            assert ruled(venue.state, account) == explicit.equity(account, venue.prices)
        held = sum(ruled(venue.state, account) for account in venue.state.accounts)
        assert held == venue.state.globals.total, "longs paid shorts, and nobody else"
    funding = [entry.funding for entry in venue.state.book.markets]
    assert charges > 5 and all(each > 0 for each in funding)


def test_a_position_that_nobody_touches_is_charged_all_the_same() -> None:
    venue = Venue(genesis=genesis(CHARGED)).with_traders(10**6 * USDC, 10**6 * USDC)
    venue.run(venue.batch(matches=[Match(buy(1, 1_000), sell(2, 1_000), 1_000)]))
    before = [ruled(venue.state, account) for account in (1, 2)]
    venue.reports = unsigned_reports(CHARGED, BTC, prices=venue.prices)
    for _ in range(10):
        outcome = venue.run(venue.batch(step=HOUR_MS))
        assert [touched.index for touched in outcome.accounts] == [0]
    moved = venue.state.book.markets[BTC].funding
    assert moved == 10 * 4_000 * PRICES[BTC] // (8 * 10**6) == 3_000
    after = [ruled(venue.state, account) for account in (1, 2)]
    assert after == [before[0] - 1_000 * moved, before[1] + 1_000 * moved]


class Counting:
    """What was traded since the last hour, fill by fill, and who holds what, account by account."""

    def __init__(self) -> None:
        self.fills: list[tuple[int, int, int, int]] = []
        self.lots: Counter[tuple[int, int]] = Counter()

    def rates(self, prices: tuple[int, ...], outcome: Outcome) -> tuple[int, ...]:
        """By how much each market traded above its oracle price, if that hour is over now."""
        found = []
        for number, market in enumerate(outcome.public.governance.markets):
            fills = [fill[1:] for fill in self.fills if fill[0] == number]
            premium, volume = 0, 0
            for price, size, oracle in fills:
                most = oracle * 4 * (market.taker_fee + market.maker_fee) // 10**6
                premium += size * sorted((-most, price - oracle, most))[1]
                volume += size * oracle
            lots = sum(max(size, 0) for (_, held), size in self.lots.items() if held == number)
            measure = max(volume, lots * prices[number], market.impact_notional)
            coarse = volume < market.impact_notional
            exact = Fraction(premium * 10**6, measure)
            found.append(floor(exact / 10) * 10 if coarse else floor(exact))
        return tuple(found)

    def follow(self, outcome: Outcome) -> None:
        if outcome.public.premium_rates:
            self.fills.clear()
        for step in outcome.steps.fills:
            oracle = outcome.public.prices[step.market]
            self.fills.append((step.market, step.fill.price, step.fill.size, oracle))
            self.lots[step.buyer.account, step.market] += step.fill.size
            self.lots[step.seller.account, step.market] -= step.fill.size


@pytest.mark.parametrize("seed", range(3))
def test_premium_rates_are_what_counting_every_fill_and_position_gives(seed: int) -> None:
    random = Random(f"premium/{seed}")
    impact = {"impact_notional": 10**11, "funding_cap": 300, "interest": 0}
    markets = tuple(replace(market, **impact) for market in CHARGED.markets)
    governance = listing(GOVERNANCE, tuple(replace(m, maker_fee=150) for m in markets))
    venue = Venue(genesis=genesis(governance)).with_traders(*[10**7 * USDC] * len(TRADERS))
    counting, seen, moved = Counting(), set(), 0
    for place in range(1, HOURS):
        before = venue.state.book
        step = random.choice((1_000, HOUR_MS // 3, HOUR_MS, 5 * HOUR_MS))
        batch = venue.batch((), orders(random, venue, place, (BTC, ETH)), step)
        outcome = venue.run(batch)
        public = outcome.public
        if hour_is_due(before, public.time):
            assert public.premium_rates == counting.rates(public.prices, outcome)
            seen |= set(public.premium_rates)
            moved += public.book_after.markets != before.markets
        else:
            assert public.premium_rates == ()
        counting.follow(outcome)
        for market, tally in enumerate(venue.state.markets.tallies):
            sizes = [account.positions[market] for account in venue.state.accounts.values()]
            assert tally.open_interest == sum(size for size in sizes if size > 0)
            assert sum(sizes) == 0
    assert min(seen) < 0 < max(seen) and moved > 3


def test_a_clamped_price_has_no_premium_and_the_hour_counts_again() -> None:
    venue = Venue(genesis=genesis(CHARGED)).with_traders(10**6 * USDC, 10**6 * USDC)
    dear = Match(buy(1, 900, price=601_000), sell(2, 900, price=601_000), 900, 601_000)
    venue.run(venue.batch(matches=[dear], reported=True))
    assert venue.state.markets.tallies[BTC].premium == 900 * 1_000
    far = tuple(2 * price for price in PRICES)
    venue.reports = unsigned_reports(CHARGED, BTC, prices=far)
    outcome = venue.run(venue.batch(step=HOUR_MS))
    assert outcome.public.premium_rates == (0, 0)
    after = venue.state.markets.tallies[BTC]
    assert (after.premium, after.volume, after.open_interest) == (0, 0, 900)
