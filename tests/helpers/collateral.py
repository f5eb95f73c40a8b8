"""A venue whose asset counts, and a trader who has nothing else behind his position."""

from dataclasses import dataclass, replace

from rollup.protocol.batch import Batch
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.market import Market
from rollup.protocol.takeover import Takeover
from rollup.protocol.terms import MarketTerms
from tests.helpers.assets import ASSETS, WBTC, WBTC_MARK
from tests.helpers.keeper import plan
from tests.helpers.market_books import terms_at
from tests.helpers.oracle import oracle_terms
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    GOVERNANCE,
    PRICES,
    TOY,
    USDC,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    genesis,
    register,
    sell,
)

MAINTENANCE, INITIAL = 1500, 3000
"""Haircuts of the asset that counts."""

RICH, MAKER, HOLDER = 1, 2, 3
BACKSTOP = GOVERNANCE.backstop_account
WEALTH = 10**6 * USDC
HELD = 100_000
"""Lots of the asset that the holder begins with: 60,000 dollars at its first price."""

LOTS = 600_000
"""Lots of a perpetual that it buys: 360,000 dollars."""

FALLEN = 540_000
"""A price of the perpetual at which it is below maintenance."""


def counting_asset(**changes: int) -> Market:
    """An asset that counts for most of its price."""
    given = {
        "initial_fraction": INITIAL,
        "maintenance_fraction": MAINTENANCE,
        "liquidation_fee": 300,
        "bucket": 600,
        **changes,
    }
    return replace(ASSETS[0], **given)


COLLATERAL_PRICES = (*PRICES, BTC_PRICE, ETH_PRICE)
COLLATERAL_MARKETS = (*GOVERNANCE.markets, counting_asset(), ASSETS[1])
COLLATERAL_ORACLE = oracle_terms(("BTC", "ETH", "WBTC", "WETH"), COLLATERAL_PRICES)


@dataclass
class Pledged:
    """Account 3 has 100,000 lots of an asset and no cash; 1 and 2 have a million dollars each."""

    venue: Venue

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        """Terms of the batch to come."""
        return terms_at(self.venue.prices, self.venue.genesis.governance)

    def holding(self, account: int = HOLDER) -> Holding:
        """What an account holds."""
        leaf = self.venue.state.accounts[account]
        return Holding(leaf.cash, leaf.positions)

    def deposit(self, account: int, amount: int, mark: int = 0) -> None:
        """A batch that credits an account."""
        first = self.venue.state.globals.deposits_consumed
        self.venue.run(self.venue.batch([credit(first, account, amount, mark)]))

    def opened(self, lots: int = LOTS) -> None:
        """The holder buys lots of a perpetual, with nothing but the asset behind them."""
        self.venue.run(self.bought(lots))

    def bought(self, lots: int, account: int = HOLDER) -> Batch:
        """The batch in which it does."""
        terms = {"market": BTC, "slot": 1}
        match = Match(buy(account, lots, **terms), sell(RICH, lots, **terms), lots)
        return self.venue.batch(matches=[match])

    def falls(self, price: int = FALLEN, asset: int = BTC_PRICE) -> None:
        """From now on the perpetual has this price, and the asset that."""
        self.venue.prices = (price, ETH_PRICE, asset, ETH_PRICE)

    @property
    def needed(self) -> list[Takeover]:
        """What the backstop takes of the holder: as few lots as heal it."""
        return plan(HOLDER, self.holding(), self.terms, 100)

    def excess(self, account: int = HOLDER) -> int:
        """Over maintenance margin, at the terms of the batch to come."""
        return value(self.holding(account), self.terms).excess


def pledged(suite: Suite = TOY, *, funded: int = WEALTH) -> Pledged:
    """A fresh one; `funded` is what the backstop has."""
    governance = replace(GOVERNANCE, markets=COLLATERAL_MARKETS, oracle=COLLATERAL_ORACLE)
    venue = Venue(
        suite=suite,
        genesis=genesis(governance, COLLATERAL_PRICES),
        prices=COLLATERAL_PRICES,
    ).with_traders(WEALTH, WEALTH)
    place = Pledged(venue)
    first = venue.state.globals.deposits_consumed
    venue.run(venue.batch([register(first, HOLDER, HELD, WBTC_MARK)]))
    if funded:
        place.deposit(BACKSTOP, funded)
    return place


def lots_of(place: Pledged, account: int, market: int = WBTC) -> int:
    """Lots that an account has."""
    return place.holding(account).positions[market]
