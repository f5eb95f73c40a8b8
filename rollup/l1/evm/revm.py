"""An EVM in this process (revm, through pyrevm): contracts deployed and called, gas told exactly.

Its rules are those of Cancun whatever fork it is asked for: execution gas is that of later forks,
calldata is billed by `bill`, and precompiles of Prague are absent. What one call of a machine
touched is warm for the next, as in one transaction: a later call's gas is less than a chain bills.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyrevm

from rollup.l1.evm.bill import TRANSACTION_GAS

SENDER: Final = b"\x5e" * 20
GAS_MAX: Final = 1 << 24
"""Gas of a transaction at most (EIP-7825)."""

_TEST_GAS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call answered: `data` is returned, or is the reason of a revert. `execution` is its
    gas without the transaction's own and its calldata's; `logs` are (address, topics, data)."""

    succeeded: bool
    data: bytes
    execution: int
    logs: Sequence[tuple[bytes, Sequence[bytes], bytes]] = ()


class Machine:
    """One chain in memory. `time` is the timestamp of blocks, in seconds.

    It never ends a block: a slot that any call has touched is warm in the next ones, and counts as
    changed from what it was at first. So gas of storage is less than what a chain bills."""

    def __init__(self, time: int = 0) -> None:
        self._evm = pyrevm.EVM(gas_limit=_TEST_GAS)
        self._evm.set_balance(_text(SENDER), 1 << 100)
        self.number = 1
        self.set_time(time)

    def set_time(self, time: int) -> None:
        """Later calls are in a block of this timestamp."""
        self._evm.set_block_env(
            pyrevm.BlockEnv(number=self.number, timestamp=time, gas_limit=_TEST_GAS)
        )

    def deploy(self, code: bytes, sender: bytes = SENDER) -> bytes:
        """The address of a new contract. Refused as RuntimeError with what it reverted with."""
        self._fund(sender)
        return _bytes(self._evm.deploy(_text(sender), code))

    def create(self, code: bytes, sender: bytes = SENDER) -> Outcome:
        """A transaction that creates a contract: its address is the answer. `execution` is all of
        its gas beside the transaction's own, which calldata's floor never reaches."""
        try:
            address = self.deploy(code, sender)
        except RuntimeError as error:
            return Outcome(False, _reason(str(error)), self._gas() - TRANSACTION_GAS)
        return Outcome(True, address, self._gas() - TRANSACTION_GAS, self._heard())

    def call(self, to: bytes, calldata: bytes, sender: bytes = SENDER, value: int = 0) -> Outcome:
        """A transaction: what it changed stays, unless it reverts."""
        return self._run(to, calldata, sender, value, is_static=False)

    def read(self, to: bytes, calldata: bytes, sender: bytes = SENDER) -> Outcome:
        """A call that changes nothing."""
        return self._run(to, calldata, sender, 0, is_static=True)

    def snapshot(self) -> Any:
        """The state, to go back to once."""
        return self._evm.snapshot()

    def revert(self, mark: Any) -> None:
        """Back to a snapshot."""
        self._evm.revert(mark)

    def code_size(self, address: bytes) -> int:
        """Bytes of a deployed contract; pyrevm pads what it answers by 33 zeros."""
        code = self._evm.get_code(_text(address))
        return 0 if code is None else len(code) - 33

    def put_code(self, address: bytes, code: bytes) -> None:
        """Let a contract stand at an address, as if it had always been there."""
        self._evm.insert_account_info(_text(address), pyrevm.AccountInfo(nonce=1, code=code))

    def put_word(self, address: bytes, slot: int, value: int) -> None:
        """Let a contract's storage have a value."""
        self._evm.insert_account_storage(_text(address), slot, value)

    def _run(
        self, to: bytes, calldata: bytes, sender: bytes, value: int, *, is_static: bool
    ) -> Outcome:
        self._fund(sender)
        zeros = calldata.count(0)
        own = TRANSACTION_GAS + 4 * zeros + 16 * (len(calldata) - zeros)
        try:
            data = self._evm.message_call(
                _text(sender), _text(to), calldata=calldata, value=value, is_static=is_static
            )
        except RuntimeError as error:
            return Outcome(False, _reason(str(error)), self._gas() - own)
        return Outcome(True, bytes(data), self._gas() - own, self._heard())

    def _heard(self) -> list[tuple[bytes, Sequence[bytes], bytes]]:
        result = self._evm.result
        return [] if result is None else [_log(each) for each in result.logs]

    def _gas(self) -> int:
        result = self._evm.result
        return 0 if result is None else int(result.gas_used)

    def _fund(self, sender: bytes) -> None:
        if self._evm.get_balance(_text(sender)) == 0:
            self._evm.set_balance(_text(sender), 1 << 100)


def _text(address: bytes) -> str:
    return "0x" + address.hex()


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address.removeprefix("0x"))


def _reason(text: str) -> bytes:
    """What a call reverted with, which pyrevm says in the text of its error."""
    place = text.find("output: 0x")
    if place < 0:
        return b""
    digits = text[place + len("output: 0x") :]
    end = next((i for i, c in enumerate(digits) if c not in "0123456789abcdef"), len(digits))
    return bytes.fromhex(digits[:end])


def _log(log: Any) -> tuple[bytes, Sequence[bytes], bytes]:
    topics = [bytes.fromhex(topic.removeprefix("0x")) for topic in log.topics]
    return (
        _bytes(log.address),
        topics,
        bytes(log.data[1] if isinstance(log.data, tuple) else log.data),
    )
