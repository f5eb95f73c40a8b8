"""Freeze: when a venue has waited too long for a proof, so that anybody may end it; and what is
stored of it since. Spec: docs/spec/20-exits.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rollup.hash.poseidon import Digest


@dataclass
class Exits:
    """When the venue was frozen (L1 time in ms; None while it lives), and since then the entries
    of the queue that were reclaimed, the accounts that escaped, `nullifiers` of these and of those
    that escaped in private, and `debts`: quanta that they can withdraw beyond what was under
    custody, owed by accounts that have not escaped yet."""

    frozen_at: int | None = None
    debts: int = 0
    reclaimed: set[int] = field(default_factory=set)
    escaped: set[int] = field(default_factory=set)
    nullifiers: set[Digest] = field(default_factory=set)

    @property
    def is_frozen(self) -> bool:
        """Whether the venue has ended."""
        return self.frozen_at is not None


def pace(interval_ms: int, entries_least: int) -> int:
    """Ms that a venue has for an entry of the queue where it takes as few of them as it may, and
    closes a batch at every place of its grid."""
    return -(-interval_ms // entries_least)


def turn_of(times: Sequence[int], index: int, pace_ms: int) -> int:
    """The L1 time from which an entry waits for nothing but the venue: when it was queued, or its
    `pace` after the turn of the entry before it, whichever is later. So nobody makes a venue that
    works look dead by queueing more than it can take."""
    turn = -pace_ms
    for time in times[: index + 1]:
        turn = max(time, turn + pace_ms)
    return turn


def is_overdue(now: int, freeze_after_ms: int, waits: Sequence[int]) -> bool:
    """Whether one of these, each since its time, has waited for more than `freeze_after_ms`."""
    return any(now - since > freeze_after_ms for since in waits)
