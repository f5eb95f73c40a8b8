"""Every home and every outpost that is wrong in one way fails a scenario: by signatures that take
no time, since what is counted does not depend on them."""

from collections.abc import Callable

import pytest

from rollup.harness.difference import Difference
from rollup.harness.random_calls import walk
from rollup.harness.random_elsewhere import walk_outpost
from rollup.harness.scenario import load
from rollup.harness.suite import difference, run
from rollup.harness.targets import LocalTarget
from tests.helpers import broken_chains
from tests.helpers.broken_chains import WRONG_HOMES, WRONG_OUTPOSTS
from tests.helpers.seed import draws

SEEDS = [f"chains/{place}" for place in range(60)]
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


@pytest.mark.parametrize(
    "name", ["TakesAnEntryTwice", "IgnoresCaps", "CountsNothingElsewhere", "SendsWhatIsOthers"]
)
def test_random_calls_alone_find_a_wrong_home(name: str) -> None:
    """Seeds are fixed: each takes something in and sends something, or these would be found."""
    target = LocalTarget(WRONG_HOMES[name])
    assert any(_differs(lambda seed=seed: walk(target, seed, 200)) for seed in SEEDS)


@pytest.mark.parametrize(
    "name",
    [
        *("HearsWhatIsStale", "LetsOutMoreThanIsHere", "PaysOutTwice", "PaysAnotherOwner"),
        *("HearsTooFew", "CountsNoCommittees", "TakesDepositsAfterTheEnd", "GivesBackTwice"),
        "PaysWhomeverIsBrought",
    ],
)
def test_random_calls_alone_find_a_wrong_outpost(name: str) -> None:
    target = LocalTarget(make_outpost=WRONG_OUTPOSTS[name])
    assert any(_differs(lambda seed=seed: walk_outpost(target, seed, 100)) for seed in SEEDS)


def test_random_calls_agree_with_the_model_on_chains() -> None:
    target, seeds = LocalTarget(), [str(draws(place).randrange(2**32)) for place in range(12)]
    for seed in seeds:
        assert (walk(target, seed, 60), walk_outpost(target, seed, 60)) == (60, 60), seed


def _differs(play: Callable[[], object]) -> bool:
    try:
        play()
    except Difference:
        return True
    return False


def test_there_are_many_of_them() -> None:
    assert len(WRONG_HOMES) > 20 and len(WRONG_OUTPOSTS) > 20
