"""A packaged circuit is the traced one without graphs, and a damaged one is refused."""

from dataclasses import replace

import pytest

from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.lowered import CircuitMessages, Lowered, PackagedCircuit, lower_circuit
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.prover import Prover, prove
from circuits.stark.shape import shape_of
from circuits.stark.verifier import verify
from tests.helpers.circuits import (
    NOTE,
    PUBLICS,
    SQUARE,
    SQUARES_TABLE,
    STEPS,
    small_circuit,
    small_instance,
)

CIRCUIT = small_circuit(256, 512)
LOWERED = lower_circuit(CIRCUIT)
MESSAGES = CircuitMessages.of(CIRCUIT)
TABLES = ((STEPS, 256), (SQUARES_TABLE, 512))
LAYOUT = (PUBLICS, (SQUARE, NOTE))


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


def test_damaged_messages_are_refused() -> None:
    text = MESSAGES.to_json()
    assert CircuitMessages.from_json(text) == MESSAGES
    for damaged in ("", text[:-2], text.replace("steps", "stepz"), text + "[]\n"):
        with pytest.raises(ValueError, match="damaged"):
            CircuitMessages.from_json(damaged)


def test_messages_of_another_circuit_are_refused() -> None:
    other = replace(MESSAGES, circuit_digest=bytes(32))
    with pytest.raises(ValueError, match="another circuit"):
        PackagedCircuit.of(TABLES, LAYOUT, LOWERED, other)


def test_a_packaged_circuit_proves_the_same_bytes() -> None:
    packaged = PackagedCircuit.of(
        TABLES,
        LAYOUT,
        Lowered.from_json(LOWERED.to_json()),
        CircuitMessages.from_json(MESSAGES.to_json()),
    )
    instance = small_instance(256, 512, INSECURE_TEST.blinded_rows)
    proofs = [
        Prover(circuit, INSECURE_TEST)
        .prove(instance.traces, *instance.known, insecure_seed_for_tests=bytes(32))
        .proof
        for circuit in (packaged, CIRCUIT)
    ]
    assert proofs[0] == proofs[1]
    assert all("graph" not in placed.__dict__ for placed in packaged.tables)
