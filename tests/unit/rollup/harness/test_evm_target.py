"""The contracts are held to the suite as the mock is: every scenario, and random calls beside."""

from collections.abc import Iterator

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from rollup.harness.evm_target import EvmTarget, evm_target
from rollup.harness.l1_cli import ANVIL, PYREVM
from rollup.harness.people import compress_cached
from rollup.harness.scenario import Scenario, load
from rollup.harness.suite import difference, run
from rollup.l1.evm.tools import anvil

ON_NODE = ("money", "reorganisations", "proofs", "outposts")
"""Groups that are played on a node here: money that moves, state that goes back, proofs that are
refused, and outposts, which are on a second node. `crypsis l1 check --target anvil` plays all."""

# Of the seeds below 5, 9 and that of the node have a committee and an outpost at home.


@pytest.fixture(scope="module")
def in_process() -> Iterator[EvmTarget]:
    with evm_target(PYREVM, compress_cached) as target:
        yield target


@pytest.fixture(scope="module")
def on_node() -> Iterator[EvmTarget]:
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    with evm_target(ANVIL, compress_cached) as target:
        yield target


@pytest.mark.parametrize("scenario", load(), ids=lambda each: f"{each.group}: {each.name}")
def test_every_scenario_in_this_process(in_process: EvmTarget, scenario: Scenario) -> None:
    assert difference(in_process, scenario) == ""


@pytest.mark.parametrize("group", ON_NODE)
def test_scenarios_on_a_node(on_node: EvmTarget, group: str) -> None:
    scenarios = [each for each in load() if each.group == group]
    report = run(on_node, scenarios)
    assert scenarios and [(each.name, each.difference) for each in report.failed] == []


def test_random_calls_beside_the_model_in_this_process(in_process: EvmTarget) -> None:
    report = run(in_process, [], [(f"evm/{place}", 100) for place in (0, 1, 5, 9)])
    assert [(each.name, each.difference) for each in report.failed] == []


def test_random_calls_beside_the_model_on_a_node(on_node: EvmTarget) -> None:
    report = run(on_node, [], [("evm/node/0", 60)])
    assert [(each.name, each.difference) for each in report.failed] == []
