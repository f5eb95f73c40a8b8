"""One key's chain on a node: what it sends is signed, and nobody else sends there."""

from collections.abc import Iterator

import pytest

pytest.importorskip("eth_account", reason="the extra `evm` brings it")

from eth_account import Account

from rollup.harness.anvil import anvil_node
from rollup.l1.development import DevelopmentError
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import CallReverted
from rollup.l1.evm.poster import Patience, Poster
from rollup.l1.evm.signed_chain import SignedChain
from rollup.l1.evm.tools import anvil

KEY = b"\x33" * 32
ECHO = Interface(artefact("Echo").abi)


@pytest.fixture(scope="module")
def chain() -> Iterator[SignedChain]:
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    account = Account.from_key(KEY)
    with anvil_node(31337) as node:
        node.ask("anvil_setBalance", account.address, hex(10**20))
        patience = Patience(confirmations=1, poll_s=0.01, unknown_s=1.0, hold_s=5.0)
        yield SignedChain(node, Poster(node, account, patience))


def test_it_creates_calls_reads_and_hears(chain: SignedChain) -> None:
    contract = chain.deploy(artefact("Echo").code).created
    assert contract is not None
    word = b"\x05" * 32
    receipt = chain.send(contract, ECHO.call("say", word))
    assert ECHO.answer("say", receipt.data) == (word,)
    assert list(chain.logs(contract)) == list(receipt.logs)
    assert ECHO.answer("say", chain.read(contract, ECHO.call("say", word))) == (word,)
    with pytest.raises(CallReverted):
        chain.send(contract, ECHO.call("refuse", 3))
    assert len(chain.logs(contract)) == 1


def test_it_sends_for_nobody_else_and_has_no_way_back(chain: SignedChain) -> None:
    with pytest.raises(DevelopmentError, match="sends here"):
        chain.send(b"\x44" * 20, b"", b"\x55" * 20)
    for forbidden in (lambda: chain.set_time(9), chain.checkpoint, lambda: chain.restore(1)):
        with pytest.raises(DevelopmentError):
            forbidden()
