"""What a prover and a verifier are to the rest: `rollup` defines, packaging binds, nobody imports.

Implementations are found through the entry-point groups `crypsis.prover` and `crypsis.verifier`.
"""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from rollup.hash.keccak import keccak256
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


PINS_TAG = b"crypsis-pins-1"
"""Domain and version of the digest."""


@dataclass(frozen=True, slots=True)
class Pins:
    """What a verifier is for: never taken from a bundle, always from the verifier's own package.

    `circuit` is the digest of the statement (tables, buses and their heights), `fixed_root` commits
    to the fixed columns, which that digest does not reach. `parameters` are the bytes of every
    number of the proof system, `shape` those of the class of batches that the tables have room for
    (rollup.protocol.shape_class). The names are what messages call the two; they pin nothing.
    """

    circuit: bytes
    fixed_root: bytes
    parameters: bytes
    shape: bytes
    parameter_set: str = field(compare=False)
    shape_class: str = field(compare=False)

    def encode(self) -> bytes:
        """Canonical bytes of all that pins: tag, then each member after its length of 4 bytes."""
        members = (self.circuit, self.fixed_root, self.parameters, self.shape)
        return PINS_TAG + b"".join(len(each).to_bytes(4, "big") + each for each in members)

    def digest(self) -> bytes:
        """Keccak-256 of the canonical bytes: the one name of a statement and its proof system."""
        return keccak256(self.encode())


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


class InstalledVerifier(Verifier, Protocol):
    """A verifier that a package offers: it knows what the proofs that it takes are worth."""

    @property
    def bits(self) -> float:
        """Proven bits of its parameter set for its statement."""
