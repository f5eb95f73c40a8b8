"""Commands of the venue: demo, replay. Engines are imported when a command is called."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from rollup.cli import CommandError, ExitCode, Output, conventions
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES

SETS = ("fast", "balanced", "evm")
file_type = click.Path(path_type=Path)


@click.command()
@click.option("--data", type=file_type, help="Replay a recorded feed (gzip of frames).")
@click.option("--batches", type=click.IntRange(1, 1000), default=3, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the market.")
@click.option(
    "--insecure-seed",
    type=click.IntRange(0),
    help="Derive every key from a number, so that roots repeat. For tests: nothing is secret then.",
)
@click.option("--parameters", type=click.Choice(SETS), default=SETS[0])
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
    batches: int,
    seed: int,
    insecure_seed: int | None,
    parameters: str,
    target: Path,
) -> None:
    """Orders in, proofs out, a new root on L1: the whole rollup, nothing simulated but the traders.

    Without --data, a seeded synthetic market. Every batch is proved in a process of its own and
    posted to a mock L1, which verifies the proof. At the end, forged versions of the last batch.
    """
    from rollup.installed import installed_verifier
    from sequencer.batches.prover import ProcessProver
    from sequencer.demo.events import DemoOptions
    from sequencer.demo.render import Screen, tables
    from sequencer.demo.run import run_demo
    from sequencer.demo.summary import Summary

    options = DemoOptions(target, batches, seed, data, insecure_seed)
    summary = Summary()
    with known_errors(), Screen(console, batches) as screen:
        events = run_demo(options, ProcessProver(parameters), installed_verifier(parameters))
        for event in events:
            summary.add(event)
            screen.show(event)
    if not summary.succeeded:
        raise CommandError(ExitCode.INVALID, "the demonstration failed", summary.to_record())
    text = tables(summary)
    if summary.last_bundle is not None:
        text += f"\n\nCheck a proof yourself: crypsis verify {summary.last_bundle / 'public'}"
    console.result(summary.to_record(), text)


@click.command()
@click.argument("journal", type=file_type)
@click.option(
    "--shape-class", type=click.Choice(list(SHAPE_CLASSES)), default=CLASS_S.name, show_default=True
)
@conventions
def replay(console: Output, journal: Path, shape_class: str) -> None:
    """Run a journal again; exit 7 if a batch comes out with another root than it had.

    JOURNAL is target/private/journal; genesis and salt key are read from the folders it lies in.
    The end is compared with the bundles there: a journal cut short replays well, but a bundle tells
    of a batch that it lacks.
    """
    from rollup.crypto.batched import verify_many
    from rollup.hash.batched import compress_many
    from rollup.protocol.encoding import hex_digest
    from sequencer.batches.artefacts import VenueFolder
    from sequencer.batches.machine import Setup
    from sequencer.batches.replay import replay as replay_journal
    from sequencer.batches.replay import require_bundles

    folder = VenueFolder(journal.resolve().parent.parent)
    batches = []
    with known_errors():
        genesis, salt_key = folder.read_genesis(), folder.read_salt_key()
        setup = Setup(genesis, salt_key, compress_many, verify_many, SHAPE_CLASSES[shape_class])
        for closed in replay_journal(journal, setup):
            batches.append(closed)
            fills, root = len(closed.batch.fills), hex_digest(closed.header.new_root)
            console.say(f"batch {closed.batch.number}: {fills} fills, root {root}")
        compared = require_bundles(folder, batches)
    record = {
        "batches": [
            {
                "batch": closed.batch.number,
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
    """The venue's errors as messages with exit codes."""
    from sequencer.batches.artefacts import ArtefactError
    from sequencer.batches.journal import JournalError
    from sequencer.batches.prover import ProverError
    from sequencer.batches.replay import RootsDiffer
    from sequencer.demo.market.tape import TapeError
    from sequencer.demo.run import DemoError
    from sequencer.service.poster import L1Differs
    from sequencer.service.venue import VenueStopped

    try:
        yield
    except (ArtefactError, JournalError, TapeError, VenueStopped) as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
    except (RootsDiffer, L1Differs) as error:
        raise CommandError(ExitCode.ROOTS_DIFFER, str(error)) from error
    except ProverError as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
    except DemoError as error:
        raise CommandError(ExitCode.INVALID, str(error)) from error
