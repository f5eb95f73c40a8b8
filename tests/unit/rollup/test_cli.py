"""The conventions of the command line: exit codes, JSON, and no traceback to a user."""

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from rollup import cli
from rollup.cli import CommandError, ExitCode, Output, conventions
from rollup.environment import EnvironmentVariableError
from rollup.protocol.rejection import Reason, Rejected


def run(action: Callable[[Output], None], *arguments: str) -> Result:
    """Run one command whose body is `action`."""
    command = click.command()(conventions(action))
    return CliRunner().invoke(command, list(arguments))


def raising(error: BaseException) -> Callable[[Output], None]:
    def action(_: Output) -> None:
        raise error

    return action


def test_a_result_is_text_or_one_json_object_or_nothing() -> None:
    def action(output: Output) -> None:
        output.result({"answer": 42}, "the answer is 42")

    assert run(action).stdout == "the answer is 42\n"
    assert json.loads(run(action, "--json").stdout) == {"answer": 42}
    assert run(action, "-q").stdout == ""
    assert json.loads(run(action, "-q", "--json").stdout) == {"answer": 42}


def test_details_are_for_those_who_ask() -> None:
    def action(output: Output) -> None:
        output.say("said")
        output.detail("detailed")

    assert run(action).stderr == "said\n"
    assert run(action, "-v").stderr == "said\ndetailed\n"
    assert run(action, "-q").stderr == ""
    assert run(action, "--json").stderr == ""


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (Rejected(Reason.OVERFILLED, "fill 3"), 1, "rejected: overfilled: fill 3"),
        (FileNotFoundError(2, "No such file or directory", "x.bin"), 3, "x.bin: No such file"),
        (PermissionError(13, "Permission denied", "y"), 3, "y: Permission denied"),
        (CommandError(ExitCode.ROOTS_DIFFER, "roots differ"), 7, "crypsis: roots differ"),
        (EnvironmentVariableError("THREADS is a count, not 'x'"), 2, "THREADS is a count"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_known_errors_are_messages_with_exit_codes(
    error: BaseException, code: int, text: str
) -> None:
    result = run(raising(error))
    assert result.exit_code == code
    assert text in result.stderr
    assert "Traceback" not in result.output


def test_an_error_in_json_keeps_its_reason_and_code() -> None:
    result = run(raising(Rejected(Reason.MARGIN, "account 7")), "--json")
    assert json.loads(result.stdout) == {
        "error": "margin: account 7",
        "reason": "margin",
        "exit_code": 1,
    }


def test_the_unexpected_is_one_line_and_a_private_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli.tempfile, "tempdir", str(tmp_path))
    result = run(raising(ZeroDivisionError("secret 12345")))
    assert result.exit_code == ExitCode.INTERNAL
    assert "Traceback" not in result.output
    assert "12345" not in result.output
    (log,) = tmp_path.iterdir()
    assert str(log) in result.stderr
    assert log.stat().st_mode & 0o077 == 0
    assert "ZeroDivisionError" in log.read_text()


def test_quiet_and_verbose_exclude_each_other() -> None:
    assert run(lambda _: None, "-q", "-v").exit_code == ExitCode.USAGE


def test_unknown_commands_and_options_are_usage_errors() -> None:
    assert CliRunner().invoke(cli.root, ["no-such-command"]).exit_code == ExitCode.USAGE
    assert CliRunner().invoke(cli.root, ["--no-such-option"]).exit_code == ExitCode.USAGE


def test_a_command_that_cannot_be_loaded_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing = EntryPoint("broken", "no_such_module:command", cli.COMMAND_GROUP)
    monkeypatch.setattr(cli, "only_entry_point", lambda group, name: missing)
    result = CliRunner().invoke(cli.root, ["broken"])
    assert result.exit_code == ExitCode.INTERNAL
    assert "Traceback" not in result.output


def test_an_option_can_be_set_by_the_environment(tmp_path: Path) -> None:
    environment = {"CRYPSIS_VERIFY_JSON": "1"}
    result = CliRunner().invoke(cli.root, ["verify", str(tmp_path)], env=environment)
    assert result.exit_code == ExitCode.BAD_INPUT
    assert json.loads(result.stdout)["exit_code"] == ExitCode.BAD_INPUT


def options(command: click.Command) -> list[click.Option]:
    """The options of a command and of those below it."""
    found = [param for param in command.params if isinstance(param, click.Option)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += options(below)
    return found


def test_the_variable_of_an_option_has_its_name() -> None:
    for option in options(cli.root):
        longest = max(option.opts, key=len).lstrip("-").replace("-", "_")
        assert option.name == longest
