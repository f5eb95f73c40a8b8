"""F1 to F12: shapes, degrees, work and openings of the low-degree test."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from circuits.air.circuit import Circuit
from circuits.pcs.grinding import GRINDING_TAG, grinding_message
from circuits.pcs.merkle_verify import leaf_digest, node, opening_root
from circuits.pcs.transcript import Transcript
from circuits.stark import parameters as sets
from circuits.stark import prover
from circuits.stark.binding import bind_statement
from circuits.stark.domain import inverse_zerofiers, point
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.parameters import CHUNKS, FAST, INSECURE_TEST, Parameters
from circuits.stark.proof import VERSION_BYTES, Proof, encode, encoded_length
from circuits.stark.shape import shape_of
from circuits.stark.stacks import Phase
from rollup.field import extension
from rollup.field.extension import DEGREE
from rollup.field.koalabear import P
from tests.helpers.circuits import PUBLICS, SQUARE, SQUARES_TABLE, small_circuit, small_instance
from tests.helpers.malice import (
    an_instance,
    decoded,
    drop_high_coefficients,
    honest_proof,
    prove,
    reckless,
    refusal,
    shape,
    skip_degree_check,
)
from tests.helpers.seed import draws

ONE = extension.ONE


def test_f1_a_longer_final_polynomial() -> None:
    proof = decoded(honest_proof())
    longer = encode(replace(proof, final=(*proof.final, extension.ZERO)))
    assert refusal(an_instance(), longer) is Failure.MALFORMED


def test_f1_a_batch_of_too_high_a_degree(monkeypatch) -> None:
    """The honest prover's batch plus noise everywhere: no final polynomial fits."""
    batch = prover.batch

    def noisy(*arguments: Any) -> Any:
        values = batch(*arguments)
        draw = np.random.default_rng(3)
        return draw.integers(0, P, values.shape, dtype=np.uint32)

    monkeypatch.setattr(prover, "batch", noisy)
    skip_degree_check(monkeypatch)
    assert refusal(an_instance(), prove(an_instance())) in (Failure.FOLD, Failure.FINAL_POLYNOMIAL)


def test_f1_shorter_tables_bring_no_word_of_their_own() -> None:
    """Nothing is rolled in between folds: all heights are in f_0, under one batch challenge."""
    mixed = shape_of(small_circuit(1024, 512), INSECURE_TEST)
    assert mixed.batched == 2 * (mixed.trace_stacks + CHUNKS) + mixed.below_stacks + 1
    assert {field.name for field in fields(Proof)} >= {"layers", "final"}
    assert mixed.folds == shape_of(small_circuit(1024, 1024), INSECURE_TEST).folds
    assert len(decoded(honest_proof()).layers) == shape().folds


@pytest.mark.parametrize("member", ["terminals", "here", "after", "chunks", "layers", "tops"])
@pytest.mark.parametrize("change", [slice(None, -1), slice(1, None), slice(0, 0)])
def test_f2_missing_shape_checks(member, change) -> None:
    proof = decoded(honest_proof())
    shorter = encode(replace(proof, **{member: getattr(proof, member)[change]}))
    assert refusal(an_instance(), shorter) is Failure.MALFORMED


def test_f2_lists_whose_lengths_make_up_for_each_other() -> None:
    """One opened value moved from one list to another: the bytes are those of an honest proof."""
    proof = decoded(honest_proof())
    moved = replace(proof, here=proof.here[:-1], after=(proof.here[-1], *proof.after))
    assert encode(moved) == honest_proof()
    swapped = replace(proof, here=proof.after, after=proof.here)
    assert refusal(an_instance(), encode(swapped)) is Failure.CONSTRAINTS


def test_f3_fold_schedule_chosen_by_the_prover(monkeypatch) -> None:
    proof = decoded(honest_proof())
    assert len(proof.layers) == shape().folds == 1
    for layers in ((), proof.layers * 2):
        assert refusal(an_instance(), encode(replace(proof, layers=layers))) is Failure.MALFORMED
    encoded = INSECURE_TEST.encode()
    monkeypatch.setattr(sets, "FOLD_LOG2", 2)
    assert INSECURE_TEST.encode() != encoded


@pytest.mark.parametrize("place", ["batch", "query", "fold"])
def test_f4_work_not_done(place) -> None:
    proof = decoded(honest_proof())
    bits = getattr(INSECURE_TEST, f"grinding_{place}")
    tried = set()
    for nonce in range(64):
        if place == "fold":
            layers = (replace(proof.layers[0], nonce=nonce), *proof.layers[1:])
            forged = replace(proof, layers=layers)
        else:
            forged = replace(proof, **{f"{place}_nonce": nonce})
        if forged != proof:
            tried.add(refusal(an_instance(), encode(forged)))
    assert bits and Failure.GRINDING in tried
    assert tried - {Failure.GRINDING}, "a nonce that does the work is another proof's"


