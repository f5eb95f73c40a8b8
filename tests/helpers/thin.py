"""A venue whose backstop has next to nothing, one trader who is long and below maintenance, and
three who owe what he holds: the nearest to a loss first."""

from dataclasses import dataclass

from rollup.protocol.batch import Batch
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.market import Governance
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import side_of
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
    genesis,
    sell,
)

LONG, NEAR, MIDDLE, FAR, IDLE = 1, 2, 3, 4, 5
BACKSTOP = GOVERNANCE.backstop_account
OPENING = (650_000, 230_000)
LOTS = {LONG: 1500, NEAR: 500, MIDDLE: 400, FAR: 600}
"""Of BTC: one holds them, the others owe them."""


@dataclass
class Thin:
    """The venue, after the price fell: the long is below maintenance, the shorts gained."""

    venue: Venue

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        """Terms of the batch to come."""
        return terms_at(self.venue.prices, self.venue.genesis.governance)

    def holding(self, account: int) -> Holding:
        """What an account holds."""
        leaf = self.venue.state.accounts[account]
        return Holding(leaf.cash, leaf.positions)

    def trigger(self, account: int) -> int:
        """Of its position in BTC."""
        leaf = self.venue.state.accounts[account]
        return leaf.triggers[leaf.positions.markets.index(BTC)]

    @property
    def needed(self) -> int:
        """The fewest lots that heal who is below maintenance, for no fee."""
        held = self.holding(LONG)
        missing = -value(held, self.terms).excess
        return -(-missing // self.terms[BTC].reliefs[side_of(held.positions[BTC])])

    def plan(self, lots: int | None = None, *takers: int) -> list[Takeover]:
        """So many lots of the long close lots of these, each as far as it goes."""
        left = self.needed if lots is None else lots
        found = []
        for taker in takers or (NEAR, MIDDLE, FAR):
            size = min(left, abs(self.holding(taker).positions[BTC]))
            if size:
                found.append(self.closes(taker, size))
                left -= size
        return found

    def closes(self, taker: int, size: int, account: int = LONG) -> Takeover:
        """Lots of one account close lots of another, which is deleveraged."""
        return Takeover(account, BTC, size, 0, Route.DELEVERAGED, taker)

    def both(self) -> list[Takeover]:
        """The long and the idle trader lose lots to each other, and what they need beyond that the
        backstop takes."""
        size = abs(self.holding(IDLE).positions[BTC])
        found = [Takeover(LONG, BTC, size, 0, Route.LIQUIDATED, IDLE)]
        for account, direction in ((LONG, -1), (IDLE, 1)):
            held = self.holding(account)
            worth = direction * size * self.terms[BTC].value
            left = held.positions.put(BTC, held.positions[BTC] + direction * size)
            found += plan(account, Holding(held.cash - worth, left), self.terms, 100)
        return found

    def batch(self, *takeovers: Takeover, refreshed: tuple[int, ...] = ()) -> Batch:
        """The next batch, with these takeovers."""
        return self.venue.batch(takeovers=takeovers, refreshed=refreshed)

    def deposit(self, account: int, amount: int) -> None:
        """A batch that credits an account."""
        first = self.venue.state.globals.deposits_consumed
        self.venue.run(self.venue.batch([credit(first, account, amount)]))


def mirrored(suite: Suite = TOY) -> Thin:
    """The same with all sides changed: the price rose, who owes is below maintenance, and three
    hold what he owes."""
    place = Thin(Venue(suite=suite).with_traders(*(each * USDC for each in (100, 34, 29, 60, 100))))
    price = 2 * PRICES[BTC] - OPENING[BTC]
    place.venue.prices = (price, OPENING[ETH])
    terms = {"price": price, "market": BTC}
    ask = sell(LONG, LOTS[LONG], **terms)
    takers = [(each, LOTS[each]) for each in (NEAR, MIDDLE, FAR)]
    matches = [Match(buy(each, size, **terms), ask, size, price) for each, size in takers]
    place.venue.run(place.venue.batch(matches=matches))
    place.venue.prices = PRICES
    return place


def thin(
    suite: Suite = TOY,
    *,
    funded: int = 0,
    hedged: bool = False,
    governance: Governance = GOVERNANCE,
) -> Thin:
    """A fresh one; `funded` is what the backstop has. `hedged`: the idle trader owes BTC and holds
    ETH, which falls so far that it is below maintenance as well."""
    amounts = (100, 34, 29, 100, 40) if hedged else (100, 34, 29, 60, 100)
    venue = Venue(suite=suite, genesis=genesis(governance))
    place = Thin(venue.with_traders(*(each * USDC for each in amounts)))
    if funded:
        place.deposit(BACKSTOP, funded)
    venue.prices = OPENING
    terms = {"price": OPENING[BTC], "market": BTC}
    bid = buy(LONG, LOTS[LONG], **terms)
    shorts = [(each, LOTS[each]) for each in (NEAR, MIDDLE, FAR)]
    matches = [Match(bid, sell(each, size, **terms), size, OPENING[BTC]) for each, size in shorts]
    if hedged:
        ether = {"price": OPENING[ETH], "market": ETH, "slot": 4}
        short = {**terms, "slot": 5}
        matches += [
            Match(buy(NEAR, 10, **short), sell(IDLE, 10, **short), 10, OPENING[BTC]),
            Match(buy(IDLE, 1500, **ether), sell(FAR, 1500, **ether), 1500, OPENING[ETH]),
        ]
    venue.run(venue.batch(matches=matches))
    venue.prices = (PRICES[BTC], 210_000) if hedged else PRICES
    return place
