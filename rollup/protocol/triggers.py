"""Triggers: the buckets at which accounts must be looked at, and how many positions have each.

A leaf of the trigger tree counts the positions of one side of one market with 8 triggers in a row.
That no counter which the price has passed is above zero says that nobody was skipped.
Spec: docs/spec/15-triggers.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.account import Account
from rollup.protocol.constants import (
    BUCKET_NUMBER_BITS,
    COUNTER_MAX,
    COUNTERS,
    TRIGGER_BITS,
)
from rollup.protocol.encoding import TypeCode, chain_many, trigger_blocks
from rollup.protocol.rejection import Reason
from rollup.protocol.units import require_bounds, require_length

LONG, SHORT = 0, 1
"""Sides of a market: of lots held, and of lots owed."""

SIDES: Final = (LONG, SHORT)

Counters = tuple[int, ...]

NO_COUNTERS: Final[Counters] = (0,) * COUNTERS
"""A leaf that no position was ever counted in; hashed like any other."""

_PLACE_BITS: Final = COUNTERS.bit_length() - 1


def side_of(size: int) -> int:
    """The side of a position that is not empty."""
    return LONG if size > 0 else SHORT


def leaf_of(market: int, side: int, trigger: int) -> int:
    """Index of the leaf that counts a trigger: market x 2**14 + side x 2**13 + trigger >> 3."""
    return (market << 1 | side) << BUCKET_NUMBER_BITS - _PLACE_BITS | trigger >> _PLACE_BITS


def place_of(trigger: int) -> int:
    """Which counter of its leaf a trigger has."""
    return trigger & COUNTERS - 1


class Seat(NamedTuple):
    """What a counter counts: a market, a side of it, and a biased bucket number."""

    market: int
    side: int
    trigger: int


@dataclass(frozen=True, slots=True, repr=False)
class TriggerOpening(Private):
    """A touched or swept leaf of the trigger tree before the batch."""

    index: int
    counters: Counters

    def __post_init__(self) -> None:
        require_bounds("leaf", self.index, 0, 1 << TRIGGER_BITS, Reason.TRIGGER_OUT_OF_BOUNDS)
        require_counters(self.counters)


def require_counters(counters: object) -> None:
    """Refuse unless these are 8 counts of positions."""
    require_length("counters", counters, COUNTERS)
    if isinstance(counters, tuple):
        for count in counters:
            require_bounds("counter", count, 0, COUNTER_MAX + 1, Reason.COUNTER_OUT_OF_BOUNDS)


def seats(account: Account | None) -> list[Seat]:
    """Where an account's positions are counted."""
    if account is None:
        return []
    held = zip(account.positions.held, account.triggers, strict=True)
    return [Seat(market, LONG if size > 0 else SHORT, trigger) for (market, size), trigger in held]


def moves(before: Account | None, after: Account | None) -> Iterator[tuple[Seat, int]]:
    """(seat, -1) of each that an account leaves and (seat, +1) of each that it takes; one that it
    keeps is neither."""
    old, new = set(seats(before)), set(seats(after))
    yield from ((seat, -1) for seat in sorted(old - new))
    yield from ((seat, 1) for seat in sorted(new - old))


def swept(market: int, side: int, old: int, new: int) -> Iterator[Seat]:
    """The seats whose counters must be zero where a frontier comes down from `old` to `new`."""
    return (Seat(market, side, trigger) for trigger in range(new + 1, old + 1))


def leaves_of(found: Iterable[Seat]) -> set[int]:
    """The leaves that count these seats."""
    return {leaf_of(*seat) for seat in found}


def trigger_leaves(counters: Sequence[Counters], compress_many: CompressMany) -> list[Digest]:
    """Digests of many leaves."""
    return chain_many(TypeCode.TRIGGERS, [trigger_blocks(each) for each in counters], compress_many)


def counted(accounts: Iterable[Account]) -> dict[int, Counters]:
    """All leaves in which something is counted, by index: the whole book, counted anew."""
    found: dict[int, list[int]] = {}
    for account in accounts:
        for seat in seats(account):
            found.setdefault(leaf_of(*seat), list(NO_COUNTERS))[place_of(seat.trigger)] += 1
    return {index: tuple(counters) for index, counters in found.items()}
