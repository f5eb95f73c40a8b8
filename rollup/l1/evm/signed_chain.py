"""A real node's chain, whose clock and state nobody moves: seen, or with one key that sends."""

from collections.abc import Sequence
from typing import Any

from rollup.l1.development import DevelopmentError
from rollup.l1.evm.chain import GAS_MAX, CallReverted, Log, Receipt, require_fits
from rollup.l1.evm.node_logs import NodeLogs, log_of
from rollup.l1.evm.poster import Call, Poster
from rollup.l1.evm.rpc import Node, NodeRefused, content, number, text
from rollup.l1.interface import Address


class NodeView:
    """Implements `rollup.l1.evm.chain.Readable` by a node."""

    def __init__(self, node: Node, first: int = 0) -> None:
        """`first` is the block before which no contract that is asked about was there."""
        self._node = node
        self._logs = NodeLogs(node, first)

    def read(self, to: Address, calldata: bytes) -> bytes:
        """What a view answers. CallReverted where it refuses."""
        return self._called({"to": text(to), "data": text(calldata)})

    def time(self) -> int:
        """Timestamp of the last block: the next one has at least this."""
        return number(self._node.ask("eth_getBlockByNumber", "latest", False)["timestamp"])

    def logs(self, address: Address) -> Sequence[Log]:
        """All that a contract ever said, in order."""
        return self._logs.of(address)

    def _called(self, call: dict[str, str]) -> bytes:
        try:
            return content(self._node.ask("eth_call", {**call, "gas": hex(GAS_MAX)}, "latest"))
        except NodeRefused as error:
            if error.reverted is None:
                raise
            raise CallReverted(error.reverted) from error


class SignedChain(NodeView):
    """Implements `rollup.l1.evm.chain.Chain` for calls of the poster's own address."""

    def __init__(self, node: Node, poster: Poster, first: int = 0) -> None:
        """`first` as of a view."""
        super().__init__(node, first)
        self._poster = poster

    @property
    def address(self) -> Address:
        """Who sends."""
        return self._poster.address

    def deploy(self, code: bytes, sender: Address | None = None) -> Receipt:
        """Create a contract by its initcode with arguments. CallReverted by its constructor."""
        self._require_own(sender)
        receipt = self._poster.post(Call(None, code))
        created = content(receipt["contractAddress"])
        return Receipt(b"", number(receipt["gasUsed"]), _logs(receipt), created, code)

    def send(self, to: Address, calldata: bytes, sender: Address | None = None) -> Receipt:
        """A transaction. CallReverted, and then nothing has changed. What it returned is what the
        same call returned just before it was sent: what counts stands in its logs."""
        self._require_own(sender)
        require_fits(calldata)
        sender_too = {"from": text(self._poster.address)}
        returned = self._called({**sender_too, "to": text(to), "data": text(calldata)})
        receipt = self._poster.post(Call(to, calldata))
        return Receipt(returned, number(receipt["gasUsed"]), _logs(receipt), sent=calldata)

    def set_time(self, time: int) -> None:
        """Nobody sets it."""
        raise DevelopmentError("the clock of this chain goes by itself")

    def checkpoint(self) -> Any:
        """There is no way back."""
        raise DevelopmentError("this chain keeps no checkpoints")

    def restore(self, mark: Any) -> None:
        """There is no way back."""
        raise DevelopmentError("this chain keeps no checkpoints")

    def _require_own(self, sender: Address | None) -> None:
        if sender not in (None, self._poster.address):
            raise DevelopmentError(f"only {self._poster.address.hex()} sends here")


def _logs(receipt: Any) -> list[Log]:
    return [log_of(each) for each in receipt["logs"]]
