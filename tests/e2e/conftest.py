"""Runs of the demonstration through the installed command, shared by the tests of this folder."""

from collections.abc import Callable

import pytest

from tests.helpers.program import Demo, crypsis

SEED = "7"


@pytest.fixture(scope="session")
def run_demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Demo]:
    """Runs a demonstration in a folder of its own."""

    def run(*arguments: object, seed: str = SEED) -> Demo:
        folder = tmp_path_factory.mktemp("demo")
        done = crypsis("demo", "--json", "--insecure-seed", seed, *arguments, cwd=folder)
        assert done.code == 0, done.stdout + done.stderr
        return Demo(seed, done.json, folder / "target")

    return run


@pytest.fixture(scope="session")
def demo(run_demo: Callable[..., Demo]) -> Demo:
    """Two batches: one of the seeded market, and one in which the price falls."""
    return run_demo("--batches", 1)
