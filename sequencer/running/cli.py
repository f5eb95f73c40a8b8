"""Commands that run a venue: `crypsis sequencer` and `crypsis devnet`."""

import shlex
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rollup.harness.l1_cli import ANVIL, MOCK
from rollup.program.cli import CommandError, ExitCode, Output, conventions
from sequencer.running.attest_cli import attest
from sequencer.running.errors_cli import program_errors
from sequencer.running.leaves_cli import leaves
from sequencer.service.venue_file import (
    EXAMPLE_INTERVAL_MS,
    PARAMETER_SETS,
    example,
)

if TYPE_CHECKING:
    from sequencer.running.assembly import Plan
    from sequencer.service.venue_file import VenueFile

file_type = click.Path(path_type=Path)
SIGNERS_FOLDER = "oracle"
LOOPBACK = "127.0.0.1"
LOOPBACKS = (LOOPBACK, "::1")
MEMBERS = 3
"""Of a devnet that has outposts, where nothing else is said."""

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
            "--proofs/--no-proofs",
            default=True,
            help="Without, batches close and L1 holds their headers, and none is proved.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


seeded = click.option(
    "--seed",
    type=click.IntRange(0),
    help="Of the development prices and of the crowd; 1 if a new venue is not told.",
)
insecure = click.option(
    "--insecure-seed",
    type=click.IntRange(0),
    help="Derive every key from a number. For tests: nothing is secret then.",
)
config_option = click.option(
    "--config",
    type=file_type,
    default=Path("venue.toml"),
    show_default=True,
    help="The venue file.",
)


@click.group()
def sequencer() -> None:
    """Run a venue, or begin one."""


sequencer.add_command(attest)
sequencer.add_command(leaves)


@sequencer.command()
@config_option
@click.option("--state", type=file_type, help="Begin the venue of the file in this folder.")
@click.option("--force", is_flag=True, help="Overwrite a venue file that is there.")
@seeded
@insecure
@conventions
def init(
    console: Output,
    config: Path,
    state: Path | None,
    force: bool,
    seed: int | None,
    insecure_seed: int | None,
) -> None:
    """Write an example of a venue file, and keys for its development signers; or, with --state,
    begin the venue of a file in a folder.

    What is begun is pinned there: genesis, keys, and who speaks for the venue at L1. Then L1 gets
    its contract, and `crypsis sequencer run` runs the venue.
    """
    from rollup.files import write_whole
    from sequencer.oracle.keys import PATTERN, fresh_keys, read_keys
    from sequencer.service.venue_file import EXAMPLE, with_signers

    if state is not None:
        _begin(console, config, state, seed, insecure_seed)
        return
    if config.exists() and not force:
        raise CommandError(ExitCode.BAD_INPUT, f"{config}: it exists; --force overwrites it")
    folder = config.parent / SIGNERS_FOLDER
    signers = read_keys(folder) if list(folder.glob(PATTERN)) else fresh_keys(folder)
    text = with_signers(EXAMPLE, [key.address for key in signers])
    write_whole(config, text.encode("utf-8"))
    following = f"crypsis sequencer init --config {shlex.quote(str(config))} --state DIR"
    record = {"file": str(config), "signers": str(folder)}
    said = f"{config} written, and keys of development signers to {folder}"
    console.result(record, f"{said}. Next: {following}")


def _begin(
    console: Output, config: Path, state: Path, seed: int | None, insecure_seed: int | None
) -> None:
    """Pin the venue of a file in a folder, and say how L1 gets its contract."""
    from rollup.files import read_bounded
    from sequencer.batches.artefacts import VenueFolder
    from sequencer.demo.market.keys import KeySource
    from sequencer.running.assembly import l1_arguments, now_ms
    from sequencer.running.state import REPORTS_FOLDER, begin, go_on, is_begun
    from sequencer.service.venue_file import VENUE_BYTES_MAX, read_venue_file

    file = read_venue_file(config)
    with program_errors(), VenueFolder(state).lock() as folder:
        if is_begun(state):
            raise CommandError(ExitCode.BAD_INPUT, f"{state}: a venue was begun there")
        text = read_bounded(config, VENUE_BYTES_MAX).decode("utf-8")
        begin(folder, text, KeySource(insecure_seed), 1 if seed is None else seed, now_ms())
        begun = go_on(folder, file)
    up = shlex.join(["crypsis", "l1", "up", *l1_arguments(begun, state)])
    run_it = shlex.join(
        ["crypsis", "sequencer", "run", "--config", str(config), "--state", str(state)]
    )
    sign_it = shlex.join(
        [
            *("crypsis", "oracle", "run", "--config", str(config)),
            *("--keys", str(config.parent / SIGNERS_FOLDER)),
            *("--reports", str(state / REPORTS_FOLDER), "--seed", str(begun.roles.seed)),
        ]
    )
    record = {
        "state": str(state),
        "oracle_run": sign_it,
        "operator": begun.roles.operator.hex(),
        "governor": begun.roles.governor.hex(),
        "l1_up": up,
    }
    console.result(record, _begun_text(up, sign_it, run_it))


