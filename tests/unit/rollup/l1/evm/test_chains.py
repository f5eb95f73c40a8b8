"""The chains agree: what one answers, bills and keeps, the other does, to the gas."""

from collections.abc import Iterator

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from rollup.harness.anvil import anvil_node
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import DATA_BYTES_MAX, CallReverted, Chain, ChainError
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.evm.tools import anvil

START = 1_700_000_000_000
CALLER = b"\x21" * 20
ECHO = Interface(artefact("Echo").abi)


@pytest.fixture(scope="module")
def node() -> Iterator[Chain]:
    """One node for all that is asked here: it starts in a moment, but not in none."""
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    with anvil_node(31337, 1) as node:
        yield NodeChain(node, lambda: START)


@pytest.fixture(params=["revm", "anvil"])
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """Each chain in turn, at the time START, as it was before whatever a test does to it."""
    found: Chain = RevmChain(START) if request.param == "revm" else request.getfixturevalue("node")
    mark = found.checkpoint()
    yield found
    found.restore(mark)
    found.set_time(START)


def echo(chain: Chain) -> bytes:
    made = chain.deploy(artefact("Echo").code).created
    assert made is not None
    return made


def say(chain: Chain, contract: bytes, word: bytes) -> int:
    """The time at which the contract heard a word, and that all it answers is that word."""
    receipt = chain.send(contract, ECHO.call("say", word), CALLER)
    assert ECHO.answer("say", receipt.data) == (word,)
    heard = [ECHO.heard(log) for log in receipt.logs]
    assert [found and found[1]["word"] for found in heard] == [word]
    assert heard[0] is not None
    return int(heard[0][1]["time"])


def test_many_calls_are_made_at_one_moment_and_later_ones_later(chain: Chain) -> None:
    contract = echo(chain)
    times = [say(chain, contract, bytes([i]) * 32) for i in range(1, 4)]
    chain.set_time(START + 1)
    times += [say(chain, contract, bytes([i]) * 32) for i in range(4, 6)]
    assert times == [START] * 3 + [START + 1] * 2
    assert chain.time() == START + 1


def test_a_revert_says_why_and_changes_nothing(chain: Chain) -> None:
    contract = echo(chain)
    say(chain, contract, b"\1" * 32)
    with pytest.raises(CallReverted) as refused:
        chain.send(contract, ECHO.call("refuse", 7), CALLER)
    assert int.from_bytes(refused.value.data[4:], "big") == 7
    with pytest.raises(CallReverted):
        chain.read(contract, ECHO.call("refuse", 8))
    assert len(chain.logs(contract)) == 1


def test_logs_are_of_one_contract_and_in_order(chain: Chain) -> None:
    one, other = echo(chain), echo(chain)
    assert one != other
    words = [bytes([i]) * 32 for i in range(1, 4)]
    for word in words:
        say(chain, one, word)
        say(chain, other, b"\xff" * 32)
    heard = [ECHO.heard(log) for log in chain.logs(one)]
    assert [found and found[1]["word"] for found in heard] == words


def test_a_checkpoint_lasts_and_the_clock_goes_on(chain: Chain) -> None:
    contract = echo(chain)
    say(chain, contract, b"\1" * 32)
    mark = chain.checkpoint()
    for word in (b"\2" * 32, b"\3" * 32):
        chain.set_time(chain.time() + 5)
        say(chain, contract, word)
        assert len(chain.logs(contract)) == 2
        chain.restore(mark)
        assert len(chain.logs(contract)) == 1
    assert chain.time() == START + 10
    assert say(chain, contract, b"\4" * 32) == START + 10


def test_checkpoints_after_the_one_that_is_restored_are_gone(chain: Chain) -> None:
    mark = chain.checkpoint()
    later = chain.checkpoint()
    chain.restore(mark)
    with pytest.raises(KeyError):
        chain.restore(later)


def test_what_no_node_passes_on_is_not_sent(chain: Chain) -> None:
    contract = echo(chain)
    with pytest.raises(ChainError, match="fit a transaction"):
        chain.send(contract, bytes(DATA_BYTES_MAX + 1), CALLER)


@pytest.mark.parametrize("word", [bytes(32), b"\1" * 32, b"\0" * 31 + b"\1"])
def test_both_bill_the_same_gas(node: Chain, word: bytes) -> None:
    mark = node.checkpoint()
    local = RevmChain(START)
    gas = [
        each.send(contract, ECHO.call("say", word), CALLER).gas
        for each in (node, local)
        for contract in [echo(each)]
    ]
    node.restore(mark)
    assert gas[0] == gas[1]


@pytest.mark.parametrize("bytes_of_it", [10, 5_000])
def test_the_floor_of_calldata_is_billed_alike(node: Chain, bytes_of_it: int) -> None:
    """Nobody's account takes any calldata, and execution is nothing beside it."""
    data = bytes(range(1, 11)) * (bytes_of_it // 10)
    gas = [each.send(b"\x77" * 20, data, CALLER).gas for each in (node, RevmChain(START))]
    assert gas[0] == gas[1] == 21_000 + 40 * bytes_of_it
