"""A minute of fuzzing over all targets, from a fixed seed; FUZZ_SECONDS makes it longer."""

import os

import pytest

from tests.fuzz.engine import corpus, fuzz
from tests.fuzz.targets import TARGETS, Target

SECONDS = float(os.environ.get("FUZZ_SECONDS", "50")) / len(TARGETS)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_strange_bytes_are_refused_by_name_or_have_one_meaning(target: Target) -> None:
    account = fuzz(target, SECONDS, seed=11, keep=False)
    assert account.tried > len(corpus(target)) + 20
    assert len(account.outcomes) >= 2
