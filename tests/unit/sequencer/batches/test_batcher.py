"""The batcher: nothing leaves it on which core and rules differ."""

import pytest

from rollup.protocol.header import header_of
from rollup.protocol.holding import Holding
from rollup.protocol.order import Side
from sequencer.batches.batcher import BatcherError
from sequencer.engine.command import CloseBatch, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import BatchClosed
from tests.strategies import venues

PRICE = venues.PRICES[0]


def traded(fills: int = 1) -> CoreState:
    """A venue whose first batch is open and has some fills, and room for what comes."""
    state = new_state(venues.genesis())
    entries = tuple(venues.registration(i, i + 1, 10**13) for i in range(2))
    step(state, venues.opening(1, venues.START_MS + 1, venues.PRICES, entries))
    step(state, Submit(venues.order(1, Side.SELL, PRICE, 1_000)))
    for generation in range(fills):
        taker = venues.order(2, Side.BUY, PRICE, 1, generation=generation, immediate=True)
        step(state, Submit(taker))
    return state


def close(state: CoreState) -> BatchClosed:
    closed = step(state, CloseBatch())[-1]
    assert isinstance(closed, BatchClosed)
    return closed


def test_a_closed_batch_is_what_the_rules_say() -> None:
    state, batcher = traded(), venues.batcher()
    before = batcher.state.root
    done = batcher.close(close(state), state)
    assert done.batch.old_root == before != batcher.state.root == done.outcome.public.new_root
    assert [account.index for account in done.outcome.accounts] == [0, 1, 2]
    salts = {account.after.salt for account in done.outcome.accounts if account.after}
    assert len(salts) == 3
    public = done.outcome.public
    assert done.header == header_of(public, state.queue_head)


def test_two_attempts_at_one_batch_share_no_salt() -> None:
    found = []
    for attempt in (0, 1):
        state, batcher = new_state(venues.genesis()), venues.batcher()
        step(state, venues.opening(1, venues.START_MS + 1, venues.PRICES, attempt=attempt))
        found.append(batcher.close(close(state), state).batch.salts)
    first, second = ({*salts.accounts, salts.markets, salts.globals} for salts in found)
    assert not first & second


@pytest.mark.parametrize("account", [0, 1, 2])
def test_a_core_that_disagrees_with_the_rules_stops_the_batch(account: int) -> None:
    state, batcher = traded(), venues.batcher()
    closed, before = close(state), batcher.state.root
    held = state.ledger.holders[account].holding
    state.ledger.holders[account].holding = Holding(held.cash + 1, held.positions)
    with pytest.raises(BatcherError, match="1 of 3 accounts differ"):
        batcher.close(closed, state)
    assert batcher.state.root == before


def test_a_slot_that_disagrees_stops_the_batch() -> None:
    state, batcher = traded(), venues.batcher()
    closed = close(state)
    state.ledger.holders[2].slots.clear()
    with pytest.raises(BatcherError, match="1 of 3 accounts differ"):
        batcher.close(closed, state)
