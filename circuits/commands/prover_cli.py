"""Commands about the prover on this machine: prover info | bench | keygen | serve | warm.

Engines are imported when a command is called.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuits.commands.options import (
    class_option,
    cluster_option,
    memory_option,
    parameters_option,
    served_classes_option,
)
from rollup.files import write_whole
from rollup.native.memory import MemoryMode
from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass

if TYPE_CHECKING:
    from circuits.stark.key import VerificationKey


@click.group()
def prover() -> None:
    """About the prover on this machine."""


@prover.command()
@parameters_option
@class_option
@click.option(
    "--costs", is_flag=True, help="Cells by transaction type; cells and bytes by table and class."
)
@click.option("--proof", is_flag=True, help="Bytes of a proof by part, for every parameter set.")
@conventions
def info(console: Output, parameters: str, shape_class: str, costs: bool, proof: bool) -> None:
    """Show what the circuit has and costs, and every set: its parameters, its bits by term."""
    if costs or proof:
        _show_costs(console, parameters, shape_class, costs, proof)
        return
    from circuits.commands.text import cost_record, info_text, parameters_record
    from circuits.soundness.report import report
    from circuits.stark.parameters import PARAMETER_SETS, parameters_by_name
    from circuits.stark.shape import shape_of
    from circuits.statement.circuit import circuit
    from circuits.statement.inputs import PUBLIC_MESSAGES_MAX

    statement = circuit(SHAPE_CLASSES[shape_class])
    digest = statement.digest.hex()
    shape = shape_of(statement, parameters_by_name(parameters))
    reports = {
        name: report(shape_of(statement, each), PUBLIC_MESSAGES_MAX)
        for name, each in PARAMETER_SETS.items()
    }
    record = {
        "circuit_digest": digest,
        **reports[parameters].to_record(),
        **cost_record(shape),
        "sets": {
            name: {
                "parameters": parameters_record(PARAMETER_SETS[name]),
                **found.to_record(),
            }
            for name, found in reports.items()
        },
    }
    console.result(record, info_text(digest, shape, list(reports.values())))


def _show_costs(
    console: Output, parameters: str, shape_class: str, costs: bool, proof: bool
) -> None:
    """The answers to `--costs` and `--proof`."""
    from circuits.commands.costs import class_bytes, class_costs, proof_parts, transaction_cells
    from circuits.commands.text import class_bytes_text, classes_text, parts_text, transactions_text
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
        found = class_bytes(chosen)
        record["proof_bytes_by_table"] = {
            each.shape_class.name: {
                "bytes": each.bytes,
                "tables": dict(each.tables),
                "sums_masks_and_fixed": each.shared,
                "quotient": each.quotient,
                "rest": each.rest,
            }
            for each in found
        }
        texts += [transactions_text(cells), classes_text(classes), class_bytes_text(chosen, found)]
    if proof:
        parts = {
            each.name: proof_parts(shape_of(statement, each)) for each in PARAMETER_SETS.values()
        }
        record["proof_bytes"] = parts
        texts.append(parts_text(parts))
    console.result(record, "\n\n".join(texts))


@prover.command()
@parameters_option
@memory_option
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
def bench(
    console: Output, parameters: str, memory: str, rows: str, runs: int, profile: bool
) -> None:
    """Prove a Poseidon and a range table, and say how many rows a second."""
    from circuits.commands.bench import measure
    from circuits.commands.text import bench_text
    from circuits.stark.parameters import parameters_by_name

    chosen, mode = parameters_by_name(parameters), MemoryMode(memory)
    record = measure(chosen, int(rows), runs, console.say, memory=mode, profile=profile)
    console.result(record, bench_text(record))


@prover.command()
@click.option("-o", "--output", type=file_type, required=True, help="File to write.")
@class_option
@click.option("--private-exits", is_flag=True, help="Of the exit circuit, in place of a class.")
@conventions
def keygen(console: Output, output: Path, shape_class: str, private_exits: bool) -> None:
    """Compute what pins the circuit: its digest with the roots of its fixed columns, and its tapes.

    The tapes go beside the key, into a file of the same name that ends in .tapes; what its tables
    say, which a prover needs as well, into one that ends in .messages.
    """
    key, *beside = _pinned_of(None if private_exits else SHAPE_CLASSES[shape_class])
    tapes, messages = output.with_suffix(".tapes"), output.with_suffix(".messages")
    write_whole(output, key.to_json().encode("ascii"))
    for file, text in zip((tapes, messages), beside, strict=True):
        write_whole(file, text.encode("ascii"))
    digest = key.circuit_digest.hex()
    record = {
        "circuit_digest": digest,
        "file": str(output),
        "tapes": str(tapes),
        "messages": str(messages),
    }
    console.result(record, f"{output}, {tapes}, {messages}: circuit {digest}")


def _pinned_of(shape_class: ShapeClass | None) -> "tuple[VerificationKey, str, str]":
    """Key, tapes and messages of a class, or of the exit circuit."""
    if shape_class is None:
        from circuits.exit.keygen import exit_circuit_messages, exit_tapes, exit_verification_key

        return exit_verification_key(), exit_tapes(), exit_circuit_messages()
    from circuits.statement.keygen import statement_key, statement_messages, statement_tapes

    tapes, messages = statement_tapes(shape_class), statement_messages(shape_class)
    return statement_key(shape_class), tapes, messages


@prover.command()
@parameters_option
@served_classes_option
@memory_option
@cluster_option
@conventions
def serve(
    console: Output,
    parameters: str,
    shape_class: tuple[str, ...],
    memory: str,
    cluster: str | None,
) -> None:
    """Stay up and prove what is asked: a JSON object a line, on standard input and output.

    Says {"ready": true, ...} when kernels and the fixed tables of the first class are loaded; those
    of another class are with its first batch. A request is {"id", "batch":
    FILE, "output": DIR}; its answers are {"id", "phase", "share"} while it is proved, and at last
    {"id", "ok": true, ...} or {"id", "error", "reason", "exit_code"}. One at a time; ends when
    standard input does. (Under `prover`, since what follows `prove` is a batch file.)

    With --cluster the proofs are made by workers elsewhere and verified here before they are
    written. Run several of these to keep several workers busy.
    """
    import sys

    from circuits.commands.serve import serve as serve_requests
    from circuits.prove import StarkProver

    mode = MemoryMode(memory)
    prover = StarkProver(parameters, *shape_class, memory=mode)
    if cluster is None:
        serve_requests(prover, sys.stdin.buffer, console.record)
        return
    from circuits.commands.cluster import ClusterProver, cluster_workers, require_scheduler
    from circuits.commands.no_proof import no_proof
    from circuits.verify import StarkVerifiers

    with no_proof(parameters, *shape_class, memory=mode):
        require_scheduler(cluster)
        with cluster_workers(cluster) as workers:
            verifiers = StarkVerifiers(parameters, shape_class)
            elsewhere = ClusterProver(workers, prover.statement, verifiers)
            serve_requests(elsewhere, sys.stdin.buffer, console.record)


@prover.command()
@click.option("--force", is_flag=True, help="Run all kernels even if those in the cache are whole.")
@conventions
def warm(console: Output, force: bool) -> None:
    """Run every kernel once and compile what is missing, so that the first proof does not wait."""
    from concurrent.futures.process import BrokenProcessPool

    from circuits.commands.warm import is_warm, warm_kernels
    from rollup.native.jit import cache_folder

    folder = cache_folder()
    record: dict[str, object] = {"folder": folder and str(folder), "seconds": 0.0, "compiled": 0}
    if is_warm() and not force:
        console.result(record, "kernels are compiled")
        return
    console.say("loading the kernels, and compiling those that are not there yet ...")
    try:
        warmed = warm_kernels()
    except BrokenProcessPool as error:
        message = "a process that compiles was killed (out of memory?)"
        raise CommandError(ExitCode.NO_MEMORY, message) from error
    seconds = round(warmed.seconds, 1)
    kept = "nowhere" if folder is None else f"in {folder}"
    text = f"{warmed.compiled} kernels compiled in {seconds} s, kept {kept}"
    console.result({**record, "seconds": seconds, "compiled": warmed.compiled}, text)
