"""Reports that L1 holds: a venue takes them for its next batch, and where it could not, for the
batch made anew."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rollup.l1.connection import RefusedByPeer
from rollup.l1.interface import Revert, Reverted
from rollup.oracle.package import SignedPackage
from sequencer.service.reports import NoReports
from sequencer.service.seen import REPORT_SLOTS
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.l1 import BEHIND, STRANGER, World
from tests.helpers.oracle import KEYS, reports
from tests.helpers.running import WINDOW_MS, Running
from tests.unit.sequencer.service.test_far_l1 import looked

UP = (601_000, 251_000)
ORACLE = small.GOVERNANCE.oracle


def quorum(time: int) -> list[SignedPackage]:
    """What all signers sign for a batch of this time, in the order of a batch."""
    signed = reports(small.GOVERNANCE, UP, time)
    feeds = [each.feed for each in ORACLE.feeds]
    return sorted(signed, key=lambda each: feeds.index(each.package.points[0].feed))


def give(world: World, time: int) -> None:
    assert world.l1.give_reports(STRANGER, quorum(time)) == 2 * len(KEYS)


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path / "target")


def test_a_batch_takes_the_reports_that_l1_holds_where_nobody_else_has_any(
    running: Running,
) -> None:
    time = running.world.now + WINDOW_MS
    give(running.world, time)
    running.venue.open_batch(time)
    closed = running.close()
    assert closed.outcome.public.prices == UP and closed.header.missing == 0
    assert running.venue.commit_headers() is None
    running.post(closed)


def test_what_l1_and_the_signers_both_have_counts_once(running: Running) -> None:
    time = running.world.now + WINDOW_MS
    give(running.world, time)
    running.open(UP)
    selection = running.venue.selection
    assert selection is not None and selection.refused == ()
    assert len(selection.reports) == 2 * len(KEYS)


def test_missing_although_l1_held_a_quorum_is_made_anew_with_it_and_so_is_what_followed(
    running: Running,
) -> None:
    time = running.world.now + WINDOW_MS
    running.venue.open_batch(time)
    give(running.world, time)
    first = running.close()
    running.open(UP)
    second = running.close()
    assert first.header.missing == 0b11 and first.outcome.public.prices == small.PRICES
    wanted = running.venue.commit_headers()
    assert wanted is not None and (wanted.number, wanted.reason) == (1, "report-withheld")
    anew = running.venue.redo(wanted)
    assert [each.batch.redo for each in anew] == [True, True]
    assert [each.batch.time for each in anew] == [first.batch.time, second.batch.time]
    assert [each.outcome.public.prices for each in anew] == [UP, UP]
    running.restart()
    assert [each.header for each in running.venue.unproved] == [each.header for each in anew]
    assert running.venue.commit_headers() is None
    for each in anew:
        running.post(each)
    assert running.world.l1.proved_number == 2


def test_the_open_batch_is_made_anew_with_them_too(running: Running) -> None:
    first_time = running.world.now + WINDOW_MS
    running.venue.open_batch(first_time)
    give(running.world, first_time)
    running.close()
    second_time = running.world.now + WINDOW_MS
    running.venue.open_batch(second_time)
    give(running.world, second_time)
    wanted = running.venue.commit_headers()
    assert wanted is not None and wanted.reason == "report-withheld"
    (first,) = running.venue.redo(wanted)
    assert running.venue.commit_headers() is None
    second = running.close()
    assert second.header.missing == 0 and second.batch.redo is False
    assert running.venue.commit_headers() is None
    running.post(first)
    running.post(second)


def test_a_quorum_of_the_moment_of_the_header_or_after_it_voids_nothing(running: Running) -> None:
    time = running.world.now + WINDOW_MS
    running.venue.open_batch(time)
    closed = running.close()
    give(running.world, time)
    assert running.venue.commit_headers() is None, "nobody races for a place in a block"
    running.post(closed)


def test_a_late_batch_whose_reports_came_meanwhile_is_made_anew_once(running: Running) -> None:
    time = running.world.now + WINDOW_MS
    running.venue.open_batch(time)
    running.close()
    running.world.pass_time(BEHIND + 1)
    give(running.world, time)
    running.world.pass_time(1)
    wanted = running.venue.commit_headers()
    assert wanted is not None and wanted.reason == "clock-behind"
    (anew,) = running.venue.redo(wanted)
    assert anew.outcome.public.prices == UP
    assert running.venue.commit_headers() is None
    running.post(anew)


def test_if_l1_forgets_that_it_held_them_the_batch_keeps_them(running: Running) -> None:
    before = running.world.l1.checkpoint()
    time = running.world.now + WINDOW_MS
    running.venue.open_batch(time)
    give(running.world, time)
    running.close()
    wanted = running.venue.commit_headers()
    assert wanted is not None
    running.venue.redo(wanted)
    running.world.l1.revert_to(before)
    uncalled = running.venue.commit_headers()
    assert uncalled is not None and uncalled.reason == "redo-uncalled"
    (again,) = running.venue.redo(uncalled)
    assert not again.batch.redo and again.outcome.public.prices == UP
    assert running.venue.commit_headers() is None
    running.post(again)


class Watchdog:
    """Brings L1 what the signers sign, once the batch of it has opened without."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation

    def of(self, slot: int) -> Sequence[SignedPackage]:
        give(self.simulation.world, slot + ORACLE.lag_ms)
        return ()


