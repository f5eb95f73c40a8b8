"""The planner: which orders make wanted trades happen, at their prices and sizes, one fill each.

For every trade some trader quotes its price and another one takes it. The planner keeps a mirror of
the quotes it placed, so it knows which quote the next taker meets:

* a quote that would be met first, or would cross, and is not wanted, is cancelled by its owner;
* a quote with room left is used again, also in a later batch: a partial fill;
* trades of one taker that use up their quotes exactly are one order sweeping the book.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from rollup.protocol.cancel import CancelOrder
from rollup.protocol.order import Order, Side, TimeInForce
from sequencer.demo.market.trade import WantedTrade
from sequencer.demo.market.trader import Intent, Trader
from sequencer.engine.live import OrderKey, opposite

LOOK_AHEAD = 48
"""How many trades ahead a quote's size is chosen for."""

REUSE = 0.9
"""Chance that a quote is made large enough for the next trade at its price."""

EXCESS = 0.15
"""Chance that a quote is larger than anybody will want of it, so that it is cancelled one day."""

MARKET_SHARE = 0.5
"""Share of takers with a market order: a limit order with a bound away from the price, at once."""

SLIPPAGE = 0.005
"""How far the bound of a market order is away."""

CANDIDATES = 4
"""Traders that are asked before one trades: the one whose position it reduces most does."""

EXPOSURE_MAX = 4
"""A trader turns down what would give it a position of more than four times its capital."""


@dataclass(slots=True, eq=False)
class _Quote:
    trader: Trader
    key: OrderKey
    price: int
    remaining: int
    expiry: int


@dataclass(slots=True)
class _Taking:
    """Trades of one taker order, not sent yet."""

    time: int
    market: int
    side: Side
    limit: int = 0
    size: int = 0
    makers: set[int] = field(default_factory=set)

    def continues(self, trade: WantedTrade, traders: int) -> bool:
        """Whether a trade can be another fill of this order."""
        same = (trade.time, trade.market, trade.taker) == (self.time, self.market, self.side)
        onward = trade.price >= self.limit if self.side is Side.BUY else trade.price <= self.limit
        return same and onward and len(self.makers) < traders - CANDIDATES


