"""What each owner may know, kept until it is asked for: facts of an account, numbered from 0 on.

Facts of batches that are closed lie in the store, so that an owner's cursor outlives a restart;
what came since is in memory, and comes out of the journal again. Where there is no store that can
be written, the newest facts of each account are kept in memory.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rollup.codec.strict import CodecError
from rollup.private import Private
from sequencer.batches.store import Store, StoreError, Told
from sequencer.service.fact_codec import facts_from_bytes, facts_to_bytes
from sequencer.service.facts import ChangedHands, Fact

FACTS_KEPT: Final = 10_000
"""Facts of one account in memory where no store takes them; the oldest go first."""


@dataclass(frozen=True, slots=True, repr=False)
class Page(Private):
    """Facts of one account from a cursor on. `first` is the place of the first; if it is beyond the
    cursor that was asked for, those between are gone. `next` is the cursor to go on with."""

    first: int
    facts: tuple[Fact, ...]
    next: int
    has_more: bool


class History:
    """The facts of every account, in the order in which they happened."""

    def __init__(self, store: Store | None = None, kept: int = FACTS_KEPT) -> None:
        """Go on with what a store has. StoreError."""
        self._store = store
        self._room = kept if store is None else None
        self._kept = kept
        self._counts: dict[int, int] = {} if store is None else store.counts()
        self._recent: dict[int, deque[Fact]] = {}
        self._handed_on: dict[int, int] = {}

    def add(self, facts: Iterable[tuple[int, Fact]]) -> None:
        """Note what happened, each fact for the one account that may know it. Of one that changed
        hands nothing is kept: its cursors go on, and lead to what is its new owner's."""
        for account, fact in facts:
            if isinstance(fact, ChangedHands):
                self._hand_on(account)
                continue
            self._recent.setdefault(account, deque(maxlen=self._room)).append(fact)
            self._counts[account] = self._counts.get(account, 0) + 1

    def _hand_on(self, account: int) -> None:
        if account in self._counts:
            self._recent.pop(account, None)
            self._handed_on[account] = self._counts[account]

    def handed_on(self) -> list[tuple[int, int]]:
        """Accounts that changed hands, and the first fact of each that is its new owner's: what the
        store has to forget."""
        return sorted(self._handed_on.items())

    def unkept(self) -> list[Told]:
        """What is in memory alone, as the store takes it."""
        return [
            Told(account, self._counts[account] - len(facts), len(facts), facts_to_bytes([*facts]))
            for account, facts in sorted(self._recent.items())
        ]

    def kept(self, is_kept: bool) -> None:
        """The store took what was in memory alone, or did not."""
        if is_kept:
            self._recent.clear()
            self._handed_on.clear()
        else:
            self._room = self._kept
            self._recent = {
                account: deque(facts, maxlen=self._room) for account, facts in self._recent.items()
            }

    def since(self, account: int, cursor: int, most: int) -> Page:
        """At most `most` facts of an account from a cursor on; a cursor of the future gets none."""
        count = self._counts.get(account, 0)
        recent = self._recent.get(account, deque())
        oldest = count - len(recent)
        first = min(max(cursor, self._handed_on.get(account, 0)), count)
        facts: list[Fact] = []
        if first < oldest:
            first, facts = self._stored(account, first, most)
            first = first if facts else oldest
        place = first + len(facts) - oldest
        if place >= 0:
            facts += [recent[k] for k in range(place, min(place + most - len(facts), len(recent)))]
        after = first + len(facts)
        return Page(first, tuple(facts), after, after < count)

    def _stored(self, account: int, first: int, most: int) -> tuple[int, list[Fact]]:
        """Facts that lie in the store, and the place of the first of them."""
        found: list[Fact] = []
        for record in self._records(account, first, most):
            after = first + len(found)
            if record.first > after:
                if found:
                    break
                first = after = record.first
            found += _decoded(record)[after - record.first :]
        return first, found[:most]

    def _records(self, account: int, first: int, most: int) -> Sequence[Told]:
        if self._store is None:
            return []
        try:
            return self._store.told(account, first, most)
        except StoreError:
            return []


def _decoded(record: Told) -> tuple[Fact, ...]:
    try:
        facts = facts_from_bytes(record.data)
    except CodecError:
        return ()
    return facts if len(facts) == record.count else ()
