"""A mock that others ask: one contract, and its file if it has one.

Every call that changed something is in the file before it is answered; where it cannot be written,
the call has not happened.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import time_ns
from typing import Any, Self

from rollup.codec.strict import CodecError
from rollup.files import PUBLIC_MODE, read_bounded, write_whole
from rollup.hash.many import CompressMany
from rollup.l1.canonical_file import STATE_BYTES_MAX
from rollup.l1.deployment import Deployment
from rollup.l1.development import LocalL1, ManualClock
from rollup.l1.interface import Reverted
from rollup.l1.methods import Method
from rollup.l1.private_exit import ExitVerifier
from rollup.l1.stored import Stored, stored_from_bytes, stored_to_bytes
from rollup.ports import Verifier


class KeptContract(ABC):
    """A contract in this process, and the file that it is kept in, if it is."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @property
    @abstractmethod
    def contract(self) -> Any:
        """Who answers."""

    @abstractmethod
    def _undo(self) -> Callable[[], None]:
        """What makes the contract again as it is now."""

    @abstractmethod
    def _bytes(self) -> bytes:
        """All that is kept."""

    def answer(self, method: Method, arguments: Mapping[str, Any]) -> Any:
        """What the contract answers. Reverted, or OSError where the file cannot be written."""
        if method.is_read:
            found = getattr(self.contract, method.attribute)
            return found(**arguments) if callable(found) else found
        undo = self._undo()
        result = getattr(self.contract, method.attribute)(**arguments)
        try:
            self._keep()
        except OSError:
            undo()
            raise
        return result

    def _keep(self) -> None:
        if self._path is not None:
            write_whole(self._path, self._bytes(), PUBLIC_MODE)


class Served(KeptContract):
    """The contract of a venue."""

    def __init__(self, l1: LocalL1, path: Path | None = None) -> None:
        super().__init__(path)
        self.l1 = l1

    @classmethod
    def started(
        cls,
        path: Path | None,
        deploy: Callable[[], Deployment],
        verifiers: Callable[[Deployment], Sequence[Verifier]],
        compress_many: CompressMany,
        exits: Callable[[Deployment], ExitVerifier | None] = lambda deployment: None,
    ) -> Self:
        """Go on from the file, or deploy anew where there is none."""
        stored = None if path is None or not path.exists() else _read(path)
        deployment = deploy() if stored is None else stored.deployment
        clock = ManualClock(wall_clock, 0 if stored is None else stored.ahead_ms)
        try:
            made = (deployment, verifiers(deployment), clock, compress_many)
            l1 = LocalL1(*made, exit_verifier=exits(deployment))
        except Reverted as error:
            raise CodecError(f"{path or 'genesis'}: {error}") from error
        if stored is not None:
            l1.revert_to(stored.state)
        served = cls(l1, path)
        served._keep()
        return served

    @property
    def contract(self) -> LocalL1:
        """Who answers."""
        return self.l1

    def _undo(self) -> Callable[[], None]:
        before, ahead = self.l1.checkpoint(), self.l1.clock.ahead_ms

        def undo() -> None:
            self.l1.revert_to(before)
            self.l1.clock.ahead_ms = ahead

        return undo

    def _bytes(self) -> bytes:
        return stored_to_bytes(
            Stored(self.l1.deployment, self.l1.checkpoint(), self.l1.clock.ahead_ms)
        )


def wall_clock() -> int:
    """The machine's time in ms."""
    return time_ns() // 10**6


def _read(path: Path) -> Stored:
    try:
        return stored_from_bytes(read_bounded(path, STATE_BYTES_MAX))
    except CodecError as error:
        raise CodecError(f"{path}: {error}") from error
