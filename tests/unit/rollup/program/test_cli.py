"""The conventions of the command line: exit codes, JSON, and no traceback to a user."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from rollup.codec.strict import CodecError
from rollup.entry import InstallationError
from rollup.environment import EnvironmentVariableError
from rollup.files import WriteError
from rollup.program import cli
from rollup.program.cli import CommandError, ExitCode, Output, conventions, input_file
from rollup.protocol.rejection import Reason, Rejected

PROGRAM = str(Path(sys.executable).with_name("crypsis"))


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
        (WriteError(errno.EACCES, "Permission denied", "out"), 74, "out: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), 74, "No space left on device"),
        (OSError(errno.EROFS, "Read-only file system", "z"), 74, "z: Read-only file system"),
        (MemoryError("Unable to allocate 12345 bytes"), 71, "not enough memory"),
        (InstallationError("install it by this command"), 70, "install it by this command"),
        (KeyboardInterrupt(), 130, ""),
        (ModuleNotFoundError("x", name="numba.core"), 2, "pip install 'crypsis[run]'"),
        (ModuleNotFoundError("x", name="h11"), 70, "h11 is missing: this installation is broken"),
        (ModuleNotFoundError("x", name="click"), 70, "-m pip install '.[run]'"),
        (ModuleNotFoundError("x", name="circuits"), 70, "pip install --no-deps --editable ."),
        (ModuleNotFoundError("x", name="circuits.no"), 70, "internal error (ModuleNotFoundError"),
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


def test_a_log_that_cannot_be_written_does_not_hide_the_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(**_: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cli.tempfile, "mkstemp", full)
    result = run(raising(OSError(errno.EMFILE, os.strerror(errno.EMFILE))))
    assert result.exit_code == ExitCode.INTERNAL
    assert "OSError in test_cli.py, line " in result.stderr
    assert os.strerror(errno.EMFILE) in result.stderr
    assert "no log could be written: No space left on device" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_wrong_input_file_is_named_first() -> None:
    def action(_: Output) -> None:
        with input_file(Path("folder/batch.msgpack")):
            raise CodecError("batch: no message")

    result = run(action)
    assert result.exit_code == ExitCode.BAD_INPUT
    assert result.stderr == "crypsis: folder/batch.msgpack: batch: no message\n"


def test_the_help_has_every_exit_code_with_its_meaning() -> None:
    shown = CliRunner().invoke(cli.root, ["--help"]).stdout.splitlines()
    for code in ExitCode:
        assert f"{code.value} {code.meaning}" in [" ".join(line.split()) for line in shown]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["prove", "--help"]])
def test_output_that_cannot_be_written_is_one_line_and_74(arguments: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == ExitCode.CANNOT_WRITE
    assert done.stderr == "crypsis: standard output: No space left on device\n"


def test_a_reader_that_has_gone_is_141_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [PROGRAM, "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (ExitCode.READER_GONE, "")


@pytest.mark.parametrize("arguments", [["-v"], ["--json"]])
def test_a_command_fails_by_its_own_code_whatever_cannot_be_written(
    tmp_path: Path, arguments: list[str]
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    command = [PROGRAM, "verify", str(tmp_path), *arguments]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=full, check=False)
    assert done.returncode == ExitCode.BAD_INPUT


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
    assert "no_such_module is missing" in result.output and "pip install" in result.output


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
