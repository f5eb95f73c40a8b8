"""The verifier of proof bundles: public input and proof bytes in, silence or a reason out.

Plain Python, no numpy and no numba on its import path. Circuit, key and parameters come from this
package, never from a bundle. The circuit is packaged as tapes, which load faster than tables can be
traced; `circuits.stark.verifier.verify` takes a traced one as well.
"""

from functools import cache
from importlib import resources

from circuits.inputs import public_messages, public_values
from circuits.stark import errors, verifier
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import Parameters, parameters_by_name
from rollup.ports import Pins, VerificationError
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import CLASS_S, ShapeClass, shape_class_by_name

PROOF_BYTES_MAX = 2**23
"""No parameter set gives a proof of this circuit of 8 MiB; more is refused unread."""


def key_file(shape_class: ShapeClass) -> str:
    """Name of the pinned key of a class in circuits/keys, written by `crypsis prover keygen`."""
    return f"{shape_class.name.lower()}.json"


@cache
def pinned_key(shape_class: ShapeClass) -> VerificationKey:
    """The key in the package. FileNotFoundError or ValueError if the installation is damaged."""
    file = resources.files("circuits") / "keys" / key_file(shape_class)
    return VerificationKey.from_json(file.read_text(encoding="ascii"))


def circuit_file(shape_class: ShapeClass) -> str:
    """Name of the packaged circuit of a class beside its key."""
    return f"{shape_class.name.lower()}.tapes"


@cache
def packaged_circuit(shape_class: ShapeClass) -> Lowered:
    """The circuit in the package, whose digest the pinned key must name.

    FileNotFoundError or ValueError if the installation is damaged.
    """
    file = resources.files("circuits") / "keys" / circuit_file(shape_class)
    return Lowered.from_json(file.read_text(encoding="ascii"))


class StarkVerifier:
    """Implements `rollup.ports.Verifier` for the statement of one shape class."""

    def __init__(self, parameter_set: str = "fast", shape_class: str = CLASS_S.name) -> None:
        """ValueError unless set and class are among those proofs are accepted with."""
        self._parameters: Parameters = parameters_by_name(parameter_set)
        self._class = shape_class_by_name(shape_class)

    @property
    def pins(self) -> Pins:
        """The statement, by its digest in the pinned key, and the parameters."""
        digest = pinned_key(self._class).circuit_digest
        return Pins(digest, self._parameters.name, self._class.name)

    def verify(self, public: PublicInput, proof: bytes) -> None:
        """Return if the proof shows that `public` is true; VerificationError otherwise."""
        try:
            verifier.verify(
                packaged_circuit(self._class),
                pinned_key(self._class),
                public_values(public),
                public_messages(public),
                self._parameters,
                proof,
            )
        except errors.VerificationError as refusal:
            raise VerificationError(refusal.reason, refusal.detail) from refusal
