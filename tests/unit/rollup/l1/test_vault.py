"""The contract holds at least what it owes, and pays it out once."""

import pytest

from rollup.l1.interface import DepositRefunded, Revert, Withdrawn
from rollup.protocol.deposit import DepositOutcome
from tests.helpers.l1 import LEAST, STRANGER, World
from tests.helpers.venue import owner

NON_CANONICAL = (2**32 - 1,) * 14


def test_a_refused_deposit_can_be_withdrawn_once_its_batch_is_proved_and_only_once(
    world: World,
) -> None:
    world.register(1, 50, key_words=NON_CANONICAL)
    withdraw = lambda: world.l1.withdraw(owner(1))  # noqa: E731
    world.pass_time(1000)
    world.take()
    assert world.revert(withdraw) is Revert.NOTHING_TO_WITHDRAW
    world.prove_tail()
    refund = DepositRefunded(0, owner(1), 0, 50, DepositOutcome.KEY_NON_CANONICAL)
    assert (world.l1.events[-1], world.l1.custody) == (refund, 0)
    assert withdraw() == 50
    assert (world.l1.wallets[owner(1)], world.l1.events[-1]) == (50, Withdrawn(owner(1), 0, 50))
    assert world.revert(withdraw) is Revert.NOTHING_TO_WITHDRAW
    assert world.l1.funds == world.l1.owed == 0


def test_refunds_of_one_sender_add_up(world: World) -> None:
    world.register(1, 50, key_words=NON_CANONICAL)
    world.credit(owner(1), 1, 7)
    world.pass_time(1000)
    world.prove()
    assert world.l1.pending == {owner(1): 57}
    assert (world.l1.queued, world.l1.funds, world.l1.owed) == (0, 57, 57)


def test_a_donated_unit_breaks_nothing(world: World) -> None:
    world.l1.mint(STRANGER, 1)
    world.l1.donate(STRANGER, 1)
    world.register(1, LEAST)
    world.pass_time(1000)
    world.prove()
    assert world.l1.funds == world.l1.owed + 1 == LEAST + 1


def test_the_total_never_outgrows_its_word(world: World) -> None:
    for account in range(1, 5):
        world.register(account, 2**62 - 1)
    assert world.l1.queued == 2**64 - 4
    world.l1.mint(STRANGER, LEAST)
    assert world.revert(lambda: world.l1.credit(STRANGER, 1, LEAST)) is Revert.CUSTODY_FULL


@pytest.mark.parametrize("address", [b"short", b"", "text"])
def test_only_addresses_hold_money(world: World, address: bytes) -> None:
    assert world.revert(lambda: world.l1.mint(address, 1)) is Revert.BAD_ADDRESS
    assert world.revert(lambda: world.l1.withdraw(address)) is Revert.BAD_ADDRESS
