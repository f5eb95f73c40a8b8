"""A header joins the tail only if it follows the head; then it holds the batch to its content."""

from dataclasses import replace

import pytest

from rollup.l1.interface import HeaderTaken, HeaderVerdict, Revert
from tests.helpers.l1 import AHEAD, BEHIND, DEADLINE, LEAST, OPERATOR, STRANGER, World
from tests.helpers.venue import START


def test_headers_form_a_tail_that_proofs_follow(world: World) -> None:
    world.pass_time(1000)
    first = world.take()
    world.pass_time(1000)
    second = world.take()
    assert [held.header for held in world.l1.tail] == [first.header, second.header]
    assert [held.taken_at for held in world.l1.tail] == [START + 1000, START + 2000]
    assert (world.l1.head_number, world.l1.proved_number) == (2, 0)
    assert world.l1.events[-1] == HeaderTaken(2, START + 2000, second.header.digest())
    world.post(first)
    assert [held.header for held in world.l1.tail] == [second.header]
    assert (world.l1.head_number, world.l1.proved_number) == (2, 1)
    assert world.l1.root == first.public.new_root
    world.post(second)
    assert (world.l1.tail, world.l1.proved_number) == ((), 2)
    assert world.l1.header_digest(1) == first.header.digest()
    assert world.l1.header_digest(3) is None


def test_only_the_operator_brings_headers(world: World) -> None:
    closed = world.close(time=START + 1)
    assert world.revert(lambda: world.l1.commit_header(STRANGER, closed.header)) is (
        Revert.NOT_OPERATOR
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"number": 1}, Revert.HEADER_EXISTS),
        ({"number": 3}, Revert.WRONG_NUMBER),
        ({"old_root": (1,) * 8}, Revert.OLD_ROOT),
        ({"time": START + 1000}, Revert.CLOCK_NOT_ADVANCED),
        ({"time": START + 2000 + AHEAD + 1}, Revert.CLOCK_AHEAD),
        ({"deposits_before": 0}, Revert.DEPOSITS_SKIPPED),
        ({"deposits_before": 2}, Revert.DEPOSITS_SKIPPED),
        ({"redo": True}, Revert.REDO_UNCALLED),
    ],
)
def test_a_header_that_does_not_follow_the_head_reverts(
    world: World, changes: dict[str, object], reason: Revert
) -> None:
    world.register(1, LEAST)
    world.pass_time(1000)
    world.take()
    world.pass_time(1000)
    header = replace(world.close().header, **changes)  # type: ignore[arg-type]
    assert world.revert(lambda: world.l1.commit_header(OPERATOR, header)) is reason


@pytest.mark.parametrize("offset", [-BEHIND, AHEAD])
def test_a_header_at_either_bound_of_the_clock_is_held(world: World, offset: int) -> None:
    world.pass_time(BEHIND + 1)
    assert world.commit(world.close(time=world.now + offset)) == HeaderVerdict()


def test_a_header_comes_once_and_again_without_effect_also_after_it_is_proved(
    world: World,
) -> None:
    world.pass_time(1000)
    closed = world.take()
    for _ in ("held", "proved"):
        before = world.stored()
        assert world.commit(closed).is_taken
        assert world.stored() == before
        other = world.close(time=closed.header.time, after=None, attempt=1)
        second = replace(other.header, number=1)
        assert world.revert(lambda s=second: world.l1.commit_header(OPERATOR, s)) is (
            Revert.HEADER_EXISTS
        )
        world.prove_tail()


def test_a_proof_that_is_overdue_stops_headers_until_it_comes(world: World) -> None:
    world.pass_time(1000)
    first = world.take()
    world.pass_time(1000)
    second = world.take()
    world.pass_time(DEADLINE - 1000)
    third = world.take()
    world.pass_time(1)
    fourth = world.close()
    assert world.revert(lambda: world.commit(fourth)) is Revert.PROOF_OVERDUE
    assert world.commit(third).is_taken, "what is held already comes again without effect"
    world.post(first)
    assert world.commit(fourth).is_taken
    world.pass_time(DEADLINE)
    assert world.revert(lambda: world.commit(world.close())) is Revert.PROOF_OVERDUE
    world.post(second)
    world.prove_tail()
    assert world.take().header.number == 5
