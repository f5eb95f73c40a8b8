"""The verifier of proof bundles: public input and proof bytes in, silence or a reason out.

Plain Python, no numpy and no numba on its import path. Circuit, key and parameters come from this
package, never from a bundle. The circuit is packaged as tapes, which load faster than tables can be
traced; `circuits.stark.verifier.verify` takes a traced one as well.
"""

from collections.abc import Sequence
from functools import cached_property

from circuits.soundness.report import require_secure
from circuits.stark import errors, verifier
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import Parameters, parameters_by_name
from circuits.stark.shape import shape_of
from circuits.statement.inputs import PUBLIC_MESSAGES_MAX, public_messages, public_values
from circuits.statement.pinned import packaged_circuit, pinned_key
from rollup.ports import Pins, VerificationError
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES, ShapeClass, shape_class_by_name

PROOF_BYTES_MAX = 2**23
"""No parameter set gives a proof of this circuit of even half a MiB; more than 8 is refused unread.
Proofs of version 2 had up to 2 MiB, and are read, so that they can be called so."""


def pins_of(key: VerificationKey, parameters: Parameters, shape_class: ShapeClass) -> Pins:
    """What a verifier with this key and these numbers is for."""
    return Pins(
        circuit=key.circuit_digest,
        fixed_root=key.fixed_roots[parameters.name],
        parameters=parameters.encode(),
        shape=shape_class.encode(),
        parameter_set=parameters.name,
        shape_class=shape_class.name,
    )


class StarkVerifier:
    """Implements `rollup.ports.Verifier` for the statement of one shape class."""

    def __init__(self, parameter_set: str = "fast", shape_class: str = CLASS_S.name) -> None:
        """ValueError unless set and class are among those proofs are accepted with."""
        self._parameters: Parameters = parameters_by_name(parameter_set)
        self._class = shape_class_by_name(shape_class)

    @property
    def pins(self) -> Pins:
        """The statement, by its digest and fixed columns in the pinned key, and all numbers."""
        return pins_of(pinned_key(self._class), self._parameters, self._class)

    @cached_property
    def bits(self) -> float:
        """Proven bits of the parameter set for this statement; InsecureParameters below 100."""
        shape = shape_of(packaged_circuit(self._class), self._parameters)
        return require_secure(shape, PUBLIC_MESSAGES_MAX).bits

    def verify(self, public: PublicInput, proof: bytes) -> None:
        """Return if the proof shows that `public`, which names this class, is true;
        VerificationError otherwise."""
        self._require_class(public.shape_class)
        try:
            verifier.verify(
                packaged_circuit(self._class),
                pinned_key(self._class),
                public.digest(),
                public_values(public),
                public_messages(public),
                self._parameters,
                proof,
            )
        except errors.VerificationError as refusal:
            raise VerificationError(refusal.reason, refusal.detail) from refusal

    def _require_class(self, named: str) -> None:
        """VerificationError for a public input that names another class."""
        # Lie: a batch is proved in the circuit of one class and named as of another, which L1 pins:
        # what it did for an open step would be measured by a smaller one.
        if named != self._class.name:
            detail = f"the public input names shape class {named}, the key is of {self._class.name}"
            raise VerificationError(errors.Failure.WRONG_KEY, detail)


class StarkVerifiers:
    """The verifiers of one parameter set, for each shape class that is accepted: each is loaded
    when it is first asked for."""

    def __init__(
        self, parameter_set: str = "fast", shape_classes: Sequence[str] = tuple(SHAPE_CLASSES)
    ) -> None:
        """ValueError unless set and classes are among those proofs are accepted with."""
        named = dict.fromkeys(shape_classes)
        self._verifiers = {name: StarkVerifier(parameter_set, name) for name in named}
        self.parameter_set = parameter_set

    @property
    def shape_classes(self) -> tuple[str, ...]:
        """The classes that are accepted, by name."""
        return tuple(self._verifiers)

    def of(self, shape_class: str) -> StarkVerifier | None:
        """The verifier of a class by its name; None for one that is not accepted."""
        return self._verifiers.get(shape_class)
