"""Ports: what a venue asks of a prover and what L1 asks of a verifier.

Implementations are bound at run time through the entry-point groups below, so that no package
imports the other's: `sequencer` runs a prover and L1 a verifier without knowing `circuits`.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from rollup.protocol.public import PublicInput

PROVER_GROUP = "crypsis.prover"
VERIFIER_GROUP = "crypsis.verifier"

PROOF_SYSTEM = "stark"
"""Name of the one implementation that this distribution brings."""

PUBLIC_FOLDER = "public"
PRIVATE_FOLDER = "private"
PUBLIC_FILE = "public.json"
PROOF_FILE = "proof.bin"
BATCH_FILE = "batch.msgpack"
META_FILE = "meta.json"
"""Artefacts of a batch: all that `verify` reads is public/, all else private/ (mode 0700)."""


class VerificationError(Exception):
    """A proof was refused. `reason` is a stable name out of the verifier's list, `detail` where."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Verifier(Protocol):
    """Knows the pins (circuit, fixed columns, parameter set) from its own package."""

    @property
    def parameter_set(self) -> str:
        """Name of the parameter set that it accepts."""

    @property
    def pin(self) -> bytes:
        """32 bytes that name circuit, shape class and parameter set; L1 holds them."""

    def verify(self, public: PublicInput, proof: bytes) -> None:
        """Accept, or raise VerificationError. Nothing else leaves it, whatever the bytes."""


class Prover(Protocol):
    """Turns a batch file into a bundle."""

    def prove(
        self, batch: bytes, folder: Path, progress: Callable[[str], None]
    ) -> dict[str, object]:
        """Write `public/` and `private/meta.json` under folder, whole; the metadata.

        Raises Rejected if the batch breaks a rule, ValueError if the bytes are no batch.
        `progress` is called with the name of each phase as it begins.
        """


def load_prover() -> type[Prover]:
    """The installed prover's class. LookupError if there is none."""
    found: type[Prover] = _load(PROVER_GROUP)
    return found


def load_verifier() -> type[Verifier]:
    """The installed verifier's class. LookupError if there is none."""
    found: type[Verifier] = _load(VERIFIER_GROUP)
    return found


def _load(group: str) -> type:
    for found in entry_points(group=group, name=PROOF_SYSTEM):
        loaded: type = found.load()
        return loaded
    raise LookupError(f"no installed package offers {PROOF_SYSTEM!r} in {group}: run `make setup`")
