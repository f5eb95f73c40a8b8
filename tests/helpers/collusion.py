"""A game against the rules: who colludes, with the operator on their side, what they may choose,
and how much more than they brought they could take out.

Accounts 1 to 3 collude, the fee account with them: they trade among each other at any price inside
the band; they choose the oracle's prices inside the step; who is refreshed and liquidated when, by
whom, and what is left for another batch. `HOLDER` traded once and signs
nothing more; `IDLE` brought cash and never traded. A plan is a list of moves of numbers, each of
which does something or is refused, so that any change of a plan is a plan.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from rollup.protocol.batch import Batch
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT
from rollup.protocol.holding import Holding
from rollup.protocol.margin import margin_refusal, value
from rollup.protocol.market import Governance
from rollup.protocol.order import Side
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Rejected
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.terms import MarketTerms
from rollup.protocol.trade import fee
from rollup.protocol.triggers import side_of
from tests.helpers.keeper import Scan, holding_of, plan
from tests.helpers.market_books import terms_at
from tests.helpers.venue import (
    BTC,
    GOVERNANCE,
    USDC,
    ByOrder,
    Match,
    Venue,
    buy,
    credit,
    genesis,
    owner,
    sell,
    withdraw,
)

COLLUDERS, HOLDER, IDLE = (1, 2, 3), 4, (5, 6)
BROUGHT = 100 * USDC
HELD = 500
"""Lots of BTC that the holder has against colluder 3."""

HOUR_MS = 3_600_000
NOTHING_NEAR = 10**9
TRADE, STEP, LEAVE = range(3)
Move = tuple[int, int, int, int, int]
"""What is done, and four numbers that say how."""

Plan = tuple[Move, ...]


def random_move(rng: Random) -> Move:
    """Mostly to the end: all that margin allows, and as far as a price goes."""
    kind = rng.choice((TRADE, TRADE, STEP, LEAVE))
    part = rng.choice((-10, -10, 10, 10, rng.randrange(-10, 11)))
    return (kind, rng.randrange(6), rng.randrange(4), part, rng.randrange(5))


def random_plan(rng: Random, moves: int) -> Plan:
    return tuple(random_move(rng) for _ in range(moves))


def mutated(rng: Random, old: Plan) -> Plan:
    """The plan with a move changed, put in or taken out."""
    place, how = rng.randrange(len(old)), rng.random()
    if how < 0.2:
        return (*old[:place], random_move(rng), *old[place:])
    if how < 0.3 and len(old) > 1:
        return (*old[:place], *old[place + 1 :])
    move = list(old[place])
    member = rng.randrange(5)
    move[member] = random_move(rng)[member]
    kind, a, b, c, d = move
    return (*old[:place], (kind, a, b, c, d), *old[place + 1 :])


@dataclass
class Game:
    """One venue, and what its accounts have made of it. `step` is how far a price goes at most, in
    ten-thousandths; `funded` is the backstop's cash in quanta."""

    governance: Governance = GOVERNANCE
    funded: int = 0
    step: int = 0
    generation: int = 1
    granted: int = 0
    prices_gave: int = 0
    """What prices and funding gave the backstop and the holder; below zero, took of them: with what
    they then cost the holder that is the reward of whoever takes its lots."""

    nearest: int = NOTHING_NEAR
    """The least equity that a colluder with positions had, in millionths of what they are worth."""

    holder_has: int = 0
    start: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    values: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.venue = Venue(genesis=genesis(self.governance))
        self.venue.with_traders(*[BROUGHT] * 6)
        self.step = self.step or min(feed.step for feed in self.governance.oracle.feeds)
        self.values = [each.value for each in self.terms]
        if self.funded:
            first = self.venue.state.globals.deposits_consumed
            self.run(self.venue.batch([credit(first, BACKSTOP_ACCOUNT, self.funded)]))
        price = self.venue.prices[BTC]
        terms = {"slot": 9, "price": price, "max_fee": 0}
        bid, ask = buy(HOLDER, HELD, **{**terms, "max_fee": 1000}), sell(3, HELD, price, slot=9)
        self.run(self.venue.batch(matches=[Match(bid, ask, HELD, price, Side.SELL)]))
        self.holder_has = self.equity(HOLDER)
        self.start = self.gain

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        """At the prices to come; funding is what the last batch left."""
        funding = [entry.funding for entry in self.venue.state.book.markets]
        return terms_at(self.venue.prices, self.governance, funding=funding)

    def holding(self, account: int) -> Holding:
        return holding_of(self.venue.state.accounts[account])

    def equity(self, account: int) -> int:
        return value(self.holding(account), self.terms).equity

    @property
    def gain(self) -> int:
        """What the colluders took and could claim, beyond what they brought and what prices took of
        others. Who is below zero is left behind."""
        claims = sum(max(0, self.equity(account)) for account in (*COLLUDERS, FEE_ACCOUNT))
        return self.granted + claims - len(COLLUDERS) * BROUGHT + self.prices_gave - self.start

    def nearness(self, account: int) -> int:
        """How near an account is to a loss that others would bear."""
        held, terms = self.holding(account), self.terms
        worth = sum(abs(lots) * terms[market].price for market, lots in held.positions)
        return value(held, terms).equity * 10**6 // worth if worth else NOTHING_NEAR

    def run(self, batch: Batch) -> Outcome:
        """Apply a batch and count what its prices did to whom they hit unasked."""
        exposed = [self.holding(account) for account in (HOLDER, BACKSTOP_ACCOUNT)]
        outcome = self.venue.run(batch)
        now = [each.value for each in outcome.steps.terms]
        for place, held in enumerate(exposed):
            moved = sum(lots * (now[m] - self.values[m]) for m, lots in held.positions)
            self.prices_gave += moved
            self.holder_has += moved if place == 0 else 0
        self.values = now
        self.holder_has -= self.fees_of_holder(outcome)
        self.prices_gave -= self.reward(outcome)
        colluding = {owner(account) for account in COLLUDERS}
        grants = outcome.public.withdrawals
        paid = sum(each.amount for each in grants if each.owner in colluding)
        self.granted += paid
        self.seen["granted"] += paid > 0
        self.generation += 1
        self.nearest = min(self.nearest, *(self.nearness(account) for account in COLLUDERS))
        self.seen["open"] += not outcome.public.closed
        self.seen["fills"] += len(outcome.steps.fills)
        self.seen["by order"] += len(outcome.steps.order_takeovers)
        self.seen.update(step.takeover.route.name for step in outcome.steps.takeovers)
        return outcome

    def fees_of_holder(self, outcome: Outcome) -> int:
        """What takeovers cost it beside the oracle price, once prices made it due."""
        steps = outcome.steps
        lost = [(each.takeover.market, each.liquidated) for each in steps.takeovers]
        lost += [(each.market, each.liquidated) for each in steps.order_takeovers]
        return -sum(
            was.cash_after
            - was.cash_before
            + (was.position_after - was.position_before) * self.values[market]
            for market, was in lost
            if was.account == HOLDER
        )

    def reward(self, outcome: Outcome) -> int:
        """What orders that took lots of the holder, once prices made it due, got beside the oracle
        price, their fees counted: never more than liquidation costs, less the backstop's rest."""
        found = 0
        for each in outcome.steps.order_takeovers:
            if each.liquidated.account == HOLDER:
                took, terms = each.taker, outcome.steps.terms[each.market]
                lots = took.position_after - took.position_before
                got = took.cash_after - took.cash_before + took.fee + lots * terms.value
                assert got <= each.takeover.size * terms.liquidation_fee - each.takeover.rest
                found += got
        return found

    def attempt(self, *batches: Batch) -> bool:
        """Run the first of these that the rules take."""
        for batch in batches:
            try:
                self.run(batch)
            except Rejected:
                self.seen["refused"] += 1
                continue
            return True
        return False

    def play(self, moves: Plan) -> int:
        """All moves, and then each colluder leaves with what it can. The most that they gained."""
        best = self.gain
        for kind, *how in moves:
            (self.trade, self.move_prices, self.leave)[kind](*how)
            best = max(best, self.gain)
        for account in COLLUDERS:
            self.leave(account - 1, 0, 10, 0)
        return max(best, self.gain)

    # What they may do.

    def trade(self, who: int, market: int, part: int, edge: int) -> None:
        """Two colluders trade as much as margin allows, or a part, at an edge of the band or
        between."""
        market %= len(self.terms)
        pairs = [(a, b) for a in COLLUDERS for b in COLLUDERS if a != b]
        buyer, seller = pairs[who]
        each = self.terms[market]
        price = (each.band_low, each.band_high, each.price, each.band_low + 1, each.band_high - 1)[
            edge
        ]
        size = self.largest(buyer, seller, market, price) * max(1, abs(part)) // 10
        if size:
            terms = {"market": market, "slot": market, "generation": self.generation}
            bid, ask = buy(buyer, size, price, **terms), sell(seller, size, price, **terms)
            self.attempt(self.venue.batch(matches=[Match(bid, ask, size, price)]))

    def largest(self, buyer: int, seller: int, market: int, price: int) -> int:
        """The most lots that leave both as the closing rule asks, or as the circuit counts."""
        low, high = 0, 1 << 20
        while low < high:
            size = (low + high + 1) // 2
            if all(
                self.may_hold(account, way * size, market, price)
                for account, way in ((buyer, 1), (seller, -1))
            ):
                low = size
            else:
                high = size - 1
        return low

    def may_hold(self, account: int, lots: int, market: int, price: int) -> bool:
        each, old = self.terms[market], self.holding(account)
        paid = lots * price + fee(abs(lots) * price, max(each.taker_fee, each.maker_fee))
        after = Holding(old.cash - paid, old.positions.put(market, old.positions[market] + lots))
        return margin_refusal(old, after, self.terms) is None

    def move_prices(self, first: int, times: int, part: int, style: int) -> None:
        """So many steps of prices, each as far as the last. Who is due is dealt with as they like,
        and at last at all."""
        for _ in range(1 + times):
            if not self.venue.state.book.is_open:
                parts = (part, (first - 3) * 4)
                self.venue.prices = tuple(
                    price + price * self.step * min(10, max(-10, each)) // 100_000
                    for price, each in zip(self.venue.prices, parts, strict=True)
                )
            self.end_step(style)

    def end_step(self, style: int) -> None:
        """At once; or in one batch that may leave it open, for what they do in between."""
        wait = HOUR_MS if style == 4 else 1000
        for _ in range(1 if style == 2 else 4):
            if not any(self.attempt(*batches) for batches in self.endings(style, wait)):
                return
            if not self.venue.state.book.is_open:
                return
            wait, style = 1000, 0

    def endings(self, style: int, wait: int) -> Iterator[Sequence[Batch]]:
        """What may bring the step on: the way that they would rather, then the others."""
        terms = self.terms
        scan = Scan(self.venue.state, terms)
        values = scan.values()
        due = scan.due()
        below = [index for index in due if values[index].excess < 0]
        healthy = [index for index in due if index not in below]
        if style == 1:
            yield [self.by_friends(below, healthy)]
        if style == 2:
            yield [self.venue.batch(refreshed=due, step=wait)]
        taken = [each for i in below for each in self.taken(i)]
        yield [self.venue.batch(takeovers=taken, refreshed=healthy, step=wait)]
        lost = [each for i in below for each in self.deleveraged(i)]
        yield [self.venue.batch(takeovers=lost, refreshed=healthy, step=wait)]
        yield [self.venue.batch(refreshed=due, step=wait)]

    def by_friends(self, below: Sequence[int], healthy: Sequence[int]) -> Batch:
        """Colluders take of each other, at the price that gives the backstop least."""
        takes = []
        for place, index in enumerate(below):
            friend = next((f for f in COLLUDERS if f not in below), HOLDER)
            for each in self.taken(index)[:1]:
                market = self.terms[each.market]
                is_long = self.holding(index).positions[each.market] > 0
                price = market.least_bid if is_long else market.most_asked
                make = buy if is_long else sell
                slot = {"slot": 20 + place, "generation": self.generation, "market": each.market}
                order = make(friend, each.size, price, when_clamped=True, **slot)
                takes.append(ByOrder(order, index, each.size, price))
        return self.venue.batch(by_orders=takes, refreshed=healthy)

    def taken(self, index: int) -> list[Takeover]:
        """What the backstop takes of who is below maintenance; nothing of who is below zero."""
        found = self.holding(index)
        return plan(index, found, self.terms, 50) if self.equity(index) >= 0 else []

    def deleveraged(self, index: int) -> list[Takeover]:
        """As many lots of who is below maintenance as heal it, of who is next in line."""
        held, terms = self.holding(index), self.terms
        missing, found = -value(held, terms).excess, []
        for market, lots in held.positions:
            relief = terms[market].reliefs[side_of(lots)]
            left = min(abs(lots), max(0, -(-missing // relief)))
            for taker in self.line(market, -1 if lots > 0 else 1):
                size = min(left, abs(self.holding(taker).positions[market]))
                if size:
                    found.append(Takeover(index, market, size, 0, Route.DELEVERAGED, taker))
                    left, missing = left - size, missing - size * relief
        return found

    def line(self, market: int, sign: int) -> list[int]:
        """Who holds a side of a market, the nearest to a loss first."""
        accounts = self.venue.state.accounts
        holders = [i for i, each in accounts.items() if each.positions[market] * sign > 0]
        others = [i for i in holders if i != BACKSTOP_ACCOUNT]

        def trigger(index: int) -> int:
            account = accounts[index]
            return account.triggers[account.positions.markets.index(market)]

        return sorted(others, key=trigger, reverse=True)

    def leave(self, who: int, _: int, part: int, __: int) -> None:
        """A colluder withdraws all that initial margin leaves it, or a part."""
        account = COLLUDERS[who % len(COLLUDERS)]
        held = self.holding(account)
        most = min(value(held, self.terms).initial, held.cash)
        amount = most * max(1, abs(part)) // 10
        if amount > 0:
            outflow = withdraw(account, amount, generation=self.generation, slot=30)
            self.attempt(self.venue.batch(outflows=[outflow]))

    # What must hold.

    def judge(self) -> None:
        """Nobody is below zero, cash is what L1 holds, and who signed nothing lost nothing but by
        prices."""
        accounts = self.venue.state.accounts
        assert sum(each.cash for each in accounts.values()) == self.venue.state.globals.total
        assert all(self.equity(index) >= 0 for index in accounts)
        assert self.equity(HOLDER) == self.holder_has
        assert all(
            self.holding(index) == Holding(BROUGHT, self.holding(index).positions) for index in IDLE
        )

    def idle_leave(self) -> None:
        """They take out all that they brought."""
        paid = [withdraw(index, BROUGHT, generation=self.generation) for index in IDLE]
        outcome = self.run(self.venue.batch(outflows=paid))
        assert [each.amount for each in outcome.public.withdrawals] == [BROUGHT] * len(IDLE)