def _begun_text(up: str, sign_it: str, run_it: str) -> str:
    return (
        f"Begun. A mock L1 for it:\n  {up}\ndevelopment signers of its prices:\n  {sign_it}\n"
        f"and then:\n  {run_it} --l1 URL"
    )


@sequencer.command()
@config_option
@click.option("--state", type=file_type, required=True, help="Folder that the venue was begun in.")
@click.option("--l1", required=True, help="URL of the L1 that has the venue's contract.")
@click.option("--reports", type=file_type, help="Folder of signed prices; else reports in --state.")
@click.option(
    "--publish-data",
    is_flag=True,
    help="Serve data.bin to whoever asks: it tells which accounts each batch touches.",
)
@click.option(
    "--member",
    multiple=True,
    metavar="URL",
    help="A member of the committee (crypsis da serve); may be repeated.",
)
@served
@conventions
def run(
    console: Output,
    /,
    config: Path,
    state: Path,
    l1: str,
    reports: Path | None,
    publish_data: bool,
    member: tuple[str, ...],
    **options: Any,
) -> None:
    """Run a venue over HTTP until it is told to stop; then drain, and exit 0.

    Batches close by the clock, are held at L1, proved, and their proofs brought there; where L1 is
    not reached they go on closing, and wait. SIGINT and SIGTERM drain; a second one ends at once.
    The same folder goes on where it was, whatever ended it. What batches publish is in the folder,
    for whoever keeps it for owners; --publish-data serves it to `crypsis da fetch` too. Where the
    venue has a committee, each batch is brought to its members as it is proved, and waits for
    enough of them to attest that they hold it.
    """
    from sequencer.running.assembly import Plan
    from sequencer.running.state import is_begun
    from sequencer.service.venue_file import read_venue_file

    file = read_venue_file(config)
    if not is_begun(state):
        detail = f"{state}: no venue was begun there; crypsis sequencer init --state begins one"
        raise CommandError(ExitCode.BAD_INPUT, detail)
    plan = Plan(
        state,
        file=file,
        l1=l1,
        reports=reports,
        proves=options["proofs"],
        publishes=publish_data,
        members=member,
    )
    _serve(console, plan, options["host"], options["port"])


