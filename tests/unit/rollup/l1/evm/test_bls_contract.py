"""The contract that verifies BLS signatures answers as rollup.crypto.bls does: on a node by its
precompiles, and in this process by what py-ecc computed in their place."""

from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from rollup.crypto.bls import (
    NUMBER_BYTES,
    ORDER,
    SIGNATURE_BYTES,
    BlsSecret,
    aggregate,
    is_possessed,
    is_signed_by_all,
)
from rollup.harness.anvil import anvil_node
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.bls_calls import PrecompileCall, possession_calls, signed_calls
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.precompiles import Answers
from rollup.l1.evm.revm import Machine
from rollup.l1.evm.tools import anvil

START = 1_700_000_000_000
MESSAGE = b"a batch of a venue"
PROBE = artefact("BlsProbe")
CALLS = Interface(PROBE.abi)
SECRETS = [BlsSecret.from_number(number) for number in (3, 2**200 + 1, ORDER - 1)]
KEYS = [secret.key for secret in SECRETS]
SIGNED = [secret.sign(MESSAGE) for secret in SECRETS]
OPPOSITE = [BlsSecret.from_number(number) for number in (7, ORDER - 7)]

Ask = Callable[[str, bytes, list[PrecompileCall]], bool]


def revm() -> Ask:
    machine = Machine()
    answers = Answers(machine)
    contract = machine.deploy(PROBE.code)

    def ask(name: str, calldata: bytes, calls: list[PrecompileCall]) -> bool:
        answers.tell(calls)
        outcome = machine.read(contract, calldata)
        assert outcome.succeeded
        return bool(CALLS.answer(name, outcome.data)[0])

    return ask


@pytest.fixture(scope="module", params=["revm", "anvil"])
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """A contract on each machine, asked what it says of a signature."""
    if request.param == "revm":
        yield revm()
        return
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    with anvil_node(31337, 1) as node:
        chain = NodeChain(node, lambda: START)
        contract = chain.deploy(PROBE.code).created
        assert contract is not None
        yield lambda name, data, _: bool(CALLS.answer(name, chain.read(contract, data))[0])


def signed(ask: Ask, keys: list[bytes], message: bytes, signature: bytes) -> bool:
    joined = b"".join(keys)
    calls = signed_calls(joined, message, signature)
    return ask("isSigned", CALLS.call("isSigned", joined, message, signature), calls)


def possessed(ask: Ask, key: bytes, proof: bytes) -> bool:
    calls = possession_calls(key, proof)
    return ask("isPossessed", CALLS.call("isPossessed", key, proof), calls)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_signatures_of_several_hold(ask: Ask, count: int) -> None:
    keys, signature = KEYS[:count], aggregate(SIGNED[:count])
    assert signed(ask, keys, MESSAGE, signature)
    assert not signed(ask, keys, MESSAGE + b"!", signature)
    assert not signed(ask, [*KEYS[: count - 1], OPPOSITE[0].key], MESSAGE, signature)


def test_a_message_of_any_length_is_hashed_as_the_library_does(ask: Ask) -> None:
    for length in (0, 1, 55, 64, 300):
        message = (bytes(range(256)) * 2)[:length]
        assert signed(ask, KEYS[:1], message, SECRETS[0].sign(message))


def test_what_is_no_signature_holds_for_nothing(ask: Ask) -> None:
    for wrong in (b"", bytes(SIGNATURE_BYTES), SIGNED[0][:-1], SIGNED[0][::-1], SIGNED[1]):
        assert not signed(ask, KEYS[:1], MESSAGE, wrong)
        assert not is_signed_by_all(KEYS[:1], MESSAGE, wrong)


def test_what_is_no_key_has_no_signature(ask: Ask) -> None:
    key = KEYS[0]
    x, y = key[:NUMBER_BYTES], key[NUMBER_BYTES:]
    for wrong in (
        b"",
        key[:-1],
        bytes(len(key)),
        x + bytes(NUMBER_BYTES),
        y + x,
        b"\x80" + key[1:],
    ):
        assert not signed(ask, [wrong], MESSAGE, SIGNED[0])
        assert not possessed(ask, wrong, SECRETS[0].prove_possession())


def test_keys_that_cancel_out_sign_nothing(ask: Ask) -> None:
    keys = [secret.key for secret in OPPOSITE]
    assert not signed(ask, keys, MESSAGE, bytes(SIGNATURE_BYTES))
    assert not is_signed_by_all(keys, MESSAGE, bytes(SIGNATURE_BYTES))


def test_possession_is_of_the_key(ask: Ask) -> None:
    """Of both signs of y: what the proof is over has a mark of it."""
    proofs = [secret.prove_possession() for secret in SECRETS + OPPOSITE]
    keys = KEYS + [secret.key for secret in OPPOSITE]
    assert len({key[NUMBER_BYTES] >> 3 for key in keys}) > 1
    for key, proof in zip(keys, proofs, strict=True):
        assert possessed(ask, key, proof)
        assert is_possessed(key, proof)
        assert not possessed(ask, key, SIGNED[0])
    assert not possessed(ask, keys[0], proofs[1])


def test_without_precompiles_nothing_holds() -> None:
    """A fork before Prague has none: the contract refuses, and does not pass."""
    machine = Machine()
    contract = machine.deploy(PROBE.code)
    call = CALLS.call("isSigned", KEYS[0], MESSAGE, SIGNED[0])
    assert CALLS.answer("isSigned", machine.read(contract, call).data) == (False,)
