"""The command line: the root `crypsis` and the conventions that every command keeps.

Commands come from the entry points of the group `crypsis.commands`, so that no package has to
import another to be reachable, and only the command that is asked for is loaded. `conventions`
gives each command `--json`, `-q` and `-v`, and is the one place where errors become a message and
an exit code (`rollup.program.exit_codes`).
"""

import errno
import json
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec

import click

from rollup.codec.strict import CodecError
from rollup.entry import InstallationError, only_entry_point
from rollup.environment import EnvironmentVariableError
from rollup.files import FileTooLarge, WriteError
from rollup.installed import extra_with
from rollup.ports import VerificationError
from rollup.program.exit_codes import ExitCode, exit_code_table
from rollup.program.processes import end_with_named_parent, exit_on_signals
from rollup.program.streams import guard_standard_streams
from rollup.protocol.rejection import Rejected

__all__ = [
    "COMMAND_GROUP",
    "PROGRAM",
    "CommandError",
    "ExitCode",
    "Output",
    "command_error",
    "conventions",
    "file_type",
    "input_file",
    "main",
    "root",
]

PROGRAM = "crypsis"
CLEAR_LINE = "\r\x1b[2K"
COMMAND_GROUP = "crypsis.commands"
OWN_PACKAGES = ("rollup", "circuits", "sequencer")
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""What the system says only of writing."""

SELF_EXPLAINING: Mapping[type[Exception], ExitCode] = {
    EnvironmentVariableError: ExitCode.USAGE,
    CodecError: ExitCode.BAD_INPUT,
    FileTooLarge: ExitCode.BAD_INPUT,
    InstallationError: ExitCode.INTERNAL,
}
"""Errors whose message is all that there is to say."""

Arguments = ParamSpec("Arguments")


class CommandError(click.ClickException):
    """A command ends here: `message` says what was wanted and what came, `exit_code` which kind.

    `record` is what `--json` prints instead of the message; `as_json` is set by `conventions`.
    """

    def __init__(
        self, exit_code: ExitCode, message: str, record: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it for the class
        self.record = dict(record) if record is not None else {"error": message}
        self.as_json = False

    def show(self, file: IO[Any] | None = None) -> None:
        """The message on stderr, or the record on stdout if the command was asked for JSON.

        What the command found stands even if the record cannot be written.
        """
        if self.as_json:
            with suppress(SystemExit):
                click.echo(json.dumps({**self.record, "exit_code": int(self.exit_code)}))
                return
        click.echo(f"{PROGRAM}: {self.message}", file=file, err=True)


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command says things: results on stdout, talk on stderr.

    `verbosity` is -1 with `-q`, 0 by default, and one more for each `-v`.
    """

    as_json: bool = False
    verbosity: int = 0

    @property
    def shows_progress(self) -> bool:
        """Progress is for people: stderr is a terminal and nobody asked for quiet."""
        return self.verbosity >= 0 and sys.stderr.isatty()

    def progress(self, text: str) -> None:
        """What goes on now: one line of the terminal, overwritten; a detail where there is none."""
        if self.shows_progress:
            click.echo(f"{CLEAR_LINE}{text}", nl=False, err=True)
        else:
            self.detail(text)

    def clear(self) -> None:
        """Take the line of progress away."""
        if self.shows_progress:
            click.echo(CLEAR_LINE, nl=False, err=True)

    def result(self, record: Mapping[str, object], text: str) -> None:
        """The result of the command: one JSON object, or text unless `-q`."""
        self.clear()
        if self.as_json:
            click.echo(json.dumps(record))
        elif self.verbosity >= 0:
            click.echo(text)

    def record(self, record: Mapping[str, object]) -> None:
        """One of several JSON objects, each a line, for a program that reads them as they come."""
        click.echo(json.dumps(record))
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """A line for people, on stderr."""
        self.clear()
        if self.verbosity >= 0 and not self.as_json:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """A line that only `-v` shows, on stderr."""
        if self.verbosity > 0:
            click.echo(text, err=True)


