"""A venue with two accounts below maintenance, and a backstop that can take what they hold."""

from dataclasses import dataclass

from rollup.protocol.batch import Batch
from rollup.protocol.margin import Holding, value
from rollup.protocol.takeover import Takeover, full_fee
from rollup.protocol.terms import MarketTerms
from tests.helpers.keeper import plan
from tests.helpers.market_books import terms_at
from tests.helpers.venue import (
    BTC,
    ETH,
    GOVERNANCE,
    PRICES,
    TOY,
    USDC,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    sell,
)

RICH, WELL, LONG, SHORT = 1, 2, 3, 4
"""Traders: two who can keep what they hold, one who is long of BTC, one who is short of ETH."""

BACKSTOP = GOVERNANCE.backstop_account
WEALTH = 10**6 * USDC
LOTS = {LONG: 1500, SHORT: 4200}
MARKET = {LONG: BTC, SHORT: ETH}
OPENING = (650_000, 230_000)
"""Prices at which both opened with all they had."""


@dataclass
class Fallen:
    """The venue, after prices moved against both: 1,500 lots of BTC held, 4,200 of ETH owed."""

    venue: Venue

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        """Terms of the batch to come."""
        return terms_at(self.venue.prices, self.venue.genesis.governance)

    def equity(self, account: int) -> int:
        """Of an account at the prices to come."""
        leaf = self.venue.state.accounts[account]
        return value(Holding(leaf.cash, leaf.positions), self.terms).equity

    def takeover(
        self, account: int, size: int, fee: int | None = None, market: int | None = None
    ) -> Takeover:
        """A takeover in the account's market, at the whole fee unless another is given."""
        market = MARKET[account] if market is None else market
        full = full_fee(size, self.terms[market])
        return Takeover(account, market, size, full if fee is None else fee)

    def needed(self, account: int, lent: int = 0) -> int:
        """The fewest lots that heal an account, given so much more cash."""
        return lots_needed(self.venue, account, lent)

    def batch(self, *takeovers: Takeover) -> Batch:
        """The next batch, with these takeovers alone."""
        return self.venue.batch(takeovers=takeovers)

    def deposit(self, account: int, amount: int) -> None:
        """A batch that credits an account."""
        first = self.venue.state.globals.deposits_consumed
        self.venue.run(self.venue.batch([credit(first, account, amount)]))


def lots_needed(venue: Venue, account: int, lent: int = 0) -> int:
    """The fewest lots that heal an account at a venue's prices, given so much more cash."""
    leaf = venue.state.accounts[account]
    held = Holding(leaf.cash + lent, leaf.positions)
    return sum(each.size for each in plan(account, held, terms_at(venue.prices), 100))


def fallen(suite: Suite = TOY, *, funded: int = WEALTH) -> Fallen:
    """A fresh one; `funded` is what the backstop has."""
    venue = Venue(suite=suite).with_traders(WEALTH, WEALTH, 100 * USDC, 100 * USDC)
    place = Fallen(venue)
    if funded:
        place.deposit(BACKSTOP, funded)
    venue.prices = OPENING
    bitcoin, ether = ({"price": OPENING[market], "market": market} for market in (BTC, ETH))
    bold = [
        Match(buy(LONG, 1500, **bitcoin), sell(RICH, 1500, **bitcoin), 1500, OPENING[BTC]),
        Match(buy(WELL, 4200, **ether), sell(SHORT, 4200, **ether), 4200, OPENING[ETH]),
    ]
    venue.run(venue.batch(matches=bold))
    venue.prices = PRICES
    return place
