"""What stops a venue for good: its memory and its disk may differ."""

from collections.abc import Iterator
from contextlib import contextmanager

from sequencer.batches.ports import L1Pending
from sequencer.engine.core import CoreError


class VenueStopped(Exception):
    """The venue cannot go on in this process: what it holds in memory is not what is on disk.

    Open it anew from its folder, which has everything that was answered for.
    """


class Guard:
    """Whether a venue goes on."""

    def __init__(self) -> None:
        self.stopped = ""
        """The error that stopped it; empty while it goes on."""

    def require_going(self) -> None:
        """VenueStopped if it does not."""
        if self.stopped:
            raise VenueStopped(f"the venue stopped ({self.stopped}); open it anew")

    @contextmanager
    def going_on(self, *, may_refuse: bool = False) -> Iterator[None]:
        """Stop for good when memory and disk may differ: a command that failed half-way, or a
        journal that did. `may_refuse`: the one command inside may have no place now, which the core
        says before it changes anything. L1Pending comes of reads, and all of them come first."""
        self.require_going()
        try:
            yield
        except L1Pending:
            raise
        except CoreError:
            if not may_refuse:
                self.stopped = CoreError.__name__
            raise
        except BaseException as error:
            self.stopped = type(error).__name__
            raise
