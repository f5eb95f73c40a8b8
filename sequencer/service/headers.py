"""Digests of the headers that a venue closed, as far back as they may still be asked for."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Headers:
    """Those of batches from `first` on; of earlier ones, which are proved, the journal knows."""

    first: int = 1
    digests: list[bytes] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Of the last batch."""
        return self.first - 1 + len(self.digests)

    @property
    def last(self) -> bytes:
        """Of the last batch; empty before the first."""
        return self.digests[-1] if self.digests else b""

    def digest(self, number: int) -> bytes:
        """Of the header of a batch from `first` on that was closed."""
        return self.digests[number - self.first]

    def add(self, digest: bytes) -> None:
        """The next batch was closed."""
        self.digests.append(digest)

    def forget_before(self, number: int) -> None:
        """Keep those from a batch on, and the last one in any case."""
        gone = min(number, self.number) - self.first
        if gone > 0:
            del self.digests[:gone]
            self.first += gone
