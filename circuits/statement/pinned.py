"""What the package pins: the key of each shape class and the circuit as tapes (`make golden`).

Plain Python: a verifier loads this, and a prover compares.
"""

from functools import cache
from importlib import resources

from circuits.stark.key import VerificationKey
from circuits.stark.lowered import CircuitMessages, Lowered
from rollup.protocol.shape_class import ShapeClass


def key_file(shape_class: ShapeClass) -> str:
    """Name of the pinned key of a class in circuits/keys, written by `crypsis prover keygen`."""
    return f"{shape_class.name.lower()}.json"


def circuit_file(shape_class: ShapeClass) -> str:
    """Name of the packaged circuit of a class beside its key."""
    return f"{shape_class.name.lower()}.tapes"


def messages_file(shape_class: ShapeClass) -> str:
    """Name of the messages of a class's tables beside its circuit, for provers."""
    return f"{shape_class.name.lower()}.messages"


@cache
def pinned_key(shape_class: ShapeClass) -> VerificationKey:
    """The key in the package. FileNotFoundError or ValueError if the installation is damaged."""
    return VerificationKey.from_json(read_packaged(key_file(shape_class)))


@cache
def packaged_circuit(shape_class: ShapeClass) -> Lowered:
    """The circuit in the package, whose digest the pinned key must name.

    FileNotFoundError or ValueError if the installation is damaged.
    """
    return Lowered.from_json(read_packaged(circuit_file(shape_class)))


def packaged_messages(shape_class: ShapeClass) -> CircuitMessages:
    """What the tables of the packaged circuit say.

    FileNotFoundError or ValueError if the installation is damaged.
    """
    return CircuitMessages.from_json(read_packaged(messages_file(shape_class)))


def read_packaged(name: str) -> str:
    """A file of circuits/keys. FileNotFoundError if the installation is damaged."""
    return (resources.files("circuits") / "keys" / name).read_text(encoding="ascii")
