"""Where a machine stands, as bytes: one encoding, all of it counts, only between two batches."""

from collections import Counter
from dataclasses import replace

import pytest

from rollup.protocol.bundle import BundlePath
from rollup.protocol.order import Side
from sequencer.batches.machine import Machine, Standing
from sequencer.batches.standing import machine_from_bytes, standing_to_bytes
from sequencer.batches.standing_reader import StandingError
from sequencer.engine.command import CloseBatch, OpenBatch, Submit
from sequencer.engine.event import OrderRested, OrderWaiting
from tests.property.test_standing import SETUP
from tests.strategies import venues

RICH = 10**6 * 10**6
PATH = BundlePath(2, ((1, 2, 3, 4, 5, 6, 7, 8),) * 2)
"""Of orders that were signed in a bundle."""


def opening(machine: Machine, *deposits: object) -> OpenBatch:
    core = machine.core
    return venues.opening(core.number + 1, core.time + 1_000, venues.PRICES, deposits)  # type: ignore[arg-type]


@pytest.fixture
def machine() -> Machine:
    """After one batch: fills, orders of one price that rest, and two that wait for the next."""
    machine = Machine(SETUP)
    machine.do(opening(machine, *(venues.registration(i, i + 1, RICH) for i in range(4))))
    kinds: Counter[type] = Counter()
    sent = [
        *((2, Side.BUY, venues.PRICES[0] - 50, 10, slot, 0) for slot in (0, 1, 2)),
        *((1, Side.SELL, venues.PRICES[0], 10, slot, 0) for slot in (0, 1, 2, 3)),
        *((3, Side.BUY, venues.PRICES[0], 5, slot, 0) for slot in (0, 1)),
        *((4, Side.BUY, venues.PRICES[0], 12, slot, 0) for slot in (0, 1)),
    ]
    for account, side, price, size, slot, market in sent:
        signed = venues.order(
            account, side, price, size, slot=slot, generation=1, market=market, max_fee=600
        )
        if slot == 2:
            signed = replace(signed, path=PATH)
        kinds.update(type(event) for event in machine.do(Submit(signed)).events)
    machine.do(CloseBatch())
    assert kinds[OrderRested] >= 7 and kinds[OrderWaiting] == 2
    return machine


def test_the_book_and_the_queue_come_back_in_their_order(machine: Machine) -> None:
    again = machine_from_bytes(standing_to_bytes(machine.standing), SETUP).core
    core = machine.core
    for before, after in zip(core.books, again.books, strict=True):
        assert [live.sequence for live in before] == [live.sequence for live in after]
    assert [live.key for live in core.waiting] == [live.key for live in again.waiting]
    assert again.used == core.used and again.sequence == core.sequence
    assert all(again.live[key].signed == live.signed for key, live in core.live.items())
    assert any(live.signed.path == PATH for live in again.live.values())


def test_every_changed_byte_is_noticed_or_is_another_state(machine: Machine) -> None:
    data = standing_to_bytes(machine.standing)
    refused = 0
    for place in range(len(data)):
        changed = data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]
        try:
            again = machine_from_bytes(changed, SETUP)
        except StandingError:
            refused += 1
            continue
        assert standing_to_bytes(again.standing) == changed
    assert refused > len(data) // 3


def test_bytes_that_are_cut_off_or_too_many_are_refused(machine: Machine) -> None:
    data = standing_to_bytes(machine.standing)
    for changed in (*(data[:size] for size in range(0, len(data), 7)), data + b"\0"):
        with pytest.raises(StandingError):
            machine_from_bytes(changed, SETUP)


def test_a_balance_that_is_not_under_the_root_is_refused(machine: Machine) -> None:
    """A state whose books were cooked still names the root it had."""
    core, state = machine.core, machine.batcher.state
    account, holder = state.accounts[1], core.ledger.holders[1]
    data = standing_to_bytes(machine.standing)
    cash = holder.holding.cash.to_bytes(8, "little")
    assert data.count(cash) == 1
    with pytest.raises(StandingError, match="root"):
        machine_from_bytes(data.replace(cash, (account.cash + 1).to_bytes(8, "little")), SETUP)


def test_core_and_committed_state_that_differ_are_not_written(machine: Machine) -> None:
    holder = machine.core.ledger.holders[1]
    holder.holding = holder.holding._replace(cash=holder.holding.cash + 1)
    with pytest.raises(StandingError, match="differ"):
        standing_to_bytes(machine.standing)


def test_in_the_middle_of_a_batch_nothing_is_written(machine: Machine) -> None:
    machine.do(opening(machine))
    with pytest.raises(StandingError, match="between two batches"):
        standing_to_bytes(machine.standing)


def test_states_of_two_batches_are_no_standing(machine: Machine) -> None:
    other = Machine(SETUP)
    with pytest.raises(StandingError, match="same batch"):
        standing_to_bytes(Standing(machine.core, other.batcher.state))
