"""What owners are told once batches were made anew: those that it concerns, and no other."""

from copy import deepcopy
from dataclasses import replace

import pytest

from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from sequencer.engine.command import CloseBatch, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.service.facts import ChangedHands, Lives, Refused, Voided
from sequencer.service.facts_after_redo import facts_after_redo
from tests.strategies import venues

PRICE = venues.PRICES[0]


@pytest.fixture
def before() -> CoreState:
    """Accounts 1 to 3 have money, and a resting order each: receipts 1 to 3."""
    state = new_state(venues.genesis())
    entries = tuple(venues.registration(place, place + 1, 10**12) for place in range(3))
    step(state, venues.opening(1, venues.START_MS + 1_000, venues.PRICES, entries))
    for account in (1, 2, 3):
        step(state, Submit(venues.order(account, Side.BUY, PRICE - 100, 10), account))
    step(state, CloseBatch())
    return state


def test_an_order_that_lives_again_is_told_though_nothing_else_names_its_owner(
    before: CoreState,
) -> None:
    """It had ended for want of margin: no trade, and nothing that its owner sent."""
    after = deepcopy(before)
    before.live.pop((2, 0))
    told = list(facts_after_redo(5, (), (), (), before, after))
    assert told == [(2, Voided(5)), (2, Lives((0, 0), 10, 2))]


def test_whom_it_does_not_concern_hears_nothing(before: CoreState) -> None:
    assert list(facts_after_redo(5, (), (), (), before, deepcopy(before))) == []


def test_a_command_that_could_not_be_done_again_is_told_to_its_sender(before: CoreState) -> None:
    dropped = [(1, Refused((9, 4), Reason.ACCOUNT_MISSING, 7))]
    told = list(facts_after_redo(5, (1,), (), dropped, before, deepcopy(before)))
    assert told == [(1, Voided(5)), *dropped, (1, Lives((0, 0), 10, 1))]


def test_the_next_owner_of_an_account_hears_nothing_of_the_one_before(before: CoreState) -> None:
    after = deepcopy(before)
    after.live.pop((1, 0))
    holder = after.ledger.holders[1]
    holder.header = replace(holder.header, owner=bytes(range(20)))
    dropped = [(1, Refused((9, 4), Reason.ORDER_SIGNATURE, 7))]
    assert list(facts_after_redo(5, (1,), (), dropped, before, after)) == [(1, ChangedHands())]
