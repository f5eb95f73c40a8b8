"""A transaction for a node that owes nothing: signed here, and brought again until it is settled.

A node may hand out a hash and forget the transaction, hold it back for its fee, or take a block
back with its receipt. So what counts is a receipt in a block that stands, under as many others as
are wanted; until then the same call with the same nonce is sent again, at a higher fee, and at most
one of all that were sent can ever be mined.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from eth_account.signers.local import LocalAccount

from rollup.l1.connection import NoAnswerInTime
from rollup.l1.evm.chain import GAS_MAX, RAW_BYTES_MAX, CallReverted, ChainError
from rollup.l1.evm.rpc import Node, NodeRefused, content, number, text
from rollup.l1.interface import Address

MARGIN_PERCENT: Final = 125
"""Of the gas that a node estimates: the state can be another one by the time that it is mined."""

RAISE_PERCENT: Final = 130
"""Of the last fee: nodes replace a transaction for a tenth more, and some want an eighth."""

LEAST_TIP: Final = 10**8
"""Wei for whoever mines, a unit of gas: something to raise where the node names nothing."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a poster waits. `confirmations` blocks hold the transaction, its own included;
    without a receipt for `hold_s` it is sent again, `sends` times at most, and after `unknown_s`
    already where the node knows it no more; `fee_max` is the most that it pays for a unit of gas,
    in wei."""

    confirmations: int = 2
    poll_s: float = 1.0
    unknown_s: float = 4.0
    hold_s: float = 30.0
    sends: int = 12
    fee_max: int = 500 * 10**9


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be done: bytes for a contract, or the code of a new one where `to` is None."""

    to: Address | None
    data: bytes


@dataclass(slots=True)
class Sent:
    """What was sent for one call: the nonce of all of it, each hash, the last fees and when."""

    nonce: int
    gas: int
    fee: int
    tip: int
    hashes: list[str]
    at: float = 0.0


