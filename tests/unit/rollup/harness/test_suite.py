"""The conformance suite: what it covers, that the mock passes, and that wrong L1s do not."""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from typing import Any

import pytest

from rollup.harness import scenario as scenarios_module
from rollup.harness.scenario import MODIFIERS, Scenario, ScenarioError, load, parse
from rollup.harness.suite import RANDOM_GROUP, difference, run
from rollup.harness.targets import LocalTarget
from rollup.l1.development import LocalL1
from rollup.l1.interface import Address, Refusal, Revert
from rollup.protocol.public import PublicInput
from tests.helpers.broken_committee import ABOUT_COMMITTEES
from tests.helpers.broken_given import ABOUT_GIVEN
from tests.helpers.broken_l1 import BROKEN
from tests.helpers.broken_private_exits import ABOUT_PRIVATE_EXITS
from tests.helpers.seed import draws

SCENARIOS = load()
ABOUT = {
    "withheld": ABOUT_GIVEN,
    "committee": ABOUT_COMMITTEES,
    "private-exits": ABOUT_PRIVATE_EXITS,
}
"""Which group finds which wrong L1s: it is played to them first."""


def said(scenario: Scenario, member: str) -> Iterator[str]:
    """Every word of a kind in a scenario: of its deployment, and of its steps."""
    if member == "reverts" and scenario.reverts is not None:
        yield scenario.reverts
    yield from (step[member] for step in scenario.steps if member in step)


def test_there_are_more_than_150_scenarios_and_each_has_a_name_of_its_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 150


@pytest.mark.parametrize(
    ("reasons", "member"), [(Revert, "reverts"), (Refusal, "refused")], ids=str
)
def test_every_reason_is_reached_by_a_scenario_and_no_other_is_named(
    reasons: type[Enum], member: str
) -> None:
    reached = {word for scenario in SCENARIOS for word in said(scenario, member)}
    assert reached == {reason.value for reason in reasons}


def test_every_member_of_the_public_input_is_changed_by_a_scenario() -> None:
    changed = {
        name
        for scenario in SCENARIOS
        if scenario.group == "public-input"
        for step in scenario.steps
        for name in step.get("change", ())
    }
    assert changed == set(PublicInput.__slots__) - {"version"}, "a version is not to be chosen"


def test_everything_that_a_step_can_do_or_say_is_used_by_a_scenario() -> None:
    used = {name for scenario in SCENARIOS for step in scenario.steps for name in step}
    assert {*MODIFIERS, *(name for names in MODIFIERS.values() for name in names)} - used == set()


def test_the_mock_conforms_and_agrees_with_the_model_in_random_calls() -> None:
    seed = draws(1).randrange(2**32)
    report = run(LocalTarget(), SCENARIOS, [(f"{seed}/{place}", 100) for place in range(10)])
    assert report.failed == ()
    assert report.counts()[RANDOM_GROUP] == (10, 10)


@pytest.mark.parametrize("name", BROKEN)
def test_an_l1_that_is_wrong_in_one_way_fails_a_scenario(name: str) -> None:
    target = LocalTarget(BROKEN[name])
    (first, *_) = (*(group for group, names in ABOUT.items() if name in names), "")
    scenarios = sorted(SCENARIOS, key=lambda scenario: scenario.group != first)
    assert any(difference(target, scenario) for scenario in scenarios)


def test_there_are_more_than_ten_wrong_l1s() -> None:
    assert len(BROKEN) > 10


@pytest.mark.parametrize("name", ["NeverLate", "PaysTwice", "SkipsTheDelay", "KeepsItsQueue"])
def test_random_calls_alone_find_a_wrong_l1(name: str) -> None:
    walks = [(f"wrong/{place}", 200) for place in range(40)]
    report = run(LocalTarget(BROKEN[name]), (), walks)
    assert report.failed, name


def test_a_seed_finds_the_same_difference_again() -> None:
    walks = [("1", 300)]
    found = [run(LocalTarget(BROKEN["SaysNothingOfDeposits"]), (), walks).failed for _ in range(2)]
    assert found[0] == found[1] != ()


class Generous(LocalL1):
    def withdraw(self, sender: Address, asset: int = 0) -> int:
        super().withdraw(sender, asset)
        return 51


def test_a_difference_says_the_step_and_what_was_wanted_and_what_came() -> None:
    (scenario,) = [s for s in SCENARIOS if s.name.startswith("a refund is withdrawn once")]
    said = difference(LocalTarget(Generous), scenario)
    assert said == "step 8, withdraw alice: it paid 51, wanted 50"
    wrong = replace(scenario, final={"funds": 1})
    assert difference(LocalTarget(), wrong) == "in the end, funds is 0, wanted 1"


def of(step: str, tail: str = "final = {}") -> list[Scenario]:
    return list(parse("group", f'[[scenario]]\nname = "one"\nsteps = [{step}]\n{tail}\n'))


@pytest.mark.parametrize(
    ("step", "tail"),
    [
        ("{ dance = 1 }", "final = {}"),
        ('{ mint = "alice", amount = 1, reverst = "x" }', "final = {}"),
        ('{ mint = "alice", wait = 1 }', "final = {}"),
        ('{ expect = {}, reverts = "total" }', "final = {}"),
        ("{ wait = 1 }", ""),
        ('{ withdraw = "alice" }', "final = {}"),
        ("{ wait = 1 }", "finally = {}"),
        ('{ wait = "$long" }', 'final = {}\ncases = [{ name = "x" }]'),
    ],
)
def test_a_scenario_that_says_what_nobody_reads_is_no_scenario(step: str, tail: str) -> None:
    with pytest.raises(ScenarioError):
        of(step, tail)


def test_scenarios_of_outposts_are_left_out_and_named_where_there_are_none() -> None:
    class AtHome(LocalTarget):
        far_chain = None

    (first, *_) = [each for each in SCENARIOS if each.outpost]
    report = run(AtHome(), [first])
    assert (report.findings, report.left_out) == ((), (first.name,))
    with pytest.raises(ScenarioError, match="no outposts"):
        difference(AtHome(), first)


def test_two_scenarios_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[[scenario]]\nname = "one"\nfinal = {}\n'
    monkeypatch.setattr(scenarios_module, "_texts", lambda: [("a", text), ("b", text)])
    with pytest.raises(ScenarioError, match="one"):
        load()


def test_a_family_is_one_scenario_for_each_case() -> None:
    cases = 'final = { events = "$n" }\ncases = [{ name = "a", n = 1 }, { name = "b", n = 2 }]'
    found: list[Any] = of("{ wait = 1 }", cases)
    assert [(s.name, s.final) for s in found] == [
        ("one: a", {"events": 1}),
        ("one: b", {"events": 2}),
    ]
