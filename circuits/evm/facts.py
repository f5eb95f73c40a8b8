"""What a verified proof is remembered by: the bytes of a statement, and its fact."""

from collections.abc import Sequence
from typing import Final

from circuits.stark.key import VerificationKey
from circuits.stark.lookup import PublicMessage
from circuits.stark.shape import Shape
from rollup.hash.keccak import DIGEST_BYTES, keccak256

FACT_TAG: Final = b"crypsis-fact-1"

NUMBER_BYTES: Final = 8
"""A public value or a part of a public message, little-endian, as the transcript takes them in."""


def statement_bytes(
    statement_digest: bytes, publics: Sequence[int], messages: Sequence[PublicMessage]
) -> bytes:
    """The digest of the public input, the public values, then the public messages."""
    encoded = b"".join(message.encode() for message in messages)
    values = _numbers([len(publics), *publics])
    return statement_digest + values + _numbers([len(messages)]) + encoded


def fact(key: VerificationKey, shape: Shape, statement: bytes) -> bytes:
    """32 bytes that are true of a statement, a circuit with its fixed columns, and a set."""
    root = key.fixed_roots[shape.parameters.name]
    parts = [
        FACT_TAG,
        key.circuit_digest,
        keccak256(shape.parameters.encode()),
        root + bytes(DIGEST_BYTES - len(root)),
        keccak256(statement),
    ]
    return keccak256(b"".join(parts))


def _numbers(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(NUMBER_BYTES, "little") for value in values)
