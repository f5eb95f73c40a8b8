"""The installed verifier: exactly one distribution offers it, or nobody is asked."""

from importlib.metadata import EntryPoint, EntryPoints
from types import SimpleNamespace

import pytest

from rollup import installed
from rollup.cli import ExitCode, command_error
from rollup.installed import VERIFIER_GROUP, installed_verifier
from rollup.ports import InstallationError


def offers(monkeypatch: pytest.MonkeyPatch, *distributions: str) -> None:
    """From now on, distributions of these names offer a verifier."""
    found = []
    for name in distributions:
        entry = EntryPoint("stark", "circuits.verify:StarkVerifier", VERIFIER_GROUP)
        vars(entry)["dist"] = SimpleNamespace(name=name)
        found.append(entry)

    def select(**wanted: str) -> EntryPoints:
        return EntryPoints(found).select(**wanted)

    monkeypatch.setattr(installed, "entry_points", select)


def test_the_only_verifier_is_the_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, "crypsis")
    assert installed_verifier("balanced", "M").pins.parameter_set == "balanced"


def test_two_verifiers_of_one_name_are_refused_and_both_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offers(monkeypatch, "crypsis", "another-crypsis")
    with pytest.raises(InstallationError, match="another-crypsis, crypsis") as caught:
        installed_verifier("fast")
    told = command_error(caught.value)
    assert told.exit_code == ExitCode.INTERNAL and "another-crypsis" in told.message


def test_no_verifier_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch)
    with pytest.raises(InstallationError, match="no package offers 'stark'"):
        installed_verifier("fast")
