"""Envelopes that were opened, remembered for as long as they could be good.

What is remembered is a mark of the sealed bytes and nothing of their content: a second answer
depends on the envelope having come before, never on what was in it.
"""

import heapq

MARK_BYTES = 16
"""Kept of an envelope's hash: 2^64 envelopes before a chance clash."""


def mark_of(envelope_hash: bytes) -> bytes:
    """What an envelope is remembered by."""
    return envelope_hash[:MARK_BYTES]


class SeenEnvelopes:
    """Marks of envelopes; one is forgotten when its envelope would be refused for its time."""

    def __init__(self) -> None:
        self._marks: set[bytes] = set()
        self._ends: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._marks)

    def __contains__(self, mark: bytes) -> bool:
        return mark in self._marks

    def remember(self, mark: bytes, good_until: int) -> None:
        """From now on this envelope has been seen."""
        if mark not in self._marks:
            self._marks.add(mark)
            heapq.heappush(self._ends, (good_until, mark))

    def forget_before(self, time: int) -> None:
        """Drop what was good until before `time`: the opening key refuses it from then on."""
        while self._ends and self._ends[0][0] < time:
            self._marks.remove(heapq.heappop(self._ends)[1])
