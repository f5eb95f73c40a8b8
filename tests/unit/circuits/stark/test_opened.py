"""What a proof's bytes say: its version, and which value is which column's."""

import pytest

from circuits.stark.errors import Failure, VerificationError
from circuits.stark.parameters import INSECURE_TEST, L1, PROTOCOL_VERSION, Parameters
from circuits.stark.proof import decode, encode, encoded_length
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import TRACE_PHASES, Phase
from circuits.stark.verifier import opened_rows, verify
from rollup.field.extension import Element
from tests.helpers.circuits import small_circuit
from tests.helpers.malice import an_instance, honest_proof, key_of

SHAPES = [
    shape_of(small_circuit(*heights), INSECURE_TEST)
    for heights in ((512, 4096), (512, 1024), (1024, 512), (512, 512))
]


def numbered(count: int, start: int) -> list[Element]:
    """Elements none of which is another."""
    return [(start + k, 1, 2, 3, 4) for k in range(count)]


@pytest.mark.parametrize("shape", SHAPES)
def test_opened_values_go_to_their_columns_stack_by_stack(shape: Shape) -> None:
    here, after = numbered(shape.opened_here, 0), numbered(shape.opened_below, 10_000)
    rows = opened_rows(shape, here, after)
    assert len(rows) == len(shape.groups)
    now, below = iter(here), iter(after)
    for stack in shape.stacks:
        group = rows[stack.group]
        own = (group.fixed, group.main, group.lookup)[stack.phase]
        own_below = (group.fixed_after, group.main_after, group.lookup_after)[stack.phase]
        assert [own[column] for column in stack.columns] == [next(now) for _ in stack.columns]
        wanted = [next(below) if stack.below else None for _ in stack.columns]
        assert [own_below[column] for column in stack.columns] == wanted
    assert not [*now, *below]
    for group, found in zip(shape.groups, rows, strict=True):
        columns = [group.columns(phase) for phase in TRACE_PHASES]
        assert columns == [len(found.fixed), len(found.main), len(found.lookup)]
        assert columns == [
            len(values) for values in (found.fixed_after, found.main_after, found.lookup_after)
        ]
        for phase, values in zip(
            TRACE_PHASES, (found.fixed_after, found.main_after, found.lookup_after), strict=True
        ):
            assert all(values[column] is not None for column in group.below[phase])


@pytest.mark.parametrize("shape", SHAPES)
def test_one_value_too_few_is_no_proof_of_the_shape(shape: Shape) -> None:
    here, after = numbered(shape.opened_here, 0), numbered(shape.opened_below, 10_000)
    for short in ((here[:-1], after), (here, after[:-1])):
        with pytest.raises(StopIteration):
            opened_rows(shape, *short)


def reason(data: bytes, shape: Shape) -> Failure:
    with pytest.raises(VerificationError) as caught:
        decode(data, shape)
    return caught.value.reason


def test_a_proof_begins_with_its_version() -> None:
    assert honest_proof()[:4] == PROTOCOL_VERSION.to_bytes(4, "little") == bytes((3, 0, 0, 0))


@pytest.mark.parametrize(
    "start",
    [b"", bytes(4), (2).to_bytes(4, "little"), (4).to_bytes(4, "little"), bytes((0, 0, 0, 3))],
)
def test_another_version_is_named_before_the_length_is_looked_at(start: bytes) -> None:
    """A proof of version 2 began with a root, whose bytes are any."""
    instance = an_instance()
    shape = shape_of(instance.circuit, INSECURE_TEST)
    for rest in (honest_proof()[4:], b"", bytes(32), honest_proof()[4:] + b"\x00"):
        assert reason(start + rest, shape) is Failure.PROTOCOL_VERSION
    with pytest.raises(VerificationError) as caught:
        verify(
            instance.circuit, key_of(), *instance.known, INSECURE_TEST, start + honest_proof()[4:]
        )
    assert caught.value.reason is Failure.PROTOCOL_VERSION
    assert caught.value.reason.value in str(caught.value)


def test_of_its_version_a_proof_has_one_length() -> None:
    shape = shape_of(an_instance().circuit, INSECURE_TEST)
    proof = honest_proof()
    assert len(proof) == encoded_length(shape)
    for data in (proof[:4], proof[:-1], proof + b"\x00"):
        assert reason(data, shape) is Failure.MALFORMED
    assert encode(decode(proof, shape)) == proof


@pytest.mark.parametrize(("parameters", "digest_bytes"), [(INSECURE_TEST, 32), (L1, 26)])
def test_digests_have_the_bytes_of_the_set(parameters: Parameters, digest_bytes: int) -> None:
    shape = shape_of(small_circuit(1024, 2048), parameters)
    proof = decode((3).to_bytes(4, "little") + bytes(encoded_length(shape) - 4), shape)
    digests = [proof.main_root, proof.lookup_root, proof.quotient_root]
    digests += [layer.root for layer in proof.layers]
    digests += [digest for top in proof.tops for digest in top]
    digests += [digest for query in proof.queries for tree in query.trees for digest in tree.path]
    assert {len(digest) for digest in digests} == {digest_bytes}
    assert len(proof.queries[0].trees[Phase.MAIN].salt) == 16
