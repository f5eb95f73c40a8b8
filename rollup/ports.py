"""What a prover and a verifier are to the rest: `rollup` defines, packaging binds, nobody imports.

Implementations are found through the entry-point groups `crypsis.prover` and `crypsis.verifier`.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from rollup.protocol.public import PublicInput


class VerificationError(Exception):
    """A proof was refused. `reason` is a member of the verifier's closed list, `detail` where."""

    def __init__(self, reason: Enum, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else str(reason.value))
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["VerificationError"], tuple[Enum, str]]:
        """How it travels between processes."""
        return (type(self), (self.reason, self.detail))


@dataclass(frozen=True, slots=True)
class Pins:
    """What a verifier is for: never taken from a bundle, always from the verifier's own package.

    `circuit` is the digest of the statement (tables, buses and their heights), `parameter_set`
    names the proof parameters, `shape_class` the class of batches that
    the tables have room for (rollup.protocol.shape_class).
    """

    circuit: bytes
    parameter_set: str
    shape_class: str


class Prover(Protocol):
    """Turns a batch into a proof bundle."""

    def prove(self, batch: bytes, folder: Path) -> PublicInput:
        """Prove `batch.msgpack`; write public/ and private/ artefacts into `folder`.

        Raises CodecError for bytes that are no batch and Rejected for one that breaks a rule.
        """


class Verifier(Protocol):
    """Says whether a proof shows that the public input is true."""

    @property
    def pins(self) -> Pins:
        """Which statement it verifies, with which parameters."""

    def verify(self, public: PublicInput, proof: bytes) -> None:
        """Return if the proof is valid for exactly this public input.

        Raises VerificationError, whatever the bytes are, and nothing else.
        """