@click.command()
@click.option("--state", type=file_type, help="Folder of the devnet; else a temporary one.")
@click.option("--interval", type=click.IntRange(100, 3_600_000), help="Milliseconds of a batch.")
@click.option(
    "--crowd",
    type=click.IntRange(0, 50),
    default=0,
    show_default=True,
    help="Simulated traders, who trade over HTTP.",
)
@click.option(
    "--show-accounts",
    is_flag=True,
    help="Show the accounts on the page, in the clear, to whoever is on this machine.",
)
@click.option(
    "--accounts",
    type=click.IntRange(0, 50),
    default=10,
    show_default=True,
    help="Accounts with money at L1, and a key file each.",
)
@click.option(
    "--l1-port",
    type=click.IntRange(0, 65535),
    help="Of the L1: 8645, or a free one where --port is 0.",
)
@click.option(
    "--l1",
    type=click.Choice([MOCK, ANVIL]),
    default=MOCK,
    show_default=True,
    help="anvil: the contracts on a node, started for them, that verify every proof.",
)
@click.option(
    "--parameters",
    type=click.Choice(PARAMETER_SETS),
    help="Of a new devnet's proofs; fast if it is not told.",
)
@click.option(
    "--committee",
    type=click.IntRange(1, 16),
    metavar="N",
    help="Members of a new devnet's committee, each a process; more than half attest. Else none, "
    "or three where there are outposts.",
)
@click.option(
    "--chains",
    type=click.IntRange(1, 8),
    metavar="N",
    help="Chains of a new devnet: its own, and one with an outpost for each more. Else one.",
)
@served
@seeded
@insecure
@conventions
def devnet(
    console: Output,
    /,
    state: Path | None,
    interval: int | None,
    crowd: int,
    accounts: int,
    l1_port: int | None,
    show_accounts: bool,
    l1: str,
    parameters: str | None,
    committee: int | None,
    chains: int | None,
    **options: Any,
) -> None:
    """L1, sequencer, prover, accounts with money, and traders if wanted: a whole venue.

    The same --state goes on where it was, after Ctrl-C as after a crash of the machine: L1, keys,
    accounts and orders are in it. Ctrl-C closes the open batch, proves and posts it; a second one
    ends at once. With --l1 anvil L1 is a chain that ends with the devnet: it is always a new one.
    With --chains 2 money comes in and goes out on a second chain as well (`deposit --outpost`,
    `claim --outpost`): a committee attests to both chains, and a relay carries its word.
    """
    from sequencer.running.assembly import Plan

    host, port = options["host"], options["port"]
    if show_accounts and host not in LOOPBACKS:
        detail = f"--show-accounts is for {' or '.join(LOOPBACKS)} alone, not {host}"
        raise CommandError(ExitCode.USAGE, detail)
    with ExitStack() as stack:
        if state is None:
            state = Path(stack.enter_context(TemporaryDirectory(prefix="crypsis-devnet-")))
            console.say("files go to a temporary folder, which is removed at the end; --state DIR")
        outposts = (chains or 1) - 1
        text = _devnet_text(interval, parameters, outposts)
        _require_new(state, l1, parameters, committee, chains)
        plan = Plan(
            state,
            text=text,
            file=None if interval is None else _devnet_file(state, interval),
            l1_port=(8645 if port else 0) if l1_port is None else l1_port,
            accounts=accounts,
            crowd=crowd,
            seed=options["seed"],
            insecure_seed=options["insecure_seed"],
            proves=options["proofs"],
            shows_accounts=show_accounts,
            on_chain=l1 == ANVIL,
            publishes=True,
            committee=committee or (MEMBERS if outposts else 0),
            chains=outposts + 1,
        )
        _serve(console, plan, host, port)


def _require_new(
    state: Path, l1: str, parameters: str | None, committee: int | None, chains: int | None
) -> None:
    """A usage error for a devnet that was begun, where what is asked for is of new ones."""
    from sequencer.running.state import is_begun

    asked = ["--l1 anvil"] * (l1 == ANVIL) + ["--parameters"] * (parameters is not None)
    asked += ["--committee"] * (committee is not None) + ["--chains"] * (chains is not None)
    if asked and is_begun(state):
        detail = f"{state} holds a devnet already; {asked[0]} is for a new one"
        raise CommandError(ExitCode.USAGE, detail)


def _devnet_text(interval: int | None, parameters: str | None, outposts: int) -> str:
    """The venue file of a new devnet."""
    found = EXAMPLE_INTERVAL_MS if interval is None else interval
    from sequencer.running.outposts import with_quick_governance

    text = example(found, parameters or PARAMETER_SETS[0])
    return with_quick_governance(text) if outposts else text


def _devnet_file(state: Path, interval: int) -> "VenueFile | None":
    """A devnet as it was begun, but for its interval: which never changes, and that is said."""
    from sequencer.running.state import is_begun, pinned_file

    if not is_begun(state):
        return None
    pinned = pinned_file(state)
    if interval > pinned.governance.oracle.lag_ms:
        detail = f"prices lag by {pinned.governance.oracle.lag_ms} ms; a batch is no longer"
        raise CommandError(ExitCode.USAGE, f"--interval: {detail}")
    return replace(pinned, interval_ms=interval)


def _serve(console: Output, plan: "Plan", host: str, port: int) -> None:
    from sequencer.running.program import run_program

    if host != LOOPBACK:
        console.say(f"warning: {host} is not {LOOPBACK}: whoever reaches it reaches this venue")
    with program_errors():
        run_program(plan, host, port, console)
    console.say("drained: every batch that was opened is at L1")
