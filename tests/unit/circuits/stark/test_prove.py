"""Small circuits are proved and verified, with every parameter set and shape of heights."""

from dataclasses import replace

import pytest

from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.key import VerificationKey
from circuits.stark.lookup import PublicMessage
from circuits.stark.parameters import BALANCED, FAST, INSECURE_TEST, L1, L1_TALL, Parameters
from circuits.stark.proof import decode, encode, encoded_length
from circuits.stark.prover import Prover, prove
from circuits.stark.quotient import UnsatisfiedError
from circuits.stark.shape import shape_of
from circuits.stark.verifier import verify
from tests.helpers.circuits import Instance, lonely_instance, small_instance

WITHOUT_WORK = [
    replace(each, grinding_query=8, grinding_batch=4, grinding_fold=2) for each in (L1, L1_TALL)
]
"""The search of 2^27 nonces is a matter of seconds, and none of this test."""


def check(instance: Instance, parameters: Parameters) -> bytes:
    prover = Prover(instance.circuit, parameters)
    proved = prover.prove(instance.traces, *instance.known)
    key = generate_key(instance.circuit, [parameters])
    verify(instance.circuit, key, *instance.known, parameters, proved.proof)
    assert len(proved.proof) == proved.report.proof_bytes == encoded_length(prover.shape)
    return proved.proof


@pytest.mark.parametrize(
    "heights", [(512, 1024), (1024, 512), (512, 512), (8192, 512), (2048, 512), (256, 512)]
)
def test_heights_of_every_order_and_number_of_folds(heights) -> None:
    instance = small_instance(*heights, INSECURE_TEST.blinded_rows)
    proof = check(instance, INSECURE_TEST)
    shape = shape_of(instance.circuit, INSECURE_TEST)
    assert encode(decode(proof, shape)) == proof


@pytest.mark.parametrize(("height", "folds"), [(128, 0), (256, 0), (512, 1)])
def test_one_table_alone_and_too_low_to_fold(height, folds) -> None:
    instance = lonely_instance(height, INSECURE_TEST.blinded_rows)
    check(instance, INSECURE_TEST)
    assert shape_of(instance.circuit, INSECURE_TEST).folds == folds


@pytest.mark.parametrize("parameters", [FAST, BALANCED, *WITHOUT_WORK])
def test_real_parameters(parameters) -> None:
    check(small_instance(1024, 2048, parameters.blinded_rows), parameters)


def test_the_report_accounts_for_the_proof() -> None:
    instance = small_instance(512, 1024, INSECURE_TEST.blinded_rows)
    told: list[tuple[str, float]] = []
    proved = Prover(instance.circuit, INSECURE_TEST).prove(
        instance.traces,
        *instance.known,
        progress=lambda phase, share: told.append((phase, share)),
    )
    report = proved.report
    assert [phase for phase, _ in told] == list(report.phases_s)
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert [table.name for table in report.tables] == ["steps", "squares"]
    steps = report.tables[0]
    assert steps.cells(512) == 512 * steps.main + 512 * 5 * steps.messages // 2
    assert report.cells == 512 * (16 + 15) + 1024 * (11 + 15) + 1024 * 20


def test_a_seed_repeats_a_proof_and_no_seed_does_not() -> None:
    instance = small_instance(512, 512, INSECURE_TEST.blinded_rows)
    prover = Prover(instance.circuit, INSECURE_TEST)

    def once(seed: bytes | None) -> bytes:
        return prover.prove(instance.traces, *instance.known, insecure_seed_for_tests=seed).proof

    assert once(bytes(32)) == once(bytes(32)) != once(bytes([1] * 32))
    assert once(None) != once(None)


def test_the_last_rows_of_a_trace_do_not_matter() -> None:
    instance = small_instance(512, 512, INSECURE_TEST.blinded_rows)
    for trace in instance.traces:
        trace[-INSECURE_TEST.blinded_rows :] = 77
    check(instance, INSECURE_TEST)


@pytest.mark.parametrize("cell", [(0, 0, 0), (0, 200, 2), (0, 479, 1), (0, 3, 4), (1, 5, 0)])
def test_a_prover_refuses_a_false_trace(cell) -> None:
    instance = small_instance(512, 512, INSECURE_TEST.blinded_rows)
    table, row, column = cell
    instance.traces[table][row, column] += 1
    with pytest.raises(UnsatisfiedError):
        prove(
            instance.circuit,
            instance.traces,
            *instance.known,
            INSECURE_TEST,
        )


def test_a_prover_refuses_traces_of_another_shape() -> None:
    instance = small_instance(512, 512, INSECURE_TEST.blinded_rows)
    prover = Prover(instance.circuit, INSECURE_TEST)
    wrong = [
        instance.traces[:1],
        [instance.traces[0][:-1], instance.traces[1]],
        [instance.traces[0].astype("int64"), instance.traces[1]],
    ]
    for traces in wrong:
        with pytest.raises(ValueError, match="trace"):
            prover.prove(traces, *instance.known)
    instance.traces[0][5, 0] = 2**31 - 1
    with pytest.raises(ValueError, match="canonical"):
        prover.prove(instance.traces, *instance.known)


def test_heights_below_the_minimum_are_refused() -> None:
    instance = small_instance(512, 512, INSECURE_TEST.blinded_rows)
    with pytest.raises(VerificationError) as caught:
        shape_of(instance.circuit, FAST)
    assert caught.value.reason is Failure.UNSUITABLE_HEIGHTS


def test_public_input_that_does_not_fit_is_refused() -> None:
    instance = small_instance(512, 512, INSECURE_TEST.blinded_rows)
    prover = Prover(instance.circuit, INSECURE_TEST)
    for publics in ((), (1,), (1, -1), (1, 2**31 - 1), (1, 2, 3)):
        with pytest.raises(VerificationError) as caught:
            prover.prove(instance.traces, instance.statement_digest, publics, instance.messages)
        assert caught.value.reason is Failure.PUBLIC_VALUES
    for message in (
        PublicMessage(9, 1, (1, 2)),
        PublicMessage(2, 1, (1,)),
        PublicMessage(2, 2, (1, 2)),
        PublicMessage(2, 1, (1, -2)),
        PublicMessage(2, 1, (1, 2), -1),
        PublicMessage(0, 1, (1, 2, 3, 4, 5, 6)),
    ):
        with pytest.raises(VerificationError) as caught:
            prover.prove(instance.traces, instance.statement_digest, instance.publics, [message])
        assert caught.value.reason is Failure.PUBLIC_MESSAGES
    many = [PublicMessage(2, 1, (1, 2), 2**31 - 2**24)]
    with pytest.raises(VerificationError) as caught:
        prover.prove(instance.traces, instance.statement_digest, instance.publics, many)
    assert caught.value.reason is Failure.MULTIPLICITY_BOUND


def test_a_key_has_one_text() -> None:
    instance = small_instance(512, 512, INSECURE_TEST.blinded_rows)
    key = generate_key(instance.circuit, [INSECURE_TEST])
    text = key.to_json()
    assert VerificationKey.from_json(text) == key
    for broken in ("", "{}", "[]", text + " ", text.replace("a", "A"), text.replace('"', "'")):
        with pytest.raises(ValueError):
            VerificationKey.from_json(broken)
