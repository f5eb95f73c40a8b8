"""The book of one market: best price first, then first come.

Prices are kept in two sorted dictionaries, orders of a price in one that keeps their arrival, and
all of them once more by expiry, pegged ones by arrival too. An order that leaves is gone from all
at once, from wherever it stood, so memory and a walk follow what rests, and every operation is
O(log) of that. Only `core` decides what trades; the book keeps the queue.
"""

from collections import OrderedDict
from collections.abc import Iterator

from sortedcontainers import SortedDict

from rollup.protocol.order import Side
from sequencer.engine.live import LiveOrder, opposite

_Queue = OrderedDict[int, LiveOrder]
"""Orders of one price by `sequence`, in order of arrival. A plain dictionary would not do: it finds
its first member by walking over all that were removed before it."""


class BookError(Exception):
    """The book was asked for what would break it: the caller has a defect, not the trader."""


class Book:
    """Resting orders of one market. Never crossed: the best bid is below the best ask."""

    def __init__(self) -> None:
        self._sides: dict[Side, SortedDict] = {Side.BUY: SortedDict(), Side.SELL: SortedDict()}
        self._expiries = SortedDict()
        self._pegged = SortedDict()

    def __len__(self) -> int:
        return len(self._expiries)

    def __iter__(self) -> Iterator[LiveOrder]:
        """All resting orders: bids, then asks, each best price first, then by arrival."""
        for side in Side:
            yield from self.orders(side)

    def orders(self, side: Side) -> Iterator[LiveOrder]:
        """Resting orders of one side in the order in which they would trade."""
        for queue in self._sides[side].values():
            yield from queue.values()

    def best(self, side: Side) -> LiveOrder | None:
        """The order of a side that trades next."""
        levels = self._sides[side]
        if not levels:
            return None
        queue: _Queue = levels.peekitem(0)[1]
        return next(iter(queue.values()))

    def would_trade(self, live: LiveOrder) -> bool:
        """Whether the best order of the other side has a price this one accepts."""
        facing = self.best(opposite(live.order.side))
        return facing is not None and live.accepts(facing.limit)

    def add(self, live: LiveOrder) -> None:
        """Let an order rest behind all others of its price. BookError if it would trade."""
        if live.is_resting or live.remaining <= 0:
            raise BookError("only an order that wants lots and does not rest yet can be added")
        if self.would_trade(live):
            raise BookError("an order that crosses the book must trade before it can rest")
        self._sides[live.order.side].setdefault(_rank(live), _Queue())[live.sequence] = live
        self._expiries[_due(live)] = live
        if live.moves:
            self._pegged[live.sequence] = live
        live.is_resting = True

    def remove(self, live: LiveOrder) -> None:
        """Take an order out, whatever it still wants. BookError if it does not rest here."""
        levels, rank = self._sides[live.order.side], _rank(live)
        queue: _Queue = levels.get(rank, _Queue())
        if queue.get(live.sequence) is not live:
            raise BookError("an order that does not rest cannot be removed")
        del queue[live.sequence]
        if not queue:
            del levels[rank]
        del self._expiries[_due(live)]
        self._pegged.pop(live.sequence, None)
        live.is_resting = False

    def reduce(self, live: LiveOrder, size: int) -> None:
        """Take `size` traded lots off an order; it leaves the book when none remain."""
        if not 0 < size <= live.remaining:
            raise BookError(f"{size} lots cannot come off an order that wants {live.remaining}")
        live.remaining -= size
        if live.remaining == 0:
            self.remove(live)

    def move(self, oracle: int) -> list[LiveOrder]:
        """Let pegged orders, and the backstop's, rest at the limits that an oracle price gives,
        behind those of their price; return those that would trade there, which rest no more, by
        arrival."""
        pegged: list[LiveOrder] = list(self._pegged.values())
        moved = [live for live in pegged if live.limit_at(oracle) != live.limit]
        crossing = []
        for live in moved:
            self.remove(live)
            live.peg(oracle)
        for live in moved:
            if self.would_trade(live):
                crossing.append(live)
            else:
                self.add(live)
        return crossing

    def expire(self, time: int) -> list[LiveOrder]:
        """Remove and return all orders whose expiry is before `time`, by expiry, then arrival."""
        expired: list[LiveOrder] = []
        while self._expiries and self._expiries.peekitem(0)[0] < (time, 0):
            expired.append(self._expiries.peekitem(0)[1])
            self.remove(expired[-1])
        return expired


def _due(live: LiveOrder) -> tuple[int, int]:
    """Sort key of its expiry: those that end together leave in order of arrival."""
    return (live.order.expiry, live.sequence)


def _rank(live: LiveOrder) -> int:
    """Sort key of its price on its side: lower trades first."""
    return -live.limit if live.order.side is Side.BUY else live.limit