def test_a_daemon_that_withholds_is_made_to_redo_and_then_goes_on(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.daemon._reports = Watchdog(simulation)
    simulation.pass_time(4 * INTERVAL_MS)
    assert simulation.heard("(report-withheld)") >= 1
    simulation.daemon._reports = NoReports()
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.drain()
    number = simulation.daemon.venue.core.number
    assert number >= 6 and simulation.posted == list(range(1, number + 1))
    assert simulation.running.venue.prices == UP


def test_a_daemon_whose_signers_are_silent_goes_on_with_what_others_give_l1(
    tmp_path: Path,
) -> None:
    simulation = Simulation(tmp_path)
    simulation.daemon._reports = NoReports()
    simulation.pass_time(INTERVAL_MS)
    simulation.world.pass_time(INTERVAL_MS)
    give(simulation.world, simulation.daemon._next_end(simulation.world.now))
    simulation.courier.step()
    simulation.pass_time(2 * INTERVAL_MS)
    assert simulation.running.venue.prices == UP
    assert simulation.heard("report-withheld") == 0
    simulation.drain()


def test_what_l1_holds_is_read_slot_by_slot_and_forgotten_with_it(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    world, near = simulation.world, simulation.near
    start = world.now + 10_000
    world.pass_time(20_000)
    before = world.l1.checkpoint()
    times = [start + place * ORACLE.slot_ms for place in range(REPORT_SLOTS + 2)]
    for time in times:
        world.l1.give_reports(STRANGER, quorum(time)[: len(KEYS)])
    seen = looked(near)
    assert {slot: held.digest for slot, held in seen.given.items()} == world.l1.given
    for slot, held in seen.given.items():
        assert held.reports == tuple(world.l1.given_reports(slot))
    near.lies["given_reports"] = ()
    assert looked(near, seen).given == seen.given, "what is known is not read again"
    near.lies = {}
    world.l1.revert_to(before)
    assert looked(near, seen).given == {}


def test_an_l1_whose_reports_are_not_those_of_its_digest_is_not_believed(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    simulation.world.pass_time(20_000)
    simulation.world.l1.give_reports(STRANGER, quorum(simulation.world.now)[: len(KEYS)])
    simulation.near.lies["given_reports"] = tuple(quorum(simulation.world.now))
    with pytest.raises(RefusedByPeer, match="faster than it can be read"):
        looked(simulation.near)


def test_nobody_gives_l1_a_quorum_that_nobody_signed(running: Running) -> None:
    running.world.pass_time(20_000)
    slot_after = quorum(running.world.now + ORACLE.lag_ms + ORACLE.slot_ms)
    with pytest.raises(Reverted) as caught:
        running.world.l1.give_reports(STRANGER, slot_after)
    assert caught.value.reason is Revert.REPORT_AHEAD