def test_f4_work_is_checked_and_bound_at_zero_bits_too() -> None:
    idle = replace(INSECURE_TEST, grinding_batch=0, grinding_query=0, grinding_fold=0)
    proof = decoded(prove(an_instance(), idle))
    for forged in (replace(proof, batch_nonce=1), replace(proof, query_nonce=1)):
        assert refusal(an_instance(), encode(forged), idle)


def test_f4_work_and_transcript_hash_apart() -> None:
    """A digest with many zeros is no state of the transcript, and tells none."""
    transcript = Transcript("test")
    message = grinding_message(transcript.state, 7)
    assert message.startswith(GRINDING_TAG) and not message.startswith(transcript.state)
    assert len(message) == 48


def test_f5_extra_digests_in_the_top_of_a_tree() -> None:
    proof = decoded(honest_proof())
    for number, top in enumerate(proof.tops):
        tops = list(proof.tops)
        tops[number] = (*top, top[0])
        assert refusal(an_instance(), encode(replace(proof, tops=tuple(tops)))) is Failure.MALFORMED
        tops[number] = (bytes(32), *top[1:])
        reason = refusal(an_instance(), encode(replace(proof, tops=tuple(tops))))
        assert reason is Failure.MERKLE_PATH


def test_f6_rows_and_indices_of_another_tree() -> None:
    row, salt, layout = (1, 2), bytes(16), (3, 2, 32)
    path = [bytes(32)] * 3
    for index in (-1, 8, 2**40):
        with pytest.raises(ValueError, match="is not of a"):
            opening_root(layout, index, row, salt, path)
    for other in ((1,), (1, 2, 3), ()):
        with pytest.raises(ValueError, match="width"):
            opening_root(layout, 0, other, salt, path)
    with pytest.raises(ValueError, match="is not of a"):
        opening_root(layout, 0, row, salt, [*path, bytes(32)])
    with pytest.raises(ValueError, match="a digest 26"):
        opening_root((3, 2, 26), 0, row, salt, path)
    roots = {opening_root((depth, 2, 32), 0, row, salt, path) for depth in (3, 4, 5)}
    assert len(roots) == 3


def test_f7_a_node_passed_off_as_a_leaf() -> None:
    """Tags and lengths keep them apart; a short row is not the zero-padded longer one."""
    left, right = bytes(range(32)), bytes(range(32, 64))
    words = [int.from_bytes((left + right)[i : i + 4], "little") for i in range(0, 64, 4)]
    leaves = {leaf_digest(2, words, b""), leaf_digest(3, words, b"")}
    leaves |= {leaf_digest(2, words, bytes(16)), node(left, right)}
    assert len(leaves) == 4
    odd, even = leaf_digest(2, (5,), b""), leaf_digest(2, (5, 0), b"")
    assert odd == even, "padding is the same bytes: only the pinned width tells them apart"
    with pytest.raises(ValueError, match="width"):
        opening_root((2, 1, 32), 0, (5, 0), b"", [])


def test_f8_trailing_bytes_and_elements_that_are_not_canonical() -> None:
    proof = honest_proof()
    assert refusal(an_instance(), proof + b"\x00") is Failure.MALFORMED
    place = len(VERSION_BYTES) + 64
    value = int.from_bytes(proof[place : place + 4], "little")
    if value + P < 2**32:
        other = proof[:place] + (value + P).to_bytes(4, "little") + proof[place + 4 :]
        assert refusal(an_instance(), other) is Failure.NON_CANONICAL
    top = proof[:place] + b"\xff\xff\xff\xff" + proof[place + 4 :]
    assert refusal(an_instance(), top) is Failure.NON_CANONICAL


def test_f9_an_opening_point_in_a_domain(monkeypatch) -> None:
    """All domains are in the base field, and a point there is drawn again."""
    on_domain = extension.embed(point(shape(), 3))
    outside = (1, 2, 3, 4, 5)
    queue = [on_domain, extension.ONE, extension.ZERO, outside]
    monkeypatch.setattr(Transcript, "challenge", lambda *_: queue.pop(0))
    assert Transcript("test").challenge_outside_base_field("zeta") == outside
    for value in inverse_zerofiers(9, INSECURE_TEST.blinded_rows, outside):
        assert value != extension.ZERO


