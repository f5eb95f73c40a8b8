"""Which leaves of triggers a batch opens, and how far down its frontiers come.

Both follow from what the batch does, so nobody has to say them: `completed` works them out for who
runs the venue. It judges nothing that transition.py does not judge again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from rollup.protocol.batch import Batch
from rollup.protocol.bundle import node_count
from rollup.protocol.constants import ACCOUNT_BITS, SLOT_BITS, TRIGGER_BITS
from rollup.protocol.counting import Frontiers, frontiers_before
from rollup.protocol.deleveraging import zone_seats
from rollup.protocol.ledger import Ledger
from rollup.protocol.margin import triggers_of
from rollup.protocol.outcome import Steps, Zones
from rollup.protocol.state import State
from rollup.protocol.terms import MarketTerms
from rollup.protocol.transition import take_steps
from rollup.protocol.triggers import LONG, SHORT, SIDES, Seat, leaf_of, leaves_of, seats, side_of
from rollup.tree.multi import ancestors


def completed(draft: Batch, state: State) -> Batch:
    """The batch with the leaves of triggers that it counts and sweeps, and with its frontiers as
    low as the counters and its class allow.

    Accounts and slots of the draft are opened; its leaves and frontiers may be any. Rejected where
    the rules would refuse one of its steps, or what it leaves an account with.
    """
    ledger = Ledger(draft.pre)
    steps = take_steps(draft, ledger)
    changes = _changes(ledger, steps)
    zone = zone_seats(steps.zones, steps.terms)
    touched = leaves_of(changes) | leaves_of(zone)
    nodes = _nodes_left(draft)
    sweep = _Sweep(state, changes, touched, draft.shape_class.triggers, nodes)
    before = frontiers_before(draft.pre.markets.frontiers, steps.terms)
    frontiers = sweep.frontiers(before, steps.terms, steps.zones)
    triggers, siblings = state.open_triggers(sweep.leaves)
    pre = replace(draft.pre, triggers=triggers, trigger_siblings=siblings)
    return replace(draft, pre=pre, frontiers=frontiers)


def due_accounts(state: State, terms: Sequence[MarketTerms]) -> list[int]:
    """Accounts that keep a step at these terms from closing, rising: the price has passed one of
    their triggers, or they are flagged. Looks at the book only where a counter says that it must.
    """
    if not state.globals.flagged and not _any_passed(state, terms):
        return []
    return [
        index
        for index, account in sorted(state.accounts.items())
        if account.below
        or any(seat.trigger > terms[seat.market].numbers[seat.side] for seat in seats(account))
    ]


def _any_passed(state: State, terms: Sequence[MarketTerms]) -> bool:
    """Whether a counter above the price is not zero."""
    before = frontiers_before(state.markets.frontiers, terms)
    return any(
        state.count(Seat(market, side, trigger))
        for market, (old, each) in enumerate(zip(before, terms, strict=True))
        for side in (LONG, SHORT)
        for trigger in range(each.numbers[side] + 1, old[side] + 1)
    )


def _changes(ledger: Ledger, steps: Steps) -> Counter[Seat]:
    """By how much the batch changes each counter that it touches; 0 where as many come as go."""
    changes: Counter[Seat] = Counter()
    for index, entry in ledger.accounts.items():
        old = set(seats(entry.before))
        triggers = triggers_of(entry.positions, steps.closings[index].safety, steps.terms)
        new = {
            Seat(market, side_of(size), trigger)
            for (market, size), trigger in zip(entry.positions, triggers, strict=True)
        }
        changes.subtract(old - new)
        changes.update(new - old)
    return changes


def _nodes_left(draft: Batch) -> int:
    """Inner nodes that the class has room for beside those of accounts, slots and bundles."""
    accounts = [opening.index for opening in draft.pre.accounts]
    slots = [opening.account << SLOT_BITS | opening.slot for opening in draft.pre.slots]
    opened = len(ancestors(accounts, ACCOUNT_BITS)) + len(ancestors(slots, SLOT_BITS))
    return draft.shape_class.nodes - opened - node_count(draft.signed)


class _Sweep:
    """Frontiers on their way down, one leaf after the other, while there is room for leaves and for
    the nodes above them."""

    def __init__(
        self, state: State, changes: Counter[Seat], leaves: set[int], room: int, nodes: int
    ) -> None:
        self.leaves = leaves
        self._state = state
        self._changes = changes
        self._room = room
        self._nodes = nodes
        self._above = ancestors(self.leaves, TRIGGER_BITS)

    def frontiers(self, before: Frontiers, terms: Sequence[MarketTerms], zones: Zones) -> Frontiers:
        """Where every frontier comes to. Sides in which somebody is deleveraged go first: they must
        come to the price."""
        sides = [(market, side) for market in range(len(terms)) for side in SIDES]
        found = {
            (market, side): self._down(
                market, side, before[market][side], terms[market].numbers[side]
            )
            for market, side in sorted(sides, key=lambda each: each not in zones)
        }
        return tuple((found[market, LONG], found[market, SHORT]) for market in range(len(terms)))

    def _down(self, market: int, side: int, frontier: int, number: int) -> int:
        """A frontier goes up to the price at once, and down to it until somebody is in the way."""
        while frontier > number:
            seat = Seat(market, side, frontier)
            leaf = leaf_of(*seat)
            if self._state.count(seat) + self._changes[seat]:
                return frontier
            if not self._opens(leaf):
                return frontier
            frontier -= 1
        return number

    def _opens(self, leaf: int) -> bool:
        """Whether a leaf is opened, or can be."""
        if leaf in self.leaves:
            return True
        above = ancestors([leaf], TRIGGER_BITS) - self._above
        if len(self.leaves) >= self._room or len(self._above) + len(above) > self._nodes:
            return False
        self.leaves.add(leaf)
        self._above |= above
        return True
