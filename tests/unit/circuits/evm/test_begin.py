"""StarkBegin says of a proof what the Python verifier says of it, up to the queries."""

import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest

from circuits.evm import begin_fields, pinned, refusals
from circuits.evm.begin_manifest import begin_data
from circuits.evm.context import context, split
from circuits.evm.facts import statement_bytes
from circuits.stark.errors import Failure
from circuits.stark.lookup import PublicMessage
from circuits.stark.parameters import INSECURE_TEST, Parameters
from rollup.field.koalabear import P
from rollup.l1.evm.artefact import CODE_BYTES_MAX, artefact

pytest.importorskip("pyrevm", reason="pyrevm is not installed")

from tests.helpers.circuits import NOTE, SQUARE, lonely_instance
from tests.helpers.verifier_evm import Toy, is_malformed, refused, toy, toy_of

SHAPES = [(128, 512), (512, 512), (256, 1024), (2048, 512)]
SHORT = Parameters("short", 2, 5, 2, 1, 1, digest_bytes=26)
"""Digests that are cut, and a count of queries that fills no word of positions."""


@pytest.mark.parametrize("heights", SHAPES)
@pytest.mark.parametrize("parameters", [INSECURE_TEST, SHORT], ids=lambda each: each.name)
def test_one_code_gives_the_context_of_any_circuit(
    heights: tuple[int, int], parameters: Parameters
) -> None:
    made = toy(*heights, parameters)
    outcome = made.contracts.begin_alone(made.statement, made.parts.opening)
    assert outcome.succeeded, refused(outcome)
    assert outcome.data == context(made.contracts.shape, made.key, made.known, made.proof)


def test_many_public_messages_balance() -> None:
    made = toy_of(lonely_instance(256, INSECURE_TEST.blinded_rows), INSECURE_TEST)
    assert len(made.instance.messages) > 32
    outcome = made.contracts.begin_alone(made.statement, made.parts.opening)
    assert outcome.succeeded, refused(outcome)
    assert outcome.data == context(made.contracts.shape, made.key, made.known, made.proof)


def places_of_opening(made: Toy) -> Iterator[tuple[int, bool]]:
    """Bytes of the opening, each part's first, and whether an element stands there."""
    shape, digest = made.contracts.shape, made.parameters.digest_bytes
    at = 0

    def part(size: int, *, elements: bool = False, step: int = 0) -> Iterator[tuple[int, bool]]:
        nonlocal at
        for place in range(at, at + size, step or size):
            yield place, elements
        at += size

    yield from part(4)
    yield from part(digest)
    yield from part(digest)
    yield from part(20 * len(shape.groups), elements=True, step=20)
    yield from part(digest)
    yield from part(20 * shape.opened_here, elements=True, step=60)
    yield from part(20 * shape.opened_below, elements=True, step=20)
    yield from part(60, elements=True, step=20)
    yield from part(8)
    for _ in range(shape.folds):
        yield from part(digest)
        yield from part(8)
    yield from part(20 * shape.final_coefficients, elements=True, step=420)
    yield from part(8)
    yield from part(len(made.parts.tops), step=digest * 3)
    assert at == len(made.parts.opening)


def judged(made: Toy, proof: bytes) -> None:
    """The contract refuses as Python does, what only the queries show aside."""
    expected = made.failure(made.known, proof)
    opening = split(proof, made.contracts.shape).opening
    outcome = made.contracts.begin_alone(made.statement, opening)
    assert expected is not None
    if outcome.succeeded:
        # Python went on to the queries, with the very challenges of this context.
        assert expected in (Failure.MERKLE_PATH, Failure.FOLD, Failure.FINAL_POLYNOMIAL)
        assert outcome.data == context(made.contracts.shape, made.key, made.known, proof)
    else:
        assert refused(outcome)[0] is expected


@pytest.mark.parametrize("heights", [(128, 512), (512, 512)])
def test_a_flipped_bit_of_every_part_is_refused_for_the_same_reason(
    heights: tuple[int, int],
) -> None:
    made = toy(*heights)
    for place, _ in places_of_opening(made):
        proof = bytearray(made.proof)
        proof[place] ^= 1
        judged(made, bytes(proof))


def test_a_word_that_is_not_canonical_is_refused_wherever_it_stands() -> None:
    made = toy(128, 512)
    for place, elements in places_of_opening(made):
        if not elements:
            continue
        for lane in range(5):
            at = place + 4 * lane
            (value,) = struct.unpack_from("<I", made.proof, at)
            proof = bytearray(made.proof)
            struct.pack_into("<I", proof, at, value + P if value + P < 1 << 32 else P)
            outcome = made.contracts.begin_alone(
                made.statement, split(bytes(proof), made.contracts.shape).opening
            )
            assert refused(outcome)[0] is Failure.NON_CANONICAL
            assert made.failure(made.known, bytes(proof)) is Failure.NON_CANONICAL


