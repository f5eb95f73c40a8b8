"""What is held until it is closed: `with` closes it, whatever happens inside."""

from types import TracebackType
from typing import Self


class Resource:
    """Something with a `close`."""

    __slots__ = ()

    def close(self) -> None:
        """Let go of it. Each kind says what that means."""
        raise TypeError(f"{type(self).__name__} does not say how it is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
