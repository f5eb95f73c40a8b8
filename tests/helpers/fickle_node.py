"""A node of one's own that breaks its word in the ways that real ones do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from rollup.hash.keccak import keccak256
from rollup.l1.evm.rpc import NodeRefused

BASE_FEE = 10**9


@dataclass
class Waiting:
    """A transaction that the node has heard."""

    digest: str
    sender: str
    nonce: int
    fee: int
    gas: int
    raw: bytes


@dataclass
class FickleNode:
    """Mines what waits whenever the clock moves on, unless it is told otherwise: `forgets` so many
    transactions after it gave out their hashes; mines none below `wants_fee`; estimates `estimate`;
    refuses by `reverts`. `blocks` are hashes with what each holds."""

    forgets: int = 0
    wants_fee: int = 0
    estimate: int = 100_000
    reverts: bytes | None = None
    fails: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    pool: list[Waiting] = field(default_factory=list)
    blocks: list[tuple[str, list[Waiting]]] = field(default_factory=lambda: [("0x00", [])])
    heard: list[Waiting] = field(default_factory=list)
    clock: float = 0.0
    branch: int = 0
    on_sleep: Callable[["FickleNode"], None] = lambda node: None
    mines: bool = True

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        self.on_sleep(self)
        if self.mines:
            self.mine()

    def mine(self) -> None:
        """One block, of all that waits and pays enough."""
        taken: list[Waiting] = []
        for each in sorted(self.pool, key=lambda one: -one.fee):
            is_next = each.nonce == self.counts.get(each.sender, 0)
            if is_next and each.fee >= self.wants_fee:
                taken.append(each)
                self.counts[each.sender] = each.nonce + 1
        self.pool = [each for each in self.pool if each.nonce >= self.counts.get(each.sender, 0)]
        digest = keccak256(f"{self.branch}/{len(self.blocks)}".encode()).hex()
        self.blocks.append((f"0x{digest}", taken))

    def reorganise(self, depth: int, forget: bool = True) -> None:
        """Take back so many blocks; what they held is forgotten, or waits again."""
        self.branch += 1
        gone = [each for _, held in self.blocks[-depth:] for each in held]
        del self.blocks[-depth:]
        for each in gone:
            self.counts[each.sender] -= 1
        if not forget:
            self.pool += gone

    def ask(self, method: str, *parameters: Any) -> Any:
        return getattr(self, f"_{method}")(*parameters)

    def _eth_chainId(self) -> str:
        return "0x1"

    def _eth_maxPriorityFeePerGas(self) -> str:
        return hex(10**8)

    def _eth_blockNumber(self) -> str:
        return hex(len(self.blocks) - 1)

    def _eth_getTransactionCount(self, address: str, _: str) -> str:
        return hex(self.counts.get(address.lower(), 0))

    def _eth_estimateGas(self, call: Any) -> str:
        if self.reverts is not None:
            raise NodeRefused("execution reverted", 3, self.reverts)
        return hex(self.estimate)

    def _eth_call(self, call: Any, block: str) -> str:
        if self.fails or self.reverts is not None:
            raise NodeRefused("execution reverted", 3, self.reverts or b"\x01\x02")
        return "0x"

    def _eth_getBlockByNumber(self, which: str, _: bool) -> Any:
        place = len(self.blocks) - 1 if which == "latest" else int(which, 16)
        if place >= len(self.blocks):
            return None
        return {
            "number": hex(place),
            "hash": self.blocks[place][0],
            "baseFeePerGas": hex(BASE_FEE),
            "timestamp": hex(place),
        }

    def _eth_sendRawTransaction(self, raw: str) -> str:
        data = bytes.fromhex(raw[2:])
        fields = TypedTransaction.from_bytes(HexBytes(data)).as_dict()
        sender = Account.recover_transaction(raw).lower()
        digest = "0x" + keccak256(data).hex()
        each = Waiting(digest, sender, fields["nonce"], fields["maxFeePerGas"], fields["gas"], data)
        self.heard.append(each)
        if each.nonce < self.counts.get(sender, 0):
            raise NodeRefused("nonce too low", -32000, None)
        if self.forgets:
            self.forgets -= 1
            return digest
        rivals = [one for one in self.pool if (one.sender, one.nonce) == (sender, each.nonce)]
        if any(each.fee < one.fee * 11 // 10 for one in rivals):
            raise NodeRefused("replacement transaction underpriced", -32000, None)
        self.pool = [one for one in self.pool if one not in rivals] + [each]
        return digest

    def _eth_getTransactionByHash(self, digest: str) -> Any:
        everywhere = [*self.pool, *(each for _, held in self.blocks for each in held)]
        return next(({"hash": digest} for each in everywhere if each.digest == digest), None)

    def _eth_getTransactionReceipt(self, digest: str) -> Any:
        for place, (block, held) in enumerate(self.blocks):
            if any(each.digest == digest for each in held):
                return {
                    "transactionHash": digest,
                    "blockNumber": hex(place),
                    "blockHash": block,
                    "status": "0x0" if self.fails else "0x1",
                    "gasUsed": hex(90_000),
                    "logs": [],
                    "contractAddress": None,
                }
        return None
