"""When L1 held a batch's header, and when it took its proof, as the venue saw it happen.

Anybody who watches L1 sees the same, and somewhat better. What was so when the program began, or
left the memory, has no time.
"""

from dataclasses import dataclass
from typing import Final

KEPT: Final = 1_000
"""Batches whose times are remembered."""


@dataclass(frozen=True, slots=True)
class Times:
    """Times in ms; None for what has not happened yet, or was not seen."""

    held_at: int | None = None
    proved_at: int | None = None


class Milestones:
    """Looks at how far L1 is, again and again, and remembers when that changed."""

    def __init__(self, held: int, proved: int) -> None:
        """What L1 has already."""
        self._held, self._proved = held, proved
        self._held_at: dict[int, int] = {}
        self._proved_at: dict[int, int] = {}

    def see(self, now: int, held: int, proved: int) -> None:
        """L1 holds and has proved so many at `now`, in ms. It may have forgotten some since."""
        _reach(self._held_at, self._held, held, now)
        _reach(self._proved_at, self._proved, proved, now)
        self._held, self._proved = held, proved

    def of(self, number: int) -> Times:
        """The times of a batch."""
        return Times(self._held_at.get(number), self._proved_at.get(number))


def _reach(times: dict[int, int], before: int, after: int, now: int) -> None:
    for number in range(after + 1, before + 1):
        times.pop(number, None)
    for number in range(max(before, after - KEPT) + 1, after + 1):
        times[number] = now
    while len(times) > KEPT:
        del times[min(times)]
