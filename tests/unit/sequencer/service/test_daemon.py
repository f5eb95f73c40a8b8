"""The daemon by a simulated clock: batches on a grid, headers and proofs in order, and a way on
after whatever happens."""

from pathlib import Path

import pytest

from rollup.l1.interface import Revert, Reverted
from sequencer.batches.prover import ProverError
from sequencer.batches.replay import replay
from sequencer.batches.resident import ProverLost
from sequencer.service.daemon import ATTEMPTS_MAX, DaemonHalted
from sequencer.service.proving import ProofEnd
from sequencer.service.public_view import Life, Mode
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, LAG, Simulation, write_bundle
from tests.helpers.l1 import DEADLINE
from tests.helpers.running import SETUP

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    """Traders 1 and 2 have money once the first batch is over."""
    found = Simulation(tmp_path / "target")
    for account in (1, 2):
        found.world.register(account, RICH)
    return found


def times(simulation: Simulation) -> list[int]:
    """Ends of all batches that count, in steps of the grid after genesis."""
    batches = replay(simulation.running.folder.journal, SETUP)
    return [(each.batch.time - small.START) / INTERVAL_MS for each in batches]


def require_settled(simulation: Simulation) -> None:
    """Everything is closed, held, proved and posted, once each; a replay comes to L1's root."""
    simulation.drain()
    batches = list(replay(simulation.running.folder.journal, SETUP))
    assert simulation.world.l1.proved_number == len(batches) == simulation.daemon.venue.core.number
    assert [each.batch.number for each in batches] == list(range(1, len(batches) + 1))
    assert all(time == int(time) for time in times(simulation)), "on the grid"
    assert simulation.world.l1.root == batches[-1].header.new_root


def trade(simulation: Simulation, slot: int) -> None:
    """Account 2 buys a lot from account 1."""
    terms = {"slot": slot, "generation": 1 + simulation.daemon.venue.core.sequence}
    orders = (small.sell(1, 1, **terms), small.buy(2, 1, **terms))
    receipts = simulation.daemon.submit([simulation.running.envelope(each) for each in orders])
    assert [receipt.reason for receipt in receipts] == [None, None]


def test_batches_end_on_the_grid_one_each_interval_empty_ones_too(simulation: Simulation) -> None:
    simulation.pass_time(5 * INTERVAL_MS + 100)
    assert times(simulation) == [1, 2, 3, 4, 5]
    assert simulation.daemon.view.closes_at == small.START + 6 * INTERVAL_MS
    require_settled(simulation)
    assert simulation.posted == [1, 2, 3, 4, 5, 6]


