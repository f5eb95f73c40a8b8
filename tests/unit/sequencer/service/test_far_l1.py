"""An L1 that is slow, silent, rolled back or a liar holds up headers and proofs, and no batch."""

from dataclasses import replace
from pathlib import Path

import pytest

from rollup.hash.keccak import DIGEST_BYTES
from rollup.l1.connection import RefusedByPeer, Unreachable
from rollup.l1.interface import GovernanceAnnounced
from rollup.l1.private_exit import EXIT_CLASS
from sequencer.batches.ports import L1Pending
from sequencer.service import seen
from sequencer.service.courier import Courier, FarL1
from sequencer.service.seen import AnotherContract, all_digests, look, of_batches
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Near, Simulation
from tests.helpers.l1 import DELAY, GOVERNOR, World, deployment

RICH = 10**6 * small.USDC


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path / "target")


def looked(near: Near, before: seen.Seen | None = None) -> seen.Seen:
    return look(near.read_all, near.world.l1._deployment, lambda: near.world.now, before)


def test_what_is_read_is_what_l1_says(simulation: Simulation) -> None:
    world = simulation.world
    simulation.prover.takes_ms = 10**9
    for account in (1, 2, 3):
        world.register(account, RICH)
    simulation.pass_time(3 * INTERVAL_MS)
    l1, far = world.l1, FarL1(Courier(simulation.near, world.l1._deployment, lambda: world.now))
    assert far.head_number == l1.head_number == 3 and far.proved_number == l1.proved_number
    assert tuple(far.tail) == tuple(l1.tail)
    assert [far.header_digest(n) for n in range(5)] == [l1.header_digest(n) for n in range(5)]
    assert tuple(far.queue_from(0, 2)) == tuple(l1.queue_from(0, 2)) == tuple(l1.queue[:2])
    assert tuple(far.queue_from(2, 9)) == tuple(l1.queue[2:]) and not far.queue_from(3, 9)
    announced = replace(small.GOVERNANCE, clock_ahead_ms=1)
    when = l1.announce_governance(GOVERNOR, announced, 7)
    far._courier.step()
    far.refresh()
    for place in ((6, when), (7, when - 1), (7, when), (8, when + 1)):
        assert far.governance_for(*place) == l1.governance_for(*place)
        assert far.wants_redo(*place) == l1.wants_redo(*place)
    assert far.governance_for(7, when) == announced and when == world.now + DELAY


def test_batches_go_on_closing_while_l1_is_silent_and_all_of_it_is_brought_later(
    simulation: Simulation,
) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.near.is_down = True
    simulation.pass_time(2 * INTERVAL_MS)
    assert simulation.daemon.venue.core.number == 4 and simulation.world.l1.head_number == 2
    now = simulation.daemon.view
    assert not now.is_heard and now.trouble == "nobody listens" and now.heard_at < now.now
    assert simulation.heard("L1 is not heard: nobody listens") == 1
    simulation.near.is_down = False
    simulation.pass_time(INTERVAL_MS)
    assert simulation.daemon.view.is_heard and simulation.world.l1.head_number >= 4
    assert simulation.heard("L1 is heard again") == 1
    simulation.drain()
    assert simulation.posted == list(range(1, simulation.daemon.venue.core.number + 1))


def test_what_was_brought_and_not_answered_is_looked_up_and_not_brought_again(
    simulation: Simulation,
) -> None:
    simulation.near.loses_answers = True
    simulation.pass_time(4 * INTERVAL_MS)
    assert simulation.world.l1.proved_number >= 2
    assert simulation.heard("L1 is not heard: it may have happened")
    assert len(simulation.near.calls) == len(set(simulation.near.calls))


def test_a_refusal_whose_answer_was_lost_is_found_on_record(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.near.loses_answers = True
    simulation.world.pass_time(small.GOVERNANCE.clock_behind_ms + 3 * INTERVAL_MS)
    simulation.pass_time(2 * INTERVAL_MS)
    assert simulation.heard("L1 wants batch 3 made anew (clock-behind)") == 1
    simulation.drain()


def test_nothing_is_asked_twice_by_whoever_has_not_seen_what_came_of_it(
    simulation: Simulation,
) -> None:
    simulation.tick()
    simulation.world.pass_time(INTERVAL_MS)
    simulation.daemon.tick()
    old = simulation.far.state
    simulation.courier.step()
    assert simulation.world.l1.head_number == 1 and simulation.far.state is old
    with pytest.raises(L1Pending):
        simulation.daemon.venue.commit_headers()
    assert simulation.courier._job is None, "it was left undone: something newer is known"


def test_an_l1_that_is_not_heard_is_asked_for_nothing(simulation: Simulation) -> None:
    simulation.near.is_down = True
    simulation.courier.step()
    simulation.pass_time(2 * INTERVAL_MS)
    assert simulation.near.calls == [] and simulation.courier._job is None


def test_the_queue_is_read_on_from_its_end_and_anew_after_a_reorganisation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen, "PAGE", 2)
    world = World()
    near = Near(world)
    for account in (1, 2, 3):
        world.register(account, RICH)
    first = looked(near)
    assert first.queue == tuple(world.l1.queue)
    mark = world.l1.checkpoint()
    world.register(4, RICH)
    second = looked(near, first)
    assert second.queue == tuple(world.l1.queue) and len(second.queue) == 4
    world.l1.revert_to(mark)
    world.register(5, RICH)
    third = looked(near, second)
    assert third.queue == tuple(world.l1.queue) != second.queue
    world.pass_time(1)
    world.prove()
    assert looked(near, third).queue == () and looked(near).consumed == 4


