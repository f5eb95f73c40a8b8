"""Funding without a cell against a ledger that charges every account at every hour: to the quantum.

The explicit ledger knows nothing of F: buyers pay size x price, and when F of a market moves by d,
everybody who holds a lot pays d quanta and everybody who owes one is paid them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from rollup.protocol.funding import HOUR_MS
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
