"""An outpost that others ask: a mock in this process with its file, or the contract on a chain."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rollup.codec.strict import CodecError
from rollup.files import read_bounded
from rollup.harness.served import KeptContract
from rollup.l1.canonical_file import STATE_BYTES_MAX
from rollup.l1.interface import Reverted
from rollup.l1.methods import Method
from rollup.l1.outpost import MockOutpost, OutpostDeployment
from rollup.l1.stored_outpost import StoredOutpost, outpost_from_bytes, outpost_to_bytes

if TYPE_CHECKING:
    from rollup.l1.evm.outpost_contract import EvmOutpost


class ServedOutpost(KeptContract):
    """A mock outpost."""

    def __init__(self, outpost: MockOutpost, path: Path | None = None) -> None:
        super().__init__(path)
        self.outpost = outpost

    @classmethod
    def started(cls, path: Path | None, deploy: Callable[[], OutpostDeployment]) -> Self:
        """Go on from the file, or create it anew where there is none."""
        stored = None if path is None or not path.exists() else _read(path)
        deployment = deploy() if stored is None else stored.deployment
        try:
            outpost = MockOutpost(deployment)
        except Reverted as error:
            raise CodecError(f"{path or 'genesis'}: {error}") from error
        if stored is not None:
            outpost.revert_to(stored.state)
        served = cls(outpost, path)
        served._keep()
        return served

    @property
    def contract(self) -> MockOutpost:
        """Who answers."""
        return self.outpost

    def _undo(self) -> Callable[[], None]:
        before = self.outpost.view()
        return lambda: self.outpost.revert_to(before)

    def _bytes(self) -> bytes:
        return outpost_to_bytes(StoredOutpost(self.outpost.deployment, self.outpost.view()))


class ServedChainOutpost:
    """The contract of an outpost on a chain, for whoever asks by the methods of the mock. What a
    call changed is the chain's to keep."""

    def __init__(self, outpost: "EvmOutpost") -> None:
        self.outpost = outpost

    def answer(self, method: Method, arguments: Mapping[str, Any]) -> Any:
        """What the contract answers."""
        found = getattr(self.outpost, method.attribute)
        return found(**arguments) if callable(found) else found


def _read(path: Path) -> StoredOutpost:
    try:
        return outpost_from_bytes(read_bounded(path, STATE_BYTES_MAX))
    except CodecError as error:
        raise CodecError(f"{path}: {error}") from error
