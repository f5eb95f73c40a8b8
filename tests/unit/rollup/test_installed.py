"""What packaging binds: exactly one distribution offers it, or nobody is asked."""

from importlib.metadata import EntryPoint, EntryPoints
from types import SimpleNamespace

import click
import pytest

from rollup import entry
from rollup.entry import InstallationError
from rollup.installed import VERIFIER_GROUP, installed_verifier
from rollup.program.cli import COMMAND_GROUP, CommandError, ExitCode, Root, command_error

VERIFIER = EntryPoint("stark", "circuits.verify:StarkVerifier", VERIFIER_GROUP)
COMMAND = EntryPoint("verify", "circuits.commands.cli:verify", COMMAND_GROUP)


def offers(monkeypatch: pytest.MonkeyPatch, *distributions: str) -> None:
    """From now on, distributions of these names offer a verifier and a command."""
    found = []
    for name in distributions:
        for offered in (VERIFIER, COMMAND):
            copy = EntryPoint(offered.name, offered.value, offered.group)
            vars(copy)["dist"] = SimpleNamespace(name=name)
            found.append(copy)

    def select(**wanted: str) -> EntryPoints:
        return EntryPoints(found).select(**wanted)

    monkeypatch.setattr(entry, "entry_points", select)


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


def test_two_commands_of_one_name_are_refused_and_both_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another `crypsis verify` could say of any proof that it is valid."""
    context = click.Context(Root())
    offers(monkeypatch, "crypsis")
    assert Root().get_command(context, "verify") is not None
    assert Root().get_command(context, "none") is None
    offers(monkeypatch, "crypsis", "another-crypsis")
    with pytest.raises(CommandError, match="another-crypsis, crypsis") as caught:
        Root().get_command(context, "verify")
    assert caught.value.exit_code == ExitCode.INTERNAL


def test_no_verifier_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch)
    with pytest.raises(InstallationError, match="no package offers 'stark'"):
        installed_verifier("fast")
