"""Commands of the proof system: prove, execute, verify, prover info | bench | keygen | warm.

Engines are imported when a command is called: `verify` must start without numpy and numba.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import click

from rollup.cli import CommandError, ExitCode, Output, conventions
from rollup.files import (
    BATCH_FILE,
    PRIVATE_FOLDER,
    PUBLIC_FOLDER,
    read_bounded,
    write_whole,
)
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES

SETS = ("fast", "balanced", "evm")
"""Parameter sets by name: `circuits.stark.parameters.PARAMETER_SETS`, without importing it."""

parameters_option = click.option(
    "--parameters",
    type=click.Choice(SETS),
    default=SETS[0],
    show_default=True,
    help="Parameter set.",
)
class_option = click.option(
    "--shape-class",
    type=click.Choice(list(SHAPE_CLASSES)),
    default=CLASS_S.name,
    show_default=True,
    help="How much a batch may hold: S up to 128 trades, M up to 1,024.",
)
file_type = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=file_type)
@parameters_option
@class_option
@click.option("--explain", is_flag=True, help="Say what the proof shows and what it does not.")
@conventions
def verify(console: Output, folder: Path, parameters: str, shape_class: str, explain: bool) -> None:
    """Check a proof bundle offline, or a folder of them: exit 0 if valid, 1 if not.

    FOLDER holds public.json and proof.bin, or the batches of a venue, as target and target/batches
    do: then each proof is checked, and that each batch starts where the one before it ended (exit 7
    if not). The circuit, its pins, the parameter set and the shape class come from this package and
    this command line, never from a bundle.
    """
    from circuits.commands.verify import verify_folder
    from circuits.verify import StarkVerifier

    verify_folder(console, folder, StarkVerifier(parameters, shape_class), explain=explain)


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
@class_option
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Prove several batches in so many processes."
)
@click.option("--cluster", metavar="ADDRESS", help="Prove on the workers of a Dask scheduler.")
@conventions
def prove(
    console: Output,
    batch: tuple[Path, ...],
    output: Path,
    parameters: str,
    shape_class: str,
    workers: int | None,
    cluster: str | None,
) -> None:
    """Prove a batch: DIR/public/ gets public.json and proof.bin, DIR/private/ gets meta.json.

    Several batch files, or a folder of batches such as target/batches, must follow each other. They
    are proved independently, into DIR/000042/public/ and so on, and joined by their state roots.
    """
    if workers is not None and cluster is not None:
        raise click.UsageError("--workers and --cluster exclude each other")
    if len(batch) > 1 or batch[0].is_dir() or cluster is not None:
        _prove_many(console, batch, output, (parameters, shape_class), workers or 1, cluster)
    else:
        _prove_one(console, batch[0], output, parameters, shape_class)


def _prove_one(
    console: Output, batch: Path, output: Path, parameters: str, shape_class: str
) -> None:
    from circuits.prove import StarkProver
    from rollup.protocol.batch_codec import BATCH_BYTES_MAX

    data = read_bounded(batch, BATCH_BYTES_MAX)
    with _no_proof():
        prover = StarkProver(parameters, shape_class)
        public, meta = prover.prove_with_meta(data, output, console.progress)
    bundle = str(output / PUBLIC_FOLDER)
    text = (
        f"proved batch {public.number} in {meta['seconds']} s, {meta['bits']} bits "
        f"({parameters}): {bundle}"
    )
    console.result({"bundle": bundle, **meta}, text)


def _prove_many(
    console: Output,
    paths: tuple[Path, ...],
    output: Path,
    pins: tuple[str, str],
    workers: int,
    cluster: str | None,
) -> None:
    from circuits.commands.many import (
        ClusterError,
        cluster_workers,
        local_workers,
        prove_all,
    )
    from circuits.prove import Bundle
    from rollup.protocol.batch_codec import BATCH_BYTES_MAX
    from rollup.protocol.chain import ChainBroken

    files = [file for path in paths for file in _batch_files(path)]
    data = [read_bounded(file, BATCH_BYTES_MAX) for file in files]
    records: dict[int, dict[str, object]] = {}

    def done(bundle: Bundle) -> None:
        number = bundle.public.number
        folder = output / f"{number:06d}"
        bundle.write(folder)
        records[number] = {"bundle": str(folder / PUBLIC_FOLDER), **bundle.meta}
        console.say(f"batch {number}: {len(records)} of {len(files)} proved")

    start = perf_counter()
    try:
        with (
            _no_proof(),
            cluster_workers(cluster) if cluster else local_workers(workers) as pool,
        ):
            publics = prove_all(pool, data, *pins, done)
    except ChainBroken as error:
        raise CommandError(ExitCode.ROOTS_DIFFER, str(error)) from error
    except ClusterError as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
    seconds = round(perf_counter() - start, 3)
    bundles = [records[public.number] for public in publics]
    text = f"proved {len(bundles)} batches in {seconds} s, each from the root before: {output}"
    console.result({"bundles": bundles, "seconds": seconds}, text)


def _batch_files(path: Path) -> list[Path]:
    """The batch file, or those of a folder of batches."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob(f"*/{PRIVATE_FOLDER}/{BATCH_FILE}"))
    if not found:
        wanted = f"*/{PRIVATE_FOLDER}/{BATCH_FILE}"
        raise CommandError(ExitCode.BAD_INPUT, f"{path}: a folder with {wanted} is wanted")
    return found


