"""The verification key of the statement: computed here, packaged as data, pinned by L1."""

from circuits.stark.committed import generate_key
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import CircuitMessages, lower_circuit
from circuits.stark.parameters import PARAMETER_SETS
from circuits.statement.circuit import circuit
from rollup.protocol.shape_class import ShapeClass


def statement_key(shape_class: ShapeClass) -> VerificationKey:
    """The circuit's digest and the roots of its fixed columns, for every secure parameter set."""
    return generate_key(circuit(shape_class), tuple(PARAMETER_SETS.values()))


def statement_tapes(shape_class: ShapeClass) -> str:
    """The circuit as verifiers load it: the file beside the key."""
    return lower_circuit(circuit(shape_class)).to_json()


def statement_messages(shape_class: ShapeClass) -> str:
    """What its tables say, as provers load it beside the tapes."""
    return CircuitMessages.of(circuit(shape_class)).to_json()
