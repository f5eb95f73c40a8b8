"""Buses: named channels on which tables exchange tuples, balanced by LogUp.

A message is a tuple of field elements. Over the whole proof, every tuple is sent exactly as often
as it is received.
The identifier sits above the payload in the fingerprint, so that two buses never share a message.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bus:
    """A channel. `columns` names each element of a message; all messages have this width."""

    name: str
    identifier: int
    columns: tuple[str, ...]

    @property
    def width(self) -> int:
        """Elements of one message."""
        return len(self.columns)


RANGE = Bus("RANGE", 1, ("bits", "value"))
"""0 <= value < 2^bits for 0 <= bits <= RANGE_BITS_MAX. Here, and not in
`circuits.gadgets.buses`, because the builder itself sends on it."""

RANGE_BITS_MAX = 13
"""All widths up to 13 bits fill 2^14 - 1 rows: with the blinded rows a table of 2^15."""
