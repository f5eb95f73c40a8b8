"""An honest sequencer of a whole book, and a scan that judges what it did, account by account.

`Keeper` moves prices and brings every step to its end by the rules alone: it refreshes who is due
and healthy, lets the backstop take over what others must give up, and leaves for the next batch
what the room of one does not hold. `Scan` knows nothing of counters, frontiers or triggers that
somebody stamped: it looks at every account of the state at the prices of the batch.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from rollup.protocol.account import Account
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT
from rollup.protocol.holding import Holding
from rollup.protocol.margin import margin_refusal, risk_grew, value
from rollup.protocol.order import Side
from rollup.protocol.outcome import Outcome, Valuation
from rollup.protocol.state import State
from rollup.protocol.takeover import Takeover
from rollup.protocol.terms import MarketTerms
from rollup.protocol.trade import fee
from rollup.protocol.triggers import counted, side_of
from tests.helpers.market_books import terms_at
from tests.helpers.venue import USDC, Match, Venue, buy, credit, register, sell

BACKSTOP_CASH = 10**9 * USDC


def holding_of(account: Account) -> Holding:
    return Holding(account.cash, account.positions)


@dataclass(frozen=True)
class Scan:
    """Every account of a state at these terms."""

    state: State
    terms: tuple[MarketTerms, ...]

    def values(self) -> dict[int, Valuation]:
        found = self.state.accounts.items()
        return {index: value(holding_of(account), self.terms) for index, account in found}

    def unhealthy(self) -> list[int]:
        """Who is below maintenance, touched or not."""
        return [index for index, found in self.values().items() if found.excess < 0]

    def due(self) -> list[int]:
        """Who has a position whose trigger the price has passed, or is flagged."""
        return [
            index
            for index, account in sorted(self.state.accounts.items())
            if account.below
            or any(
                trigger > self.terms[market].numbers[side_of(size)]
                for (market, size), trigger in zip(account.positions, account.triggers, strict=True)
            )
        ]

    def counts_agree(self) -> bool:
        """Whether the counters are those of a recount."""
        kept = {leaf: each for leaf, each in self.state.counters.items() if any(each)}
        flagged = sum(account.below for account in self.state.accounts.values())
        return kept == counted(self.state.accounts.values()) and (
            flagged == self.state.globals.flagged
        )


def plan(index: int, found: Holding, terms: Sequence[MarketTerms], room: int) -> list[Takeover]:
    """What the backstop takes over of an account below maintenance: the greatest relief a lot
    first, as few lots as heal it, at most `room` takeovers; and no more fees than it can pay."""
    now = value(found, terms)
    missing, taken = -now.excess, []
    for relief, market, size in sorted(_reliefs(found, terms), reverse=True):
        if missing <= 0 or len(taken) == room:
            break
        lots = min(abs(size), -(-missing // relief))
        taken.append((market, lots))
        missing -= lots * relief
    fees = [lots * terms[market].liquidation_fee for market, lots in taken]
    if sum(fees) <= now.equity:
        return [Takeover(index, m, n, f) for (m, n), f in zip(taken, fees, strict=True)]
    return _exhausted(index, found, terms, room, now.equity)


def _reliefs(found: Holding, terms: Sequence[MarketTerms]) -> Iterator[tuple[int, int, int]]:
    """By how much a lot less lowers what is missing, of each position."""
    for market, size in found.positions:
        each = terms[market]
        if each.is_idle:
            continue
        worth = each.value if size > 0 else -each.value
        counted_as = each.long_maintenance if size > 0 else each.short_maintenance
        yield worth - each.liquidation_fee - counted_as, market, size


def _exhausted(
    index: int, found: Holding, terms: Sequence[MarketTerms], room: int, left: int
) -> list[Takeover]:
    """All that there is room for, for all the account has."""
    takeovers = []
    for _, market, size in sorted(_reliefs(found, terms), reverse=True)[:room]:
        paid = min(left, abs(size) * terms[market].liquidation_fee)
        takeovers.append(Takeover(index, market, abs(size), paid))
        left -= paid
    if left:
        raise AssertionError("an account that can pay is not exhausted")
    return takeovers


@dataclass
class Keeper:
    """A venue whose every step is brought to its end. `room`: accounts and takeovers of a batch
    that are for those due."""

    venue: Venue
    room: int = 100
    generation: int = 1
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        first = self.venue.state.globals.deposits_consumed
        self.venue.run(self.venue.batch([credit(first, BACKSTOP_ACCOUNT, BACKSTOP_CASH)]))

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        return terms_at(self.venue.prices, self.venue.genesis.governance)

    @property
    def scan(self) -> Scan:
        return Scan(self.venue.state, self.terms)

    def step(self, prices: tuple[int, ...], batches: int = 200) -> Iterator[Outcome]:
        """All batches of a step at these prices, the last of which closes it."""
        self.venue.prices = prices
        for _ in range(batches):
            outcome = self._batch()
            yield outcome
            if outcome.public.closed:
                return
            self.seen["open"] += 1
        raise AssertionError("the step is not closed")

    def _batch(self) -> Outcome:
        refreshed: list[int] = []
        takeovers: list[Takeover] = []
        for index in self.scan.due():
            if len(refreshed) + len(takeovers) >= self.room:
                break
            found = holding_of(self.venue.state.accounts[index])
            if value(found, self.terms).excess >= 0:
                refreshed.append(index)
            else:
                left = self.room - len(refreshed) - len(takeovers)
                takeovers += plan(index, found, self.terms, left)
        self.seen["refreshed"] += len(refreshed)
        self.seen["taken"] += len(takeovers)
        self.seen["exhausted"] += sum(
            each.fee < each.size * self.terms[each.market].liquidation_fee for each in takeovers
        )
        batch = self.venue.batch(takeovers=takeovers, refreshed=refreshed)
        return self.venue.run(batch)

    def trade(self, rng: Random, trades: int) -> Outcome:
        """A batch of orders that the rules allow, at prices inside the band, and of deposits."""
        now: dict[int, Holding] = {}
        matches = [m for _ in range(trades) if (m := self._match(rng, now)) is not None]
        self.generation += 1
        return self.venue.run(self.venue.batch(self._deposits(rng), matches))

    def _deposits(self, rng: Random) -> list[QueueEntry]:
        first = self.venue.state.globals.deposits_consumed
        if rng.random() < 0.7:
            return []
        account = rng.randrange(1, len(self.venue.state.accounts) + 1)
        make = credit if account in self.venue.state.accounts else register
        return [make(first, account, rng.randrange(1, 50 * USDC))]

    def _match(self, rng: Random, now: dict[int, Holding]) -> Match | None:
        """A fill of two accounts whose slots are free in this batch, if both may trade."""
        market = rng.randrange(len(self.terms))
        traders = [i for i in self.venue.state.accounts if i not in (FEE_ACCOUNT, BACKSTOP_ACCOUNT)]
        buyer, seller = rng.sample(traders, 2)
        if {buyer, seller} & now.keys():
            return None
        each = self.terms[market]
        price = rng.choice([each.price, each.band_low, each.band_high, each.price])
        before = {i: holding_of(self.venue.state.accounts[i]) for i in (buyer, seller)}
        size = self._size(rng, before, market)
        charge = fee(size * price, max(each.taker_fee, each.maker_fee))
        for index, direction in ((buyer, 1), (seller, -1)):
            old = before[index]
            cash = old.cash - direction * size * price - charge
            lots = old.positions[market] + direction * size
            after = Holding(cash, old.positions.put(market, lots))
            if margin_refusal(old, after, self.terms) is not None:
                return None
            if self.venue.state.book.is_open and risk_grew(old, after, self.terms):
                return None
            now[index] = after
        terms = {"market": market, "slot": market, "generation": self.generation}
        bid, ask = buy(buyer, size, price, **terms), sell(seller, size, price, **terms)
        return Match(bid, ask, size, price, rng.choice([Side.BUY, Side.SELL]))

    def _size(self, rng: Random, before: dict[int, Holding], market: int) -> int:
        """Some lots: a few, what one of them holds, or as much as margin may allow."""
        held = max(1, *(abs(each.positions[market]) for each in before.values()))
        spare = min(value(each, self.terms).initial for each in before.values())
        most = max(1, spare // self.terms[market].initial)
        return rng.choice([rng.randrange(1, 50), held, most, 1 + most * 9 // 10])
