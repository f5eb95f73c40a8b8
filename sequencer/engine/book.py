"""The book of one market: best price first, then first come.

Prices are kept in two sorted dictionaries, orders of a price in a deque. A removed order leaves its
place in the deque as a gap that is dropped when it reaches the front, so every operation is
O(log prices) amortised. Only `core` decides what trades; the book keeps the queue.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from sortedcontainers import SortedDict

from rollup.private import Private
from rollup.protocol.order import Side
from sequencer.engine.live import LiveOrder, accepts, opposite


class BookError(Exception):
    """The book was asked for what would break it: the caller has a defect, not the trader."""


@dataclass(slots=True, repr=False)
class _Level(Private):
    """Orders of one price in order of arrival; `live` of them still rest."""

    queue: deque[LiveOrder] = field(default_factory=deque)
    live: int = 0


class Book:
    """Resting orders of one market. Never crossed: the best bid is below the best ask."""

    def __init__(self) -> None:
        self._sides: dict[Side, SortedDict] = {Side.BUY: SortedDict(), Side.SELL: SortedDict()}
        self._expiries: list[tuple[int, int, LiveOrder]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[LiveOrder]:
        """All resting orders: bids, then asks, each best price first, then by arrival."""
        for side in Side:
            yield from self.orders(side)

    def orders(self, side: Side) -> Iterator[LiveOrder]:
        """Resting orders of one side in the order in which they would trade."""
        levels = self._sides[side]
        for rank in levels:
            yield from (live for live in levels[rank].queue if live.is_resting)

    def best(self, side: Side) -> LiveOrder | None:
        """The order of a side that trades next."""
        levels = self._sides[side]
        if not levels:
            return None
        queue: deque[LiveOrder] = levels.peekitem(0)[1].queue
        while not queue[0].is_resting:
            queue.popleft()
        return queue[0]

    def would_trade(self, live: LiveOrder) -> bool:
        """Whether the best order of the other side has a price this one accepts."""
        facing = self.best(opposite(live.order.side))
        return facing is not None and accepts(live.order, facing.order.price)

    def add(self, live: LiveOrder) -> None:
        """Let an order rest behind all others of its price. BookError if it would trade."""
        if live.is_resting or live.remaining <= 0:
            raise BookError("only an order that wants lots and does not rest yet can be added")
        if self.would_trade(live):
            raise BookError("an order that crosses the book must trade before it can rest")
        level = self._sides[live.order.side].setdefault(_rank(live), _Level())
        level.queue.append(live)
        level.live += 1
        live.is_resting = True
        self._count += 1
        heapq.heappush(self._expiries, (live.order.expiry, live.sequence, live))

    def remove(self, live: LiveOrder) -> None:
        """Take an order out, whatever it still wants. BookError if it does not rest here."""
        levels = self._sides[live.order.side]
        level = levels.get(_rank(live))
        if level is None or not live.is_resting:
            raise BookError("an order that does not rest cannot be removed")
        live.is_resting = False
        level.live -= 1
        self._count -= 1
        if level.live == 0:
            del levels[_rank(live)]

    def reduce(self, live: LiveOrder, size: int) -> None:
        """Take `size` traded lots off an order; it leaves the book when none remain."""
        if not 0 < size <= live.remaining:
            raise BookError(f"{size} lots cannot come off an order that wants {live.remaining}")
        live.remaining -= size
        if live.remaining == 0:
            self.remove(live)

    def expire(self, time: int) -> list[LiveOrder]:
        """Remove and return all orders whose expiry is before `time`, by expiry, then arrival."""
        expired = []
        while self._expiries and self._expiries[0][0] < time:
            live = heapq.heappop(self._expiries)[2]
            if live.is_resting:
                self.remove(live)
                expired.append(live)
        return expired


def _rank(live: LiveOrder) -> int:
    """Sort key of its price on its side: lower trades first."""
    return -live.order.price if live.order.side is Side.BUY else live.order.price
