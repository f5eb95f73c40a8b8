"""Deposits that a batch left waiting: L1 refuses it, and the batch made anew takes them."""

from pathlib import Path

import pytest

from rollup.l1.deployment import ENTRY_WAIT_MS
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.l1 import LEAST
from tests.helpers.running import Running


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path / "target")


@pytest.mark.parametrize("waited", [ENTRY_WAIT_MS, ENTRY_WAIT_MS + 1])
def test_a_deposit_that_no_batch_saw_is_taken_by_the_batch_made_anew(
    running: Running, waited: int
) -> None:
    """Its batch was open for so long, or L1 silent: the entry came after the queue was read."""
    world, venue = running.world, running.venue
    venue.open_batch(world.now + waited)
    world.register(77, LEAST)
    world.pass_time(waited)
    closed = running.close()
    wanted = venue.commit_headers()
    if waited == ENTRY_WAIT_MS:
        assert wanted is None and not closed.batch.deposits
        return
    assert wanted is not None and wanted.reason == "queue-held-back"
    (anew,) = venue.redo(wanted)
    assert anew.batch.redo and len(anew.batch.deposits) == 1
    assert venue.commit_headers() is None
    running.post(anew)


def test_a_daemon_takes_deposits_in_time(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    for number in range(70, 90):
        simulation.world.register(number, LEAST)
        simulation.pass_time(INTERVAL_MS)
    simulation.drain()
    assert simulation.heard("queue-held-back") == 0
    assert simulation.world.l1.consumed == len(simulation.world.l1.queue)
