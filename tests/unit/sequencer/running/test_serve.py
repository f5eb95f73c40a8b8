"""How a running venue ends: in order, at once, or because it must."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollup.l1.interface import Revert, Reverted
from sequencer.api.door import Door
from sequencer.api.server import listen
from sequencer.running.serve import EndedAtOnce, serve
from sequencer.service.courier import CourierThread
from sequencer.service.daemon import DaemonHalted
from tests.helpers.daemon import INTERVAL_MS, Simulation


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path / "target", proves=False)


@pytest.fixture
def door(simulation: Simulation) -> Iterator[Door]:
    found = Door(simulation.daemon)
    courier = CourierThread(simulation.courier)
    yield found
    courier.stop()
    found.close()


def run(door: Door, simulation: Simulation, *signals: signal.Signals) -> None:
    """Serve; once it is ready the signals come, one after the other."""

    def ready() -> None:
        for each in signals:
            os.kill(os.getpid(), each)
            time.sleep(0.05)

    with listen("127.0.0.1", 0) as listening:
        serve(door, listening, simulation.said.append, ready)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_drains(door: Door, simulation: Simulation, how: signal.Signals) -> None:
    simulation.pass_time(INTERVAL_MS // 2)
    real = simulation.world.pass_time
    simulation.daemon._clock = lambda: (real(100), simulation.world.now)[1]
    run(door, simulation, how)
    assert door.is_done and simulation.world.l1.head_number >= 1
    assert simulation.heard("draining") == 1


def test_the_second_signal_ends_at_once(door: Door, simulation: Simulation) -> None:
    simulation.tick()
    with pytest.raises(EndedAtOnce):
        run(door, simulation, signal.SIGTERM, signal.SIGINT)
    assert not door.is_done and simulation.daemon.venue.core.work is not None


def test_what_stops_the_venue_ends_the_program(
    door: Door, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Reverted(Revert.NOT_OPERATOR, "only the operator")

    simulation.pass_time(INTERVAL_MS // 2)
    monkeypatch.setattr(simulation.world.l1, "commit_header", refuse)
    simulation.world.pass_time(INTERVAL_MS)
    with pytest.raises(DaemonHalted, match="not-operator"):
        run(door, simulation)


def test_signals_are_given_back(door: Door, simulation: Simulation) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(EndedAtOnce):
        run(door, simulation, signal.SIGTERM, signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
