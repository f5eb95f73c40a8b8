"""What is deployed to verify the proofs of one circuit with one parameter set: creations, in order.

Free of any chain: whoever carries them out gives each the addresses of those before it, and the
address of the last, `FACTS`, to the venue.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode

from circuits.air.circuit import Circuit
from circuits.evm.begin_manifest import begin_data
from circuits.evm.blobs import blob_initcode
from circuits.evm.query_manifest import query_manifest
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import Parameters
from circuits.stark.shape import shape_of
from rollup.l1.evm.artefact import artefact
from rollup.ports import Pins

FACTS: Final = "StarkFacts"
"""The contract that answers for facts; all others are only read by it."""

BEGIN: Final = "StarkBegin"
QUERIES: Final = "StarkQueries"
DIRECTORY: Final = "directory"
BEGIN_MANIFEST: Final = "begin manifest"
QUERY_MANIFEST: Final = "query manifest"

WORD: Final = 32
CLASS_NAME_BYTES: Final = 8

_WIRING: Final = "(address,address,address,address,uint256,bytes32,bytes32,bytes,bytes,bytes8)"
"""Wiring of StarkFacts.sol."""

Addresses = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Creation:
    """One contract. `initcode` makes what is sent from the addresses of the creations before."""

    name: str
    initcode: Callable[[Addresses], bytes]


def engines() -> list[Creation]:
    """The two that verify, the same for every circuit and set: once a chain is enough."""
    return [_fixed(BEGIN, artefact(BEGIN).code), _fixed(QUERIES, artefact(QUERIES).code)]


def verifier(
    circuit: Circuit | Lowered, key: VerificationKey, parameters: Parameters, pins: Pins
) -> list[Creation]:
    """What is created after the engines for one circuit and set, of which `pins` say the same."""
    begin = begin_data(circuit, key, parameters)
    tapes = [(f"tape {number}", data) for number, data in enumerate(begin.tapes)]
    listed = [(BEGIN_MANIFEST, begin.manifest), *tapes]
    queries = query_manifest(shape_of(circuit, parameters))
    blobs = [*listed, (QUERY_MANIFEST, queries)]
    return [
        *(_fixed(name, blob_initcode(data)) for name, data in blobs),
        Creation(DIRECTORY, _directory([name for name, _ in listed])),
        Creation(FACTS, _facts(pins, parameters.queries)),
    ]


def class_name(name: str) -> bytes:
    """The name of a shape class as contracts have it: zeros after it."""
    return name.encode("ascii").ljust(CLASS_NAME_BYTES, b"\0")


def _fixed(name: str, code: bytes) -> Creation:
    return Creation(name, lambda _: code)


def _directory(names: Sequence[str]) -> Callable[[Addresses], bytes]:
    """The blob of addresses that StarkBegin reads: its manifest, then its tapes."""
    return lambda made: blob_initcode(b"".join(made[name].rjust(WORD, b"\0") for name in names))


def _facts(pins: Pins, queries: int) -> Callable[[Addresses], bytes]:
    def initcode(made: Addresses) -> bytes:
        wiring = (
            *(made[name] for name in (BEGIN, QUERIES, DIRECTORY, QUERY_MANIFEST)),
            queries,
            pins.circuit,
            pins.fixed_root.ljust(WORD, b"\0"),
            pins.parameters,
            pins.shape,
            class_name(pins.shape_class),
        )
        return artefact(FACTS).code + encode([_WIRING], [wiring])

    return initcode