@contextmanager
def _no_proof() -> Iterator[None]:
    """Why there is no proof, as a message with an exit code."""
    from circuits.soundness.report import InsecureParameters
    from circuits.stark.quotient import UnsatisfiedError

    try:
        yield
    except (InsecureParameters, UnsatisfiedError) as error:
        raise CommandError(ExitCode.INVALID, f"no proof: {error}") from error


@click.command()
@click.argument("batch", type=file_type)
@class_option
@conventions
def execute(console: Output, batch: Path, shape_class: str) -> None:
    """Apply a batch and fill its tables without proving; exit 1 if a claim does not hold."""
    from circuits.commands.text import execution_text, failures_text
    from circuits.statement.execute import execute_batch
    from rollup.protocol.batch_codec import BATCH_BYTES_MAX

    data = read_bounded(batch, BATCH_BYTES_MAX)
    record = execute_batch(data, SHAPE_CLASSES[shape_class], console.progress)
    if record["failures"]:
        raise CommandError(ExitCode.INVALID, failures_text(record), record)
    console.result(record, execution_text(record))


@click.group()
def prover() -> None:
    """About the prover on this machine."""


@prover.command()
@parameters_option
@class_option
@click.option("--costs", is_flag=True, help="Cells by transaction type, and by table and class.")
@click.option("--proof", is_flag=True, help="Bytes of a proof by part, for every parameter set.")
@conventions
def info(console: Output, parameters: str, shape_class: str, costs: bool, proof: bool) -> None:
    """Show what the circuit has, what it costs, and the proven bits of every set by term."""
    if costs or proof:
        _show_costs(console, parameters, shape_class, costs, proof)
        return
    from circuits.commands.text import cost_record, info_text
    from circuits.soundness.report import report
    from circuits.stark.parameters import PARAMETER_SETS, parameters_by_name
    from circuits.stark.shape import shape_of
    from circuits.statement.circuit import circuit
    from rollup.protocol.constants import DEPOSITS_MAX

    statement = circuit(SHAPE_CLASSES[shape_class])
    digest = statement.digest.hex()
    shape = shape_of(statement, parameters_by_name(parameters))
    reports = {
        name: report(shape_of(statement, each), DEPOSITS_MAX)
        for name, each in PARAMETER_SETS.items()
    }
    record = {
        "circuit_digest": digest,
        **reports[parameters].to_record(),
        **cost_record(shape),
        "sets": {name: found.to_record() for name, found in reports.items()},
    }
    console.result(record, info_text(digest, shape, list(reports.values())))


