"""What the package pins of the exit circuit: its key, and the circuit as tapes (`make golden`).

Plain Python: a verifier loads this, and a prover compares.
"""

from functools import cache
from typing import Final

from circuits.stark.key import VerificationKey
from circuits.stark.lowered import CircuitMessages, Lowered
from circuits.stark.parameters import Parameters
from circuits.statement.pinned import read_packaged
from rollup.l1.private_exit import EXIT_CLASS, exit_shape
from rollup.ports import Pins

EXIT_KEY_FILE: Final = "x.json"
EXIT_CIRCUIT_FILE: Final = "x.tapes"
EXIT_MESSAGES_FILE: Final = "x.messages"
"""Names in circuits/keys, written by `crypsis prover keygen --private-exits`."""


@cache
def exit_key() -> VerificationKey:
    """The key in the package. FileNotFoundError or ValueError if the installation is damaged."""
    return VerificationKey.from_json(read_packaged(EXIT_KEY_FILE))


@cache
def packaged_exit() -> Lowered:
    """The circuit in the package, whose digest the pinned key must name. Errors as for the key."""
    return Lowered.from_json(read_packaged(EXIT_CIRCUIT_FILE))


def packaged_exit_messages() -> CircuitMessages:
    """What the tables of the packaged circuit say. Errors as for the key."""
    return CircuitMessages.from_json(read_packaged(EXIT_MESSAGES_FILE))


def exit_pins(parameters: Parameters) -> Pins:
    """What a verifier of private exits with these numbers is for."""
    key = exit_key()
    return Pins(
        circuit=key.circuit_digest,
        fixed_root=key.fixed_roots[parameters.name],
        parameters=parameters.encode(),
        shape=exit_shape(),
        parameter_set=parameters.name,
        shape_class=EXIT_CLASS,
    )
