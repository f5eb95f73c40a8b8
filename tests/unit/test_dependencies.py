"""What an installation without extras can do: verify, and say what else it would take."""

import json
import sys
from pathlib import Path

import pytest

from rollup.installed import extra_with
from rollup.protocol.public_json import public_to_json
from tests.helpers.blocked import (
    BASE,
    INSTALLED,
    OWN,
    PROJECT,
    distributions,
    modules,
    without_extras,
)
from tests.helpers.venue import Venue
from tests.unit.test_tidy import imported as imported_names
from tests.unit.test_tidy import sources


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Well-formed public input beside a proof that is none: the verifier runs, and refuses."""
    venue = Venue()
    public = venue.apply(venue.batch()).public
    (tmp_path / "public.json").write_bytes(public_to_json(public))
    (tmp_path / "proof.bin").write_bytes(bytes(1000))
    return tmp_path


def test_the_verifier_runs_on_the_base_dependencies_alone(bundle: Path) -> None:
    done = without_extras("verify", bundle, "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["reason"] == "PROTOCOL_VERSION"


def test_every_base_dependency_is_used_by_the_verifier(bundle: Path) -> None:
    for missing in sorted(BASE):
        done = without_extras("verify", bundle, allowed=BASE - {missing})
        assert missing in done.stderr, f"verify runs without {missing}: it belongs to an extra"


@pytest.mark.parametrize(
    "arguments", [("prove", __file__, "-o", "target"), ("execute", __file__), ("prover", "warm")]
)
def test_a_command_without_its_library_names_the_extra_in_one_line(
    arguments: tuple[str, ...],
) -> None:
    done = without_extras(*arguments)
    assert done.returncode == 2
    assert "pip install 'crypsis[run]'" in done.stderr and done.stderr.count("\n") == 1


def test_a_demonstration_without_its_libraries_names_the_extra(tmp_path: Path) -> None:
    done = without_extras("demo", "--target", tmp_path / "target", "--json")
    assert done.returncode == 2
    assert "pip install 'crypsis[run]'" in json.loads(done.stdout)["error"]


def test_the_mock_l1_is_held_to_the_suite_on_the_base_dependencies_alone() -> None:
    """Scenarios have keys of committees: what comes with py-ecc is theirs to load too."""
    done = without_extras("l1", "check", "--only", "pins", allowed=INSTALLED)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [("up", "--port", "0"), ("status",)])
def test_an_l1_that_is_served_or_reached_needs_the_extra_that_runs_a_venue(
    arguments: tuple[str, ...],
) -> None:
    done = without_extras("l1", *arguments)
    assert done.returncode == 2
    assert "pip install 'crypsis[run]'" in done.stderr


def test_a_devnet_without_its_libraries_names_the_extra(tmp_path: Path) -> None:
    done = without_extras("devnet", "--state", tmp_path / "target", "--json")
    assert done.returncode == 2
    assert "pip install 'crypsis[run]'" in json.loads(done.stdout)["error"]
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    ("module", "extra"),
    [("numba", "run"), ("rich.table", "run"), ("uvicorn", "run"), ("no_such_library", None)],
)
def test_the_extra_of_a_library_is_read_from_the_metadata(module: str, extra: str | None) -> None:
    assert extra_with(module) == extra


def test_whoever_judges_receipts_needs_nothing_else_of_what_runs_a_venue() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(extras["receipts"]) < set(extras["run"])


def test_every_import_outside_the_standard_library_is_a_declared_dependency() -> None:
    extras = PROJECT["optional-dependencies"]
    named = distributions(each for extra in ("run", "cluster", "evm") for each in extras[extra])
    declared = BASE | modules(named) | {"llvmlite"}
    imported = {
        name.partition(".")[0]
        for path, _, tree in sources()
        if not path.startswith("benchmarks/")
        for name in imported_names(tree)
    }
    for_types = {"_typeshed"}  # stubs of a type checker; nothing imports them at run time
    assert imported - set(sys.stdlib_module_names) - OWN - for_types - declared == set()
