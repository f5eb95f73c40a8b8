"""A reorganisation of L1 takes back its state, and the venue goes on from there."""

import pytest

from rollup.l1.interface import HeaderRefused, Refusal, Revert
from tests.helpers.l1 import BEHIND, LEAST, STRANGER, World
from tests.helpers.venue import owner


def test_what_is_reverted_is_forgotten_whole_and_a_checkpoint_lasts(world: World) -> None:
    world.register(1, LEAST)
    before, checkpoint = world.stored(), world.l1.checkpoint()
    for _ in ("once", "twice"):
        world.pass_time(1000)
        world.register(2, LEAST)
        world.prove()
        assert world.stored() != before
        world.l1.revert_to(checkpoint)
        assert world.stored() == before


@pytest.mark.parametrize("replaced", [False, True])
def test_a_batch_whose_deposit_l1_forgot_is_made_anew_and_the_venue_goes_on(
    world: World, replaced: bool
) -> None:
    """The batch and all after it had no way to L1, and no way back."""
    world.register(1, 50)
    checkpoint = world.l1.checkpoint()
    world.credit(STRANGER, 1, 60)
    world.pass_time(1000)
    first = world.close(time=world.now - 1)
    second = world.close(after=first)
    world.l1.revert_to(checkpoint)
    if replaced:
        world.credit(STRANGER, 1, 70)
    refused = world.commit(first).refusal
    assert refused is not None and refused.reason is Refusal.DEPOSIT_NOT_QUEUED
    world.take(time=first.header.time, redo=True)
    world.take(time=second.header.time, redo=True)
    world.pass_time(1)
    world.prove()
    assert world.l1.custody == 50 + 70 * replaced
    assert (world.l1.proved_number, world.l1.queued) == (3, 0)
    assert world.l1.funds == world.l1.owed


def test_headers_and_proofs_that_l1_forgot_come_again_as_they_were(world: World) -> None:
    world.register(1, LEAST)
    checkpoint = world.l1.checkpoint()
    world.pass_time(1000)
    first = world.prove()
    world.pass_time(1000)
    second = world.take()
    world.l1.revert_to(checkpoint)
    assert world.l1.proved_number == 0
    for closed in (first, second):
        assert world.commit(closed).is_taken
        world.post(closed)
    assert (world.l1.proved_number, world.l1.custody) == (2, LEAST)


def test_a_late_redo_is_taken_though_l1_forgot_the_refusal_that_it_answers(world: World) -> None:
    world.pass_time(1000)
    closed = world.close()
    checkpoint = world.l1.checkpoint()
    world.pass_time(BEHIND + 1)
    assert not world.commit(closed).is_taken
    redo = world.take(time=closed.header.time, redo=True)
    world.pass_time(1)
    fresh = world.take()
    world.l1.revert_to(checkpoint)
    assert world.commit(redo).is_taken
    refusals = [each for each in world.l1.events if isinstance(each, HeaderRefused)]
    assert [each.digest for each in refusals] == [redo.header.digest()], "on record again"
    assert world.revert(lambda: world.commit(fresh)) is Revert.REDO_WANTED
    world.take(time=fresh.header.time, redo=True)
    world.pass_time(1)
    world.prove()
    assert world.l1.proved_number == 3


def test_a_redo_in_time_is_not_taken_where_l1_forgot_its_refusal(world: World) -> None:
    checkpoint = world.l1.checkpoint()
    world.register(1, LEAST)
    world.pass_time(1000)
    closed = world.close()
    world.l1.revert_to(checkpoint)
    assert not world.commit(closed).is_taken
    redo = world.take(time=closed.header.time, redo=True)
    world.l1.revert_to(checkpoint)
    assert world.revert(lambda: world.commit(redo)) is Revert.REDO_UNCALLED
    world.take(time=closed.header.time, attempt=2)
    world.pass_time(1)
    world.prove()
    assert world.l1.proved_number == 2


def test_an_account_number_that_l1_forgot_goes_to_who_registers_next(world: World) -> None:
    checkpoint = world.l1.checkpoint()
    assert world.register(1, LEAST).account == 1
    world.l1.revert_to(checkpoint)
    assert world.register(2, LEAST).account == 1
    assert world.l1.accounts == {owner(2): 1}
    assert world.l1.wallets == {owner(2): 0}
