"""Commands of the proof system: prove, execute, verify.

Engines are imported when a command is called: `verify` must start without numpy and numba. There is
no search for cycles meanwhile: it would walk over all new classes again and again, a tenth of the
start.
"""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from circuits.commands.options import (
    asked_class_option,
    cluster_option,
    memory_option,
    parameters_option,
)
from rollup.files import (
    BATCH_FILE,
    PRIVATE_FOLDER,
    PUBLIC_FOLDER,
    read_bounded,
)
from rollup.native.memory import MemoryMode, collector_paused
from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type, input_file
from rollup.protocol.shape_class import SHAPE_CLASSES

if TYPE_CHECKING:
    from circuits.commands.many import BatchFile

_Pins = tuple[str, tuple[str, ...]]
"""A parameter set and the shape classes that are asked for, by name."""

_Where = tuple[int, str | None]
"""How many processes prove, or the address of the cluster whose workers do."""


@click.command()
@click.argument("folder", type=file_type)
@parameters_option
@asked_class_option
@click.option("--explain", is_flag=True, help="Say what the proof shows and what it does not.")
@conventions
def verify(
    console: Output, folder: Path, parameters: str, shape_class: tuple[str, ...], explain: bool
) -> None:
    """Check a proof bundle offline, or a folder of them: exit 0 if valid, 1 if not.

    FOLDER holds public.json and proof.bin, or the batches of a venue, as target and target/batches
    do: then each proof is checked, and that each batch starts where the one before it ended (exit 7
    if not). The circuits, their pins and the parameter set come from this package and this command
    line, never from a bundle. A public input names its shape class, S, M or R: its proof is checked
    with that class's circuit, if --shape-class does not ask for others.
    """
    with collector_paused():
        from circuits.commands.verify import verify_folder
        from circuits.verify import StarkVerifiers

    verifiers = StarkVerifiers(parameters, shape_class or tuple(SHAPE_CLASSES))
    verify_folder(console, folder, verifiers, explain=explain)


@click.command()
@click.argument("batch", type=file_type, nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=file_type,
    required=True,
    help=f"Folder that gets {PUBLIC_FOLDER}/ and {PRIVATE_FOLDER}/; of several, one for each.",
)
@parameters_option
@asked_class_option
@memory_option
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Prove several batches in so many processes."
)
@cluster_option
@conventions
def prove(
    console: Output,
    batch: tuple[Path, ...],
    output: Path,
    parameters: str,
    shape_class: tuple[str, ...],
    memory: str,
    workers: int | None,
    cluster: str | None,
) -> None:
    """Prove a batch: DIR/public/ gets public.json and proof.bin, DIR/private/ gets meta.json.

    Several batch files, or a folder of batches such as target/batches, must follow each other. They
    are proved independently, into DIR/000042/public/ and so on, and joined by their state roots.
    A batch file names its shape class.
    """
    with collector_paused():
        from circuits.commands.no_proof import no_proof

    if workers is not None and cluster is not None:
        raise click.UsageError("--workers and --cluster exclude each other")
    classes, mode = shape_class or tuple(SHAPE_CLASSES), MemoryMode(memory)
    pins = (parameters, classes)
    with no_proof(parameters, *classes, memory=mode):
        if len(batch) > 1 or batch[0].is_dir() or cluster is not None:
            _prove_many(console, batch, output, pins, mode, (workers or 1, cluster))
        else:
            _prove_one(console, batch[0], output, pins, mode)


def _prove_one(console: Output, batch: Path, output: Path, pins: _Pins, memory: MemoryMode) -> None:
    with collector_paused():
        from circuits.prove import StarkProver
        from rollup.protocol.batch_codec import BATCH_BYTES_MAX

    data = read_bounded(batch, BATCH_BYTES_MAX)
    with input_file(batch):
        prover = StarkProver(pins[0], *pins[1], memory=memory)
        public, meta = prover.prove_with_meta(data, output, console.progress)
    bundle = str(output / PUBLIC_FOLDER)
    text = (
        f"proved batch {public.number} in {meta['seconds']} s, {meta['bits']} bits "
        f"({meta['parameter_set']}/{meta['shape_class']}): {bundle}"
    )
    console.result({"bundle": bundle, **meta}, text)


def _prove_many(
    console: Output,
    paths: tuple[Path, ...],
    output: Path,
    pins: _Pins,
    memory: MemoryMode,
    where: _Where,
) -> None:
    from circuits.commands.cluster import cluster_workers, require_scheduler
    from circuits.commands.many import local_workers, prove_all
    from circuits.prove import Bundle, require_room
    from circuits.verify import StarkVerifiers

    workers, cluster = where
    if cluster is not None:
        require_scheduler(cluster)
    batches = [_read_batch(file, pins[1]) for path in paths for file in _batch_files(path)]
    folders = {batch.number: output / f"{batch.number:06d}" for batch in batches}
    for folder in folders.values():
        require_room(folder)
    records: dict[int, dict[str, object]] = {}

    def done(bundle: Bundle) -> None:
        folder = folders[bundle.public.number]
        bundle.write(folder)
        records[bundle.public.number] = {"bundle": str(folder / PUBLIC_FOLDER), **bundle.meta}
        console.say(f"batch {bundle.public.number}: {len(records)} of {len(batches)} proved")

    start = perf_counter()
    processes = cluster_workers(cluster) if cluster else local_workers(workers, len(batches))
    with processes as pool:
        publics = prove_all(pool, batches, pins[0], StarkVerifiers(*pins), done, memory)
    seconds = round(perf_counter() - start, 3)
    bundles = [records[public.number] for public in publics]
    text = f"proved {len(bundles)} batches in {seconds} s, each from the root before: {output}"
    console.result({"bundles": bundles, "seconds": seconds}, text)


def _read_batch(path: Path, classes: tuple[str, ...]) -> "BatchFile":
    from circuits.commands.many import BatchFile
    from rollup.protocol.batch_codec import BATCH_BYTES_MAX

    with input_file(path):
        batch = BatchFile.of(read_bounded(path, BATCH_BYTES_MAX))
        _require_class(batch.shape_class, classes)
    return batch


def _require_class(named: str, classes: tuple[str, ...]) -> None:
    """CodecError for a batch of a class that was not asked for."""
    from rollup.codec.strict import CodecError

    if named not in classes:
        raise CodecError(f"batch: shape class {' or '.join(classes)} is wanted, not {named}")


def _batch_files(path: Path) -> list[Path]:
    """The batch file, or those of a folder of batches."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob(f"*/{PRIVATE_FOLDER}/{BATCH_FILE}"))
    if not found:
        wanted = f"*/{PRIVATE_FOLDER}/{BATCH_FILE}"
        raise CommandError(ExitCode.BAD_INPUT, f"{path}: a folder with {wanted} is wanted")
    return found


@click.command()
@click.argument("batch", type=file_type)
@asked_class_option
@conventions
def execute(console: Output, batch: Path, shape_class: tuple[str, ...]) -> None:
    """Apply a batch and fill its tables without proving; exit 1 if a claim does not hold."""
    from circuits.commands.text import execution_text, failures_text
    from circuits.statement.execute import execute_batch
    from rollup.protocol.batch_codec import BATCH_BYTES_MAX, batch_from_bytes

    data = read_bounded(batch, BATCH_BYTES_MAX)
    with input_file(batch):
        read = batch_from_bytes(data)
        _require_class(read.shape_class.name, shape_class or tuple(SHAPE_CLASSES))
        record = execute_batch(read, console.progress)
    if record["failures"]:
        raise CommandError(ExitCode.INVALID, failures_text(record), record)
    console.result(record, execution_text(record))
