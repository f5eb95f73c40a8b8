"""What an honest operator cannot bring in time comes again as a redo; nothing else does."""

from dataclasses import replace

import pytest

from rollup.l1.interface import HeaderRefused, HeaderVerdict, Refusal, Revert
from tests.helpers.l1 import BEHIND, LEAST, OPERATOR, Closed, World
from tests.helpers.venue import START


def late(world: World) -> Closed:
    """A batch that was refused because its header came a millisecond too late."""
    world.pass_time(1000)
    closed = world.close()
    world.pass_time(BEHIND + 1)
    verdict = world.commit(closed)
    expected = HeaderRefused(1, closed.header.time, closed.header.digest(), Refusal.CLOCK_BEHIND)
    assert verdict == HeaderVerdict(expected) and not verdict.is_taken
    assert world.l1.refusal == world.l1.events[-1] == expected
    assert world.l1.redo_until == world.now
    assert (world.l1.tail, world.l1.head_number) == ((), 0)
    return closed


def test_a_late_header_is_refused_and_its_batch_comes_again_as_a_redo_at_its_time(
    world: World,
) -> None:
    world.register(1, LEAST)
    closed = late(world)
    redo = world.prove(time=closed.header.time, redo=True)
    assert (world.l1.refusal, world.l1.proved_number) == (None, 1)
    assert (world.l1.custody, redo.header.time) == (LEAST, closed.header.time)


def test_three_batches_whose_headers_were_late_are_made_anew_and_the_venue_goes_on(
    world: World,
) -> None:
    """One millisecond too late ended the venue: every later batch built on a refused one."""
    world.register(1, LEAST)
    world.pass_time(1000)
    first = world.close()
    second = world.close(time=first.header.time + 1000, after=first)
    third = world.close(time=second.header.time + 1000, after=second)
    world.pass_time(BEHIND + 1)
    assert world.commit(first).refusal is not None
    for closed in (second, third):
        assert world.revert(lambda c=closed: world.commit(c)) is Revert.WRONG_NUMBER
    for closed in (first, second, third):
        world.take(time=closed.header.time, redo=True)
    world.pass_time(1)
    world.take()
    world.prove_tail()
    assert (world.l1.proved_number, world.l1.custody, world.l1.queued) == (4, LEAST, 0)


def test_a_redo_has_the_flag_and_the_time_of_what_was_refused(world: World) -> None:
    closed = late(world)
    when = closed.header.time
    plain = world.close(time=when, attempt=1)
    assert world.revert(lambda: world.commit(plain)) is Revert.REDO_WANTED
    for other in (when - 1, when + 1, world.now):
        moved = world.close(time=other, redo=True)
        assert world.revert(lambda m=moved: world.commit(m)) is Revert.REDO_TIME


def test_up_to_the_refusal_batches_are_redone_and_after_it_they_are_not(world: World) -> None:
    closed = late(world)
    edge = world.l1.redo_until
    world.take(time=closed.header.time, redo=True)
    world.pass_time(10)
    assert world.revert(lambda: world.commit(world.close(time=edge))) is Revert.REDO_WANTED
    after = world.close(time=edge + 1, redo=True)
    assert world.revert(lambda: world.commit(after)) is Revert.REDO_UNCALLED
    world.take(time=edge, redo=True)
    world.take(time=edge + 1)
    assert world.l1.head_number == 3


def test_a_batch_whose_time_is_after_the_refusal_is_closed_anew_with_orders(world: World) -> None:
    world.pass_time(1000)
    first = world.close(governance=replace(world.genesis.governance, clock_behind_ms=1))
    second = world.close(time=world.now + 1, after=first)
    assert not world.commit(first).is_taken
    world.take(time=first.header.time, redo=True)
    again = world.close(time=second.header.time, redo=True)
    assert world.revert(lambda: world.commit(again)) is Revert.REDO_UNCALLED
    world.take(time=second.header.time)


def test_a_redo_is_never_too_late(world: World) -> None:
    closed = late(world)
    world.pass_time(10**9)
    world.take(time=closed.header.time, redo=True)
    world.take(time=closed.header.time + 1, redo=True)
    assert world.l1.head_number == 2


def test_a_refusal_is_recorded_once_for_a_header(world: World) -> None:
    closed = late(world)
    verdict, before = HeaderVerdict(world.l1.refusal), world.stored()
    world.pass_time(5)
    assert world.commit(closed) == verdict
    assert world.stored() == before


def test_another_header_of_a_refused_number_does_not_take_the_record_away(world: World) -> None:
    closed = late(world)
    world.take(time=closed.header.time, redo=True)
    assert world.revert(lambda: world.commit(closed)) is Revert.HEADER_EXISTS
    refused = [event for event in world.l1.events if isinstance(event, HeaderRefused)]
    assert [event.digest for event in refused] == [closed.header.digest()]


@pytest.mark.parametrize("is_redo", [False, True])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"governance": b"\x05" * 32}, Refusal.GOVERNANCE),
        ({"queue_head": b"\x05" * 32}, Refusal.DEPOSIT_NOT_QUEUED),
        ({"deposits": 0}, Refusal.DEPOSIT_NOT_QUEUED),
        ({"deposits": 2}, Refusal.DEPOSIT_NOT_QUEUED),
    ],
)
def test_other_parameters_and_another_queue_are_refused_on_record_of_a_redo_too(
    world: World, is_redo: bool, changes: dict[str, object], reason: Refusal
) -> None:
    world.register(1, LEAST)
    when = late(world).header.time if is_redo else START + 1
    world.pass_time(7)
    honest = world.close(time=when, redo=is_redo)
    bent = replace(honest.header, **changes)  # type: ignore[arg-type]
    verdict = world.l1.commit_header(OPERATOR, bent)
    assert verdict.refusal == HeaderRefused(1, when, bent.digest(), reason)
    assert (world.l1.refusal, world.l1.redo_until) == (verdict.refusal, world.now)
    world.prove(time=when, redo=True)
    assert world.l1.custody == LEAST


def test_a_redo_that_was_refused_is_held_once_the_queue_is_what_it_said(world: World) -> None:
    when = late(world).header.time
    start = world.l1.checkpoint()
    world.register(1, LEAST)
    redo = world.close(time=when, redo=True)
    world.l1.revert_to(start)
    refused = world.commit(redo).refusal
    assert refused is not None and refused.reason is Refusal.DEPOSIT_NOT_QUEUED
    before = world.stored()
    world.pass_time(5)
    assert world.commit(redo) == HeaderVerdict(refused)
    assert world.stored() == before
    world.register(1, LEAST)
    assert world.commit(redo).is_taken


def test_batches_that_grew_too_late_behind_an_overdue_proof_go_on_as_redos(world: World) -> None:
    world.pass_time(1000)
    first = world.take()
    world.pass_time(10**8)
    second = world.close()
    assert world.revert(lambda: world.commit(second)) is Revert.PROOF_OVERDUE
    world.pass_time(BEHIND + 1)
    world.post(first)
    assert world.commit(second).refusal is not None
    world.take(time=second.header.time, redo=True)
    world.pass_time(1)
    world.prove()
    assert world.l1.proved_number == 3
