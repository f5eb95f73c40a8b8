"""The verifier of private exits: statement and proof bytes in, silence or a reason out.

Plain Python, no numpy and no numba on its import path. Circuit, key and parameters come from this
package, never from whoever brings the proof.
"""

from functools import cached_property

from circuits.exit.inputs import EXIT_MESSAGES_MAX, exit_messages, exit_values
from circuits.exit.pinned import exit_key, exit_pins, packaged_exit
from circuits.soundness.report import require_secure
from circuits.stark import errors, verifier
from circuits.stark.parameters import Parameters, parameters_by_name
from circuits.stark.shape import shape_of
from rollup.l1.private_exit import ExitStatement
from rollup.ports import Pins, VerificationError


class StarkExitVerifier:
    """Implements `rollup.l1.private_exit.ExitVerifier`."""

    def __init__(self, parameter_set: str = "l1") -> None:
        """ValueError unless the set is among those proofs are accepted with."""
        self._parameters: Parameters = parameters_by_name(parameter_set)

    @property
    def pins(self) -> Pins:
        """The exit circuit, by its digest and fixed columns in the pinned key, and all numbers."""
        return exit_pins(self._parameters)

    @cached_property
    def bits(self) -> float:
        """Proven bits of the parameter set for this circuit; InsecureParameters below 100."""
        return require_secure(shape_of(packaged_exit(), self._parameters), EXIT_MESSAGES_MAX).bits

    def verify(self, statement: ExitStatement, proof: bytes) -> None:
        """Return if the proof shows that exactly this statement is true; VerificationError
        otherwise."""
        try:
            messages = exit_messages(statement)
        except ValueError as error:
            raise VerificationError(errors.Failure.WRONG_KEY, str(error)) from error
        try:
            verifier.verify(
                packaged_exit(),
                exit_key(),
                statement.digest(),
                exit_values(statement),
                messages,
                self._parameters,
                proof,
            )
        except errors.VerificationError as refusal:
            raise VerificationError(refusal.reason, refusal.detail) from refusal
