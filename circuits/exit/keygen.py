"""The verification key of the exit circuit: computed here, packaged as data, pinned by L1."""

from collections.abc import Iterator

from circuits.exit.circuit import exit_circuit
from circuits.exit.pinned import EXIT_CIRCUIT_FILE, EXIT_KEY_FILE, EXIT_MESSAGES_FILE
from circuits.stark.committed import generate_key
from circuits.stark.lowered import CircuitMessages, lower_circuit
from circuits.stark.parameters import PARAMETER_SETS


def exit_key_files() -> Iterator[tuple[str, str]]:
    """Names and texts of what is packaged: circuit, its messages, and the key."""
    circuit = exit_circuit()
    yield EXIT_CIRCUIT_FILE, lower_circuit(circuit).to_json()
    yield EXIT_MESSAGES_FILE, CircuitMessages.of(circuit).to_json()
    yield EXIT_KEY_FILE, generate_key(circuit, tuple(PARAMETER_SETS.values())).to_json()
