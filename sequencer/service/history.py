"""What each owner may know, kept until it is asked for: a ring of facts for every account."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rollup.private import Private
from sequencer.service.facts import ChangedHands, Fact

FACTS_KEPT: Final = 10_000
"""Facts of one account that wait to be read; the oldest go first."""


@dataclass(frozen=True, slots=True, repr=False)
class Page(Private):
    """Facts of one account from a cursor on. `first` is the place of the first; if it is beyond the
    cursor that was asked for, those between are gone. `next` is the cursor to go on with."""

    first: int
    facts: tuple[Fact, ...]
    next: int
    has_more: bool


class _Ring:
    __slots__ = ("count", "facts")

    def __init__(self, kept: int) -> None:
        self.count = 0
        self.facts: deque[Fact] = deque(maxlen=kept)


class History:
    """The last facts of every account, numbered from 0 in the order in which they happened."""

    def __init__(self, kept: int = FACTS_KEPT) -> None:
        self._kept = kept
        self._rings: dict[int, _Ring] = {}

    def add(self, facts: Iterable[tuple[int, Fact]]) -> None:
        """Note what happened, each fact for the one account that may know it. Of one that changed
        hands nothing is kept: its cursors go on, and lead to what is its new owner's."""
        for account, fact in facts:
            ring = self._rings.get(account)
            if ring is None:
                ring = self._rings[account] = _Ring(self._kept)
            if isinstance(fact, ChangedHands):
                ring.facts.clear()
                continue
            ring.facts.append(fact)
            ring.count += 1

    def since(self, account: int, cursor: int, most: int) -> Page:
        """At most `most` facts of an account from a cursor on; a cursor of the future gets none."""
        ring = self._rings.get(account)
        if ring is None:
            return Page(0, (), 0, False)
        oldest = ring.count - len(ring.facts)
        first = min(max(cursor, oldest), ring.count)
        places = range(first - oldest, min(first - oldest + most, len(ring.facts)))
        facts = tuple(ring.facts[place] for place in places)
        after = first + len(facts)
        return Page(first, facts, after, after < ring.count)
