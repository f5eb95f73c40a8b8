"""The prover of batches: batch bytes in, a bundle of two public files and a private account out."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from circuits.soundness.report import require_secure, round_down
from circuits.stark.errors import Failure
from circuits.stark.parameters import Parameters, parameters_by_name
from circuits.stark.prover import Proved, Prover
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from circuits.statement.execute import apply_and_fill, summary
from circuits.statement.inputs import PUBLIC_MESSAGES_MAX
from circuits.statement.pinned import pinned_key
from circuits.statement.witness import Witness
from circuits.tables.base.trace import with_kernel
from rollup.files import (
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
from rollup.ports import VerificationError
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.shape_class import CLASS_S, shape_class_by_name

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
    """What proving a batch gives: two public files, and an account of it for the operator."""

    public: PublicInput
    proof: bytes = field(repr=False)
    meta: dict[str, object] = field(repr=False)

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
        write_whole(folder / PUBLIC_FOLDER / PUBLIC_FILE, public_to_json(self.public))
        write_whole(folder / PUBLIC_FOLDER / PROOF_FILE, self.proof)


class StarkProver:
    """Implements `rollup.ports.Prover` for the statement of one shape class.

    Fixed columns are committed at the first proof and kept: one object for many batches.
    """

    def __init__(self, parameter_set: str = "fast", shape_class: str = CLASS_S.name) -> None:
        """ValueError unless set and class are among those proofs are made with."""
        self._parameters: Parameters = parameters_by_name(parameter_set)
        self._class = shape_class_by_name(shape_class)

    @property
    def statement(self) -> dict[str, str]:
        """What it proves and with what, by name."""
        return {
            "circuit_digest": circuit(self._class).digest.hex(),
            "shape_class": self._class.name,
            "parameter_set": self._parameters.name,
        }

    @cached_property
    def _engine(self) -> Prover:
        statement = with_kernel(circuit(self._class))
        engine = Prover(statement, self._parameters)
        if engine.fixed_root != pinned_key(self._class).fixed_root(statement, self._parameters):
            raise VerificationError(Failure.WRONG_KEY, "the pinned key has other fixed columns")
        return engine

    @cached_property
    def _bits(self) -> float:
        """Proven bits; InsecureParameters below 100."""
        return require_secure(
            shape_of(circuit(self._class), self._parameters), PUBLIC_MESSAGES_MAX
        ).bits

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
        bits = self._bits
        engine = self._engine
        executed = apply_and_fill(
            batch, self._parameters, self._class, lambda phase: report(phase, 0.0)
        )
        public, account = executed.outcome.public, summary(executed.outcome)
        seconds, witness = executed.seconds, executed.witness
        del executed  # its records make room for the proof
        proved = self._run(engine, witness, report)
        return Bundle(public, proved.proof, self._meta(account, seconds, proved, bits))

    def _run(self, engine: Prover, witness: Witness, report: Report) -> Proved:
        """The proof; the witness gives away its traces."""
        names = [placed.name for placed in circuit(self._class).tables]
        return engine.prove(
            (witness.traces.pop(name) for name in names),
            *witness.known,
            progress=lambda phase, share: report(f"proof: {phase}", share),
        )

    def _meta(
        self, account: dict[str, object], seconds: dict[str, float], proved: Proved, bits: float
    ) -> dict[str, object]:
        """What meta.json says; `account` and `seconds` are of the batch applied and filled."""
        report = proved.report
        phases = {**seconds, **report.phases_s}
        return {
            **account,
            **self.statement,
            "bits": round_down(bits),
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