def test_a_longer_queue_than_any_batch_consumes_is_left_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen, "PAGE", 2)
    monkeypatch.setattr(seen, "WINDOW_MAX", 3)
    world = World()
    for account in range(1, 7):
        world.register(account, RICH)
    found = looked(Near(world))
    assert found.queue == tuple(world.l1.queue[:3])
    assert looked(Near(world), found).queue == found.queue


@pytest.mark.parametrize(
    ("name", "lie"),
    [
        ("proved_number", 7),
        ("proved_number", -1),
        ("head_number", 9),
        ("tail", ()),
        ("consumed", 99),
        ("consumed", -1),
        ("parameters", ()),
        ("parameters", (GovernanceAnnounced(replace(small.GOVERNANCE, clock_ahead_ms=3), 0, 0),)),
        ("queue_head", None),
    ],
)
def test_what_no_l1_can_be_is_not_believed(simulation: Simulation, name: str, lie: object) -> None:
    simulation.prover.takes_ms = 10**9
    simulation.world.register(1, RICH)
    simulation.pass_time(2 * INTERVAL_MS)
    before = simulation.far.seen
    simulation.near.lies[name] = lie
    with pytest.raises(RefusedByPeer):
        looked(simulation.near, before)
    simulation.pass_time(INTERVAL_MS)
    assert simulation.far.seen == before and not simulation.daemon.view.is_heard
    assert simulation.daemon.venue.core.number == 3, "batches go on"
    simulation.near.lies.clear()
    simulation.prover.takes_ms = 10
    simulation.restart()
    simulation.drain()


def test_entries_that_are_not_those_of_the_chain_are_not_believed() -> None:
    world = World()
    near = Near(world)
    for account in (1, 2):
        world.register(account, RICH)
    near.lies["queue_from"] = tuple(reversed(world.l1.queue))
    with pytest.raises(RefusedByPeer, match="out of order"):
        looked(near)


def test_another_contract_at_the_same_address_is_not_this_venues(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.near.is_other = True
    simulation.pass_time(2 * INTERVAL_MS)
    assert simulation.heard("L1 is not heard: another contract answers there")
    assert simulation.world.l1.head_number == 2 and simulation.daemon.venue.core.number == 4
    with pytest.raises(AnotherContract):
        simulation.restart()


def test_a_contract_that_takes_private_exits_too_is_this_venues() -> None:
    """Which circuit of these it pins is nothing to who brings batches; every other pin is."""
    made = deployment()
    exits = replace(made.pins[0], shape_class=EXIT_CLASS)
    assert of_batches(replace(made, pins=(*made.pins, exits))) == of_batches(made) == made
    other = replace(made.pins[0], circuit=b"\x09" * 32)
    assert of_batches(replace(made, pins=(other, exits))) != of_batches(made)


def test_nothing_starts_at_an_l1_that_is_not_there(simulation: Simulation) -> None:
    simulation.near.is_down = True
    with pytest.raises(Unreachable):
        simulation._reach()


def test_digests_of_all_headers_are_read_where_the_venue_must_know_its_branch(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "DIGESTS", 2)
    simulation.pass_time(6 * INTERVAL_MS + INTERVAL_MS // 2)
    assert simulation.world.l1.proved_number == 6
    with pytest.raises(L1Pending):
        simulation.far.header_digest(2)
    simulation.courier.step()
    simulation.far.refresh()
    for number in range(1, 7):
        assert simulation.far.header_digest(number) == simulation.world.l1.header_digest(number)
    simulation.near.lies["header_digest"] = bytes(DIGEST_BYTES)
    with pytest.raises(RefusedByPeer, match="changed while"):
        all_digests(simulation.near.read_all, simulation.far.seen)


def test_a_venue_whose_clock_runs_ahead_of_l1s_opens_no_batch(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    ahead = small.GOVERNANCE.clock_ahead_ms
    simulation.near.lies["now"] = simulation.world.now - ahead - 10_000
    simulation.pass_time(3 * INTERVAL_MS)
    assert simulation.heard("too far ahead of L1's") == 1
    assert simulation.daemon.venue.core.work is None
    simulation.near.lies.clear()
    simulation.pass_time(INTERVAL_MS)
    assert simulation.daemon.venue.core.work is not None
    simulation.drain()


def test_a_clock_that_goes_back_is_said_and_no_time_comes_twice(simulation: Simulation) -> None:
    simulation.pass_time(3 * INTERVAL_MS)
    simulation.world.now -= 10 * INTERVAL_MS
    simulation.pass_time(INTERVAL_MS)
    assert simulation.heard("the clock is wrong: it went back") == 1
    assert simulation.daemon.venue.core.number == 3
    simulation.pass_time(12 * INTERVAL_MS)
    assert simulation.daemon.venue.core.number >= 5
    simulation.drain()


def test_what_ends_the_courier_ends_the_daemon(simulation: Simulation) -> None:
    simulation.courier.failure = MemoryError()
    with pytest.raises(MemoryError):
        simulation.daemon.tick()


def test_several_provers_prove_different_batches_and_their_proofs_come_in_order(
    tmp_path: Path,
) -> None:
    simulation = Simulation(tmp_path / "several", provers=3)
    simulation.prover.takes_ms = 3 * INTERVAL_MS
    simulation.pass_time(9 * INTERVAL_MS)
    assert simulation.prover.most == 3 and len(set(simulation.prover.started)) >= 6
    simulation.drain()
    assert simulation.posted == list(range(1, simulation.daemon.venue.core.number + 1))
