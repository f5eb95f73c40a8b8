"""`crypsis doctor`: is this machine fit to run a venue, and if not, what to do."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import click

from rollup.doctor.check import Check, Health, Surroundings
from rollup.native.memory import PEAK_GIB, MemoryMode
from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type

GROUP: Final = "crypsis.checks"
"""Entry points: functions of Surroundings that give Checks, for what other packages alone know."""

SETS: Final = tuple(dict.fromkeys(name for _, name in PEAK_GIB))
CLASSES: Final = tuple(sorted({name for name, _ in PEAK_GIB}, reverse=True))
MARKS: Final = {Health.OK: "ok", Health.WARNING: "!!", Health.FAILED: "NO"}

Source = Callable[[Surroundings], Iterable[Check]]


@click.command()
@click.option(
    "--state",
    type=file_type,
    default=Path(),
    show_default="the current folder",
    help="Where a venue would keep its files.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it would listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8550, show_default=True, help="And the port."
)
@click.option("--parameters", type=click.Choice(SETS), default=SETS[0], show_default=True)
@click.option(
    "--shape-class",
    type=click.Choice(CLASSES),
    multiple=True,
    default=(CLASSES[0],),
    show_default=True,
    help="Of its batches; more than once for a venue of several.",
)
@click.option(
    "--memory",
    type=click.Choice(list(map(str, MemoryMode))),
    default=MemoryMode.AUTO.value,
    show_default=True,
    help="As its provers are told it: see `crypsis prove --help`.",
)
@click.option("--l1", metavar="URL", help="Ask this L1 too, and compare its clock.")
@conventions
def doctor(
    console: Output,
    state: Path,
    host: str,
    port: int,
    parameters: str,
    shape_class: tuple[str, ...],
    memory: str,
    l1: str | None,
) -> None:
    """Check this machine: libraries, kernels, cores, memory, disk, port, and an L1 if one is named.

    Exit 1 if something is missing that a venue needs. Warnings are for what works, but slowly. It
    changes nothing: a file is written to measure the disk, and removed.
    """
    from rollup.doctor.machine import CHECKS

    about = Surroundings(state, host, port, parameters, shape_class, MemoryMode(memory), l1)
    sources: list[Source] = [*CHECKS, *(each.load() for each in entry_points(group=GROUP))]
    found: list[Check] = []
    for source in sources:
        for check in source(about):
            found.append(check)
            console.detail(f"{check.name}: {check.found}")
    record = {"ok": _is_fit(found), "checks": [asdict(check) for check in found]}
    if not record["ok"]:
        console.clear()
        if not console.as_json and console.verbosity >= 0:
            click.echo(_text(found))
        raise CommandError(ExitCode.INVALID, "this machine is not fit for a venue yet", record)
    console.result(record, _text(found))


def _is_fit(found: Iterable[Check]) -> bool:
    return all(check.health is not Health.FAILED for check in found)


def _text(found: list[Check]) -> str:
    width = max(len(check.name) for check in found)
    lines = []
    for check in found:
        lines.append(f"{MARKS[check.health]}  {check.name:<{width}}  {check.found}")
        if check.advice:
            lines.append(f"    {'':<{width}}  {check.advice}")
    return "\n".join(lines)
