"""A venue whose trader gives up a key: from L1's queue to the door, to what the owner is told, and
where batches are made anew."""

from pathlib import Path

import pytest

from rollup.protocol.rejection import Reason
from sequencer.batches.replay import replay
from sequencer.engine.event import VenueReason
from sequencer.service.facts import ChangedHands, Ended, Voided
from tests.helpers import venue as small
from tests.helpers.running import SETUP, Running

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms
NEW = small.OTHER_KEY + 1
"""Whose key account 1 has once it is rotated."""


@pytest.fixture
def running(tmp_path: Path) -> Running:
    found = Running(tmp_path / "target")
    for account in (1, 2, 3):
        found.world.register(account, RICH)
    found.batch()
    return found


def reasons(running: Running, slot: int) -> list[object]:
    """What the door says of an order by the first key, and of one by the other."""
    order = small.buy(1, 4, small.BTC_PRICE - 9, slot=slot)
    answers = running.venue.submit([running.envelope(order, by) for by in (1, NEW)])
    return [answer.reason for answer in answers]


def test_the_door_asks_for_the_other_key_and_resting_orders_end(running: Running) -> None:
    running.batch(small.buy(1, 4, small.BTC_PRICE - 9))
    running.world.rotate(1, 7)
    running.venue.take_facts()
    running.open()
    told = running.venue.take_facts()
    assert told == [(1, Ended((0, 1), VenueReason.KEY_ROTATED, 4, 1))]
    assert reasons(running, 5) == [Reason.ORDER_SIGNATURE, None]
    closed = running.close()
    assert running.venue.commit_headers() is None
    running.post(closed)
    roots = [each.header.new_root for each in replay(running.folder.journal, SETUP)]
    assert roots[-1] == closed.header.new_root


def test_it_is_so_after_a_restart(running: Running) -> None:
    running.world.rotate(1, 7)
    running.open()
    running.restart()
    running.venue.close_batch()
    running.world.pass_time(1_000)
    running.open()
    assert reasons(running, 5) == [Reason.ORDER_SIGNATURE, None]


def test_a_stranger_rotates_nobody(running: Running) -> None:
    running.batch(small.buy(1, 4, small.BTC_PRICE - 9))
    running.world.rotate(1, 7, small.owner(2))
    running.open()
    assert (1, 0) in running.venue.core.live
    assert reasons(running, 5) == [None, Reason.ORDER_SIGNATURE]
    closed = running.close()
    assert running.venue.commit_headers() is None
    running.post(closed)
    assert running.world.l1.pending[small.owner(2)] == 7


def test_orders_of_the_old_key_are_dropped_where_batches_are_made_anew(running: Running) -> None:
    """The entry comes while the batch is open: the redone one consumes it, and its orders come
    after. The owner is told, since he is who he was."""
    running.open()
    running.submit(small.sell(2, 4), small.buy(1, 4))
    running.close()
    running.world.rotate(1, 7)
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    running.venue.take_facts()
    (anew,) = running.venue.redo(wanted)
    assert [entry.account for entry in anew.batch.deposits] == [1]
    assert not any(account == 1 for account, _ in running.venue.core.live)
    facts = [fact for account, fact in running.venue.take_facts() if account == 1]
    assert Voided(2) in facts
    assert not any(isinstance(fact, ChangedHands) for fact in facts)
    assert running.venue.commit_headers() is None
