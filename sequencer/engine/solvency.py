"""Nobody is skipped: who came due as prices moved is found by triggers.

The index has every position by its trigger, as the committed state counts them. It is looked at
beyond the price alone, so that what a batch costs follows who came due and not the book.
"""

from collections.abc import Iterator, Sequence

from sortedcontainers import SortedDict

from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import SIDES
from sequencer.engine.holder import Holder


class TriggerIndex:
    """Accounts by where their positions are counted, and those that are below maintenance."""

    def __init__(self) -> None:
        self._sides: dict[tuple[int, int], SortedDict] = {}
        self._below: set[int] = set()
        self._rising: dict[tuple[int, int, int], list[int]] = {}

    def put(self, account: int, holder: Holder) -> None:
        """Count an account that is not counted."""
        for market, side, trigger in holder.seats:
            counted = self._sides.setdefault((market, side), SortedDict())
            counted.setdefault(trigger, set()).add(account)
            self._rising.pop((market, side, trigger), None)
        if holder.below:
            self._below.add(account)

    def drop(self, account: int, holder: Holder) -> None:
        """Count it no more; its seats are still those that it was counted by."""
        for market, side, trigger in holder.seats:
            counted = self._sides[market, side]
            counted[trigger].remove(account)
            self._rising.pop((market, side, trigger), None)
            if not counted[trigger]:
                del counted[trigger]
        self._below.discard(account)

    def nearest(self, market: int, side: int) -> Iterator[tuple[int, set[int]]]:
        """Triggers of a side from the highest down, with whose positions have them."""
        counted = self._sides.get((market, side), SortedDict())
        yield from reversed(counted.items())

    def rising(self, market: int, side: int) -> Iterator[tuple[int, list[int]]]:
        """The same with accounts in their order: sorted once, and asked for by every plan of a
        batch, in which nobody is counted anew."""
        for trigger, accounts in self.nearest(market, side):
            key = (market, side, trigger)
            if key not in self._rising:
                self._rising[key] = sorted(accounts)
            yield trigger, self._rising[key]

    def due(self, terms: Sequence[MarketTerms]) -> set[int]:
        """Accounts of which the price has passed a trigger, and those that are below: without them
        no batch at these terms closes its step."""
        found = set(self._below)
        for market, each in enumerate(terms):
            for side in SIDES:
                counted = self._sides.get((market, side), {})
                if counted:
                    for trigger in counted.irange(each.numbers[side], inclusive=(False, True)):
                        found |= counted[trigger]
        return found
