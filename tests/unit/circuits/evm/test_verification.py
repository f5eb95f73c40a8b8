"""A whole proof on an EVM: what Python says of any change of any part, the contracts say."""

import random
from functools import cache

import pytest

pytest.importorskip("pyrevm", reason="pyrevm is not installed")

from circuits.evm import deploy
from circuits.evm.context import context, split
from circuits.evm.facts import fact, statement_bytes
from circuits.stark.errors import Failure
from circuits.stark.stacks import WORD_BYTES
from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256
from tests.helpers.evm_queries import QueryMachine, Toy, Verdict, toy, verdict_of
from tests.helpers.verifier_evm import OnChain, put_on_chain, toy_pins

SHAPES = ["one group", "stacks of 2", "stacks of 4, short digests"]


@cache
def deployed(name: str) -> OnChain:
    made = toy(name)
    pins = toy_pins(made.key, made.parameters)
    return put_on_chain(made.instance.circuit, made.key, made.parameters, pins)


def said(made: Toy, contracts: OnChain, machine: QueryMachine, proof: bytes) -> Verdict:
    """What StarkBegin says of other bytes, and StarkQueries with the context it answered."""
    parts = split(proof, made.shape)
    begun = contracts.begin_alone(statement_bytes(*made.instance.known), parts.opening)
    if not begun.succeeded:
        return verdict_of(begun)
    queries = made.parameters.queries
    every = parts.chunk(0, queries)
    return verdict_of(machine.run(begun.data, parts.tops, 0, queries, every))


@pytest.mark.parametrize("name", SHAPES)
def test_a_change_anywhere_in_a_proof_is_refused_as_python_refuses_it(name: str) -> None:
    made, contracts = toy(name), deployed(name)
    machine, chance = QueryMachine(made.shape), random.Random(name)
    assert said(made, contracts, machine, made.proof) is None
    opening = len(made.parts.opening)
    places = [chance.randrange(opening) for _ in range(60)]
    places += [chance.randrange(opening, len(made.proof)) for _ in range(30)]
    seen = set()
    for place in places:
        proof = bytearray(made.proof)
        if chance.randrange(3):
            proof[place] ^= 1 << chance.randrange(8)
        else:
            start = min(place, len(proof) - WORD_BYTES)
            proof[start : start + WORD_BYTES] = P.to_bytes(WORD_BYTES, "little")
        verdict = made.verdict(bytes(proof))
        assert said(made, contracts, machine, bytes(proof)) == verdict
        seen.add(verdict[0] if verdict else None)
    assert {Failure.MERKLE_PATH, Failure.NON_CANONICAL, Failure.CONSTRAINTS} <= seen


@pytest.mark.parametrize("name", SHAPES)
def test_a_fact_is_valid_after_all_parts_of_its_proof(name: str) -> None:
    made, contracts = toy(name), deployed(name)
    statement = statement_bytes(*made.instance.known)
    named = fact(made.key, made.shape, statement)
    parts = made.parts
    assert contracts.begin(statement, parts.opening).succeeded
    session = keccak256(named + keccak256(parts.opening))
    for first in range(0, made.parameters.queries, 4):
        assert not contracts.is_valid(named)
        count = min(4, made.parameters.queries - first)
        data = parts.chunk(first, count)
        outcome = contracts.queries(session, made.context, parts.tops, first, count, data)
        assert outcome.succeeded, outcome.data.hex()
    assert contracts.is_valid(named)


def test_one_bytecode_is_deployed_for_every_circuit() -> None:
    codes = {name: deployed(name) for name in SHAPES}
    for engine in (deploy.BEGIN, deploy.QUERIES):
        sizes = {made.chain.code_size(made.made[engine]) for made in codes.values()}
        assert len(sizes) == 1


def test_python_and_contract_read_one_context() -> None:
    made = toy("stacks of 16, two folds")
    contracts = deployed("stacks of 16, two folds")
    begun = contracts.begin_alone(statement_bytes(*made.instance.known), made.parts.opening)
    assert begun.succeeded
    assert begun.data == context(made.shape, made.key, made.instance.known, made.proof)
