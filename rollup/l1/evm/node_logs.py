"""Logs of contracts on a node, read once each as long as the blocks that they are in stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rollup.l1.evm.chain import Log
from rollup.l1.evm.rpc import Node, content, number, text
from rollup.l1.interface import Address


@dataclass(slots=True)
class Heard:
    """Logs of a contract up to a block, and the hash by which that block is known again."""

    block: int
    digest: str
    logs: list[Log] = field(default_factory=list)


class NodeLogs:
    """What contracts said, of the blocks that the node holds now. `first` is the block before which
    none of them was there."""

    def __init__(self, node: Node, first: int = 0) -> None:
        self._node = node
        self._first = first
        self._heard: dict[Address, Heard] = {}

    def of(self, address: Address) -> Sequence[Log]:
        """All that a contract ever said, in order. After a reorganisation all is read anew."""
        latest = self._node.ask("eth_getBlockByNumber", "latest", False)
        head, digest = number(latest["number"]), latest["hash"]
        heard = self._heard.get(address)
        if heard is None or not self._stands(heard):
            heard = self._heard[address] = Heard(self._first - 1, "")
        if heard.block < head:
            bounds = {"fromBlock": hex(heard.block + 1), "toBlock": hex(head)}
            found = self._node.ask("eth_getLogs", {"address": text(address), **bounds})
            heard.logs += [log_of(each) for each in found]
            heard.block, heard.digest = head, digest
        return list(heard.logs)

    def _stands(self, heard: Heard) -> bool:
        block = self._node.ask("eth_getBlockByNumber", hex(heard.block), False)
        return block is not None and block["hash"] == heard.digest


def log_of(record: Any) -> Log:
    """A log as a node writes it."""
    topics = tuple(content(topic) for topic in record["topics"])
    return Log(content(record["address"]), topics, content(record["data"]))
