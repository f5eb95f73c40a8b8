"""Counting triggers: what a batch does to the leaves of the trigger tree, and to the frontiers.

The frontier of a side is the bucket down to which all its counters have been shown to be zero. It
follows the price up for free, and comes down over zero counters only.
Spec: docs/spec/15-triggers.md.
"""

from collections.abc import Mapping, Sequence

from rollup.hash.many import CompressMany
from rollup.protocol.account import Account
from rollup.protocol.batch import Batch
from rollup.protocol.constants import COUNTER_MAX, COUNTERS
from rollup.protocol.outcome import TouchedTriggers
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import (
    Seat,
    TriggerOpening,
    leaf_of,
    moves,
    place_of,
    swept,
    trigger_leaves,
)

Frontiers = tuple[tuple[int, int], ...]


def frontiers_before(old: Sequence[tuple[int, int]], terms: Sequence[MarketTerms]) -> Frontiers:
    """Where the frontiers of the listed markets start from: a new market's at its price. Rejected
    if a market is gone, for its positions are not."""
    if len(old) > len(terms):
        raise Rejected(Reason.FRONTIER_COUNT, f"{len(old)} markets were listed, not {len(terms)}")
    return (*old, *(each.numbers for each in terms[len(old) :]))


def sweep_of(old: Frontiers, new: Frontiers) -> list[Seat]:
    """Every seat that a frontier passes on its way down."""
    return [
        seat
        for market, (before, after) in enumerate(zip(old, new, strict=True))
        for side in range(2)
        for seat in swept(market, side, before[side], after[side])
    ]


def require_frontiers_follow(old: Frontiers, new: Frontiers, terms: Sequence[MarketTerms]) -> None:
    """A frontier is where the price is if it was not above it, and else between the two."""
    for market, (before, after) in enumerate(zip(old, new, strict=True)):
        for side, number in enumerate(terms[market].numbers):
            lowest, highest = number, max(number, before[side])
            if not lowest <= after[side] <= highest:
                detail = f"market {market}, side {side}: it must come down to the price at most"
                raise Rejected(Reason.FRONTIER, detail)


def is_closed(frontiers: Frontiers, flagged: int, terms: Sequence[MarketTerms]) -> bool:
    """Whether a batch closes its step: every counter that the price has passed is zero, and no
    account is left below maintenance."""
    return not flagged and all(
        after == each.numbers for after, each in zip(frontiers, terms, strict=True)
    )


def counted_again(
    batch: Batch,
    accounts: Sequence[tuple[Account | None, Account | None]],
    sweep: Sequence[Seat],
    compress_many: CompressMany,
) -> tuple[TouchedTriggers, ...]:
    """Opened leaves as the batch leaves them, given every opened account before and after it.

    Rejected if one is missing, or is for nothing (but a batch that counts nothing opens leaf 0), or
    lacks what is taken from it, or counts somebody whom a frontier passed.
    """
    openings = batch.pre.triggers
    if not openings:
        raise Rejected(
            Reason.OPENING_MISSING, "a batch opens a leaf of triggers, 0 if it needs none"
        )
    places = {opening.index: place for place, opening in enumerate(openings)}
    plus, minus = _empty(openings), _empty(openings)
    for before, after in accounts:
        for seat, sign in moves(before, after):
            _row(plus if sign > 0 else minus, places, seat)[place_of(seat.trigger)] += 1
    passed = _empty(openings)
    for seat in sweep:
        _row(passed, places, seat)[place_of(seat.trigger)] = 1
    if [opening.index for opening in openings] != [0]:
        _require_for_something(plus, minus, passed)
    after_all = [
        _counters_after(place, opening, plus[place], minus[place], passed[place])
        for place, opening in enumerate(openings)
    ]
    before_all = [opening.counters for opening in openings]
    leaves = trigger_leaves([*before_all, *after_all], compress_many)
    return tuple(
        TouchedTriggers(
            index=opening.index,
            before=opening.counters,
            after=after_all[place],
            plus=tuple(plus[place]),
            minus=tuple(minus[place]),
            swept=tuple(map(bool, passed[place])),
            leaf_before=leaves[place],
            leaf_after=leaves[place + len(openings)],
        )
        for place, opening in enumerate(openings)
    )


def _empty(openings: Sequence[TriggerOpening]) -> list[list[int]]:
    return [[0] * COUNTERS for _ in openings]


def _row(rows: list[list[int]], places: Mapping[int, int], seat: Seat) -> list[int]:
    place = places.get(leaf_of(*seat))
    if place is None:
        raise Rejected(Reason.OPENING_MISSING, "a leaf of triggers that is counted is not opened")
    return rows[place]


def _require_for_something(*uses: Sequence[Sequence[int]]) -> None:
    for place, rows in enumerate(zip(*uses, strict=True)):
        if not any(map(any, rows)):
            raise Rejected(Reason.OPENING_EXCESS, f"trigger opening {place} is for nothing")


def _counters_after(
    place: int,
    opening: TriggerOpening,
    plus: Sequence[int],
    minus: Sequence[int],
    passed: Sequence[int],
) -> tuple[int, ...]:
    """The counters of one leaf as the batch leaves them."""
    where = f"trigger opening {place}"
    after = tuple(
        old + more - less for old, more, less in zip(opening.counters, plus, minus, strict=True)
    )
    if not all(0 <= count <= COUNTER_MAX for count in after):
        raise Rejected(Reason.COUNTER, f"{where} does not count a position that had its trigger")
    if any(count and is_passed for count, is_passed in zip(after, passed, strict=True)):
        raise Rejected(Reason.SKIPPED, f"{where} counts a position that the price has passed")
    return after
