"""A proof advances the root only if everything about its batch holds, and changes nothing else."""

from dataclasses import replace

import pytest

from rollup.l1.interface import BatchAccepted, Revert, Reverted
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.header import header_of
from rollup.protocol.public import ConsumedDeposit
from tests.helpers.l1 import LEAST, OPERATOR, PINS, STRANGER, Closed, World, proof_of


@pytest.fixture
def closed(world: World) -> Closed:
    """A batch with one deposit, whose header L1 holds."""
    world.register(1, LEAST)
    world.pass_time(1000)
    return world.take()


def test_a_proof_advances_the_root(world: World, closed: Closed) -> None:
    old = world.l1.root
    world.post(closed)
    new = closed.public.new_root
    assert (world.l1.root, world.l1.proved_number, world.l1.custody) == (new, 1, LEAST)
    assert world.l1.events[-1] == BatchAccepted(1, closed.public.time, old, new)


def test_an_empty_batch_advances_the_root(world: World) -> None:
    world.pass_time(1)
    assert world.prove().public.new_root == world.l1.root


def test_a_late_proof_is_taken_as_it_is(world: World, closed: Closed) -> None:
    world.pass_time(10**12)
    world.post(closed)
    assert world.l1.proved_number == 1


def test_a_batch_may_leave_entries_in_the_queue(world: World) -> None:
    first, _ = world.register(1, 5), world.register(2, 6)
    world.pass_time(1000)
    world.prove(entries=(first,))
    assert (world.l1.consumed, world.l1.queued, world.l1.custody) == (1, 6, 5)
    world.pass_time(1000)
    world.prove()
    assert (world.l1.consumed, world.l1.queued, world.l1.custody) == (2, 0, 11)


def test_only_the_operator_posts(world: World, closed: Closed) -> None:
    post = lambda: world.l1.post_batch(STRANGER, closed.public, b"")  # noqa: E731
    assert world.revert(post) is Revert.NOT_OPERATOR


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"circuit": b"\x02" * 32}, Revert.PIN_CIRCUIT),
        ({"fixed_root": b"\x03" * 32}, Revert.PIN_FIXED),
        ({"parameters": b"parameter"}, Revert.PIN_PARAMETERS),
        ({"shape": b"shape" * 2}, Revert.PIN_SHAPE),
    ],
)
def test_another_circuit_parameter_set_or_shape_is_refused(
    world: World, closed: Closed, changes: dict[str, object], reason: Revert
) -> None:
    world.verifier.pins = replace(PINS, **changes)  # type: ignore[arg-type]
    assert world.revert(lambda: world.post(closed)) is reason


def test_a_proof_needs_its_header_first(world: World) -> None:
    world.pass_time(1)
    assert world.revert(lambda: world.post(world.close())) is Revert.NO_HEADER


def test_proofs_come_in_order_and_once(world: World, closed: Closed) -> None:
    world.pass_time(1)
    second = world.take()
    assert world.revert(lambda: world.post(second)) is Revert.WRONG_NUMBER
    world.post(closed)
    assert world.revert(lambda: world.post(closed)) is Revert.WRONG_NUMBER
    world.post(second)


@pytest.mark.parametrize(
    "changes",
    [
        {"chain": 1},
        {"time": 1},
        {"redo": True},
        {"old_root": (1,) * 8},
        {"new_root": (1,) * 8},
        {"receipts": bytes(31) + b"\x01"},
        {"prices": (1, 1)},
        {"total": 7},
        {"deposits": ()},
    ],
)
def test_a_batch_that_is_not_what_its_header_said_is_refused(
    world: World, closed: Closed, changes: dict[str, object]
) -> None:
    other = replace(closed.public, **changes)  # type: ignore[arg-type]
    post = lambda: world.l1.post_batch(OPERATOR, other, proof_of(other))  # noqa: E731
    assert world.revert(post) is Revert.HEADER_DIFFERS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chain": 1}, Revert.WRONG_VENUE),
        ({"venue": 1}, Revert.WRONG_VENUE),
        ({"total": LEAST + 1}, Revert.TOTAL),
    ],
)
def test_a_header_that_lies_as_its_batch_does_gains_nothing(
    world: World, changes: dict[str, object], reason: Revert
) -> None:
    world.register(1, LEAST)
    world.pass_time(1000)
    public = replace(world.close().public, **changes)  # type: ignore[arg-type]
    head = world.l1.queue_head(1)
    assert head is not None
    assert world.l1.commit_header(OPERATOR, header_of(public, head)).is_taken
    post = lambda: world.l1.post_batch(OPERATOR, public, proof_of(public))  # noqa: E731
    assert world.revert(post) is reason


def test_a_deposit_other_than_the_queue_has_is_refused_whatever_the_header_said(
    world: World,
) -> None:
    entry = world.register(1, LEAST)
    world.pass_time(1000)
    more = ConsumedDeposit(replace(entry, amount=LEAST + 1), DepositOutcome.CREDITED)
    public = replace(world.close().public, deposits=(more,), total=LEAST + 1)
    head = world.l1.queue_head(1)
    assert head is not None
    assert world.l1.commit_header(OPERATOR, header_of(public, head)).is_taken
    post = lambda: world.l1.post_batch(OPERATOR, public, proof_of(public))  # noqa: E731
    assert world.revert(post) is Revert.DEPOSIT_NOT_QUEUED


def test_a_flipped_proof_byte_is_refused_with_the_verifiers_reason(
    world: World, closed: Closed
) -> None:
    proof = proof_of(closed.public)
    post = lambda: world.l1.post_batch(OPERATOR, closed.public, proof + b"?")  # noqa: E731
    assert world.revert(post) is Revert.PROOF
    with pytest.raises(Reverted, match="proof: the proof is not for this public input"):
        post()