class Root(click.Group):
    """The group of all commands that installed packages declare."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted. Loads none of them."""
        return sorted({found.name for found in entry_points(group=COMMAND_GROUP)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; None if nobody declares it."""
        try:
            declared = only_entry_point(COMMAND_GROUP, cmd_name)
        except InstallationError as error:
            raise command_error(error) from None
        if declared is None:
            return None
        try:
            command = declared.load()
        except Exception as error:
            raise _missing_library(error) or _internal(error) from None
        if not isinstance(command, click.Command):
            raise CommandError(ExitCode.INTERNAL, f"{declared.value} is not a command")
        return command


@click.command(
    cls=Root,
    context_settings={"auto_envvar_prefix": "CRYPSIS", "help_option_names": ["-h", "--help"]},
    epilog="Every option can be set by an environment variable: CRYPSIS_<COMMAND>_<OPTION>. "
    f"\n\n\b\nExit codes:\n{exit_code_table()}",
)
@click.version_option(package_name="crypsis", message="%(prog)s %(version)s")
def root() -> None:
    """Crypsis: a zero-knowledge rollup for private real-time derivatives.

    Start with `crypsis demo`.
    """


class FilePath(click.Path):
    """A path of a file or folder. An empty one, as of a variable that is not set, is wrong usage:
    it would mean the folder that one happens to be in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("a path is wanted, not an empty text", param, ctx)
        return super().convert(value, param, ctx)


file_type = FilePath(path_type=Path)


def conventions(
    command: Callable[Concatenate[Output, Arguments], None],
) -> Callable[Arguments, None]:
    """Give a command `--json`, `-q`, `-v` and an `Output`, and turn its errors into exit codes."""

    @click.option("--json", is_flag=True, help="Print one JSON object on stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
    @click.option("-v", "--verbose", count=True, help="Say more on stderr.")
    @wraps(command)
    def with_conventions(
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        output = _output(kwargs)
        try:
            try:
                command(output, *args, **kwargs)
            finally:
                output.clear()
        except (click.ClickException, click.exceptions.Exit) as error:
            if isinstance(error, CommandError):
                error.as_json = output.as_json
            raise
        except KeyboardInterrupt:
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
        except Exception as error:
            known = command_error(error)
            known.as_json = output.as_json
            raise known from None

    return with_conventions


def command_error(error: Exception) -> CommandError:
    """What a user is told about an error, and the exit code. The unexpected goes to a log file."""
    if isinstance(error, Rejected):
        record = {"error": str(error), "reason": error.reason.value}
        return CommandError(ExitCode.INVALID, f"rejected: {error}", record)
    if isinstance(error, VerificationError):
        refused = {"valid": False, "reason": error.reason.name, "detail": error.detail}
        return CommandError(ExitCode.INVALID, f"invalid: {error.reason.name}: {error}", refused)
    for kind, exit_code in SELF_EXPLAINING.items():
        if isinstance(error, kind):
            return CommandError(exit_code, str(error))
    if isinstance(error, MemoryError):
        return CommandError(ExitCode.NO_MEMORY, "not enough memory")
    if isinstance(error, OSError):
        return _system_error(error)
    return _missing_library(error) or _internal(error)


@contextmanager
def input_file(path: Path) -> Iterator[None]:
    """What is wrong with the content of an input file is said with its path in front."""
    try:
        yield
    except CodecError as error:
        raise CommandError(ExitCode.BAD_INPUT, f"{path}: {error}") from error


def main() -> None:
    """Entry point of the console script."""
    exit_on_signals()
    end_with_named_parent()
    guard_standard_streams(PROGRAM)
    warnings.formatwarning = _one_line
    try:
        root(prog_name=PROGRAM)
    except Exception as error:
        unexpected = command_error(error)
        unexpected.show()
        raise SystemExit(unexpected.exit_code) from None
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()  # here a failure still has an exit code


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    """How a warning looks to a user."""
    return f"{PROGRAM}: {message}\n"


def _system_error(error: OSError) -> CommandError:
    """A file that cannot be read is wrong input; one that cannot be written is not."""
    reason = error.strerror or type(error).__name__
    if error.errno == errno.ENOMEM:
        return CommandError(ExitCode.NO_MEMORY, "not enough memory")
    if isinstance(error, WriteError) or error.errno in NO_ROOM:
        named = "" if error.filename is None else f"{error.filename}: "
        return CommandError(ExitCode.CANNOT_WRITE, f"{named}{reason}")
    if error.filename is not None:
        return CommandError(ExitCode.BAD_INPUT, f"{error.filename}: {reason}")
    return _internal(error)


def _output(kwargs: dict[str, Any]) -> Output:
    quiet, verbose = kwargs.pop("quiet"), kwargs.pop("verbose")
    if quiet and verbose:
        raise click.UsageError("-q and -v exclude each other")
    return Output(kwargs.pop("json"), -1 if quiet else verbose)


def _missing_library(error: Exception) -> CommandError | None:
    """A library that only an extra brings is not installed: that is for the user to mend. One that
    every installation has, or that a library brings along, is missing in a broken one."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    name = error.name.partition(".")[0]
    if name in OWN_PACKAGES and name != error.name:
        return None  # a module of ours that is not there is a fault of ours
    extra = None if name in OWN_PACKAGES else extra_with(name)
    if extra is not None:
        wanted = f"this needs {name}, which is not installed: pip install 'crypsis[{extra}]'"
        return CommandError(ExitCode.USAGE, wanted)
    anew = "'.[run]'" if name not in OWN_PACKAGES else "--no-deps --editable ."
    return CommandError(
        ExitCode.INTERNAL,
        f"{name} is missing: this installation is broken. Install it anew, from its folder: "
        f"{sys.executable} -m pip install {anew}",
    )


def _internal(error: Exception) -> CommandError:
    """An error nobody foresaw: its kind and place for the user, its traceback in a file of mode
    0600. Its message may hold private values; the system's own words do not."""
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    message = f"internal error ({type(error).__name__}{_place(error)}){reason}"
    try:
        path = _write_log(error)
    except OSError as failure:
        lost = f"no log could be written: {failure.strerror}"
        return CommandError(ExitCode.INTERNAL, f"{message}; {lost}")
    return CommandError(ExitCode.INTERNAL, f"{message}; details are in {path}")


def _place(error: Exception) -> str:
    """Where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""


def _write_log(error: Exception) -> str:
    """The path of a new file with the traceback. OSError if there is no room for one."""
    handle, path = tempfile.mkstemp(prefix="crypsis-error-", suffix=".log")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
    except OSError:
        os.unlink(path)
        raise
    return path
