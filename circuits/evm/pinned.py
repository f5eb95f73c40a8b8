"""What the contracts of each shape class are made of, by digest: the names that auditors compare.

    python -m circuits.evm.pinned [--check]

writes `circuits/evm/pinned.json`: for every class and set that proofs come to L1 with, each blob's
bytes and Keccak. A blob on a chain is STOP and its data; the digests are of the data.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from circuits.evm.begin_manifest import begin_data
from circuits.evm.query_manifest import query_manifest
from circuits.evm.refusals import write_or_check
from circuits.exit.pinned import exit_key, packaged_exit
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import L1, L1_TALL, Parameters
from circuits.stark.shape import shape_of
from circuits.statement.pinned import packaged_circuit, pinned_key
from rollup.hash.keccak import keccak256
from rollup.l1.private_exit import EXIT_CLASS
from rollup.protocol.shape_class import SHAPE_CLASSES

FILE: Final = Path(__file__).parent / "pinned.json"

SETS: Final = (L1, L1_TALL)
"""Sets whose proofs are short enough for L1."""


def circuits() -> dict[str, tuple[Lowered, VerificationKey]]:
    """What is packaged, by the name of the class; and the circuit of private exits."""
    found = {
        name: (packaged_circuit(shape_class), pinned_key(shape_class))
        for name, shape_class in SHAPE_CLASSES.items()
    }
    return found | {EXIT_CLASS: (packaged_exit(), exit_key())}


def blobs(
    circuit: Lowered, key: VerificationKey, parameters: Parameters
) -> Iterable[tuple[str, bytes]]:
    """The data that a circuit's contracts read, by name."""
    begin = begin_data(circuit, key, parameters)
    yield "begin manifest", begin.manifest
    for number, tape in enumerate(begin.tapes):
        yield f"tape {number}", tape
    yield "query manifest", query_manifest(shape_of(circuit, parameters))


def text() -> str:
    """The file."""
    record = {
        f"{name} {parameters.name}": {
            blob: {"bytes": len(data), "keccak": keccak256(data).hex()}
            for blob, data in blobs(*pinned, parameters)
        }
        for name, pinned in circuits().items()
        for parameters in SETS
        if _is_suitable(*pinned, parameters)
    }
    return json.dumps(record, indent=1) + "\n"


def _is_suitable(circuit: Lowered, key: VerificationKey, parameters: Parameters) -> bool:
    """Whether a set can commit to the tables."""
    return (
        max(circuit.heights) <= 1 << parameters.max_log2_height
        and parameters.name in key.fixed_roots
    )


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "write the digests of blobs"))
