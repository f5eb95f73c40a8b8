"""The prover of batches: batch bytes in, a bundle of two public files and a private account out."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from circuits.soundness.report import require_secure, round_down
from circuits.stark.errors import Failure
from circuits.stark.kept import prepared_prover
from circuits.stark.parameters import Parameters, parameters_by_name
from circuits.stark.prover import Proved, Prover
from circuits.stark.shape import shape_of
from circuits.statement.execute import apply_and_fill, summary
from circuits.statement.inputs import PUBLIC_MESSAGES_MAX
from circuits.statement.pinned import pinned_key
from circuits.statement.proving import proving_circuit
from circuits.statement.witness import Witness
from rollup.codec.strict import CodecError
from rollup.files import (
    DATA_FILE,
    META_FILE,
    PRIVATE_FOLDER,
    PRIVATE_MODE,
    PROOF_FILE,
    PUBLIC_FILE,
    PUBLIC_FOLDER,
    make_folder,
    make_private_folder,
    remove,
    require_writable,
    write_whole,
)
from rollup.hash.batched import compress_many
from rollup.native.memory import MemoryMode, collector_paused
from rollup.ports import VerificationError
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.published_data import published_data
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass, shape_class_by_name

Report = Callable[[str, float], None]
"""Called with each phase as it begins, and the share of the proof that is done by then, 0 to 1."""


def _silent(_: str) -> None:
    """Report to nobody."""


def _unheard(_: str, __: float) -> None:
    """Report to nobody."""


def in_words(progress: Callable[[str], None]) -> Report:
    """A report as one line a phase."""
    return lambda phase, share: progress(f"{phase} ({share:.0%} done)")


def require_room(folder: Path) -> None:
    """WriteError unless a bundle can be written under `folder`: to ask before proving."""
    for part in (PUBLIC_FOLDER, PRIVATE_FOLDER):
        require_writable(folder / part)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What proving a batch gives: two public files, an account of it for the operator, and again
    what the batch publishes, where whoever proved it had the rules say that."""

    public: PublicInput
    proof: bytes = field(repr=False)
    meta: dict[str, object] = field(repr=False)
    published: bytes = field(repr=False, default=b"")

    def write(self, folder: Path) -> None:
        """Write public/ and private/ under `folder`; the proof last, without it there is none.

        An older proof goes first, so that it is never beside a public input that is not its own.
        WriteError if a file cannot be written.
        """
        make_folder(folder / PUBLIC_FOLDER)
        remove(folder / PUBLIC_FOLDER / PROOF_FILE)
        make_private_folder(folder / PRIVATE_FOLDER)
        text = json.dumps(self.meta, indent=2, sort_keys=True) + "\n"
        write_whole(folder / PRIVATE_FOLDER / META_FILE, text.encode("ascii"), PRIVATE_MODE)
        if self.published:
            write_whole(folder / PUBLIC_FOLDER / DATA_FILE, self.published)
        write_whole(folder / PUBLIC_FOLDER / PUBLIC_FILE, public_to_json(self.public))
        write_whole(folder / PUBLIC_FOLDER / PROOF_FILE, self.proof)


@dataclass(frozen=True, slots=True)
class _Engine:
    """What proves the batches of one shape class: its fixed columns are committed once and kept."""

    prover: Prover
    tables: tuple[str, ...]
    statement: dict[str, str]
    bits: float

    @classmethod
    def of(cls, shape_class: ShapeClass, parameters: Parameters, memory: MemoryMode) -> "_Engine":
        """InsecureParameters where the set has less than 100 proven bits for this class."""
        statement = proving_circuit(shape_class)
        bits = require_secure(shape_of(statement, parameters), PUBLIC_MESSAGES_MAX).bits
        root = pinned_key(shape_class).fixed_root(statement, parameters)
        prover = prepared_prover(statement, parameters, root, low_memory=memory.is_low)
        if prover.fixed_root != root:
            raise VerificationError(Failure.WRONG_KEY, "the pinned key has other fixed columns")
        names = {"shape_class": shape_class.name, "parameter_set": parameters.name}
        tables = tuple(placed.name for placed in statement.tables)
        return cls(prover, tables, {"circuit_digest": statement.digest.hex(), **names}, bits)


