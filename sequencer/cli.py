"""Commands of the venue: demo, stress, replay. Engines are imported when a command is called."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from rollup.program.cli import PROGRAM, CommandError, ExitCode, Output, conventions, file_type
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES
from sequencer.service.venue_file import PARAMETER_SETS

BATCHES_MAX: Final = 100_000
"""A day of windows of a second, and more."""

crash_class_option = click.option(
    "--crash-class",
    type=click.Choice(list(SHAPE_CLASSES)),
    help="Of batches in which more comes due than --shape-class opens, of a venue with both.",
)


def batches_wanted(_: click.Context, __: click.Parameter, text: str) -> int | None:
    """The number in `--batches`, or None for all. Usage error for anything else."""
    if text == "all":
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= BATCHES_MAX:
        raise click.BadParameter(f"1 to {BATCHES_MAX:,} or all is wanted, not {text!r}")
    return number


@click.command()
@click.option(
    "--data",
    type=file_type,
    help="Replay a recorded feed: frames or Binance aggTrades/klines CSV; plain, .gz or .zip.",
)
@click.option(
    "--batches",
    callback=batches_wanted,
    default="3",
    show_default=True,
    metavar="N|all",
    help="How many; all: until the feed of --data ends.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the market.")
@click.option(
    "--insecure-seed",
    type=click.IntRange(0),
    help="Derive every key from a number, so that roots repeat. For tests: nothing is secret then.",
)
@click.option(
    "--parameters",
    type=click.Choice(PARAMETER_SETS),
    default=PARAMETER_SETS[0],
    show_default=True,
    help="Parameter set.",
)
@click.option(
    "--shape-class",
    type=click.Choice(list(SHAPE_CLASSES)),
    default=CLASS_S.name,
    show_default=True,
    help="How much a batch may hold: S up to 128 trades, M up to 1,024, R as S and 2,816 accounts.",
)
@click.option(
    "--prove/--no-prove",
    default=True,
    help="Prove batches and post them to L1, or only sequence, judge and replay them.",
)
@click.option(
    "--evm/--no-evm",
    default=True,
    help="Verify the last proof by contracts on an EVM as well, where there is one, or do not.",
)
@click.option(
    "--target",
    type=file_type,
    default=Path("target"),
    show_default=True,
    help="Folder for artefacts; those of an earlier venue in it are removed.",
)
@conventions
def demo(
    console: Output,
    data: Path | None,
    batches: int | None,
    seed: int,
    insecure_seed: int | None,
    parameters: str,
    shape_class: str,
    prove: bool,
    evm: bool,
    target: Path,
) -> None:
    """Orders in, proofs out, a new root on L1: the whole rollup, nothing simulated but the traders.

    Without --data, a seeded synthetic market. A batch holds the trades of one window of time, a
    second in class S and 8 s in class M. A process of its own proves one after the other, and each
    is posted to a mock L1, which verifies the proof. At the end, forged versions of the last batch;
    then its proof goes to the contracts that verify it on an EVM, as it is and with a bit changed:
    to an anvil where `make contracts-tools` has installed one, else to revm in this process.

    --data reads frames (a receive time in ns, a space, the JSON of a trade or bookTicker stream),
    or Binance's public CSV of aggTrades or klines, futures or spot, with or without a header, ms or
    us; the symbol of a CSV is the beginning of its file's name. Plain, .gz, or .zip of one file.

    Each kline becomes four trades of a quarter of its volume, at the quarters of its time: open,
    low, high, close where it rose, else open, high, low, close; as many of them buys as the takers'
    bought share says. A batch then lasts a quarter of a kline.
    """
    from rollup.installed import installed_verifier
    from sequencer.batches.resident import ResidentProver
    from sequencer.demo.events import DemoOptions
    from sequencer.demo.render import Screen, tables
    from sequencer.demo.run import run_demo
    from sequencer.demo.summary import Summary

    if batches is None and data is None:
        raise click.UsageError("--batches all needs --data: the synthetic market never ends")
    options = DemoOptions(
        root=target,
        batches=batches,
        seed=seed,
        data=data,
        insecure_seed=insecure_seed,
        shape_class=SHAPE_CLASSES[shape_class],
        proves=prove,
        evm=evm,
    )
    prover = ResidentProver(parameters, shape_classes=(shape_class,))
    summary = Summary()
    with (
        known_errors(),
        prover,
        Screen(console, batches + 1 if prove and batches is not None else None) as screen,
    ):
        if prove:
            prover.start()  # it gets warm while the market is made
        for event in run_demo(options, prover, installed_verifier(parameters, shape_class)):
            summary.add(event)
            screen.show(event)
    if not summary.succeeded:
        raise CommandError(ExitCode.INVALID, "the demonstration failed", summary.to_record())
    text = tables(summary)
    if summary.last_bundle is not None:
        check = verify_command(summary.last_bundle / "public", parameters, shape_class)
        text += f"\n\nCheck a proof yourself:\n  {check}"
    console.result(summary.to_record(), text)


def verify_command(bundle: Path, parameters: str, shape_class: str) -> str:
    """What to type in this folder to check a bundle with the program that belongs to this run."""
    beside = Path(sys.executable).with_name(PROGRAM)
    program = _from_here(beside) if beside.exists() else PROGRAM
    words = [program, "verify", _from_here(bundle)]
    words += ["--parameters", parameters] * (parameters != PARAMETER_SETS[0])
    words += ["--shape-class", shape_class] * (shape_class != CLASS_S.name)
    return shlex.join(words)


def _from_here(path: Path) -> str:
    """A path as a shell in the current folder takes it: relative where it lies below."""
    try:
        inside = str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path.absolute())
    return inside if "/" in inside else f"./{inside}"


def moment_wanted(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """The time in ms that `--begin` names. Usage error for what is no time."""
    from sequencer.stress.candles import time_of

    try:
        return None if text is None else time_of(text)
    except ValueError:
        raise click.BadParameter(f"a time as 2020-03-12T10:00 is wanted, not {text!r}") from None


@click.command()
@click.argument("files", type=file_type, nargs=-1, required=True)
@click.option(
    "--begin", callback=moment_wanted, metavar="TIME", help="The first minute, in UTC; else all."
)
@click.option("--hours", type=click.IntRange(1, 24 * 366), help="So many; else all that there are.")
@click.option(
    "--every",
    type=click.IntRange(1, 60),
    default=1,
    show_default=True,
    metavar="MINUTES",
    help="Of a batch at most; it ends sooner where prices move fast.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of everything.")
@click.option(
    "--accounts",
    type=click.IntRange(2, 10_000),
    default=200,
    show_default=True,
    help="Simulated traders.",
)
@click.option(
    "--backstop",
    type=click.IntRange(10, 10**12),
    metavar="DOLLARS",
    help="Of the backstop; else 150,000 for each account.",
)
@click.option(
    "--bids",
    type=click.IntRange(0, 10**9),
    default=0,
    show_default=True,
    metavar="DOLLARS",
    help="Of each maker, on either side of each market, for lots of who is liquidated.",
)
@click.option(
    "--insecure-seed",
    type=click.IntRange(0),
    help="Derive every key from a number, so that roots repeat. For tests: nothing is secret then.",
)
@click.option(
    "--parameters",
    type=click.Choice(PARAMETER_SETS),
    default=PARAMETER_SETS[0],
    show_default=True,
    help="Parameter set.",
)
@click.option(
    "--shape-class", type=click.Choice(list(SHAPE_CLASSES)), default=CLASS_S.name, show_default=True
)
@crash_class_option
@click.option(
    "--prove/--no-prove",
    default=False,
    help="Prove every batch and have L1 verify it, or only sequence, judge and replay.",
)
@click.option(
    "--target",
    type=file_type,
    default=Path("target"),
    show_default=True,
    help="Folder for artefacts; those of an earlier venue in it are removed.",
)
@click.option("--report", type=file_type, help="The HTML report; else stress.html in --target.")
@conventions
def stress(
    console: Output,
    /,
    files: tuple[Path, ...],
    begin: int | None,
    hours: int | None,
    parameters: str,
    shape_class: str,
    crash_class: str | None,
    prove: bool,
    target: Path,
    report: Path | None,
    **options: Any,
) -> None:
    """Run a crash day through the whole rollup: signed prices, traders, liquidations, proofs.

    FILES are candles, one file for each market: CSV of date, open, high, low, close, volume, of
    whole minutes, plain, .gz or .zip; a file's name begins with its market's. A batch is a minute,
    or up to --every of them while prices move by less than half of what one batch can follow.
    Simulated traders of every leverage trade on it; who falls below maintenance margin loses
    what must go, to bids of the makers if there are any, and to the backstop. Ends with a table,
    and a report with charts.
    """
    from rollup.files import write_whole
    from rollup.installed import installed_verifiers
    from sequencer.batches.resident import ResidentProver
    from sequencer.stress.candles import read_candles
    from sequencer.stress.render import Screen, tables
    from sequencer.stress.report import report_html
    from sequencer.stress.run import run_stress
    from sequencer.stress.stage import StressOptions

    named = [name for name in (shape_class, crash_class) if name is not None]
    prover, verifiers = (
        ResidentProver(parameters, shape_classes=named),
        installed_verifiers(parameters, named),
    )
    with known_errors(), prover, Screen(console) as screen:
        wanted = StressOptions(
            files=tuple(read_candles(path) for path in files),
            root=target,
            begin=begin,
            hours=hours,
            shape_class=SHAPE_CLASSES[shape_class],
            crash_class=None if crash_class is None else SHAPE_CLASSES[crash_class],
            proves=prove,
            **options,
        )
        if prove:
            prover.start()  # it gets warm while the venue is made
        for figures in run_stress(wanted, prover, verifiers):
            screen.show(figures)
    page = target / "stress.html" if report is None else report
    write_whole(page, report_html(figures).encode("utf-8"))
    record = {**figures.to_record(), "report": str(page)}
    if not figures.succeeded:
        raise CommandError(ExitCode.INVALID, "the stress test failed", record)
    console.result(record, f"{tables(figures)}\n\nReport: {page}")


@click.command()
@click.argument("journal", type=file_type)
@click.option(
    "--shape-class", type=click.Choice(list(SHAPE_CLASSES)), default=CLASS_S.name, show_default=True
)
@crash_class_option
@conventions
def replay(console: Output, journal: Path, shape_class: str, crash_class: str | None) -> None:
    """Run a journal again; exit 7 if a batch comes out with another root than it had.

    JOURNAL is target/private/journal; genesis and salt key are read from the folders it lies in.
    The end is compared with the bundles there: a journal cut short replays well, but a bundle tells
    of a batch that it lacks.
    """
    from rollup.crypto.batched import verify_many
    from rollup.files import require_file
    from rollup.hash.batched import compress_many
    from rollup.protocol.encoding import hex_digest
    from sequencer.batches.artefacts import VenueFolder
    from sequencer.batches.machine import Setup
    from sequencer.batches.replay import replay as replay_journal
    from sequencer.batches.replay import require_bundles

    folder = VenueFolder(journal.resolve().parent.parent)
    batches = []
    with known_errors():
        require_file(journal)
        genesis, salt_key = folder.read_genesis(), folder.read_salt_key()
        classes = (SHAPE_CLASSES[name] for name in (shape_class, crash_class) if name)
        setup = Setup(genesis, salt_key, compress_many, verify_many, *classes)
        for closed in replay_journal(journal, setup):
            batches.append(closed)
            fills, root = len(closed.batch.fills), hex_digest(closed.header.new_root)
            named = f"batch {closed.batch.number}, class {closed.batch.shape_class.name}"
            console.say(f"{named}: {fills} fills, root {root}")
        compared = require_bundles(folder, batches)
    record = {
        "batches": [
            {
                "batch": closed.batch.number,
                "shape_class": closed.batch.shape_class.name,
                "fills": len(closed.batch.fills),
                "root": hex_digest(closed.header.new_root),
            }
            for closed in batches
        ],
        "bundles_compared": compared,
    }
    text = f"{len(batches)} batches replayed, the same roots; {compared} bundles compared"
    console.result(record, text)


@contextmanager
def known_errors() -> Iterator[None]:
    """The venue's errors as messages with exit codes; a wrong journal is named first."""
    from rollup.l1.connection import NoAnswerInTime, RemoteError, Unreachable
    from rollup.l1.evm.chain import ChainError
    from sequencer.batches.artefacts import ArtefactError
    from sequencer.batches.entries import JournalError
    from sequencer.batches.prover import ProverError
    from sequencer.batches.replay import RootsDiffer
    from sequencer.demo.market.tape.error import TapeError
    from sequencer.demo.run import DemoError
    from sequencer.service.guard import VenueStopped
    from sequencer.service.poster import L1Differs
    from sequencer.stress.run import StressError

    try:
        yield
    except (ArtefactError, JournalError, TapeError, VenueStopped) as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
    except (RootsDiffer, L1Differs) as error:
        raise CommandError(ExitCode.ROOTS_DIFFER, str(error)) from error
    except ProverError as error:
        passed_on = {ExitCode.NO_MEMORY, ExitCode.CANNOT_WRITE, ExitCode.TIMEOUT}
        code = ExitCode(error.exit_code) if error.exit_code in passed_on else ExitCode.UNREACHABLE
        raise CommandError(code, str(error)) from error
    except NoAnswerInTime as error:
        raise CommandError(ExitCode.TIMEOUT, str(error)) from error
    except Unreachable as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
    except RemoteError as error:
        raise CommandError(ExitCode.REFUSED_BY_PEER, str(error)) from error
    except ChainError as error:
        raise CommandError(ExitCode.UNREACHABLE, f"the chain: {error}") from error
    except (DemoError, StressError) as error:
        raise CommandError(ExitCode.INVALID, str(error)) from error
