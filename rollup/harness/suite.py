"""The suite itself: every scenario and the random sequences, and what became of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rollup.harness.at_outpost import outpost_of
from rollup.harness.difference import Difference
from rollup.harness.expectations import require_expected
from rollup.harness.held_outpost import HeldOutpost
from rollup.harness.people import address
from rollup.harness.performing import perform
from rollup.harness.random_calls import walk
from rollup.harness.random_elsewhere import walk_outpost
from rollup.harness.scenario import Scenario, ScenarioError
from rollup.harness.stage import Target, deployment_of, stage
from rollup.l1.connection import RefusedByPeer
from rollup.l1.interface import Reverted
from rollup.protocol.checkpoint import Link
from rollup.protocol.genesis import Genesis

RANDOM_GROUP = "random calls"
OUTPOST_SHARE = 10
"""One call at an outpost for so many at home."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one scenario: nothing in `difference` is as it should be."""

    group: str
    name: str
    difference: str = ""

    @property
    def passed(self) -> bool:
        """Whether L1 did all that the scenario says."""
        return not self.difference


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, in order."""

    findings: tuple[Finding, ...]
    left_out: tuple[str, ...] = ()
    """Scenarios about outposts, where the target has none."""

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Where L1 did something else."""
        return tuple(finding for finding in self.findings if not finding.passed)

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """How many passed, and of how many, by group."""
        found: dict[str, tuple[int, int]] = {}
        for finding in self.findings:
            passed, all_of = found.get(finding.group, (0, 0))
            found[finding.group] = (passed + finding.passed, all_of + 1)
        return found


def run(
    target: Target,
    scenarios: Iterable[Scenario],
    sequences: Sequence[tuple[str, int]] = (),
    heard: Callable[[Finding], None] = lambda finding: None,
) -> Report:
    """Hold the target to the scenarios, then to `sequences` of (seed, calls) beside the model."""
    findings, left_out = [], []
    for scenario in scenarios:
        if scenario.outpost and target.far_chain is None:
            left_out.append(scenario.name)
            continue
        findings.append(Finding(scenario.group, scenario.name, difference(target, scenario)))
        heard(findings[-1])
    for seed, calls in sequences:
        found = _attempt(lambda s=seed, c=calls: _walks(target, s, c))  # type: ignore[misc]
        findings.append(Finding(RANDOM_GROUP, f"{calls} calls of seed {seed}", found))
        heard(findings[-1])
    return Report(tuple(findings), tuple(left_out))


def _walks(target: Target, seed: str, calls: int) -> None:
    """A sequence at home, and a shorter one at an outpost, whose every word is a pairing."""
    walk(target, seed, calls)
    walk_outpost(target, seed, -(-calls // OUTPOST_SHARE))


def difference(target: Target, scenario: Scenario) -> str:
    """The first thing that L1 does otherwise, in plain words; empty where there is none."""
    return _attempt(lambda: play(target, scenario))


def play(target: Target, scenario: Scenario) -> None:
    """Play a scenario. Difference where L1 does not do as it says."""
    asked = deployment_of(scenario)
    try:
        l1 = target.deploy(asked)
        outpost = _outpost(target, scenario, asked.deployment.genesis) if scenario.outpost else None
    except Reverted as error:
        if error.reason.value != scenario.reverts:
            wanted = scenario.reverts or "no revert"
            raise Difference(f"deployment: {error.reason.value}, wanted {wanted}") from error
        return
    if scenario.reverts is not None:
        raise Difference(f"deployment: it succeeded, wanted a revert for {scenario.reverts}")
    here = stage(scenario, l1, asked.deployment)
    if outpost is not None:
        here.outpost, here.assets = outpost, [mark for mark, _ in scenario.outpost["caps"]]
    for place, step in enumerate(scenario.steps, 1):
        try:
            perform(here, step)
        except Difference as error:
            raise Difference(f"step {place}, {_brief(step)}: {error}") from error
    try:
        require_expected(here, scenario.final)
    except Difference as error:
        raise Difference(f"in the end, {error}") from error


def _outpost(target: Target, scenario: Scenario, genesis: Genesis) -> HeldOutpost:
    """What a scenario wants beside home. ScenarioError where the target has no other chain."""
    if target.far_chain is None:
        raise ScenarioError(f"{scenario.name}: this target has no outposts")
    chain = target.far_chain
    link = Link(genesis.chain, genesis.venue, chain, address(f"outpost on {chain}"))
    return target.outpost(outpost_of(scenario, link))


def _brief(step: Mapping[str, object]) -> str:
    name, value = next(iter(step.items()))
    return name if isinstance(value, dict) else f"{name} {value}"


def _attempt(play_it: Callable[[], object]) -> str:
    try:
        play_it()
    except (Difference, RefusedByPeer) as error:
        return str(error)
    except Reverted as error:
        return f"it reverted for {error.reason.value} where the suite only prepares"
    return ""
