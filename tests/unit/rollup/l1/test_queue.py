"""Who may enter the deposit queue, at what price, and what the queue's chain says."""

import pytest

from rollup.harness.books import Closed
from rollup.l1.deployment import ENTRY_WAIT_MS
from rollup.l1.interface import DepositQueued, Refusal, Revert
from rollup.l1.queue import FULL, QueueLimits
from rollup.protocol.deposit import QUEUE_START, DepositOutcome, extend_queue
from tests.helpers.l1 import LEAST, STRANGER, World
from tests.helpers.venue import owner

KEY, VIEWING = (0,) * 14, (0,) * 8
OFF_CURVE = {"key_words": (1,) * 14}


def test_accounts_are_numbered_by_first_registration(world: World) -> None:
    assert [world.register(i, LEAST).account for i in (7, 3)] == [1, 2]
    assert world.l1.accounts == {owner(7): 1, owner(3): 2}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((b"short", KEY, VIEWING, LEAST), Revert.BAD_ADDRESS),
        ((STRANGER, KEY[1:], VIEWING, LEAST), Revert.BAD_WORDS),
        ((STRANGER, (2**32,) * 14, VIEWING, LEAST), Revert.BAD_WORDS),
        ((STRANGER, KEY, (-1,) * 8, LEAST), Revert.BAD_WORDS),
        ((STRANGER, KEY, VIEWING, -1), Revert.BAD_AMOUNT),
        ((STRANGER, KEY, VIEWING, 2**62), Revert.BAD_AMOUNT),
        ((STRANGER, KEY, VIEWING, 0), Revert.BAD_AMOUNT),
        ((STRANGER, KEY, VIEWING, LEAST - 1), Revert.AMOUNT_TOO_SMALL),
        ((STRANGER, KEY, VIEWING, LEAST), Revert.BALANCE_TOO_SMALL),
    ],
)
def test_a_malformed_or_unpaid_registration_reverts(
    world: World,
    arguments: tuple[bytes, tuple[int, ...], tuple[int, ...], int],
    reason: Revert,
) -> None:
    assert world.revert(lambda: world.l1.register(*arguments)) is reason


def test_a_credit_needs_an_assigned_account_money_and_the_least_deposit(world: World) -> None:
    world.register(1, LEAST)
    world.l1.mint(owner(1), LEAST)
    credit = world.l1.credit
    assert world.revert(lambda: credit(b"short", 1, LEAST)) is Revert.BAD_ADDRESS
    assert world.revert(lambda: credit(owner(1), 2, LEAST)) is Revert.UNKNOWN_ACCOUNT
    assert world.revert(lambda: credit(owner(1), -1, LEAST)) is Revert.UNKNOWN_ACCOUNT
    assert world.revert(lambda: credit(owner(1), 1, 0)) is Revert.BAD_AMOUNT
    assert world.revert(lambda: credit(owner(1), 1, LEAST - 1)) is Revert.AMOUNT_TOO_SMALL
    assert world.revert(lambda: credit(owner(1), 1, LEAST + 1)) is Revert.BALANCE_TOO_SMALL
    assert credit(owner(1), 1, LEAST).index == 1


def test_a_queued_or_credited_registration_is_the_senders_only_one(world: World) -> None:
    world.register(1, LEAST)
    assert world.revert(lambda: world.l1.register(owner(1), KEY, VIEWING, LEAST)) is (
        Revert.REGISTERED
    )
    world.pass_time(1000)
    world.prove()
    assert world.revert(lambda: world.l1.register(owner(1), KEY, VIEWING, LEAST)) is (
        Revert.REGISTERED
    )


def test_a_refused_registration_may_be_tried_again_under_its_number_once_that_is_proved(
    world: World,
) -> None:
    world.register(7, LEAST)
    world.register(1, LEAST, **OFF_CURVE)
    again = lambda: world.l1.register(owner(1), KEY, VIEWING, LEAST)  # noqa: E731
    world.pass_time(1000)
    closed = world.take()
    assert closed.public.deposits[1].outcome is DepositOutcome.KEY_OFF_CURVE
    assert world.revert(again) is Revert.REGISTERED
    world.prove_tail()
    assert world.register(1, LEAST).account == 2
    world.pass_time(1000)
    assert world.prove().public.deposits[0].outcome is DepositOutcome.CREDITED
    assert world.l1.custody == 2 * LEAST


