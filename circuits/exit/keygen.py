"""The verification key of the exit circuit: computed here, packaged as data, pinned by L1."""

from circuits.exit.circuit import exit_circuit
from circuits.stark.committed import generate_key
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import CircuitMessages, lower_circuit
from circuits.stark.parameters import PARAMETER_SETS


def exit_verification_key() -> VerificationKey:
    """The circuit's digest and the roots of its fixed columns, for every secure parameter set."""
    return generate_key(exit_circuit(), tuple(PARAMETER_SETS.values()))


def exit_tapes() -> str:
    """The circuit as verifiers load it: the file beside the key."""
    return lower_circuit(exit_circuit()).to_json()


def exit_circuit_messages() -> str:
    """What its tables say, as provers load it beside the tapes."""
    return CircuitMessages.of(exit_circuit()).to_json()
