"""A sample of the two worlds that `make soundness` measures, and leaks that must be found."""

import pytest

from sequencer.leak.measure import measure
from tests.soundness.leaks import PLANTS, SIDE, cached, is_found, known_salts, planted

RUNS = 40
SEED = 26


def test_who_is_long_and_who_is_short_is_not_told_apart() -> None:
    found = measure(SIDE, RUNS, SEED, runner=cached)
    assert found.is_expected and not found.told_by, (found.verdict, SEED)


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_leak_is_found_with_certainty(name: str) -> None:
    plant, features = PLANTS[name]
    found = measure(SIDE, RUNS, SEED, runner=planted(plant))
    assert is_found(found, features), (found.verdict, found.told_by)
    assert found.rest.advantage.is_none and not found.is_expected


def test_salts_that_are_known_hide_nothing() -> None:
    """All that keeps worlds alike is fresh salts and keys: with the same ones in every run, the
    root alone says which world it is."""
    found = measure(SIDE, RUNS, SEED, runner=known_salts)
    assert found.verdict.advantage.value == 1
    assert {"digests", "leaf-bits", "word-bits", "words"} <= set(found.told_by)
