"""A packaged circuit is the traced one without graphs, and a damaged one is refused."""

from dataclasses import replace

import pytest

from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.lowered import Lowered, lower_circuit
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.prover import prove
from circuits.stark.shape import shape_of
from circuits.stark.verifier import verify
from tests.helpers.circuits import small_circuit, small_instance

CIRCUIT = small_circuit(256, 512)
LOWERED = lower_circuit(CIRCUIT)


def test_what_is_packaged_is_what_was_traced() -> None:
    packaged = Lowered.from_json(LOWERED.to_json())
    assert packaged == replace(LOWERED, graphs=(), tables=())
    shapes = [shape_of(circuit, INSECURE_TEST) for circuit in (CIRCUIT, packaged)]
    groups = [[replace(group, graph=None, tables=()) for group in s.groups] for s in shapes]
    assert groups[0] == groups[1]
    assert all(group.graph is None for group in shapes[1].groups)


def test_a_damaged_file_is_refused() -> None:
    text = LOWERED.to_json()
    for damaged in ("", text[:-2], text.replace("steps", "stepz"), text + "[]\n"):
        with pytest.raises(ValueError, match="damaged"):
            Lowered.from_json(damaged)


def test_a_packaged_circuit_verifies_what_the_traced_one_proved() -> None:
    instance = small_instance(256, 512, INSECURE_TEST.blinded_rows)
    key = generate_key(CIRCUIT, [INSECURE_TEST])
    statement = (*instance.known, INSECURE_TEST)
    proof = prove(CIRCUIT, instance.traces, *statement)
    packaged = Lowered.from_json(LOWERED.to_json())
    verify(packaged, key, *statement, proof)
    other = replace(packaged, digest=bytes(32))
    with pytest.raises(VerificationError) as caught:
        verify(other, key, *statement, proof)
    assert caught.value.reason is Failure.WRONG_KEY