def test_a_batch_closes_by_the_clock_and_not_by_what_is_in_it(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    for slot in range(20):
        trade(simulation, slot)
    assert simulation.daemon.venue.core.number == 2
    simulation.pass_time(INTERVAL_MS)
    assert simulation.daemon.venue.core.number == 3


def test_an_order_after_the_windows_end_goes_into_the_next_batch(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.world.pass_time(INTERVAL_MS)
    trade(simulation, 0)
    work = simulation.daemon.venue.core.work
    assert work is not None and work.number == 4 and len(work.fills) == 1


def test_while_the_daemon_was_away_times_skip_and_numbers_do_not(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.world.pass_time(10 * INTERVAL_MS)
    simulation.pass_time(INTERVAL_MS)
    assert times(simulation) == [1, 2, 3, 13]
    require_settled(simulation)


def test_a_life_goes_from_sequenced_to_proved(simulation: Simulation) -> None:
    simulation.prover.takes_ms = 500
    simulation.tick()
    assert simulation.daemon.view.life(1) is Life.SEQUENCED
    simulation.world.pass_time(INTERVAL_MS)
    simulation.daemon.submit([])
    assert simulation.daemon._look(0).life(1) is Life.BATCHED
    simulation.tick()
    assert simulation.daemon.view.life(1) is Life.HELD
    simulation.pass_time(600)
    assert simulation.daemon.view.life(1) is Life.PROVED


def test_with_too_many_unproved_batches_no_new_one_is_opened_and_it_says_so(
    simulation: Simulation,
) -> None:
    simulation.prover.takes_ms = 20 * INTERVAL_MS
    simulation.pass_time(15 * INTERVAL_MS)
    assert simulation.daemon.venue.core.number == LAG
    assert simulation.daemon.view.mode is Mode.BEHIND
    assert simulation.heard("no new one is opened") == 1
    simulation.prover.takes_ms = 10
    simulation.pass_time(10 * INTERVAL_MS)
    assert simulation.heard("batches are opened again") == 1
    ends = times(simulation)
    assert ends[:LAG] == [1, 2, 3, 4] and ends[LAG] > 20, "a public gap"
    require_settled(simulation)


def test_between_two_batches_no_order_is_taken_and_none_is_lost(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.prover.takes_ms = 30 * INTERVAL_MS
    simulation.pass_time(8 * INTERVAL_MS)
    envelope = simulation.running.envelope(small.sell(1, 1))
    (receipt,) = simulation.daemon.submit([envelope])
    assert receipt.reason == "between-batches"
    simulation.pass_time(30 * INTERVAL_MS)
    simulation.prover.takes_ms = 10
    while simulation.daemon.venue.core.work is None:
        simulation.pass_time(INTERVAL_MS)
    (receipt,) = simulation.daemon.submit([simulation.running.envelope(small.sell(1, 1))])
    assert receipt.reason is None


def test_a_proof_that_exists_is_brought_after_a_restart_and_not_made_again(
    simulation: Simulation,
) -> None:
    simulation.prover.takes_ms = 10**9
    simulation.pass_time(INTERVAL_MS)
    (closed,) = simulation.daemon.venue.unproved
    write_bundle(simulation.daemon.venue.batch_folder(1).path, closed.outcome.public)
    simulation.restart()
    simulation.tick()
    assert simulation.posted == [1] and simulation.prover.started == []


def test_a_proof_that_is_missing_after_a_restart_is_made_again(simulation: Simulation) -> None:
    simulation.prover.takes_ms = 10**9
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.restart()
    simulation.pass_time(INTERVAL_MS)
    assert simulation.posted[:2] == [1, 2] and simulation.prover.started[:2] == [1, 2]
    require_settled(simulation)


def test_a_bundle_of_another_batch_is_not_brought(simulation: Simulation) -> None:
    simulation.prover.takes_ms = 10**9
    simulation.pass_time(2 * INTERVAL_MS)
    first, second = simulation.daemon.venue.unproved
    write_bundle(simulation.daemon.venue.batch_folder(1).path, second.outcome.public)
    simulation.restart()
    simulation.tick()
    assert simulation.posted == [] and simulation.prover.started == [1]
    assert simulation.heard("L1 refused") == 0, "L1 was not asked"
    require_settled(simulation)
    assert simulation.world.l1.header_digest(1) == first.header.digest()


def test_an_open_batch_survives_a_restart_with_its_orders(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    trade(simulation, 0)
    prices = simulation.daemon.view.prices
    simulation.world.pass_time(INTERVAL_MS // 2)
    simulation.restart()
    work = simulation.daemon.venue.core.work
    assert work is not None and work.number == 3 and len(work.fills) == 1
    assert simulation.daemon.view.prices == prices, "those that the batch was opened with"
    require_settled(simulation)


def test_a_prover_that_fails_is_tried_again(simulation: Simulation) -> None:
    simulation.prover.failures = ATTEMPTS_MAX - 1
    simulation.pass_time(3 * INTERVAL_MS)
    assert simulation.heard("batch 1 was not proved") == ATTEMPTS_MAX - 1
    require_settled(simulation)


def test_a_batch_that_is_not_proved_in_three_tries_stops_the_daemon(
    simulation: Simulation,
) -> None:
    simulation.prover.failures = ATTEMPTS_MAX
    with pytest.raises(DaemonHalted, match="batch 1 was not proved, 3 times in a row"):
        simulation.pass_time(5 * INTERVAL_MS)


def test_a_prover_that_leaves_no_bundle_counts_as_failed(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.helpers.daemon.write_bundle", lambda folder, public: None)
    with pytest.raises(DaemonHalted, match="no bundle"):
        simulation.pass_time(5 * INTERVAL_MS)


def test_a_batch_that_a_prover_says_no_to_is_not_asked_for_again(
    simulation: Simulation,
) -> None:
    simulation.pass_time(INTERVAL_MS)
    (closed,) = simulation.daemon.venue.unproved
    with pytest.raises(DaemonHalted, match="batch 1 was not proved: prover: no room"):
        simulation.daemon._ended(ProofEnd(1, closed.header.digest(), ProverError("no room")))


def test_a_failure_with_a_batch_made_anew_meanwhile_does_not_count(
    simulation: Simulation,
) -> None:
    simulation.pass_time(INTERVAL_MS)
    for _ in range(ATTEMPTS_MAX):
        simulation.daemon._ended(ProofEnd(1, bytes(32), ProverLost("killed")))
    require_settled(simulation)


def test_a_proof_that_l1_refuses_is_made_again(simulation: Simulation) -> None:
    simulation.prover.takes_ms = 10**9
    simulation.pass_time(INTERVAL_MS)
    (closed,) = simulation.daemon.venue.unproved
    folder = simulation.daemon.venue.batch_folder(1).path
    write_bundle(folder, closed.outcome.public, b"no proof")
    simulation.restart()
    simulation.pass_time(INTERVAL_MS)
    assert simulation.heard("L1 refused its proof") == 1 and simulation.posted[0] == 1
    require_settled(simulation)


def test_headers_that_come_too_late_are_made_anew(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    trade(simulation, 0)
    simulation.world.pass_time(BEHIND + 3 * INTERVAL_MS)
    simulation.pass_time(2 * INTERVAL_MS)
    assert simulation.heard("L1 wants batch 3 made anew (clock-behind)") == 1
    require_settled(simulation)
    batches = list(replay(simulation.running.folder.journal, SETUP))
    assert batches[2].batch.redo and not batches[2].batch.fills
    assert sum(len(each.batch.fills) for each in batches) == 1, "the trade happens, later"


def test_a_proof_does_not_come_before_its_header(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L1 forgot the headers while a proof was overdue: bundles are there, and must wait."""
    simulation.pass_time(INTERVAL_MS)
    checkpoint = simulation.world.l1.checkpoint()
    simulation.prover.takes_ms = 10**9
    simulation.pass_time(2 * INTERVAL_MS)
    for closed in simulation.daemon.venue.unproved:
        folder = simulation.daemon.venue.batch_folder(closed.batch.number).path
        write_bundle(folder, closed.outcome.public)
    simulation.restart()

    def overdue(*_: object) -> None:
        raise Reverted(Revert.PROOF_OVERDUE, "batch 1")

    with monkeypatch.context() as patch:
        patch.setattr(simulation.world.l1, "commit_header", overdue)
        simulation.world.l1.revert_to(checkpoint)
        simulation.tick()
        assert simulation.daemon.view.trouble == "proof-overdue: batch 1"
    simulation.posted = simulation.posted[: simulation.world.l1.proved_number]
    require_settled(simulation)


def test_an_overdue_proof_holds_headers_back_until_it_comes(simulation: Simulation) -> None:
    simulation.prover.takes_ms = DEADLINE + 2 * INTERVAL_MS
    simulation.pass_time(2 * INTERVAL_MS)
    simulation.pass_time(DEADLINE // 1000 * 1000, step=INTERVAL_MS)
    assert simulation.heard("warning: batch 1: its proof is due")
    simulation.prover.takes_ms = 100
    simulation.pass_time(20 * INTERVAL_MS, step=INTERVAL_MS)
    assert simulation.posted[0] == 1
    require_settled(simulation)


def test_a_refusal_that_no_time_mends_stops_the_daemon(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Reverted(Revert.NOT_OPERATOR, "only the operator")

    monkeypatch.setattr(simulation.world.l1, "commit_header", refuse)
    with pytest.raises(DaemonHalted, match="not-operator"):
        simulation.pass_time(2 * INTERVAL_MS)


def test_a_refusal_that_time_mends_is_said_once_and_waited_for(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = simulation.world.l1.commit_header
    until = small.START + 5 * INTERVAL_MS

    def slow(*arguments: object) -> object:
        if simulation.world.now < until:
            raise Reverted(Revert.CLOCK_AHEAD, "later")
        return real(*arguments)

    monkeypatch.setattr(simulation.world.l1, "commit_header", slow)
    simulation.pass_time(4 * INTERVAL_MS)
    assert simulation.daemon.view.trouble == "clock-ahead: later"
    assert simulation.heard("L1 lets the venue wait") == 1
    simulation.pass_time(4 * INTERVAL_MS)
    assert simulation.daemon.view.trouble == ""
    require_settled(simulation)


def test_a_drain_waits_for_the_windows_end(simulation: Simulation) -> None:
    simulation.pass_time(INTERVAL_MS + 300)
    simulation.daemon.drain()
    simulation.pass_time(600)
    assert simulation.daemon.venue.core.work is not None and not simulation.daemon.is_done
    require_settled(simulation)
    assert simulation.daemon.venue.core.number == 2


def test_without_a_prover_batches_are_held_and_the_drain_ends(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "target", proves=False)
    simulation.pass_time(20 * INTERVAL_MS)
    simulation.drain()
    assert simulation.world.l1.head_number == 21
    assert simulation.world.l1.proved_number == 0 and simulation.posted == []


def test_facts_reach_the_history_of_their_owner_alone(simulation: Simulation) -> None:
    simulation.pass_time(2 * INTERVAL_MS)
    trade(simulation, 0)
    for account, is_maker in ((1, True), (2, False)):
        page = simulation.daemon.venue.history.since(account, 0, 100)
        fills = [fact for fact in page.facts if type(fact).__name__ == "Filled"]
        assert [fill.is_maker for fill in fills] == [is_maker]
    assert simulation.daemon.venue.history.since(3, 0, 100).facts == ()


def test_a_store_that_cannot_be_read_is_said_and_costs_nothing_else(simulation: Simulation) -> None:
    simulation.pass_time(3 * INTERVAL_MS)
    number, store = simulation.daemon.venue.core.number, simulation.running.folder.store
    simulation.running.crash()
    store.write_bytes(b"no database")
    simulation.running.start()
    simulation.start()
    assert simulation.daemon.venue.core.number == number
    simulation.pass_time(INTERVAL_MS)
    assert simulation.heard("begun anew from the whole journal") == 1
