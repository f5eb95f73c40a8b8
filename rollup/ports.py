"""What a prover and a verifier are to the rest: `rollup` defines, packaging binds, nobody imports.

Implementations are found through the entry-point groups `crypsis.prover` and `crypsis.verifier`.
"""

from collections.abc import Sequence
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


PINS_TAG = b"crypsis-pins-2"
"""Domain and version of the digests."""

CLASSES_MAX = 8
"""Shape classes that one contract pins a verifier for, at most."""


@dataclass(frozen=True, slots=True)
class Pins:
    """What a verifier is for: never taken from a bundle, always from the verifier's own package.

    `circuit` is the digest of the statement (tables, buses and their heights), `fixed_root` commits
    to the fixed columns, which that digest does not reach. `parameters` are the bytes of every
    number of the proof system, `shape` those of the class of batches that the tables have room for
    (rollup.protocol.shape_class), and `shape_class` its name, which a public input names it by. The
    name of the parameter set is what messages call it; it pins nothing.
    """

    circuit: bytes
    fixed_root: bytes
    parameters: bytes
    shape: bytes
    parameter_set: str = field(compare=False)
    shape_class: str

    def encode(self) -> bytes:
        """Canonical bytes of all that pins: tag, then each member after its length of 4 bytes."""
        name = self.shape_class.encode("utf-8")
        members = (self.circuit, self.fixed_root, self.parameters, self.shape, name)
        return PINS_TAG + _joined(members)

    def digest(self) -> bytes:
        """Keccak-256 of the canonical bytes: the one name of a statement and its proof system."""
        return keccak256(self.encode())


def pins_digest(pins: Sequence[Pins]) -> bytes:
    """The one name of all statements that a contract takes proofs of: Keccak-256 of the tag, their
    count as 4 bytes, and each one's canonical bytes after their length, in the order of pins."""
    count = len(pins).to_bytes(4, "big")
    return keccak256(PINS_TAG + count + _joined([each.encode() for each in pins]))


def _joined(members: Sequence[bytes]) -> bytes:
    return b"".join(len(each).to_bytes(4, "big") + each for each in members)


class Prover(Protocol):
    """Turns a batch into a proof bundle."""

    def prove(self, batch: bytes, folder: Path) -> PublicInput:
        """Prove `batch.msgpack`; write public/ and private/ artefacts into `folder`.

        Raises CodecError for bytes that are no batch and Rejected for one that breaks a rule.
        """


class Verifier(Protocol):
    """Says whether a proof shows that the public input is true, of batches of one shape class."""

    @property
    def pins(self) -> Pins:
        """Which statement it verifies, with which parameters."""

    def verify(self, public: PublicInput, proof: bytes) -> None:
        """Return if the proof is valid for exactly this public input.

        Raises VerificationError, whatever the bytes are and whatever class the public input names,
        and nothing else.
        """


class InstalledVerifier(Verifier, Protocol):
    """A verifier that a package offers: it knows what the proofs that it takes are worth."""

    @property
    def bits(self) -> float:
        """Proven bits of its parameter set for its statement."""
