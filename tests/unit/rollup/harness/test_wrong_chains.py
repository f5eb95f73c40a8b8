"""Every home and every outpost that is wrong in one way fails a scenario: by signatures that take
no time, since what is counted does not depend on them."""

import pytest

from rollup.harness.scenario import load
from rollup.harness.suite import difference, run
from rollup.harness.targets import LocalTarget
from tests.helpers import broken_chains
from tests.helpers.broken_chains import WRONG_HOMES, WRONG_OUTPOSTS

AT_HOME = [each for each in load() if each.group == "chains"]
AT_OUTPOSTS = [each for each in load() if each.group == "outposts"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    broken_chains.make_quick(monkeypatch)


def test_the_mocks_conform_however_members_sign() -> None:
    assert run(LocalTarget(), [*AT_HOME, *AT_OUTPOSTS]).failed == ()


@pytest.mark.parametrize("name", WRONG_HOMES)
def test_a_home_that_is_wrong_in_one_way_fails_a_scenario(name: str) -> None:
    target = LocalTarget(WRONG_HOMES[name])
    assert any(difference(target, each) for each in AT_HOME)


@pytest.mark.parametrize("name", WRONG_OUTPOSTS)
def test_an_outpost_that_is_wrong_in_one_way_fails_a_scenario(name: str) -> None:
    target = LocalTarget(make_outpost=WRONG_OUTPOSTS[name])
    assert any(difference(target, each) for each in AT_OUTPOSTS)


def test_there_are_many_of_them() -> None:
    assert len(WRONG_HOMES) > 20 and len(WRONG_OUTPOSTS) > 20