class Planner:
    """Turns wanted trades into what traders do. Deterministic for a seed."""

    def __init__(
        self, traders: Sequence[Trader], chain: int, venue: int, max_fee: int, seed: int
    ) -> None:
        if len(traders) <= 2 * CANDIDATES:
            raise ValueError(f"more than {2 * CANDIDATES} traders are wanted, not {len(traders)}")
        self._traders = list(traders)
        self._identity = (chain, venue)
        self._max_fee = max_fee
        self._random = Random(f"planner/{seed}")
        self._quotes: dict[tuple[int, Side], dict[int, deque[_Quote]]] = {}
        self._expiry = 0

    def plan(
        self, trades: Sequence[WantedTrade], later: Sequence[WantedTrade], expiry: int
    ) -> list[Intent]:
        """What traders do for `trades`, in order; `later` ones follow. Orders last to `expiry`."""
        self._expiry = expiry
        intents: list[Intent] = []
        taking: _Taking | None = None
        ahead = [*trades, *later[:LOOK_AHEAD]]
        for place, trade in enumerate(trades):
            if taking is not None and not taking.continues(trade, len(self._traders)):
                intents += self._take(taking)
                taking = None
            if taking is None:
                taking = _Taking(trade.time, trade.market, trade.taker)
            intents += self._clear(trade)
            quote, placed = self._quote(trade, ahead[place + 1 : place + 1 + LOOK_AHEAD])
            intents += placed
            self._use(quote, trade, taking)
            if quote.remaining:
                intents += self._take(taking)
                taking = None
        return intents if taking is None else intents + self._take(taking)

    def backdrop(self, market: int, mid: int, count: int, expiry: int) -> list[Intent]:
        """Quotes far from the price that fill nothing for now: a book with some depth."""
        self._expiry = expiry
        intents: list[Intent] = []
        for _ in range(count):
            side = self._random.choice(tuple(Side))
            away = 1 + int(mid * self._random.uniform(0.001, 0.01))
            price = max(1, mid - away if side is Side.BUY else mid + away)
            if self._would_cross(market, side, price):
                continue
            size = 1 + int(self._random.random() * 10**9 / price)
            _, intent = self._place(market, side, price, size, post_only=True)
            intents.append(intent)
        return intents

    def tidy(self, count: int) -> list[Intent]:
        """Cancels of some quotes, chosen at random: traders change their minds."""
        every = [
            (levels, quote)
            for levels in self._quotes.values()
            for queue in levels.values()
            for quote in queue
        ]
        chosen = self._random.sample(every, min(count, len(every)))
        return [self._cancel(levels, quote) for levels, quote in chosen]

    def _would_cross(self, market: int, side: Side, price: int) -> bool:
        facing = self._levels(market, opposite(side))
        return any(p <= price if side is Side.BUY else p >= price for p in facing)

    def expire(self, time: int) -> None:
        """The venue ends orders whose last moment is before the end of the window it opens."""
        for levels in self._quotes.values():
            for price, queue in list(levels.items()):
                for quote in [quote for quote in queue if quote.expiry < time]:
                    self._drop(levels, price, quote)

    def forget(self, key: OrderKey) -> None:
        """The venue ended or refused an order that the planner did not expect to lose."""
        for levels in self._quotes.values():
            for price, queue in list(levels.items()):
                for quote in [quote for quote in queue if quote.key == key]:
                    self._drop(levels, price, quote)

    def _take(self, taking: _Taking) -> list[Intent]:
        """The taker's order; its trades have all been given a quote."""
        signed = taking.size if taking.side is Side.BUY else -taking.size
        trader = self._choose(taking.market, signed, taking.limit, taking.makers)
        trader.positions[taking.market] += signed
        limit, at_once = taking.limit, self._random.random() < MARKET_SHARE
        if at_once:
            away = int(limit * SLIPPAGE)
            limit = limit + away if taking.side is Side.BUY else max(1, limit - away)
        slot, generation = trader.take_slot()
        return [
            self._order(
                trader, slot, generation, taking.market, taking.side, limit, taking.size, at_once
            )
        ]

    def _clear(self, trade: WantedTrade) -> Iterator[Intent]:
        """Cancels of quotes that are in the way of a trade."""
        for side in Side:
            levels = self._levels(trade.market, side)
            for price in sorted(levels):
                if _is_in_the_way(side, price, trade):
                    for quote in list(levels[price]):
                        yield self._cancel(levels, quote)

    def _quote(
        self, trade: WantedTrade, ahead: Sequence[WantedTrade]
    ) -> tuple[_Quote, list[Intent]]:
        """The quote that the trade is going to meet, and what it takes to have it there."""
        side = opposite(trade.taker)
        levels = self._levels(trade.market, side)
        intents: list[Intent] = []
        while queue := levels.get(trade.price):
            if queue[0].remaining >= trade.size:
                return queue[0], intents
            intents.append(self._cancel(levels, queue[0]))
        size = trade.size + self._size_ahead(trade, ahead)
        if self._random.random() < EXCESS:
            size += 1 + int(self._random.random() * trade.size)
        quote, intent = self._place(trade.market, side, trade.price, size, post_only=False)
        return quote, [*intents, intent]

    def _size_ahead(self, trade: WantedTrade, ahead: Sequence[WantedTrade]) -> int:
        """Lots of coming trades that the same quote can serve before it is in the way."""
        extra = 0
        towards = 1 if trade.taker is Side.BUY else -1
        for other in ahead:
            if other.market != trade.market:
                continue
            beyond = (other.price - trade.price) * towards
            if beyond > 0 or (beyond == 0 and other.taker is not trade.taker):
                break
            if beyond == 0:
                if self._random.random() >= REUSE:
                    break
                extra += other.size
        return extra

    def _use(self, quote: _Quote, trade: WantedTrade, taking: _Taking) -> None:
        """Account for one fill of a quote by the taker order being gathered."""
        quote.remaining -= trade.size
        signed = trade.size if trade.taker is Side.SELL else -trade.size
        quote.trader.positions[trade.market] += signed
        if quote.remaining == 0:
            self._drop(self._levels(trade.market, opposite(trade.taker)), quote.price, quote)
        taking.limit = trade.price
        taking.size += trade.size
        taking.makers.add(quote.trader.account)

    def _place(
        self, market: int, side: Side, price: int, size: int, *, post_only: bool
    ) -> tuple[_Quote, Intent]:
        signed = size if side is Side.BUY else -size
        trader = self._choose(market, signed, price, set())
        slot, generation = trader.take_slot()
        trader.resting.add(slot)
        quote = _Quote(trader, (trader.account, slot, generation), price, size, self._expiry)
        self._levels(market, side).setdefault(price, deque()).append(quote)
        return quote, self._order(
            trader, slot, generation, market, side, price, size, False, post_only
        )

    def _cancel(self, levels: dict[int, deque[_Quote]], quote: _Quote) -> Intent:
        self._drop(levels, quote.price, quote)
        return CancelOrder(*self._identity, *quote.key)

    def _drop(self, levels: dict[int, deque[_Quote]], price: int, quote: _Quote) -> None:
        levels[price].remove(quote)
        if not levels[price]:
            del levels[price]
        quote.trader.resting.discard(quote.key[1])

    def _levels(self, market: int, side: Side) -> dict[int, deque[_Quote]]:
        return self._quotes.setdefault((market, side), {})

    def _choose(self, market: int, size: int, price: int, without: set[int]) -> Trader:
        """A trader for a position change: of a few at random, the one left with the least risk."""
        able = [trader for trader in self._traders if trader.account not in without]

        def exposure(trader: Trader) -> float:
            return abs(trader.positions[market] + size) * price / trader.capital

        drawn = self._random.sample(able, min(CANDIDATES, len(able)))
        best = min(drawn, key=exposure)
        return best if exposure(best) < EXPOSURE_MAX else min(able, key=exposure)

    def _order(
        self,
        trader: Trader,
        slot: int,
        generation: int,
        market: int,
        side: Side,
        price: int,
        size: int,
        at_once: bool,
        post_only: bool = False,
    ) -> Order:
        chain, venue = self._identity
        return Order(
            chain=chain,
            venue=venue,
            account=trader.account,
            slot=slot,
            generation=generation,
            market=market,
            side=side,
            price=price,
            size=size,
            expiry=self._expiry,
            max_fee=self._max_fee,
            time_in_force=(
                TimeInForce.IMMEDIATE_OR_CANCEL if at_once else TimeInForce.GOOD_TILL_EXPIRY
            ),
            post_only=post_only,
        )


def _is_in_the_way(side: Side, price: int, trade: WantedTrade) -> bool:
    """Whether a quote would be met before the trade's price, or would cross a quote at it."""
    if trade.taker is Side.BUY:
        return price < trade.price if side is Side.SELL else price >= trade.price
    return price > trade.price if side is Side.BUY else price <= trade.price