class StarkProver:
    """Implements `rollup.ports.Prover` for the statements of some shape classes.

    What a class needs is loaded for its first batch and kept: one object for many batches.
    """

    def __init__(
        self,
        parameter_set: str = "fast",
        *shape_classes: str,
        memory: MemoryMode = MemoryMode.AUTO,
    ) -> None:
        """Of all classes where none is named. ValueError unless set and classes are among those
        proofs are made with."""
        self._parameters: Parameters = parameters_by_name(parameter_set)
        named = shape_classes or tuple(SHAPE_CLASSES)
        self._classes = tuple(map(shape_class_by_name, dict.fromkeys(named)))
        self._memory = memory
        self._engines: dict[str, _Engine] = {}

    @property
    def statement(self) -> dict[str, object]:
        """What it proves and with what, by name, its first class first."""
        return {
            "shape_classes": [each.name for each in self._classes],
            "parameter_set": self._parameters.name,
            "memory": self._memory.value,
        }

    @property
    def first_class(self) -> ShapeClass:
        """The class whose batches it is asked for most."""
        return self._classes[0]

    def _engine(self, shape_class: ShapeClass) -> _Engine:
        """CodecError for a batch of a class that is not this prover's."""
        if shape_class not in self._classes:
            wanted = " or ".join(each.name for each in self._classes)
            raise CodecError(f"batch: shape class {wanted} is wanted, not {shape_class.name}")
        if shape_class.name not in self._engines:
            engine = _Engine.of(shape_class, self._parameters, self._memory)
            self._engines[shape_class.name] = engine
        return self._engines[shape_class.name]

    def prove(
        self, batch: bytes, folder: Path, progress: Callable[[str], None] = _silent
    ) -> PublicInput:
        """Prove a batch file; write public/ and private/meta.json under `folder`, each file whole.

        CodecError if the bytes are no batch, Rejected if the batch breaks a rule; WriteError if
        nothing can be written there, before any work. `progress` gets a line on each phase as it
        begins.
        """
        public, _ = self.prove_with_meta(batch, folder, progress)
        return public

    def prove_with_meta(
        self, batch: bytes, folder: Path, progress: Callable[[str], None] = _silent
    ) -> tuple[PublicInput, dict[str, object]]:
        """The same, with what meta.json says."""
        require_room(folder)
        bundle = self.prove_bundle(batch, in_words(progress))
        bundle.write(folder)
        return bundle.public, bundle.meta

    def prove_bundle(self, batch: bytes, report: Report = _unheard) -> Bundle:
        """The same, without writing anything."""
        with collector_paused():
            read = batch_from_bytes(batch)
            engine = self._engine(read.shape_class)
        executed = apply_and_fill(read, self._parameters, lambda phase: report(phase, 0.0))
        public, account = executed.outcome.public, summary(executed.outcome)
        published = published_data(executed.outcome, compress_many).encode()
        seconds, witness = executed.seconds, executed.witness
        del executed  # its records make room for the proof
        proved = _run(engine, witness, report)
        meta = _meta(account, seconds, proved, engine)
        return Bundle(public, proved.proof, meta, published)


def _run(engine: _Engine, witness: Witness, report: Report) -> Proved:
    """The proof; the witness gives away its traces."""
    return engine.prover.prove(
        (witness.traces.pop(name) for name in engine.tables),
        *witness.known,
        progress=lambda phase, share: report(f"proof: {phase}", share),
    )


def _meta(
    account: dict[str, object], seconds: dict[str, float], proved: Proved, engine: _Engine
) -> dict[str, object]:
    """What meta.json says; `account` and `seconds` are of the batch applied and filled."""
    report = proved.report
    phases = {**seconds, **report.phases_s}
    return {
        **account,
        **engine.statement,
        "bits": round_down(engine.bits),
        "tables": {
            table.name: {**asdict(table), "cells": table.cells(table.height)}
            for table in report.tables
        },
        "shared_cells": report.shared_cells,
        "cells": report.cells,
        "phases_s": {name: round(spent, 3) for name, spent in phases.items()},
        "seconds": round(sum(phases.values()), 3),
        "proof_bytes": len(proved.proof),
    }