def test_f10_heights_under_the_least_and_tables_without_columns() -> None:
    least = INSECURE_TEST.min_height
    for heights in ((least // 2, 512), (512, 2**24)):
        with pytest.raises(VerificationError) as caught:
            shape_of(small_circuit(*heights), INSECURE_TEST)
        assert caught.value.reason is Failure.UNSUITABLE_HEIGHTS
    with pytest.raises(VerificationError) as caught:
        shape_of(Circuit((), PUBLICS, (SQUARE,)), INSECURE_TEST)
    assert caught.value.reason is Failure.UNSUITABLE_HEIGHTS
    alone = Circuit.build([(SQUARES_TABLE, 512)], PUBLICS, (SQUARE,))
    assert shape_of(alone, INSECURE_TEST).stacks_of(Phase.FIXED)


def test_f11_noise_and_other_parameters_never_crash_the_verifier() -> None:
    draw = draws(5)
    length = len(honest_proof())
    for _ in range(30):
        noise = bytearray(draw.randbytes(length))
        noise[3::4] = bytes(len(noise[3::4]))
        refusal(an_instance(), bytes(noise))
    for other in (FAST, replace(INSECURE_TEST, queries=INSECURE_TEST.queries + 1)):
        instance = small_instance(1024, 1024, INSECURE_TEST.blinded_rows)
        assert len(prove(instance)) != encoded_length(shape_of(instance.circuit, other))


def test_f12_chunks_in_another_order_or_of_another_number(monkeypatch) -> None:
    proof = decoded(honest_proof())
    turned = (*proof.chunks[1:], proof.chunks[0])
    assert refusal(an_instance(), encode(replace(proof, chunks=turned))) is Failure.CONSTRAINTS
    fewer = encode(replace(proof, chunks=proof.chunks[:-1]))
    assert refusal(an_instance(), fewer) is Failure.MALFORMED
    reckless(monkeypatch)
    drop_high_coefficients(monkeypatch)
    size = shape().chunk_coefficients
    coefficients = prover.quotient_coefficients

    def low_only(inputs: Any) -> Any:
        found = coefficients(inputs)
        found[2 * size :] = 0
        return found

    monkeypatch.setattr(prover, "quotient_coefficients", low_only)
    assert refusal(an_instance(), prove(an_instance())) is Failure.CONSTRAINTS


# Parameter downgrade.


class Thin(Parameters):
    """A set with fewer blinded rows than its queries ask for."""

    @property
    def blinded_rows(self) -> int:
        """2 q + 4 e - 4."""
        return 2 * self.queries + 4 * DEGREE - 4


def weaker() -> dict[str, Parameters]:
    """Sets that a prover would like better than the verifier's."""
    members = {name: getattr(INSECURE_TEST, name) for name in Parameters.__slots__}
    return {
        "fewer queries": replace(INSECURE_TEST, queries=5),
        "fewer bits of work for queries": replace(INSECURE_TEST, grinding_query=0),
        "fewer bits of work for the batch": replace(INSECURE_TEST, grinding_batch=0),
        "fewer bits of work for folds": replace(INSECURE_TEST, grinding_fold=0),
        "far fewer queries": replace(INSECURE_TEST, queries=2),
        "shorter digests": replace(INSECURE_TEST, digest_bytes=26),
        "shorter h": Thin(**members),
    }


@pytest.mark.parametrize("name", weaker())
def test_downgrade_a_proof_of_a_weaker_set_is_refused(name) -> None:
    chosen = weaker()[name]
    instance = small_instance(512, 512, chosen.blinded_rows)
    forged = prove(replace(instance, circuit=instance.circuit), chosen)
    assert refusal(an_instance(), forged)


def test_downgrade_a_longer_final_polynomial_is_refused(monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("circuits.stark.parameters.FINAL_LOG2_MIN", 9)
        longer = prove(an_instance())
    assert len(longer) != len(honest_proof())
    assert refusal(an_instance(), longer) is Failure.MALFORMED


def test_downgrade_every_parameter_is_bound() -> None:
    instance = an_instance()
    digest = instance.circuit.digest

    def state(parameters: Parameters) -> bytes:
        bound = replace(shape(), parameters=parameters)
        return bind_statement(bound, digest, bytes(32), bytes(32), instance.publics, ()).state

    names = [name for name in Parameters.__slots__ if name != "name"]
    others = [replace(INSECURE_TEST, **{n: getattr(INSECURE_TEST, n) + 1}) for n in names]
    others.append(weaker()["shorter h"])
    assert len({state(INSECURE_TEST), *(state(other) for other in others)}) == 2 + len(names)
