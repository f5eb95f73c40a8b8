"""crypsis leak: what somebody learns who only reads what a venue publishes."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type

if TYPE_CHECKING:
    from sequencer.leak.measure import Measured
    from sequencer.leak.told import Told

WORLDS_DEFAULT: Final = 100
WORLDS_LEAST: Final = 40
"""Runs of each world: with fewer, who is always right is hardly told from who is lucky."""

SEED_BITS: Final = 32


@click.group()
def leak() -> None:
    """What an observer learns: of a run of yours, and of two worlds that nobody should tell apart.

    \b
    crypsis leak report target
    crypsis leak report --worlds 100
    """


@leak.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--genesis", type=file_type, help="Of the venue; by default genesis.json in FOLDER.")
@click.option(
    "--worlds",
    type=click.IntRange(WORLDS_LEAST, 100_000),
    metavar="N",
    help=f"Runs of each world; {WORLDS_DEFAULT} where no FOLDER is named.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**SEED_BITS - 1),
    help="Of the worlds, to run a measurement again; by default a fresh one.",
)
@conventions
def report(
    console: Output,
    folder: Path | None,
    genesis: Path | None,
    worlds: int | None,
    seed: int | None,
) -> None:
    """Print what an observer of a run learns, and what it could not learn of any.

    With FOLDER, a venue's own or a mirror: which accounts each batch opened, how many positions
    they have, who met whom, how long steps were open, what anybody reads in clear. Only public.json
    and data.bin are read, and the size of proof.bin; private files are never opened.

    Without FOLDER, or with --worlds, a measurement. A pair of worlds has the same deposits, prices,
    times and withdrawals, and differs in one private thing: who was long, at which price, whether
    an order was taken back. Both are run N times by the real engine and rules, each time with fresh
    keys and salts. A distinguisher learns of half of the runs which world they are of, and is asked
    about the other half: advantage 0 is a coin, 1 is always right. Where it is not a coin, what it
    tells them by is taken away until it is. N = 100 takes some three minutes.

    Exit 1 if a pair that must look alike does not, or one is told by what is not known to tell.
    """
    told = [] if folder is None else _told(console, folder, genesis)
    found: list[Measured] = []
    if folder is None or worlds is not None:
        seed = secrets.randbits(SEED_BITS) if seed is None else seed
        found = _measured(console, worlds or WORLDS_DEFAULT, seed)
    record, text = _result(told, found, seed)
    wrong = [each.pair.name for each in found if not each.is_expected]
    if wrong:
        console.say(text)
        message = f"not as docs/spec/26-leaks.md has it: {', '.join(wrong)}; seed {seed}"
        raise CommandError(ExitCode.INVALID, message, record)
    console.result(record, text)


def _told(console: Output, folder: Path, genesis: Path | None) -> "list[Told]":
    from sequencer.leak.folder import observed
    from sequencer.leak.observer import Observer
    from sequencer.leak.told import Notebook
    from sequencer.mirror.folder import Mirror, read_genesis
    from sequencer.mirror.following import fast_hashing

    found = []
    with _known_errors():
        place = Mirror(folder)
        start = place.genesis() if genesis is None else read_genesis(genesis)
        notebook = Notebook(start)
        for seen in observed(place, Observer(start, fast_hashing())):
            found.append(notebook.note(seen))
            console.progress(f"batch {seen.public.number}: {len(seen.leaves)} leaves")
    return found


def _measured(console: Output, worlds: int, seed: int) -> "list[Measured]":
    from sequencer.leak.measure import measure
    from sequencer.leak.pairs import PAIRS
    from sequencer.leak.render import Screen

    found = []
    with Screen(console, 2 * worlds * len(PAIRS)) as screen:
        for pair in PAIRS:
            found.append(measure(pair, worlds, seed, progress=_teller(screen.show, pair.name)))
            value = found[-1].verdict.advantage.value
            console.detail(f"{pair.name}: {value:.2f}, {found[-1].verdict.rule}")
    return found


def _teller(show: Callable[[str], None], name: str) -> Callable[[int], None]:
    return lambda done: show(name)


def _result(
    told: "list[Told]", found: "list[Measured]", seed: int | None
) -> tuple[dict[str, object], str]:
    """The record and the text of both parts, as far as they were asked for."""
    from sequencer.leak.features import FEATURES

    record: dict[str, object] = {"features": {each.name: each.tells for each in FEATURES}}
    texts = []
    if told:
        from sequencer.leak.render import told_text
        from sequencer.leak.told import sums_of

        sums = sums_of(told)
        record["batches"] = [each.to_record() for each in told]
        record["sums"] = sums.to_record()
        texts.append(told_text(told, sums))
    if found and seed is not None:
        from sequencer.leak.measured import measured_text, record_of

        record["seed"] = seed
        record["pairs"] = [record_of(each) for each in found]
        texts.append(measured_text(found, seed))
    return record, "\n\n".join(texts)


@contextmanager
def _known_errors() -> Iterator[None]:
    """What is wrong with a folder, as a message with an exit code."""
    from sequencer.mirror.folder import MirrorError

    try:
        yield
    except MirrorError as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