def _show_costs(
    console: Output, parameters: str, shape_class: str, costs: bool, proof: bool
) -> None:
    """The answers to `--costs` and `--proof`."""
    from circuits.commands.costs import class_costs, proof_parts, transaction_cells
    from circuits.commands.text import classes_text, parts_text, transactions_text
    from circuits.stark.parameters import PARAMETER_SETS, parameters_by_name
    from circuits.stark.shape import shape_of
    from circuits.statement.circuit import circuit

    chosen, statement = parameters_by_name(parameters), circuit(SHAPE_CLASSES[shape_class])
    record: dict[str, object] = {"shape_class": shape_class}
    texts = []
    if costs:
        cells, classes = transaction_cells(shape_of(statement, chosen)), class_costs(chosen)
        record["transactions"] = cells
        record["classes"] = {
            each.shape_class.name: {
                "cells": each.cells,
                "cells_per_trade": each.cells_per_trade,
                "tables": dict(each.tables),
                "sums_and_masks": each.shared,
                "quotient": each.quotient,
            }
            for each in classes
        }
        texts += [transactions_text(cells), classes_text(classes)]
    if proof:
        parts = {
            each.name: proof_parts(shape_of(statement, each)) for each in PARAMETER_SETS.values()
        }
        record["proof_bytes"] = parts
        texts.append(parts_text(parts))
    console.result(record, "\n\n".join(texts))


@prover.command()
@parameters_option
@click.option(
    "--rows",
    type=click.Choice([str(1 << log2) for log2 in range(10, 21)]),
    default=str(1 << 16),
    show_default=True,
    help="Rows of the Poseidon table, blinded ones included.",
)
@click.option("--runs", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option("--profile", is_flag=True, help="Show each phase beside what the machine allows.")
@conventions
def bench(console: Output, parameters: str, rows: str, runs: int, profile: bool) -> None:
    """Prove a Poseidon and a range table, and say how many rows a second."""
    from circuits.commands.bench import measure
    from circuits.commands.text import bench_text
    from circuits.stark.parameters import parameters_by_name

    chosen = parameters_by_name(parameters)
    record = measure(chosen, int(rows), runs, console.say, profile=profile)
    console.result(record, bench_text(record))


@prover.command()
@click.option("-o", "--output", type=file_type, required=True, help="File to write.")
@class_option
@conventions
def keygen(console: Output, output: Path, shape_class: str) -> None:
    """Compute what pins the circuit: its digest with the roots of its fixed columns, and its tapes.

    The tapes go beside the key, into a file of the same name that ends in .tapes.
    """
    from circuits.statement.keygen import statement_key, statement_tapes

    key = statement_key(SHAPE_CLASSES[shape_class])
    tapes = output.with_suffix(".tapes")
    write_whole(output, key.to_json().encode("ascii"))
    write_whole(tapes, statement_tapes(SHAPE_CLASSES[shape_class]).encode("ascii"))
    digest = key.circuit_digest.hex()
    record = {"circuit_digest": digest, "file": str(output), "tapes": str(tapes)}
    console.result(record, f"{output}, {tapes}: circuit {digest}")


@prover.command()
@click.option("--force", is_flag=True, help="Run all kernels even if the cache is warm.")
@conventions
def warm(console: Output, force: bool) -> None:
    """Compile every kernel once, so that the first proof does not wait for it."""
    from circuits.commands.warm import is_warm, warm_kernels

    if force or not is_warm():
        console.say("compiling the kernels, once for this copy of the sources ...")
        seconds = round(warm_kernels(), 1)
        console.result({"seconds": seconds}, f"kernels compiled in {seconds} s")
    else:
        console.result({"seconds": 0.0}, "kernels are compiled")
