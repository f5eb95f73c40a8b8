"""A development node as a chain: it sends for anybody, and its clock and state can be moved.

The methods beyond Ethereum's own are anvil's.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from rollup.l1.connection import NoAnswerInTime
from rollup.l1.evm.chain import (
    DEPLOYER,
    GAS_MAX,
    CallReverted,
    ChainError,
    Log,
    Receipt,
    require_fits,
)
from rollup.l1.evm.node_logs import NodeLogs, log_of
from rollup.l1.evm.rpc import Node, NodeRefused, content, number, text
from rollup.l1.interface import Address

RECEIPT_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.002
"""Receipts of a node that mines at once come a moment after the transaction."""


class NodeChain:
    """Implements `rollup.l1.evm.chain.Chain` by a node that mines each transaction at once.

    `clock` gives timestamps: each block has that of its moment, and several of one moment have the
    same. Anvil takes equal timestamps, where their interval is 0, and no earlier ones; left to
    itself it counts a second on for each block, and would leave any clock behind.
    """

    def __init__(
        self,
        node: Node,
        clock: Callable[[], int],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._node = node
        self._clock = clock
        self._sleep = sleep
        self._ahead = 0
        self._told: int | None = None
        self._logs = NodeLogs(node)
        self._marks: dict[int, str] = {}
        self._marked = 0
        node.ask("anvil_autoImpersonateAccount", True)
        node.ask("anvil_setNextBlockBaseFeePerGas", "0x0")
        node.ask("anvil_setBlockTimestampInterval", 0)

    def deploy(self, code: bytes, sender: Address = DEPLOYER) -> Receipt:
        """Create a contract by its initcode with arguments. CallReverted by its constructor."""
        return self._transact({"from": text(sender), "data": text(code)})

    def send(self, to: Address, calldata: bytes, sender: Address) -> Receipt:
        """A transaction. CallReverted, and then nothing has changed."""
        return self._transact({"from": text(sender), "to": text(to), "data": text(calldata)})

    def read(self, to: Address, calldata: bytes) -> bytes:
        """What a view answers."""
        return self._simulated({"to": text(to), "data": text(calldata)}, "latest")

    def time(self) -> int:
        """Timestamp of the next block."""
        return self._clock() + self._ahead

    def set_time(self, time: int) -> None:
        """The clock shows this from now on."""
        self._ahead += time - self.time()

    def checkpoint(self) -> int:
        """The chain as it is now, by a number that rises."""
        self._marked += 1
        self._marks[self._marked] = self._node.ask("evm_snapshot")
        return self._marked

    def restore(self, mark: int) -> None:
        """Forget all since a checkpoint, those taken since as well. A node goes back to each
        snapshot once, so another is taken in its place."""
        if self._node.ask("evm_revert", self._marks[mark]) is not True:
            raise ChainError(f"the node does not know snapshot {self._marks[mark]}")
        self._marks = {each: kept for each, kept in self._marks.items() if each < mark}
        self._marks[mark] = self._node.ask("evm_snapshot")
        self._told = None

    def logs(self, address: Address) -> Sequence[Log]:
        """All that a contract ever said, in order."""
        return self._logs.of(address)

    def _transact(self, call: dict[str, str]) -> Receipt:
        """Simulated first, on the block to come: a receipt says neither what was returned nor why
        it was refused."""
        data = content(call["data"])
        if "to" in call:
            require_fits(data)
        self._tell_time()
        returned = self._simulated(call, "pending")
        sent = {**call, "gas": hex(GAS_MAX), "gasPrice": "0x0"}
        receipt = self._awaited(self._node.ask("eth_sendTransaction", sent))
        if number(receipt["status"]) != 1:
            raise ChainError(f"{receipt['transactionHash']} failed, which had not when simulated")
        created = receipt.get("contractAddress")
        return Receipt(
            b"" if created else returned,
            number(receipt["gasUsed"]),
            [log_of(each) for each in receipt["logs"]],
            content(created) if created else None,
            data,
        )

    def _tell_time(self) -> None:
        now = self.time()
        if now != self._told:
            self._node.ask("evm_setNextBlockTimestamp", now)
            self._told = now

    def _simulated(self, call: dict[str, str], block: str) -> bytes:
        try:
            return content(self._node.ask("eth_call", {**call, "gas": hex(GAS_MAX)}, block))
        except NodeRefused as error:
            if error.reverted is None:
                raise
            raise CallReverted(error.reverted) from error

    def _awaited(self, digest: str) -> Any:
        for _ in range(int(RECEIPT_SECONDS / POLL_SECONDS)):
            receipt = self._node.ask("eth_getTransactionReceipt", digest)
            if receipt is not None:
                return receipt
            self._sleep(POLL_SECONDS)
        raise NoAnswerInTime(f"transaction {digest} is not mined after {RECEIPT_SECONDS:.0f} s")
