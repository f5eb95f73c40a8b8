"""Z2 to Z6: what zero knowledge rests on and a verifier cannot see. Z1 is the exact simulation."""

import inspect
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from circuits import prove as prove_command
from circuits.pcs.merkle_verify import SALT_BYTES
from circuits.poly.domains import lifted_shift
from circuits.stark import prover, random
from circuits.stark.errors import Failure
from circuits.stark.parameters import (
    INSECURE_TEST,
    PARAMETER_SETS,
    SEEN_POINTS,
    Parameters,
)
from circuits.stark.proof import encode
from circuits.stark.prover import Prover
from circuits.stark.random import SEED_BYTES, FieldStream
from circuits.stark.stacks import Phase
from rollup.field.extension import DEGREE
from rollup.field.koalabear import GENERATOR, P
from tests.helpers.malice import an_instance, decoded, honest_proof, prove, refusal, shape

SETS = (*PARAMETER_SETS.values(), INSECURE_TEST)


def test_z2_terminals_are_masked_and_change_with_every_proof() -> None:
    """All but the last are uniform by the ring; test_zero_knowledge.py: bare ones leak."""
    seen = {decoded(prove(an_instance())).terminals for _ in range(4)}
    assert len(seen) == 4
    assert len({terminal for terminals in seen for terminal in terminals}) == 8


def test_z3_randomness_is_the_systems_and_fresh_for_every_proof(monkeypatch) -> None:
    asked: list[int] = []
    genuine = os.urandom

    def counting(count: int) -> bytes:
        asked.append(count)
        return genuine(count)

    monkeypatch.setattr(random.os, "urandom", counting)
    made = Prover(an_instance().circuit, INSECURE_TEST)
    instance = an_instance()
    proofs = {made.prove(instance.traces, *instance.known).proof for _ in "ab"}
    assert asked == [SEED_BYTES] * 2 and len(proofs) == 2


def test_z3_a_seed_has_a_name_that_nobody_passes_by_mistake() -> None:
    seeds = [name for name in inspect.signature(Prover.prove).parameters if "seed" in name]
    assert seeds == ["insecure_seed_for_tests"]
    parameter = inspect.signature(Prover.prove).parameters["insecure_seed_for_tests"]
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.default is None
    assert list(inspect.signature(FieldStream).parameters) == ["insecure_seed"]


def test_z3_no_command_and_no_package_gives_a_proof_a_seed() -> None:
    root = Path(prove_command.__file__).parents[1]
    for package in ("circuits", "rollup", "sequencer"):
        for path in (root / package).rglob("*.py"):
            text = path.read_text()
            # what is measured is no secret
            if path.name not in ("bench.py", "warm.py", "distinguisher.py"):
                assert "numpy.random" not in text and "np.random" not in text, path
            if path.name not in ("prover.py", "random.py"):
                assert "insecure_seed_for_tests" not in text, path


def test_z3_a_reused_prover_state_is_refused(monkeypatch) -> None:
    """Two openings under one blinding are two equations for one mask."""
    sessions: list[Any] = []
    run = prover._Session.run

    def keep(session: Any, traces: Any) -> Any:
        sessions.append(session)
        return run(session, traces)

    monkeypatch.setattr(prover._Session, "run", keep)
    instance = an_instance()
    prove(instance)
    with pytest.raises(ValueError, match="makes one proof"):
        run(sessions[0], instance.traces)


def test_z4_blinded_rows_follow_from_the_queries_and_cannot_be_configured() -> None:
    assert "blinded_rows" not in {field.name for field in fields(Parameters)}
    for parameters in SETS:
        assert parameters.blinded_rows == 2 * parameters.queries + 2 * SEEN_POINTS * DEGREE
        assert parameters.min_height >= 4 * parameters.blinded_rows
    with pytest.raises((AttributeError, TypeError)):
        INSECURE_TEST.blinded_rows = 8  # type: ignore[misc]
    with pytest.raises(TypeError):
        replace(INSECURE_TEST, blinded_rows=8)  # type: ignore[call-arg]


def test_z5_no_query_position_is_a_row() -> None:
    """Domains are cosets of 3^k, k a power of two: 127 divides the order of 3, never 2^i."""
    assert (P - 1) % 127 == 0 and pow(GENERATOR, (P - 1) // 127, P) != 1
    for log2_tallest in range(6, 25):
        for log2 in range(6, log2_tallest + 1):
            shift = lifted_shift(log2, log2_tallest)
            assert pow(shift, 1 << 24, P) != 1, "a coset meets a subgroup of two-power order"


def test_z6_salts_are_there_and_of_one_length() -> None:
    assert all(parameters.salt_bytes == SALT_BYTES == 16 for parameters in SETS)
    proof = decoded(honest_proof())
    salts = [
        query.trees[phase].salt
        for query in proof.queries
        for phase in Phase
        if shape().salted(phase)
    ]
    assert [phase.name for phase in Phase if not shape().salted(phase)] == ["FIXED"]
    assert all(len(salt) == SALT_BYTES for salt in salts) and len(set(salts)) > len(salts) // 2
    query = proof.queries[0]
    for salt, reason in (
        (b"", Failure.MALFORMED),
        (bytes(17), Failure.MALFORMED),
        (bytes(16), Failure.MERKLE_PATH),
    ):
        main = replace(query.trees[Phase.MAIN], salt=salt)
        trees = (query.trees[0], main, *query.trees[2:])
        queries = (replace(query, trees=trees), *proof.queries[1:])
        assert refusal(an_instance(), encode(replace(proof, queries=queries))) is reason


def test_two_witnesses_of_one_statement_give_proofs_of_one_size() -> None:
    one, two = an_instance(seed=1), an_instance(seed=2)
    assert one.publics == two.publics and one.messages == two.messages
    assert (one.traces[0] != two.traces[0]).any()
    assert len(prove(one)) == len(prove(two))