def test_an_opening_of_another_length_or_version_is_refused() -> None:
    made = toy(128, 512)
    opening = made.parts.opening
    for wrong, failure in (
        (b"", Failure.PROTOCOL_VERSION),
        (opening[:3], Failure.PROTOCOL_VERSION),
        (b"\x02" + opening[1:], Failure.PROTOCOL_VERSION),
        (opening[:4], Failure.MALFORMED),
        (opening[:-1], Failure.MALFORMED),
        (opening + b"\0", Failure.MALFORMED),
    ):
        outcome = made.contracts.begin_alone(made.statement, wrong)
        assert refused(outcome) == (failure, None, None)


def test_a_top_that_does_not_lead_to_its_root_names_its_tree() -> None:
    made = toy(128, 512)
    size = made.parameters.digest_bytes << 2
    start = len(made.parts.opening) - len(made.parts.tops)
    for tree in range(len(made.parts.tops) // size):
        opening = bytearray(made.parts.opening)
        opening[start + tree * size + 5] ^= 0x80
        outcome = made.contracts.begin_alone(made.statement, bytes(opening))
        assert refused(outcome) == (Failure.MERKLE_PATH, None, tree)


def with_message(made: Toy, place: int, **changed: object) -> tuple[PublicMessage, ...]:
    messages = list(made.instance.messages)
    messages[place] = replace(messages[place], **changed)  # type: ignore[arg-type]
    return tuple(messages)


def test_statements_that_are_not_the_circuits_are_refused_for_the_same_reason() -> None:
    made = toy(128, 512)
    digest, publics, messages = made.known
    note, other = messages[0], PublicMessage(NOTE.identifier, 1, (0, 1))
    lies = [
        (bytes(32), publics, messages),
        (digest, publics[:1], messages),
        (digest, (*publics, 0), messages),
        (digest, (publics[0] + P, publics[1]), messages),
        (digest, ((1 << 63) + publics[0], publics[1]), messages),
        (digest, publics[::-1], messages),
        (digest, publics, messages[1:]),
        (digest, publics, (*messages, other)),
        (digest, publics, with_message(made, 1, bus=0)),
        (digest, publics, with_message(made, 1, bus=3)),
        (digest, publics, with_message(made, 1, bus=1 << 40)),
        (digest, publics, with_message(made, 1, bus=SQUARE.identifier)),
        (digest, publics, with_message(made, 1, sign=-1)),
        (digest, publics, with_message(made, 1, sign=0)),
        (digest, publics, with_message(made, 1, sign=2)),
        (digest, publics, with_message(made, 1, count=2)),
        (digest, publics, with_message(made, 1, count=P)),
        (digest, publics, with_message(made, 1, count=P - 1)),
        (digest, publics, with_message(made, 1, payload=note.payload[:1])),
        (digest, publics, with_message(made, 1, payload=(*note.payload, 0))),
        (digest, publics, with_message(made, 1, payload=(note.payload[0] + P, note.payload[1]))),
        (digest, publics, (*messages, PublicMessage(NOTE.identifier, 1, (0, 1), P - 200))),
    ]
    for known in lies:
        outcome = made.contracts.begin_alone(statement_bytes(*known), made.parts.opening)
        expected = made.failure(known, made.proof)
        assert expected is not None
        assert refused(outcome)[0] is expected


def test_statements_that_no_caller_writes_are_malformed() -> None:
    made = toy(128, 512)
    statement = made.statement
    publics_end = 32 + 8 * 3
    for wrong in (
        b"",
        statement[:47],
        statement[:publics_end],
        statement[: publics_end + 7],
        statement[:-1],
        statement[:-24],
        statement + bytes(8),
        # More messages said than there are.
        statement[:publics_end] + b"\xff" * 8 + statement[publics_end + 8 :],
    ):
        assert is_malformed(made.contracts.begin_alone(wrong, made.parts.opening))


def test_the_code_and_its_data_fit_into_contracts() -> None:
    for name in ("StarkBegin", "StarkFacts"):
        assert artefact(name).runtime <= CODE_BYTES_MAX
    made = toy(128, 512)
    data = begin_data(made.instance.circuit, made.key, made.parameters)
    assert max(map(len, (data.manifest, *data.tapes))) < CODE_BYTES_MAX


def test_what_is_deployed_for_each_class_is_what_is_pinned() -> None:
    assert pinned.FILE.read_text() == pinned.text()


def test_generated_files_are_as_they_would_be_written() -> None:
    for module in (begin_fields, refusals):
        assert module.FILE.read_text() == module.text()
