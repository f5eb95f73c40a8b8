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
from circuits.stark.parameters import L1, L1_TALL, Parameters
from circuits.stark.shape import shape_of
from circuits.statement.pinned import packaged_circuit, pinned_key
from rollup.hash.keccak import keccak256
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass

FILE: Final = Path(__file__).parent / "pinned.json"

SETS: Final = (L1, L1_TALL)
"""Sets whose proofs are short enough for L1."""


def blobs(shape_class: ShapeClass, parameters: Parameters) -> Iterable[tuple[str, bytes]]:
    """The data that a class's contracts read, by name."""
    circuit, key = packaged_circuit(shape_class), pinned_key(shape_class)
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
            for blob, data in blobs(shape_class, parameters)
        }
        for name, shape_class in SHAPE_CLASSES.items()
        for parameters in SETS
        if name in _suitable(parameters)
    }
    return json.dumps(record, indent=1) + "\n"


def _suitable(parameters: Parameters) -> list[str]:
    """Classes whose tables a set can commit to."""
    return [
        name
        for name, shape_class in SHAPE_CLASSES.items()
        if max(packaged_circuit(shape_class).heights) <= 1 << parameters.max_log2_height
        and parameters.name in pinned_key(shape_class).fixed_roots
    ]


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "write the digests of blobs"))
