"""Exits on a machine in this process: a venue whose last batch is whatever a test says."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from rollup.hash.keccak import keccak256
from rollup.l1.escape import LeafOpening
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.bill import bill
from rollup.l1.interface import Revert
from rollup.protocol.assets import assets_of
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook

eth_abi = pytest.importorskip("eth_abi", reason="eth-abi is of the extra `evm`")
revm = pytest.importorskip("rollup.l1.evm.revm", reason="pyrevm has no wheel for this Python")

MALFORMED: Final = "malformed"
RICH: Final = 1 << 63
"""What the venue holds of each token: more than anybody takes out."""

ASKED: Final = "(uint256,uint256,address,uint256,uint256,bytes)"


class Refused(Exception):
    """A call reverted: `reason` is a Revert or MALFORMED."""

    def __init__(self, reason: Revert | str) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Ended:
    """Exits over a queue, ledgers and a last batch. `gas` is what the last call executed, and
    `bill` what its transaction costs in all; `logs` are its events' topics and data."""

    def __init__(
        self, governance: Governance, *, held: int = RICH, interval_ms: int = 1, least: int = 1
    ) -> None:
        self.machine = revm.Machine()
        self.poseidon = self.machine.deploy(artefact("Poseidon16").code)
        exits = self.machine.deploy(artefact("Exits").code)
        kinds = ("address", "bytes", "uint256", "uint256")
        given = (self.poseidon, governance.encode(), interval_ms, least)
        code = artefact("ExitsProbe").linked({"Exits": exits}) + eth_abi.encode(kinds, given)
        self.address = self.machine.deploy(code)
        self.tokens: dict[int, bytes] = {}
        for mark in (0, *assets_of(governance)):
            name = eth_abi.encode(("string", "uint8"), ("T", 0))
            self.tokens[mark] = self.machine.deploy(artefact("Token").code + name)
            minted = eth_abi.encode(("address", "uint256"), (self.address, held))
            self.machine.call(self.tokens[mark], selector("mint(address,uint256)") + minted)

    def ask(self, form: str, *arguments: object, sender: bytes = b"\x5e" * 20) -> bytes:
        """A call by its signature. Refused if it reverts."""
        kinds = _kinds(form)
        data = selector(form) + eth_abi.encode(kinds, arguments)
        outcome = self.machine.call(self.address, data, sender)
        self.gas, self.bill = outcome.execution, bill(data, outcome.execution)
        self.logs = outcome.logs
        if not outcome.succeeded:
            raise Refused(_reason(outcome.data))
        found: bytes = outcome.data
        return found

    def numbers(self, form: str, *arguments: object) -> tuple[int, ...]:
        """What a view answers, words as numbers."""
        data = self.ask(form, *arguments)
        return tuple(int.from_bytes(data[k : k + 32], "big") for k in range(0, len(data), 32))

    def refusal(self, form: str, *arguments: object, sender: bytes = b"\x5e" * 20) -> Any:
        """Why a call is refused. Fails if it is not."""
        with pytest.raises(Refused) as caught:
            self.ask(form, *arguments, sender=sender)
        return caught.value.reason

    def keep(self, custody: Sequence[int]) -> None:
        """What is under custody: of USDC, then of each asset."""
        for (mark, token), amount in zip(self.tokens.items(), custody, strict=True):
            self.ask("keep(uint256,address,uint256)", mark, token, amount)

    def prove(self, root: Sequence[int], book: MarketBook, consumed: int = 0) -> None:
        """The last batch that is proved."""
        said = (digest_bytes(root), book.digest(), consumed)
        self.ask("prove(bytes32,bytes32,uint256)", *said)

    def queue_up(self, entry: QueueEntry, time: int) -> None:
        """An entry comes into the queue."""
        words = entry.encode()[60:]
        asked = (int(entry.kind), entry.account, entry.owner, entry.amount, entry.asset, words)
        self.ask(f"queueUp({ASKED},uint256)", asked, time)

    def end(self) -> None:
        """Freeze it, because of a header that waited for ever."""
        self.ask("hold(uint256)", 0)
        self.ask("freeze(uint256,uint256,address)", 10, 1000, b"\xbb" * 20)

    def escape(self, leaf: LeafOpening, book: MarketBook, sender: bytes | None = None) -> None:
        """The owner, or somebody else, opens an account."""
        who = leaf.account.header.owner if sender is None else sender
        self.ask(ESCAPE, 2000, leaf.encode(), book.encode(), sender=who)


ESCAPE: Final = "escape(uint256,bytes,bytes)"


def selector(form: str) -> bytes:
    """The first bytes of calldata."""
    return keccak256(form.encode())[:4]


def _kinds(form: str) -> list[str]:
    """The types in a signature, tuples whole."""
    kinds, depth, kind = [], 0, ""
    for letter in form[form.index("(") + 1 : -1] + ",":
        if letter == "," and not depth:
            kinds += [kind] if kind else []
            kind = ""
            continue
        depth += {"(": 1, ")": -1}.get(letter, 0)
        kind += letter
    return kinds


def _reason(data: bytes) -> Revert | str:
    if data == selector("Malformed()"):
        return MALFORMED
    assert data[:4] == selector("Reverted(uint8)") and len(data) == 36, data.hex()
    return list(Revert)[int.from_bytes(data[4:], "big")]
