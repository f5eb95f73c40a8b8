"""A seeded market on a test venue: batches that the rules accept, with all that can happen in one.

Prices jump, accounts come due and are refreshed or liquidated, at once or later, orders fill over
several batches, slots are renewed, deposits of every kind arrive, and some batches are empty.
"""

from dataclasses import dataclass, field, replace
from random import Random

from rollup.protocol.batch import Batch
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.margin import excess
from rollup.protocol.openings import due_accounts
from rollup.protocol.order import Order, Side
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Rejected
from rollup.protocol.takeover import Takeover
from tests.helpers.keeper import holding_of, plan
from tests.helpers.market_books import terms_at
from tests.helpers.venue import (
    OTHER_KEY,
    USDC,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    owner,
    register,
    rotate,
    sell,
)

MAKER = 5
"""The last trader is rich and takes the other side of whoever wants to close."""

MATCHES_MAX = 5
WEALTH = 10**5 * USDC
"""Nobody trades with more than this, however much somebody deposited for them."""

MOST = 2**62 - 1
"""What an entry can bring: an account takes one of these, and no second one."""

OFF_CURVE = (1,) * 14
NON_CANONICAL = (2**32 - 1,) * 14


@dataclass
class Trading:
    """A venue whose traders act at random, by seed."""

    seed: int
    suite: Suite
    rng: Random = field(init=False)
    venue: Venue = field(init=False)
    resting: list[Order] = field(default_factory=list)
    used: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.venue = Venue(suite=self.suite)
        amounts = [self.rng.randint(50, 2000) * USDC for _ in range(1, MAKER)]
        self.venue.with_traders(*amounts, 10**6 * USDC)
        first = self.venue.state.globals.deposits_consumed
        rich = credit(first + 1, MAKER, MOST)
        self.venue.run(self.venue.batch([credit(first, BACKSTOP_ACCOUNT, 10**6 * USDC), rich]))

    def step(self) -> Outcome:
        """One more batch, applied."""
        self._move_prices()
        deposits = self._deposits()
        takeovers, refreshed = self._due()
        matches: list[Match] = []

        def batch(matches: list[Match]) -> Batch:
            return self.venue.batch(deposits, matches, takeovers=takeovers, refreshed=refreshed)

        for _ in range(self.rng.randint(0, MATCHES_MAX)):
            match = self._match()
            if self._is_accepted(batch([*matches, match])):
                matches.append(match)
                self._remember(match)
        return self.venue.run(batch(matches))

    def _due(self) -> tuple[list[Takeover], list[int]]:
        """What is done about some of those that came due: the others keep the step open."""
        terms = terms_at(self.venue.prices)
        takeovers: list[Takeover] = []
        refreshed = []
        for index in due_accounts(self.venue.state, terms):
            found = holding_of(self.venue.state.accounts[index])
            if self.rng.random() < 0.2:
                continue
            if excess(found, terms) >= 0:
                refreshed.append(index)
            else:
                takeovers += plan(index, found, terms, self.rng.randint(1, 2))
        return takeovers, refreshed

    def _is_accepted(self, batch: Batch) -> bool:
        try:
            self.venue.apply(batch)
        except Rejected:
            return False
        return True

    def _move_prices(self) -> None:
        """By a step at most; not while one is open."""
        if not self.venue.state.book.is_open:
            moved = [price * self.rng.randint(956, 1044) // 1000 for price in self.venue.prices[:2]]
            self.venue.prices = tuple(moved)

    def _deposits(self) -> list[QueueEntry]:
        """The next entries of the queue; no account gets more than one other key of them."""
        first = self.venue.state.globals.deposits_consumed
        found: list[QueueEntry] = []
        for place in range(self.rng.randint(0, 3)):
            entry = self._entry(first + place)
            known = [each.account for each in found if each.kind is EntryKind.ROTATE]
            if entry.account not in known:
                found.append(entry)
        entries = [replace(entry, index=first + place) for place, entry in enumerate(found)]
        for entry in entries:
            if entry.kind is EntryKind.ROTATE and entry.owner == owner(entry.account):
                self.venue.keys[entry.account] = OTHER_KEY + entry.account
        return entries

    def _entry(self, index: int) -> QueueEntry:
        """A queue entry of any kind, well-formed or not."""
        account = self.rng.randint(1, MAKER + 4)
        amount = self.rng.randint(0, 500 * USDC)
        kind = self.rng.randrange(6)
        if kind == 0:
            return register(index, account, amount)
        if kind == 1:
            return replace(register(index, account, amount), key_words=OFF_CURVE)
        if kind == 2:
            return replace(register(index, account, amount), key_words=NON_CANONICAL)
        if kind in (3, 5) and account == MAKER:
            return credit(index, account, MOST)
        if kind == 4:
            return rotate(index, account, amount, owner(self.rng.choice((account, account, 1))))
        return credit(index, account, amount)

    def _match(self) -> Match:
        """Two orders that may meet: new ones, or one that has rested since an earlier batch."""
        market = self.rng.randrange(2)
        price = self.venue.prices[market]
        buyer, seller, size = self._pair(market)
        fill = self.rng.choice([size, max(1, size // 2)])
        bid = self._order(Side.BUY, buyer, market, size, price)
        ask = self._order(Side.SELL, seller, market, size, price)
        return Match(bid, ask, fill, price, self.rng.choice(list(Side)))

    def _pair(self, market: int) -> tuple[int, int, int]:
        """Buyer, seller and size: often somebody who closes a position with the market maker."""
        accounts = self.venue.state.accounts
        holders = [i for i in range(1, MAKER) if accounts[i].positions[market]]
        if holders and self.rng.random() < 0.6:
            account = self.rng.choice(holders)
            held = accounts[account].positions[market]
            size = max(1, abs(held) // self.rng.choice([1, 2, 5]))
            return (account, MAKER, size) if held < 0 else (MAKER, account, size)
        buyer, seller = self.rng.sample(range(1, MAKER + 1), 2)
        cash = min(max(accounts[buyer].cash, USDC), WEALTH)
        reach = cash * 9 // self.venue.prices[market]
        return buyer, seller, max(1, reach // self.rng.choice([1, 1, 2, 30]))

    def _order(self, side: Side, account: int, market: int, size: int, price: int) -> Order:
        for order in self.resting:
            if (order.side, order.account, order.market) == (side, account, market):
                return order
        slot = self.rng.randrange(3)
        generation = self.used.get((account, slot), 0) + 1
        make = buy if side is Side.BUY else sell
        far = price * 2 if side is Side.BUY else max(1, price // 2)
        return make(account, size * 2, far, slot=slot, generation=generation, market=int(market))

    def _remember(self, match: Match) -> None:
        for order in (match.buy, match.sell):
            self.used[order.account, order.slot] = order.generation
            if order not in self.resting and self.rng.random() < 0.5:
                self.resting.append(order)
        self.resting = self.resting[-6:]
