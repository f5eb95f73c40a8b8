"""What a batch opens, and whether it may open more: no batch closes with more than its class takes.

Where an account's new triggers are is known as the batch closes and not before, so the inner nodes
above their leaves are counted at their most. Accounts, slots and leaves of old triggers are known.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rollup.private import Private
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    BUCKET_NUMBER_BITS,
    COUNTERS,
    MARKETS_MAX,
    SLOT_BITS,
    TRIGGER_BITS,
)
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.shape_class import ShapeClass

SIDE_BITS: Final = BUCKET_NUMBER_BITS - (COUNTERS.bit_length() - 1)
"""Depth of the part of the trigger tree that is one side of a market."""

SIDES_BITS: Final = (2 * MARKETS_MAX - 1).bit_length()
"""Levels above it at which two listed sides can still be apart."""

SWEEP_SHARE: Final = 8
"""One in so many leaves and nodes is left to the sweep: nobody's trades keep a step open."""

IDLE_SHARE: Final = 4
"""One in so many of these nodes is left to it besides by slots that nothing fills: decoys may have
used half before them."""

_Nodes = set[tuple[int, int]]


class Opening(NamedTuple):
    """An account that a batch opens: markets whose positions it held or trades, the leaves of the
    triggers that it had, and slots that it uses."""

    account: int
    markets: tuple[int, ...]
    leaves: tuple[int, ...] = ()
    slots: tuple[int, ...] = ()


def most_nodes(leaves: int, depth: int) -> int:
    """Inner nodes above so many leaves of a tree, at most: its root is one of them."""
    return sum(min(leaves, 1 << depth - height) for height in range(1, depth + 1))


_SIDE_NODES: Final = tuple(most_nodes(count, SIDE_BITS) for count in range(1 << 13))


@dataclass(slots=True, repr=False)
class Room(Private):
    """Accounts, positions, slots and leaves that a batch opens so far, of all that its class
    takes; and `beside` them nodes of the trees of bundles."""

    most: ShapeClass
    accounts: set[int] = field(default_factory=set)
    positions: set[tuple[int, int]] = field(default_factory=set)
    slots: set[tuple[int, int]] = field(default_factory=set)
    beside: int = 0
    _zones: int = 0
    _leaves: set[int] = field(default_factory=set)
    _in_market: Counter[int] = field(default_factory=Counter)
    _above_accounts: _Nodes = field(default_factory=set)
    _above_slots: _Nodes = field(default_factory=set)

    def fits(
        self,
        openings: Iterable[Opening],
        *,
        share: int = 1,
        zones: int | None = None,
        beside: int = 0,
    ) -> bool:
        """Whether the batch may open these too, in one part of so many of its room for positions,
        leaves and nodes; and so many leaves of zones, or those reserved; and so many more nodes of
        bundles."""
        reserved = self._zones if zones is None else zones
        found = list(openings)
        new = {(each.account, market) for each in found for market in each.markets}
        new -= self.positions
        opened = len(self.positions) + len(new)
        accounts = {each.account for each in found} - self.accounts
        leaves = {leaf for each in found for leaf in each.leaves} - self._leaves
        most, counted = self.most, len(self._leaves) + len(leaves)
        return (
            len(self.accounts) + len(accounts) <= most.accounts
            and self._slots(found) <= most.slots
            and opened <= most.positions // share
            and counted + opened + reserved <= _unswept(most.triggers) // share
            and self._nodes(found, new) + beside + 3 * reserved <= _unswept(most.nodes) // share
        )

    def fits_slot(self, account: int, slot: int, beside: int = 0) -> bool:
        """Whether the batch may open one more slot of an account that it opens, for nothing that
        trades, and so many more nodes of bundles."""
        if (account, slot) in self.slots and not beside:
            return True
        opening, most = Opening(account, (), (), (slot,)), _unswept(self.most.nodes)
        nodes = self._nodes([opening], ()) + beside + 3 * self._zones
        return self._slots([opening]) <= self.most.slots and nodes <= most - most // IDLE_SHARE

    def reserve(self, leaves: int) -> None:
        """Leave so many leaves of triggers, and what is above them, to zones."""
        self._zones = leaves

    def take(self, opening: Opening) -> None:
        """Count what the batch opens from now on."""
        new = {(opening.account, market) for market in opening.markets} - self.positions
        self.accounts.add(opening.account)
        self.positions |= new
        self._in_market.update(market for _, market in new)
        self._leaves.update(opening.leaves)
        self.slots.update((opening.account, slot) for slot in opening.slots)
        self._above_accounts |= _above(opening.account, ACCOUNT_BITS, self._above_accounts)
        for slot in opening.slots:
            self._above_slots |= _above(
                _address(opening.account, slot), SLOT_BITS, self._above_slots
            )

    def _slots(self, found: Iterable[Opening]) -> int:
        """Slots, if these are opened too."""
        new = {(each.account, slot) for each in found for slot in each.slots} - self.slots
        return len(self.slots) + len(new)

    def _nodes(self, found: Iterable[Opening], new: Iterable[tuple[int, int]]) -> int:
        """Inner nodes of all trees, if these are opened too."""
        accounts: _Nodes = set()
        slots: _Nodes = set()
        for each in found:
            accounts |= _above(each.account, ACCOUNT_BITS, self._above_accounts)
            for slot in each.slots:
                slots |= _above(_address(each.account, slot), SLOT_BITS, self._above_slots)
        known = len(self._above_accounts) + len(accounts) + len(self._above_slots) + len(slots)
        known += self.beside
        return known + _trigger_nodes(self._in_market + Counter(market for _, market in new))


def first_repeated(entries: Sequence[QueueEntry]) -> int:
    """The place of the first entry by which somebody rotates an account, or takes money out of one,
    for which an earlier one of his asks the same; or how many entries there are: a batch takes one.
    L1 queues no two at a time."""
    seen: set[tuple[EntryKind, int, bytes]] = set()
    for place, entry in enumerate(entries):
        if entry.kind in (EntryKind.ROTATE, EntryKind.EXIT):
            asked = (entry.kind, entry.account, entry.owner)
            if asked in seen:
                return place
            seen.add(asked)
    return len(entries)


def _unswept(most: int) -> int:
    return most - most // SWEEP_SHARE


def _address(account: int, slot: int) -> int:
    return account << SLOT_BITS | slot


def _above(leaf: int, depth: int, known: _Nodes) -> _Nodes:
    """Inner nodes above a leaf that are not known: above one that is, all are."""
    found: _Nodes = set()
    for height in range(1, depth + 1):
        node = (height, leaf >> height)
        if node in known:
            break
        found.add(node)
    return found


def _trigger_nodes(in_market: Counter[int]) -> int:
    """Inner nodes of the trigger tree, at most: each position of a market may leave a leaf on one
    side and take one on the other."""
    if not in_market:
        return TRIGGER_BITS
    sides = sum(2 * _SIDE_NODES[count] for count in in_market.values())
    joined = most_nodes(2 * len(in_market), SIDES_BITS)
    return sides + joined + TRIGGER_BITS - SIDE_BITS - SIDES_BITS