class Poster:
    """Sends for one key, one call at a time."""

    def __init__(
        self,
        node: Node,
        account: LocalAccount,
        patience: Patience = Patience(),  # frozen
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._node = node
        self._account = account
        self._patience = patience
        self._now = now
        self._sleep = sleep
        self._chain = number(node.ask("eth_chainId"))

    @property
    def address(self) -> Address:
        """Who sends."""
        return content(self._account.address)

    def post(self, call: Call) -> Any:
        """The receipt of the call, once it is settled. CallReverted where the contract refuses it;
        NoAnswerInTime where it is not settled after all tries, and may be later."""
        gas = self._estimated(call)
        sent = self._begun(gas)
        for _ in range(self._patience.sends):
            self._bring(call, sent)
            receipt = self._settled(sent)
            if receipt is not None:
                return self._judged(call, receipt)
            if self._is_taken(sent):
                sent = self._begun(gas)
            else:
                self._raise_fee(sent)
        raise NoAnswerInTime(f"transaction {sent.hashes[-1]} is not settled: it may be later")

    def _estimated(self, call: Call) -> int:
        """Gas for the call and a margin, at most what a transaction may have."""
        try:
            wanted = number(self._node.ask("eth_estimateGas", self._record(call)))
        except NodeRefused as error:
            if error.reverted is None:
                raise
            raise CallReverted(error.reverted) from error
        if wanted > GAS_MAX:
            raise ChainError(f"{wanted} gas is wanted; a transaction has {GAS_MAX} at most")
        return min(wanted * MARGIN_PERCENT // 100, GAS_MAX)

    def _begun(self, gas: int) -> Sent:
        """Fees of this moment, and the nonce after what is mined: a transaction of this key that
        waits, of whatever was before, is replaced."""
        nonce = self._mined_count()
        block = self._node.ask("eth_getBlockByNumber", "latest", False)
        tip = max(LEAST_TIP, number(self._node.ask("eth_maxPriorityFeePerGas")))
        fee = 2 * number(block.get("baseFeePerGas", "0x0")) + tip
        return Sent(nonce, gas, min(fee, self._patience.fee_max), tip, [])

    def _bring(self, call: Call, sent: Sent) -> None:
        """Sign and send. What the node says of a transaction that it has, or that another of the
        same nonce stands against, is no fault: the wait shows which of them is mined."""
        receiver = {} if call.to is None else {"to": call.to}
        signed = self._account.sign_transaction(
            {
                **receiver,
                "data": call.data,
                "type": 2,
                "chainId": self._chain,
                "nonce": sent.nonce,
                "gas": sent.gas,
                "maxFeePerGas": sent.fee,
                "maxPriorityFeePerGas": min(sent.tip, sent.fee),
                "value": 0,
            }
        )
        raw = bytes(signed.raw_transaction)
        if len(raw) > RAW_BYTES_MAX:
            raise ChainError(f"{len(raw)} bytes of transaction; nodes pass on {RAW_BYTES_MAX}")
        sent.at = self._now()
        digest = text(bytes(signed.hash))
        if digest not in sent.hashes:
            sent.hashes.append(digest)
        try:
            self._node.ask("eth_sendRawTransaction", text(raw))
        except NodeRefused as error:
            if not any(word in str(error).lower() for word in _NO_FAULT):
                raise

    def _settled(self, sent: Sent) -> Any | None:
        """The receipt under enough blocks; None once waiting longer is no use: it was forgotten,
        held too long, or its nonce is another's."""
        patience = self._patience
        while self._now() - sent.at < patience.hold_s * patience.sends:
            receipt = self._receipt(sent)
            if receipt is not None and self._depth(receipt) >= patience.confirmations:
                return receipt
            if receipt is None and self._is_lost(sent):
                return None
            self._sleep(patience.poll_s)
        raise NoAnswerInTime(f"transaction {sent.hashes[-1]} is mined, and no block comes after it")

    def _receipt(self, sent: Sent) -> Any | None:
        """Of whichever was mined, in a block that stands."""
        for digest in reversed(sent.hashes):
            receipt = self._node.ask("eth_getTransactionReceipt", digest)
            if receipt is None:
                continue
            block = self._node.ask("eth_getBlockByNumber", receipt["blockNumber"], False)
            if block is not None and block["hash"] == receipt["blockHash"]:
                return receipt
        return None

    def _depth(self, receipt: Any) -> int:
        return number(self._node.ask("eth_blockNumber")) - number(receipt["blockNumber"]) + 1

    def _is_lost(self, sent: Sent) -> bool:
        """Whether it waits for too long, or the node knows none of what it gave out hashes of: for
        a moment that means nothing, where several machines answer as one node."""
        waited = self._now() - sent.at
        if waited >= self._patience.hold_s:
            return True
        asked = (self._node.ask("eth_getTransactionByHash", each) for each in sent.hashes)
        return waited >= self._patience.unknown_s and all(known is None for known in asked)

    def _is_taken(self, sent: Sent) -> bool:
        """Whether the nonce is used up by none of these."""
        return self._mined_count() > sent.nonce and self._receipt(sent) is None

    def _raise_fee(self, sent: Sent) -> None:
        most = self._patience.fee_max
        sent.fee = min(sent.fee * RAISE_PERCENT // 100 + 1, most)
        sent.tip = min(sent.tip * RAISE_PERCENT // 100 + 1, most)

    def _judged(self, call: Call, receipt: Any) -> Any:
        """The receipt of what succeeded; CallReverted with the words of what did not."""
        if number(receipt["status"]) == 1:
            return receipt
        try:
            self._node.ask("eth_call", self._record(call), receipt["blockNumber"])
        except NodeRefused as error:
            raise CallReverted(error.reverted or b"") from error
        raise CallReverted(b"")

    def _mined_count(self) -> int:
        return number(self._node.ask("eth_getTransactionCount", text(self.address), "latest"))

    def _record(self, call: Call) -> dict[str, str]:
        receiver = {} if call.to is None else {"to": text(call.to)}
        return {**receiver, "from": text(self.address), "data": text(call.data)}


_NO_FAULT: Final = ("already known", "underpriced", "nonce too low", "already imported")
