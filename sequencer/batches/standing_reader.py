"""Bytes of a machine that stands (sequencer.batches.standing), read from the start to the end."""

import struct
from typing import Any, Final

LENGTH: Final = struct.Struct("<H")
COUNT: Final = struct.Struct("<I")


class StandingError(ValueError):
    """A state that cannot be written, or bytes that are none."""


class Reader:
    """Bytes from the start to the end, each once."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        self._place += size
        if self._place > len(self._data):
            raise StandingError("a state is cut off")
        return self._data[self._place - size : self._place]

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next record."""
        return layout.unpack(self.take(layout.size))

    def count(self) -> int:
        """How many of the next kind there are."""
        (count,) = self.unpack(COUNT)
        return int(count)

    def length(self) -> int:
        """How many, where there are few."""
        (length,) = self.unpack(LENGTH)
        return int(length)

    def require_end(self) -> None:
        """Nothing may be left."""
        if self._place != len(self._data):
            raise StandingError("bytes after the end of a state")
