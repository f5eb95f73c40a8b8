"""StarkQueries says of every query what `circuits.stark.queries` says, in the same words."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

pytest.importorskip("pyrevm", reason="pyrevm runs the contracts, and has no wheel for this Python")

from circuits.evm.context import EVM_WORD, numbers
from circuits.evm.query_manifest import query_manifest
from circuits.evm.refusals import NO_QUERY, NO_TREE
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.proof import Proof, decode
from circuits.stark.queries import Challenges, check_queries
from circuits.stark.stacks import WORD_BYTES
from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import P
from tests.helpers.evm_queries import (
    SHAPES,
    QueryMachine,
    Toy,
    Verdict,
    is_malformed,
    toy,
    verdict_of,
)


@pytest.fixture(params=SHAPES, scope="module")
def proved(request) -> Toy:
    return toy(request.param)


@pytest.fixture(scope="module")
def machine(proved) -> QueryMachine:
    return QueryMachine(proved.shape)


def test_every_query_is_accepted_alone_and_with_others(proved, machine) -> None:
    queries = proved.parameters.queries
    for first in range(queries):
        for count in (1, queries - first):
            assert machine.verdict(proved, first, proved.parts.chunk(first, count)) is None


def changed(data: bytes, place: int, new: bytes) -> bytes:
    """Other bytes at a place."""
    return data[:place] + new + data[place + len(new) :]


def flipped(data: bytes, place: int, bit: int) -> bytes:
    """One bit the other way."""
    return changed(data, place, bytes([data[place] ^ 1 << bit]))


def differs(proved: Toy, machine: QueryMachine, query: int, data: bytes) -> Failure:
    """Python and the contract refuse one query for the same reason, which is returned."""
    proof = proved.proof[: -len(data) * (proved.parameters.queries - query)]
    proof += data + proved.parts.chunk(query + 1, proved.parameters.queries)
    verdict = proved.verdict(proof)
    assert verdict is not None
    assert machine.verdict(proved, query, data) == verdict
    whole = b"".join(changed_queries(proved, query, data))
    assert machine.verdict(proved, 0, whole) == verdict
    return verdict[0]


def changed_queries(proved: Toy, query: int, data: bytes) -> list[bytes]:
    """All queries, one of them other."""
    queries = list(proved.parts.queries)
    queries[query] = data
    return queries


def test_a_flipped_bit_of_every_part_is_refused_as_python_refuses_it(proved, machine) -> None:
    chance = random.Random(1)
    seen = set()
    for query in (0, proved.parameters.queries - 1):
        data = proved.parts.queries[query]
        for row, salt, path in proved.openings:
            digests = range(path.start, path.stop, proved.parameters.digest_bytes)
            last = [path.stop - 1] if path else []
            places = [row.start, row.stop - 1, chance.choice(row), *salt[:1], *salt[-1:]]
            for place in (*places, *digests, *last):
                seen.add(differs(proved, machine, query, flipped(data, place, chance.randrange(8))))
    assert Failure.MERKLE_PATH in seen


def test_a_word_that_is_not_below_p_is_refused_first(proved, machine) -> None:
    chance = random.Random(2)
    query = proved.parameters.queries - 1
    data = proved.parts.queries[query]
    for row, _, _ in proved.openings:
        words = row[::WORD_BYTES]
        for place in (words[0], words[-1], chance.choice(words)):
            for value in (P, 2**31, 2**32 - 1):
                other = changed(data, place, value.to_bytes(WORD_BYTES, "little"))
                assert differs(proved, machine, query, other) is Failure.NON_CANONICAL


def test_a_word_that_is_not_below_p_comes_before_a_path_of_an_earlier_query(
    proved, machine
) -> None:
    queries = list(proved.parts.queries)
    queries[1] = flipped(queries[1], proved.openings[0][2].start, 0)
    last = proved.openings[-1][0].start
    queries[4] = changed(queries[4], last, P.to_bytes(WORD_BYTES, "little"))
    verdict = machine.verdict(proved, 0, b"".join(queries))
    assert verdict == (Failure.NON_CANONICAL, 4, len(proved.openings) - 1)


def test_p_in_place_of_zero_is_no_other_form_of_it(proved, machine) -> None:
    # Lie: a value below 2^32 - p in its second form, so that all sums agree.
    data = proved.parts.queries[0]
    for row, _, _ in proved.openings:
        for place in row[::WORD_BYTES]:
            value = int.from_bytes(data[place : place + WORD_BYTES], "little") + P
            if value < 1 << 32:
                other = changed(data, place, value.to_bytes(WORD_BYTES, "little"))
                assert differs(proved, machine, 0, other) is Failure.NON_CANONICAL


def test_a_row_of_another_position_is_refused(proved, machine) -> None:
    for query in range(1, 3):
        if proved.parts.queries[query] != proved.parts.queries[0]:
            assert differs(proved, machine, 0, proved.parts.queries[query]) is Failure.MERKLE_PATH


def told(proved: Toy, proof: Proof, challenges: Challenges) -> Verdict:
    """What Python's queries say of a proof under some challenges."""
    root = proved.key.fixed_roots[proved.parameters.name]
    try:
        check_queries(proved.shape, proof, root, challenges)
    except VerificationError as error:
        return proved.read(error)
    return None


