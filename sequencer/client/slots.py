"""Slots and generations, chosen so that no (slot, generation) is signed for two orders.

An account has 256 slots; each holds one live order, and an order uses its generation up. Of two
orders that share slot and generation one acts, and the operator may choose which
(docs/spec/04-orders.md): so a generation is never signed twice, not after a crash either, not if
every answer was lost. Slots are taken from the lowest: those in use are neighbours, whose paths in
a batch meet soon.

Generations are taken from a store that hands them out in blocks and remembers the block's end
before the first of it is used. A restart begins where the last block ended: what was not used of it
is lost, which costs nothing, since a slot has 67 million.
"""

from heapq import heapify, heappop, heappush
from typing import Final, Protocol

from rollup.protocol.constants import GENERATION_END, SLOT_BITS
from sequencer.client.errors import NoFreeSlot

SLOTS: Final = 1 << SLOT_BITS
BLOCK: Final = 1024
"""Generations reserved at once: one write to the disk for so many orders at the least."""

FIRST_GENERATION: Final = 1

Key = tuple[int, int]
"""(slot, generation): what the venue calls an order among its account's own."""


class GenerationStore(Protocol):
    """Remembers for one account, for good, which generations may have been used."""

    def first_free(self) -> int:
        """No generation from here on was ever reserved."""

    def reserve(self, end: int) -> None:
        """All below `end` may be used from now on. Durable when it returns."""


class ForgetfulStore:
    """Begins at a generation that the caller vouches for, and remembers nothing: for tests, and for
    accounts that are used once."""

    def __init__(self, first: int = FIRST_GENERATION) -> None:
        self._end = first

    def first_free(self) -> int:
        """Where the caller said."""
        return self._end

    def reserve(self, end: int) -> None:
        """In memory alone."""
        self._end = max(self._end, end)


class Slots:
    """Which slots are free, and the generation that each uses next."""

    def __init__(self, store: GenerationStore) -> None:
        self._store = store
        self._next: list[int] | None = None
        self._end = 0
        self._free = list(range(SLOTS))  # a heap
        self._holders: dict[int, Key] = {}
        self._learnt: dict[int, int] = {}
        self._least = FIRST_GENERATION

    @property
    def free(self) -> int:
        """How many orders can be placed now."""
        return len(self._free)

    def take(self) -> Key:
        """The lowest slot that is free, with a generation of its own. NoFreeSlot."""
        following = self._begun()
        while self._free:
            slot = heappop(self._free)
            generation = max(following[slot], self._learnt.get(slot, 0))
            if generation >= GENERATION_END:
                continue  # used up for good: it does not come back
            self._reserve(generation)
            following[slot] = generation + 1
            self._holders[slot] = (slot, generation)
            return slot, generation
        raise NoFreeSlot(f"all {SLOTS} slots of the account hold an order, or are used up")

    def take_again(self, key: Key) -> Key:
        """The slot of an order that lives, with a later generation: the order of that replaces it,
        and holds the slot from now on. NoFreeSlot where there is no later one."""
        following, (slot, _) = self._begun(), key
        self.learn(key)
        generation = max(following[slot], self._learnt[slot])
        if generation >= GENERATION_END:
            raise NoFreeSlot(f"slot {slot} of the account is used up")
        self._reserve(generation)
        following[slot] = generation + 1
        self._holders[slot] = (slot, generation)
        return slot, generation

    def begin_from(self, generation: int) -> None:
        """The venue says that generations up to here were used: the first order has this one or a
        later one. After that order this client knows better."""
        self._least = max(self._least, generation)

    def hold(self, key: Key) -> None:
        """The venue says that an order lives here: the slot is not free."""
        slot, _ = key
        self.learn(key)
        self._holders[slot] = key
        if slot in self._free:
            self._free.remove(slot)
            heapify(self._free)

    def skip(self, key: Key) -> None:
        """The venue says that this generation was used before: far more may have been."""
        slot, generation = key
        self.learn((slot, generation + BLOCK))

    def learn(self, key: Key) -> None:
        """A generation was used, by whomever: none up to it is taken any more."""
        slot, generation = key
        self._learnt[slot] = max(self._learnt.get(slot, 0), generation + 1)

    def holds(self, key: Key) -> bool:
        """Whether this order has its slot: a later one may have replaced it there."""
        return self._holders.get(key[0]) == key

    def release(self, key: Key) -> None:
        """The order is gone and cannot come back: the slot is free, its generation is not. Nothing
        happens where another order has the slot by now."""
        slot, _ = key
        if self.holds(key):
            del self._holders[slot]
            heappush(self._free, slot)

    def _begun(self) -> list[int]:
        """The store is asked when the first order is placed: who only reads needs none."""
        if self._next is None:
            self._end = max(self._least, self._store.first_free())
            self._next = [self._end] * SLOTS
        return self._next

    def _reserve(self, generation: int) -> None:
        if generation >= self._end:
            end = min(generation + BLOCK, GENERATION_END)
            self._store.reserve(end)
            self._end = end
