"""The batcher: when a batch is due, and that nothing leaves it on which core and rules differ."""

import pytest

from rollup.protocol.margin import Holding
from rollup.protocol.order import Side
from rollup.protocol.shape_class import CLASS_M, CLASS_S
from sequencer.batches.batcher import BatcherError, Due, Policy
from sequencer.engine.command import CloseBatch, Deposits, OpenBatch, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import BatchClosed
from tests.strategies import venues

PRICE = venues.PRICES[0]


def traded(fills: int = 1) -> CoreState:
    """A venue whose first batch is open and has some fills, and room for what comes."""
    state = new_state(venues.genesis())
    step(state, OpenBatch(1, venues.START_MS + 1, venues.PRICES))
    step(state, Deposits(tuple(venues.registration(i, i + 1, 10**13) for i in range(2))))
    step(state, Submit(venues.order(1, Side.SELL, PRICE, 1_000)))
    for generation in range(fills):
        taker = venues.order(2, Side.BUY, PRICE, 1, generation=generation, immediate=True)
        step(state, Submit(taker))
    return state


def close(state: CoreState) -> BatchClosed:
    closed = step(state, CloseBatch())[-1]
    assert isinstance(closed, BatchClosed)
    return closed


def test_a_batch_is_due_by_count_or_time_or_when_orders_wait() -> None:
    policy = Policy(fills=3, window_ms=1_000)
    assert policy.due(traded(2), 999) is None
    assert policy.due(traded(3), 0) is Due.COUNT
    assert policy.due(traded(2), 1_000) is Due.TIME
    assert policy.due(traded(CLASS_S.trades + 1), 0) is Due.FULL


@pytest.mark.parametrize(("fills", "window"), [(0, 1), (CLASS_S.trades + 1, 1), (1, 0)])
def test_a_policy_that_no_batch_can_keep_is_refused(fills: int, window: int) -> None:
    with pytest.raises(ValueError, match=r"wanted|closes at"):
        Policy(fills, window)


def test_a_larger_shape_class_takes_more_fills() -> None:
    assert Policy(CLASS_M.trades, 1, CLASS_M).due(traded(), 0) is None
    with pytest.raises(ValueError, match="1 to 1024 fills"):
        Policy(CLASS_M.trades + 1, 1, CLASS_M)


def test_a_closed_batch_is_what_the_rules_say() -> None:
    state, batcher = traded(), venues.batcher()
    before = batcher.state.root
    done = batcher.close(close(state), state)
    assert done.batch.old_root == before != batcher.state.root == done.outcome.public.new_root
    assert [account.index for account in done.outcome.accounts] == [0, 1, 2]
    salts = {account.after.salt for account in done.outcome.accounts if account.after}
    assert len(salts) == 3


@pytest.mark.parametrize("account", [0, 1, 2])
def test_a_core_that_disagrees_with_the_rules_stops_the_batch(account: int) -> None:
    state, batcher = traded(), venues.batcher()
    closed, before = close(state), batcher.state.root
    held = state.ledger.holders[account].holding
    state.ledger.holders[account].holding = Holding(held.cash + 1, held.positions)
    with pytest.raises(BatcherError, match=f"accounts {account} differ"):
        batcher.close(closed, state)
    assert batcher.state.root == before


def test_a_slot_that_disagrees_stops_the_batch() -> None:
    state, batcher = traded(), venues.batcher()
    closed = close(state)
    state.ledger.holders[2].slots.clear()
    with pytest.raises(BatcherError, match="accounts 2 differ"):
        batcher.close(closed, state)