def shifted(elements: Sequence[Element], place: int) -> tuple[Element, ...]:
    """One element of several, by one coefficient other."""
    wrong = list(elements)
    wrong[place] = extension.add(wrong[place], extension.power(extension.X, 1 + place % 4))
    return tuple(wrong)


def test_numbers_that_rows_contradict_are_refused_where_python_refuses_them(
    proved, machine
) -> None:
    # Rows lead to their roots in all of these: only sums, folds and the final polynomial can tell.
    # Lie: opened values that satisfy the constraints and are not those of the committed columns.
    proof, drawn = decode(proved.proof, proved.shape), proved.challenges
    every = proved.parts.chunk(0, proved.parameters.queries)
    cases = [
        (proof, replace(drawn, zeta=extension.multiply(drawn.zeta, extension.X))),
        (proof, replace(drawn, batch=shifted([drawn.batch], 0)[0])),
    ]
    for name in ("here", "after", "chunks", "final"):
        values = getattr(proof, name)
        for place in {0, len(values) // 2, len(values) - 1}:
            cases.append((replace(proof, **{name: shifted(values, place)}), drawn))
    for place in range(proved.shape.folds):
        cases.append((proof, replace(drawn, folds=shifted(drawn.folds, place))))
    for place, index in enumerate(drawn.indices):
        indices = list(drawn.indices)
        indices[place] = index ^ 1 << (place % proved.shape.log2_domain)
        cases.append((proof, replace(drawn, indices=tuple(indices))))
    for lie, challenges in cases:
        verdict = told(proved, lie, challenges)
        named = proved.context[: 2 * EVM_WORD] + numbers(proved.shape, lie, challenges)
        outcome = machine.run(named, proved.parts.tops, 0, proved.parameters.queries, every)
        assert verdict is not None
        assert verdict_of(outcome) == verdict


def test_every_word_of_the_context_counts(proved, machine) -> None:
    # Who calls vouches for the context; this is that nothing of it goes unread. The fact is not
    # read here, and zeros after the positions are not there to be read.
    context = proved.context
    data = proved.parts.chunk(0, proved.parameters.queries)
    for place in range(EVM_WORD, len(context), EVM_WORD):
        last = place + EVM_WORD == len(context)
        used = 4 * (proved.parameters.queries % 8 or 8) if last else EVM_WORD
        other = flipped(context, place + used - 1, 0)
        outcome = machine.run(other, proved.parts.tops, 0, proved.parameters.queries, data)
        assert not outcome.succeeded
        assert is_malformed(outcome) == (place == EVM_WORD)


def test_calls_of_another_form_are_refused(proved, machine) -> None:
    queries, tops, context = proved.parameters.queries, proved.parts.tops, proved.context
    one = proved.parts.queries[0]
    every = proved.parts.chunk(0, queries)
    for first, count in ((0, 0), (queries, 1), (0, queries + 1), (1, queries), (2**256 - 1, 2)):
        assert is_malformed(machine.run(context, tops, first, count, one * (count % 10)))
    assert is_malformed(machine.run(context, tops, 0, 2**256 - 1, one))
    assert is_malformed(machine.run(context, flipped(tops, 0, 0), 0, 1, one))
    assert is_malformed(machine.run(context, tops[1:], 0, 1, one))
    assert is_malformed(machine.run(context[:-1], b"", 0, 1, b""))
    for data in (b"", one[:-1], one + b"\0", every[len(one) :]):
        outcome = machine.run(context, tops, 0, queries, data)
        assert verdict_of(outcome) == (Failure.MALFORMED, NO_QUERY, NO_TREE)


def test_many_proofs_are_accepted() -> None:
    # The numbers of a toy proof are of all sizes: lanes are held to their bounds by other tests.
    machine = QueryMachine(toy("two tables, one group").shape)
    for seed in range(50):
        proved = toy("two tables, one group", seed)
        assert machine.verdict(proved, 0, proved.parts.chunk(0, proved.parameters.queries)) is None


def test_a_manifest_is_of_its_shape_alone() -> None:
    manifests = [query_manifest(toy(name).shape) for name in SHAPES]
    assert len(set(manifests)) == len(SHAPES)
    assert all(len(manifest) % EVM_WORD == 0 for manifest in manifests)