def test_filling_the_queue_costs_a_least_deposit_a_place_and_one_sender_a_registration(
    world: World,
) -> None:
    """6,400 registrations of nothing and 640 of one sender stood before one honest deposit."""
    for sender in range(10, 74):
        call = lambda s=sender: world.l1.register(owner(s), KEY, VIEWING, 0)  # noqa: E731
        assert world.revert(call) is Revert.BAD_AMOUNT
    world.register(1, LEAST)
    world.l1.mint(owner(1), 64 * LEAST)
    for _ in range(64):
        call = lambda: world.l1.register(owner(1), KEY, VIEWING, LEAST)  # noqa: E731
        assert world.revert(call) is Revert.REGISTERED
    assert world.register(2, LEAST).index == 1
    world.pass_time(1000)
    assert [d.entry.owner for d in world.prove().public.deposits] == [owner(1), owner(2)]


def test_the_chain_has_a_head_after_every_entry(world: World) -> None:
    first, second = world.register(1, LEAST), world.credit(STRANGER, 1, LEAST)
    heads = [QUEUE_START, extend_queue(QUEUE_START, first)]
    heads.append(extend_queue(heads[1], second))
    assert [world.l1.queue_head(count) for count in range(4)] == [*heads, None]
    assert world.l1.queue_head(-1) is None
    assert world.l1.events[-1] == DepositQueued(second)


def test_counters_of_accounts_and_entries_never_outgrow_their_words() -> None:
    assert (FULL.accounts, FULL.entries) == (2**30 - 1, 2**30 - 1)
    world = World(limits=QueueLimits(accounts=2, entries=1))
    world.register(1, LEAST)
    world.l1.mint(STRANGER, LEAST)
    register = lambda: world.l1.register(STRANGER, KEY, VIEWING, LEAST)  # noqa: E731
    assert world.revert(register) is Revert.ACCOUNTS_FULL
    assert world.revert(lambda: world.l1.credit(STRANGER, 1, LEAST)) is Revert.QUEUE_FULL


# How long an entry waits (dep.held-back).


def verdict(world: World, closed: Closed) -> Refusal | None:
    refused = world.commit(closed).refusal
    return None if refused is None else refused.reason


@pytest.mark.parametrize(
    ("waited", "refusal"), [(ENTRY_WAIT_MS, None), (ENTRY_WAIT_MS + 1, Refusal.QUEUE_HELD_BACK)]
)
def test_an_entry_waits_for_half_a_minute_of_batches(
    world: World, waited: int, refusal: Refusal | None
) -> None:
    world.register(1, LEAST)
    world.pass_time(waited)
    assert verdict(world, world.close(entries=())) is refusal


def test_the_time_of_the_batch_counts_and_not_that_of_its_header(world: World) -> None:
    world.register(1, LEAST)
    world.pass_time(ENTRY_WAIT_MS)
    closed = world.close(entries=())
    world.pass_time(ENTRY_WAIT_MS)
    assert verdict(world, closed) is None


def test_the_redo_of_a_batch_that_held_entries_back_takes_them(world: World) -> None:
    """L1 was silent, say: there is a way on, at the same time."""
    world.register(1, LEAST)
    world.pass_time(ENTRY_WAIT_MS + 1)
    closed = world.close(entries=())
    assert verdict(world, closed) is Refusal.QUEUE_HELD_BACK
    world.pass_time(10 * ENTRY_WAIT_MS)
    again = world.close(time=closed.header.time, redo=True, entries=())
    assert verdict(world, again) is Refusal.QUEUE_HELD_BACK
    redo = world.close(time=closed.header.time, redo=True)
    assert verdict(world, redo) is None
    assert redo.header.deposits == 1


@pytest.mark.parametrize("least", [1, 2, 3])
def test_as_many_entries_as_fit_any_batch_are_enough(least: int) -> None:
    """Others may wait, or deposits for accounts of many positions would end the venue."""
    world = World(entries_least=least)
    queue = [world.register(number, LEAST) for number in range(1, 5)]
    world.pass_time(ENTRY_WAIT_MS + 1)
    fewer, enough = (world.close(entries=queue[:count]) for count in (least - 1, least))
    assert verdict(world, fewer) is Refusal.QUEUE_HELD_BACK
    redo = world.close(time=enough.header.time, redo=True, entries=queue[:least])
    assert verdict(world, redo) is None
