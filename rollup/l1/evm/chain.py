"""What an adapter asks of a chain, whichever EVM runs it: transactions, reads, logs, its clock, and
the way back that only development chains have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from rollup.l1.interface import Address

RAW_BYTES_MAX: Final = 131_072
"""Bytes of a signed transaction that nodes pass on (geth's txMaxSize). Development nodes take more,
so whoever sends asks."""

GAS_MAX: Final = 1 << 24
"""Gas of a transaction at most (EIP-7825)."""

ENVELOPE_BYTES: Final = 256
"""What a signed transaction has beside its calldata, at most: numbers, fees, address, signature and
the lengths of all that."""

DATA_BYTES_MAX: Final = RAW_BYTES_MAX - ENVELOPE_BYTES
"""Calldata that fits a transaction of any sender."""

DEPLOYER: Final = b"\x5e" * 20
"""Who creates contracts on a chain that asks nobody for a signature."""


class ChainError(Exception):
    """The chain did not do what was asked, and it was no contract that refused."""


class CallReverted(Exception):
    """A contract refused: `data` is what it reverted with."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"reverted with {data[:36].hex() or 'nothing'}")
        self.data = data


@dataclass(frozen=True, slots=True)
class Log:
    """What a contract said: topics of 32 bytes, the first of which names the event."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction that succeeded: `data` is what the call returned, `gas` what was
    billed, calldata included. `created` is the address of a new contract, `sent` the calldata or
    its initcode."""

    data: bytes
    gas: int
    logs: Sequence[Log] = ()
    created: Address | None = None
    sent: bytes = b""


class Readable(Protocol):
    """A chain that is looked at."""

    def read(self, to: Address, calldata: bytes) -> bytes:
        """What a view answers. CallReverted where it refuses."""

    def time(self) -> int:
        """Timestamp of the next block, in the chain's own unit."""

    def logs(self, address: Address) -> Sequence[Log]:
        """All that a contract ever said, in order."""


class Chain(Readable, Protocol):
    """A chain that takes a sender's word for who it is."""

    def deploy(self, code: bytes, sender: Address = DEPLOYER) -> Receipt:
        """Create a contract by its initcode with arguments. CallReverted by its constructor."""

    def send(self, to: Address, calldata: bytes, sender: Address) -> Receipt:
        """A transaction. CallReverted, and then nothing has changed."""

    def set_time(self, time: int) -> None:
        """The clock shows this from now on; it never goes back."""

    def checkpoint(self) -> Any:
        """The chain as it is now, for `restore`."""

    def restore(self, mark: Any) -> None:
        """Forget all since a checkpoint, those taken since as well; it can be restored again. The
        clock goes on."""


def require_fits(calldata: bytes) -> None:
    """ChainError for a transaction that nodes would not pass on."""
    if len(calldata) > DATA_BYTES_MAX:
        detail = f"{len(calldata)} bytes of calldata; {DATA_BYTES_MAX} fit a transaction"
        raise ChainError(detail)
