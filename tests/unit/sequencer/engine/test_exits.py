"""Exits at the venue: taken in with the queue, paid or refused as the batch closes."""

import random

import pytest

from rollup.protocol.barred import ExitBar
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from sequencer.batches.machine import Done
from sequencer.engine import due
from sequencer.engine.event import DepositJudged, OutflowPaid, VenueReason
from tests.helpers.market_books import terms_at
from tests.helpers.venue import (
    BACKSTOP,
    BACKSTOP_ACCOUNT,
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    PRICES,
    USDC,
    credit,
    owner,
    take_out,
    withdraw,
)
from tests.unit.sequencer.engine.test_payments import FALLEN, RICH, Running, refused

FIRST = 4
"""The next entry of the queue: three accounts are registered, and the backstop has money."""


@pytest.fixture
def venue() -> Running:
    """Account 1 is long of 1,000 lots of BTC, 2 short."""
    found = Running(RICH, RICH, RICH)
    found.open()
    found.trade(1000)
    found.close()
    return found


def became(done: Done) -> dict[int, DepositOutcome]:
    judged = [event for event in done.events if isinstance(event, DepositJudged)]
    return {event.entry.index: event.outcome for event in judged}


def bars(done: Done) -> dict[int, ExitBar]:
    assert done.closed is not None
    return {each.account: each.bar for each in done.closed.outcome.barred}


def most(venue: Running) -> int:
    """All that may leave account 1."""
    holding = venue.machine.core.ledger.holders[1].holding
    return holding.cash + holding.positions[BTC] * terms_at(PRICES)[BTC].long_initial


def asked(venue: Running, *entries: QueueEntry) -> Done:
    assert not [e for e in venue.open(entries) if isinstance(e, DepositJudged)]
    return venue.close()


def test_it_is_paid_as_the_batch_closes(venue: Running) -> None:
    before = venue.cash(1)
    done = asked(venue, take_out(FIRST, 1, 7))
    assert became(done) == {FIRST: DepositOutcome.CREDITED}
    assert done.closed is not None and done.closed.outcome.public.exits[0].owner == owner(1)
    assert venue.cash(1) == before - 7


def test_all_of_it_and_no_quantum_more(venue: Running) -> None:
    done = asked(venue, take_out(FIRST, 1, most(venue) + 1))
    assert (became(done), bars(done)) == ({FIRST: DepositOutcome.EXIT_BARRED}, {1: ExitBar.SHORT})
    done = asked(venue, take_out(FIRST + 1, 1, most(venue)))
    assert became(done) == {FIRST + 1: DepositOutcome.CREDITED}


def test_what_it_trades_in_the_batch_is_asked_first(venue: Running) -> None:
    """At the end, when all else is done, so much is not there any more."""
    entry = take_out(FIRST, 1, most(venue))
    venue.open([entry])
    venue.trade(1000, slot=1)
    done = venue.close()
    assert bars(done) == {1: ExitBar.SHORT}
    assert done.closed is not None and done.closed.batch.fills


def test_a_stranger_is_told_at_once(venue: Running) -> None:
    events = venue.open([take_out(FIRST, 1, 7, owner(2)), take_out(FIRST + 1, 9, 7)])
    judged = [event.outcome for event in events if isinstance(event, DepositJudged)]
    assert judged == [DepositOutcome.NOT_OWNER, DepositOutcome.ACCOUNT_MISSING]
    assert became(venue.close()) == {}


def test_it_comes_before_a_withdrawal_which_gets_what_is_left(venue: Running) -> None:
    venue.open([take_out(FIRST, 1, most(venue) - 5)])
    venue.ask(withdraw(1, 5))
    done = venue.close()
    assert became(done) == {FIRST: DepositOutcome.CREDITED}
    assert any(isinstance(event, OutflowPaid) for event in done.events)
    assert most(venue) == 0


def test_nothing_is_paid_beside_one_that_is_refused(venue: Running) -> None:
    venue.open([take_out(FIRST, 1, most(venue) + 1)])
    venue.ask(withdraw(1, 5))
    done = venue.close()
    assert bars(done) == {1: ExitBar.SHORT}
    assert refused(done.events) is VenueReason.SHUT


def test_a_price_that_nobody_gave_and_the_backstop(venue: Running) -> None:
    entries = [take_out(FIRST, 1, 7), take_out(FIRST + 1, BACKSTOP_ACCOUNT, 7, BACKSTOP)]
    venue.open([*entries, take_out(FIRST + 2, 3, 7)], reported=False)
    done = venue.close()
    assert bars(done) == {1: ExitBar.UNSTEADY, BACKSTOP_ACCOUNT: ExitBar.STANDING}
    assert became(done)[FIRST + 2] is DepositOutcome.CREDITED


def test_a_batch_that_leaves_its_step_open_bars_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backstop has nothing and the batch no room to deleverage."""
    monkeypatch.setattr(due, "deleverage", lambda *_: ())
    venue = Running(60 * USDC, RICH, RICH, backstop=0)
    venue.open()
    venue.trade(900)
    venue.close()
    venue.open([take_out(FIRST, 3, 7)], FALLEN)
    done = venue.close()
    assert done.closed is not None and not done.closed.outcome.public.closed
    assert bars(done) == {3: ExitBar.SHUT}


def test_a_liquidated_account_is_paid_nothing() -> None:
    venue = Running(60 * USDC, RICH, RICH)
    venue.open()
    venue.trade(900)
    venue.close()
    venue.open([take_out(FIRST, 1, 1)], FALLEN)
    assert bars(venue.close()) == {1: ExitBar.STANDING}


def test_the_second_of_a_sender_waits_for_the_next_batch(venue: Running) -> None:
    ledger = venue.machine.core.ledger
    twice = [take_out(FIRST, 1, 7), credit(FIRST + 1, 2, 5), take_out(FIRST + 2, 1, 7)]
    assert ledger.room_for_entries(twice) == 2


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_asked_the_rules_agree(seed: int) -> None:
    """Random exits, trades, withdrawals and prices: no batch is refused by the rules."""
    chance = random.Random(seed)
    venue = Running(RICH, RICH, RICH)
    index, seen = FIRST, set()
    for slot in range(8):
        entries = []
        for account in chance.sample((1, 2, 3), chance.randint(0, 3)):
            entries.append(take_out(index, account, chance.choice([1, 10**7, 10**9])))
            index += 1
        venue.prices = (BTC_PRICE * chance.randint(985, 1015) // 1000, ETH_PRICE)
        venue.open(entries, reported=chance.random() < 0.8)
        if chance.random() < 0.7:
            venue.trade(chance.randint(1, 3000), slot=slot)
        if chance.random() < 0.5:
            venue.ask(
                withdraw(chance.choice([1, 2, 3]), chance.choice([5, 10**8]), slot=100 + slot)
            )
        seen.update(became(venue.close()).values())
    assert seen == {DepositOutcome.CREDITED, DepositOutcome.EXIT_BARRED}
