"""Whether the venue has the account's viewing key."""

from dataclasses import dataclass

from rollup.private import Private


@dataclass(slots=True, repr=False)
class Told(Private):
    """As the venue last said. `reason` is why it would not take the key: a key that it refused once
    is not told again by itself."""

    is_told: bool = False
    reason: str | None = None

    def hear(self, is_told: bool) -> None:
        """What an answer about the account says."""
        self.is_told = is_told
        if is_told:
            self.reason = None
