"""Whom another venue would have deleveraged, to compare.

Others close first the positions of whoever has gained most with most leverage: by return on the
entry price times leverage, and, of those who lost, return over leverage (Binance's formula;
Hyperliquid's manual names profit and leverage too). Here the nearest trigger goes first. Both are
asked for the same lots of the same side, among the same accounts, at the same prices.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.outcome import Steps
from rollup.protocol.takeover import Route
from rollup.protocol.terms import MarketTerms

Lots = Mapping[int, int]
"""By account, how many lots it loses."""


class Choice(NamedTuple):
    """What one rule closes: so many positions, worth so much at the oracle's price, of which so
    much was gained since they were opened. `risk` is worth times leverage. Money in quanta."""

    positions: int
    worth: int
    profit: int
    risk: int

    @property
    def leverage(self) -> float:
        """Of the accounts that lose lots, weighted with what they lose."""
        return self.risk / self.worth if self.worth else 0.0


NOTHING = Choice(0, 0, 0, 0)


@dataclass(slots=True)
class Comparison:
    """What is closed here and by the other rule, and how much of its worth is the same lots."""

    here: Choice = NOTHING
    there: Choice = NOTHING
    shared: int = 0

    def add(self, other: "Comparison") -> None:
        """Count another one in."""
        self.here = _sum(self.here, other.here)
        self.there = _sum(self.there, other.there)
        self.shared += other.shared

    def to_record(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "worth": self.here.worth,
            "same_worth": self.shared,
            "here": _record(self.here),
            "by_profit_and_leverage": _record(self.there),
        }


@dataclass(slots=True)
class Entries:
    """What every open position cost, by account and market: lots times the price at which they
    were bought or sold, of one sign with the position. Closing lots takes its share of it away."""

    costs: dict[tuple[int, int], int] = field(default_factory=dict)

    def follow(self, steps: Steps) -> None:
        """Take in what a batch did."""
        for account, market, before, after, price in _moves(steps):
            place = (account, market)
            known = self.costs.get(place, 0)
            if before * after <= 0:
                known = after * price
            elif abs(after) > abs(before):
                known += (after - before) * price
            else:
                known = known * after // before
            self.costs[place] = known

    def profit(self, account: int, market: int, size: int, price: int, lots: int) -> int:
        """What so many lots of a position have gained, in quanta."""
        gained = size * price - self.costs.get((account, market), size * price)
        return gained * lots // abs(size)


def compare(
    steps: Steps, entries: Entries, holdings: Mapping[int, Holding], backstop: int
) -> Comparison | None:
    """Whom this batch deleveraged and whom the other rule would have, given what was held as it
    began; None if it deleveraged nobody."""
    found: dict[tuple[int, bool], dict[int, int]] = {}
    for step in steps.takeovers:
        if step.takeover.route is Route.DELEVERAGED and step.taker is not None:
            lots = found.setdefault((step.takeover.market, step.taker.position_before > 0), {})
            account = step.takeover.taker
            lots[account] = lots.get(account, 0) + step.takeover.size
    if not found:
        return None
    total = Comparison()
    excluded = steps.liquidated | {backstop}
    for (market, is_long), here in found.items():
        scene = _Scene(steps.terms, entries, holdings, market)
        held = scene.held(is_long, excluded)
        there = scene.ranked(held, sum(here.values()))
        price = steps.terms[market].price
        shared = sum(min(lots, there.get(account, 0)) for account, lots in here.items())
        total.add(Comparison(scene.choice(here), scene.choice(there), shared * price))
    return total


@dataclass(frozen=True, slots=True)
class _Scene:
    """One market as a batch begins, at its prices."""

    terms: Sequence[MarketTerms]
    entries: Entries
    holdings: Mapping[int, Holding]
    market: int

    @property
    def price(self) -> int:
        """The oracle's."""
        return self.terms[self.market].price

    def held(self, is_long: bool, excluded: frozenset[int]) -> list[int]:
        """Accounts with a position of a side that may lose it."""
        sizes = {index: each.positions[self.market] for index, each in self.holdings.items()}
        return [
            index
            for index, size in sizes.items()
            if size and (size > 0) == is_long and index not in excluded
        ]

    def ranked(self, held: Sequence[int], wanted: int) -> dict[int, int]:
        """Lots by account, first rank first, until there are as many as wanted."""
        chosen: dict[int, int] = {}
        for account in sorted(held, key=self._rank, reverse=True):
            lots = min(wanted, abs(self._size(account)))
            if lots:
                chosen[account] = lots
            wanted -= lots
        return chosen

    def choice(self, lots: Lots) -> Choice:
        """What it comes to."""
        worth = {account: count * self.price for account, count in lots.items()}
        profit = sum(
            self.entries.profit(account, self.market, self._size(account), self.price, count)
            for account, count in lots.items()
        )
        risk = sum(round(each * self._leverage(account)) for account, each in worth.items())
        return Choice(len(lots), sum(worth.values()), profit, risk)

    def _size(self, account: int) -> int:
        return self.holdings[account].positions[self.market]

    def _rank(self, account: int) -> float:
        size = self._size(account)
        gained = self.entries.profit(account, self.market, size, self.price, abs(size))
        cost = abs(self.entries.costs.get((account, self.market), 0)) or 1
        rate, leverage = gained / cost, self._leverage(account)
        return rate * leverage if gained > 0 else rate / leverage

    def _leverage(self, account: int) -> float:
        """What it holds in all markets over its equity."""
        holding = self.holdings[account]
        worth = sum(abs(size) * self.terms[m].price for m, size in holding.positions.held)
        return worth / max(1, value(holding, self.terms).equity)


def _moves(steps: Steps) -> Iterator[tuple[int, int, int, int, int]]:
    """Account, market, size before and after, and price, of each change of a position in order."""
    for fill in steps.fills:
        for side in (fill.buyer, fill.seller):
            sizes = (side.position_before, side.position_after)
            yield side.account, fill.market, *sizes, fill.fill.price
    for step in steps.takeovers:
        market = step.takeover.market
        for holder in filter(None, (step.liquidated, step.taker)):
            sizes = (holder.position_before, holder.position_after)
            yield holder.account, market, *sizes, steps.terms[market].price


def _sum(one: Choice, other: Choice) -> Choice:
    return Choice(*(a + b for a, b in zip(one, other, strict=True)))


def _record(choice: Choice) -> dict[str, object]:
    return {
        "positions": choice.positions,
        "worth": choice.worth,
        "profit": choice.profit,
        "leverage": round(choice.leverage, 2),
    }
