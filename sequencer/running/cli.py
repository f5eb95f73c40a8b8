"""Commands that run a venue: `crypsis sequencer` and `crypsis devnet`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rollup.cli import CommandError, ExitCode, Output, conventions
from sequencer.cli import known_errors

if TYPE_CHECKING:
    from sequencer.service.venue_file import VenueFile

file_type = click.Path(path_type=Path)
LOOPBACK = "127.0.0.1"
Command = TypeVar("Command", bound=Callable[..., Any])


def served(command: Command) -> Command:
    """The options of every command that serves a venue."""
    options = (
        click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on."),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=8550,
            show_default=True,
            help="0 takes one that is free.",
        ),
        click.option(
            "--accounts",
            type=click.IntRange(0, 50),
            default=10,
            show_default=True,
            help="Accounts with money at the mock L1, and a key file each.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0),
            default=1,
            show_default=True,
            help="Of the development prices and of the crowd.",
        ),
        click.option(
            "--insecure-seed",
            type=click.IntRange(0),
            help="Derive every key from a number. For tests: nothing is secret then.",
        ),
        click.option(
            "--proofs/--no-proofs",
            default=True,
            help="Without, batches close and L1 holds their headers, and none is proved.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def sequencer() -> None:
    """Run a venue, or write the file that describes one."""


@sequencer.command()
@click.argument("file", type=file_type, default=Path("venue.toml"))
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@conventions
def init(console: Output, file: Path, force: bool) -> None:
    """Write an example of a venue FILE, with a comment on every key."""
    from rollup.files import write_whole
    from sequencer.service.venue_file import EXAMPLE

    if file.exists() and not force:
        raise CommandError(ExitCode.BAD_INPUT, f"{file}: it exists; --force overwrites it")
    write_whole(file, EXAMPLE.encode("utf-8"))
    console.result({"file": str(file)}, f"{file} written. Next: crypsis sequencer run")


@sequencer.command()
@click.option(
    "--config",
    type=file_type,
    default=Path("venue.toml"),
    show_default=True,
    help="The venue file.",
)
@click.option(
    "--state", type=file_type, required=True, help="Folder of the venue: empty, or not there yet."
)
@click.option(
    "--l1", type=click.Choice(["mock"]), default="mock", show_default=True, help="In this process."
)
@served
@conventions
def run(console: Output, /, config: Path, state: Path, l1: str, **options: Any) -> None:
    """Run a venue over HTTP until it is told to stop; then drain, and exit 0.

    Batches close by the clock, are held at L1, proved, and their proofs brought there. SIGINT and
    SIGTERM drain; a second one ends at once.
    """
    from sequencer.service.venue_file import read_venue_file

    _serve(console, read_venue_file(config), state, 0, options)


@click.command()
@click.option("--state", type=file_type, help="Folder of the venue; else a temporary one.")
@click.option("--interval", type=click.IntRange(100, 3_600_000), help="Milliseconds of a batch.")
@click.option(
    "--crowd",
    type=click.IntRange(0, 50),
    default=0,
    show_default=True,
    help="Simulated traders, who trade over HTTP.",
)
@served
@conventions
def devnet(
    console: Output, /, state: Path | None, interval: int | None, crowd: int, **options: Any
) -> None:
    """L1, sequencer, prover, accounts with money, and traders if wanted: a whole venue.

    L1 is a mock in this process, so a devnet ends with it: there is no going on with its folder.
    """
    from sequencer.service.venue_file import EXAMPLE, venue_from_toml

    file = venue_from_toml(EXAMPLE.encode("utf-8"))
    if interval is not None:
        file = replace(file, interval_ms=interval)
    with ExitStack() as stack:
        if state is None:
            state = Path(stack.enter_context(TemporaryDirectory(prefix="crypsis-devnet-")))
            console.say("files go to a temporary folder, which is removed at the end; --state DIR")
        _serve(console, file, state, crowd, options)


def _serve(
    console: Output, file: "VenueFile", state: Path, crowd: int, options: Mapping[str, Any]
) -> None:
    from sequencer.running.assembly import Plan
    from sequencer.running.program import run_program

    plan = Plan(
        file,
        state,
        accounts=options["accounts"],
        crowd=crowd,
        seed=options["seed"],
        insecure_seed=options["insecure_seed"],
        proves=options["proofs"],
    )
    host = options["host"]
    if host != LOOPBACK:
        console.say(f"warning: {host} is not {LOOPBACK}: whoever reaches it reaches this venue")
    with _program_errors():
        run_program(plan, host, options["port"], console)
    console.say("drained: every batch that was opened is at L1")


@contextmanager
def _program_errors() -> Iterator[None]:
    """The errors of a running venue as messages with exit codes."""
    from sequencer.running.program import CannotListen
    from sequencer.running.serve import EndedAtOnce
    from sequencer.service.daemon import DaemonHalted

    try:
        with known_errors():
            yield
    except EndedAtOnce as error:
        raise CommandError(ExitCode.INTERRUPTED, str(error)) from error
    except CannotListen as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
    except DaemonHalted as error:
        raise CommandError(ExitCode.REFUSED_BY_PEER, f"the venue halted: {error}") from error
