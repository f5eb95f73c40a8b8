"""The verifier of proof bundles: public input and proof bytes in, silence or a reason out.

Plain Python, no numpy and no numba on its import path. Circuit, key and parameters come from this
package, never from a bundle.
"""

from functools import cache
from importlib import resources

from circuits.stark import errors, verifier
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import Parameters, parameters_by_name
from circuits.statement import SHAPE_CLASS, circuit, public_messages, public_values
from rollup.ports import Pins, VerificationError
from rollup.protocol.public import PublicInput

KEY_FILE = "s.json"
"""The pinned key of shape class S: circuits/keys/s.json, written by `crypsis prover keygen`."""

PROOF_BYTES_MAX = 2**23
"""No parameter set gives a proof of this circuit of 8 MiB; more is refused unread."""


@cache
def pinned_key() -> VerificationKey:
    """The key in the package. FileNotFoundError or ValueError if the installation is damaged."""
    file = resources.files("circuits") / "keys" / KEY_FILE
    return VerificationKey.from_json(file.read_text(encoding="ascii"))


class StarkVerifier:
    """Implements `rollup.ports.Verifier` for the statement of shape class S."""

    def __init__(self, parameter_set: str = "fast") -> None:
        """ValueError unless the set is one of those proofs are accepted with."""
        self._parameters: Parameters = parameters_by_name(parameter_set)

    @property
    def pins(self) -> Pins:
        """The statement, by its digest in the pinned key, and the parameters."""
        digest = pinned_key().circuit_digest
        return Pins(digest, self._parameters.name, SHAPE_CLASS)

    def verify(self, public: PublicInput, proof: bytes) -> None:
        """Return if the proof shows that `public` is true; VerificationError otherwise."""
        try:
            verifier.verify(
                circuit(),
                pinned_key(),
                public_values(public),
                public_messages(public),
                self._parameters,
                proof,
            )
        except errors.VerificationError as refusal:
            raise VerificationError(refusal.reason, refusal.detail) from refusal
