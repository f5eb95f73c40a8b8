"""What anybody may know of a running venue, as one record that other threads can read.

All of it is on L1, or will be; or is a clock's, or the operator's own trouble.
"""

from dataclasses import dataclass
from enum import StrEnum

from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Market


class Mode(StrEnum):
    """What the daemon does about the next batch."""

    RUNNING = "running"
    BEHIND = "behind"
    DRAINING = "draining"
    STOPPED = "stopped"


class Life(StrEnum):
    """How far a batch has come."""

    SEQUENCED = "sequenced"
    BATCHED = "batched"
    HELD = "held"
    PROVED = "proved"


@dataclass(frozen=True, slots=True)
class PublicView:
    """A venue at one moment. Times in ms; `closes_at` is the end of the open window, None between
    two; `trouble` is what L1 said last that kept the venue waiting, or why it is not heard; `held`
    and `proved` are of `heard_at`."""

    now: int
    mode: Mode
    chain: int
    venue: int
    interval_ms: int
    number: int
    closes_at: int | None
    prices: tuple[int, ...]
    markets: tuple[Market, ...]
    held: int
    proved: int
    unproved: tuple[BatchHeader, ...] = ()
    warnings: tuple[str, ...] = ()
    trouble: str = ""
    is_heard: bool = True
    heard_at: int = 0

    @property
    def opened(self) -> int:
        """Number of the last batch that was opened."""
        return self.number + (self.closes_at is not None)

    def life(self, number: int) -> Life:
        """How far a batch that was opened has come."""
        if number <= self.proved:
            return Life.PROVED
        if number <= self.held:
            return Life.HELD
        return Life.BATCHED if number <= self.number else Life.SEQUENCED
