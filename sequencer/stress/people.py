"""Who trades on a crash day: makers who quote, and traders with as much leverage as they dare.

A trader opens a position, keeps it for some hours, halves or closes it, opens another, and comes
back with what is left after a liquidation. All of it is drawn from the seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from random import Random
from typing import Final

from rollup.protocol.constants import FEE_SCALE, FRACTION_SCALE
from rollup.protocol.margin import Holding
from rollup.protocol.market import Market
from rollup.protocol.order import Order, Side, TimeInForce
from rollup.protocol.terms import MarketTerms
from sequencer.demo.market.scene import MAX_FEE
from sequencer.demo.market.trader import Trader

LEVERAGES: Final = (1.5, 40.0)
"""Between these the leverage that a trader wants is spread, evenly over its logarithm; it gets as
much as the market's initial margin allows."""

CAPITALS: Final = (1_000.0, 100_000.0)
"""Dollars of a trader, spread in the same way."""

LONG_SHARE: Final = 0.6
BOTH_SHARE: Final = 0.25
"""Traders who hold every market under one margin; the others hold one."""

ACTS_EVERY: Final = 720
"""Minutes between two decisions of a trader, on average: half a day."""

MARGIN_KEPT: Final = 0.95
"""Of what initial margin allows; the rest is for fees and for the spread."""

LEAST_DOLLARS: Final = 100
"""Who has less than this does not come back."""

HALF_SPREAD: Final = 5
"""How far makers quote from the oracle's price, in ten-thousandths."""

REACH: Final = 20
"""How far traders go to have their order filled, in ten-thousandths."""

QUANTA: Final = 10**6


@dataclass(frozen=True, slots=True, repr=False)
class Habits:
    """What one trader is like: leverage, whether it buys first, and where it trades."""

    leverage: float
    is_long: bool
    markets: tuple[int, ...]


@dataclass(slots=True, repr=False)
class Population:
    """All traders and makers, and what they do next. `every` are the minutes of a batch; `waiting`
    have no position yet."""

    traders: Sequence[Trader]
    makers: Sequence[Trader]
    markets: Sequence[Market]
    seed: int
    every: int = 1
    habits: dict[int, Habits] = field(default_factory=dict)
    waiting: list[Trader] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = Random(f"stress/habits/{self.seed}")
        self.habits = {each.account: _habits(random, len(self.markets)) for each in self.traders}
        self.waiting = list(self.traders)
        self._random = Random(f"stress/acts/{self.seed}")

    _random: Random = field(init=False)

    def orders(
        self,
        time: int,
        terms: Sequence[MarketTerms],
        holdings: Mapping[int, Holding],
        venue: tuple[int, int],
        room: int,
    ) -> list[Order]:
        """What everybody sends in a batch: quotes first, then at most `room` orders that take
        them. `venue` is chain and venue number."""
        wishes = self._wishes(terms, holdings, room)
        wanted = [[0, 0] for _ in self.markets]
        for _, market, lots in wishes:
            wanted[market][lots < 0] += abs(lots)
        quotes = [
            (maker, market, sign * -(-lots // len(self.makers)))
            for market, sides in enumerate(wanted)
            for lots, sign in zip(sides, (-1, 1), strict=True)
            for maker in self.makers
            if lots
        ]
        make = _Maker(time, terms, venue)
        return [
            *(make.order(*quote, HALF_SPREAD, rests=True) for quote in quotes),
            *(make.order(*wish, REACH, rests=False) for wish in wishes),
        ]

    def _wishes(
        self, terms: Sequence[MarketTerms], holdings: Mapping[int, Holding], room: int
    ) -> list[tuple[Trader, int, int]]:
        """Trader, market and signed lots. Who has no position yet goes first."""
        wishes: list[tuple[Trader, int, int]] = []
        while self.waiting and len(wishes) + len(self.markets) <= room:
            trader = self.waiting.pop(0)
            wishes += self._opening(trader, terms, holdings[trader.account])
        if self.waiting:
            return wishes
        for trader in self.traders:
            acts = self._random.random() * ACTS_EVERY < self.every
            if acts and len(wishes) + len(self.markets) <= room:
                wishes += self._change(trader, terms, holdings[trader.account])
        return wishes

    def _opening(
        self, trader: Trader, terms: Sequence[MarketTerms], holding: Holding
    ) -> list[tuple[Trader, int, int]]:
        """A new position in each of its markets, of its cash alone: it holds nothing."""
        habits = self.habits[trader.account]
        if holding.cash < LEAST_DOLLARS * QUANTA:
            return []
        sign = 1 if habits.is_long else -1
        share = holding.cash / len(habits.markets)
        sizes = [
            (market, int(share * self._leverage(habits, market) / terms[market].price))
            for market in habits.markets
        ]
        return [(trader, market, sign * size) for market, size in sizes if size]

    def _leverage(self, habits: Habits, market: int) -> float:
        """What it wants, or what the market gives. A fill may happen at the edge of its reach."""
        found = self.markets[market]
        initial = found.initial_fraction / FRACTION_SCALE
        costs = 2 * (REACH / FRACTION_SCALE + found.taker_fee / FEE_SCALE)
        return min(habits.leverage, MARGIN_KEPT / (initial + costs))

    def _change(
        self, trader: Trader, terms: Sequence[MarketTerms], holding: Holding
    ) -> list[tuple[Trader, int, int]]:
        """Half or all of what it holds goes; without positions it opens one, either way round."""
        held = holding.positions.held
        if not held:
            habits = self.habits[trader.account]
            is_long = self._random.random() < LONG_SHARE
            self.habits[trader.account] = Habits(habits.leverage, is_long, habits.markets)
            return self._opening(trader, terms, holding)
        closes = self._random.random() < 0.5
        sizes = [(market, size if closes else size - size // 2) for market, size in held]
        return [(trader, market, -size) for market, size in sizes]


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes orders of a batch that ends at `time`."""

    time: int
    terms: Sequence[MarketTerms]
    venue: tuple[int, int]

    def order(self, trader: Trader, market: int, lots: int, away: int, *, rests: bool) -> Order:
        """An order for signed lots: a quote away from the oracle's price, or one that takes quotes
        up to so far away. Neither outlives the batch."""
        terms = self.terms[market]
        is_buy = lots > 0
        worse = 1 if is_buy != rests else -1
        price = terms.price + worse * (terms.price * away // FRACTION_SCALE)
        slot, generation = trader.take_slot()
        chain, venue = self.venue
        return Order(
            chain=chain,
            venue=venue,
            account=trader.account,
            slot=slot,
            generation=generation,
            market=market,
            side=Side.BUY if is_buy else Side.SELL,
            price=min(max(price, terms.band_low), terms.band_high),
            size=abs(lots),
            expiry=self.time,
            max_fee=MAX_FEE,
            time_in_force=(
                TimeInForce.GOOD_TILL_EXPIRY if rests else TimeInForce.IMMEDIATE_OR_CANCEL
            ),
            post_only=rests,
        )


def capital_of(random: Random) -> int:
    """A trader's first deposit in quanta: whole dollars."""
    return int(_spread(random, CAPITALS)) * QUANTA


def _habits(random: Random, count: int) -> Habits:
    leverage = _spread(random, LEVERAGES)
    is_long = random.random() < LONG_SHARE
    holds_all = random.random() < BOTH_SHARE
    one = random.randrange(count)
    return Habits(leverage, is_long, tuple(range(count)) if holds_all else (one,))


def _spread(random: Random, ends: tuple[float, float]) -> float:
    """Between two ends, evenly over the logarithm."""
    low, high = map(log, ends)
    return exp(random.uniform(low, high))
