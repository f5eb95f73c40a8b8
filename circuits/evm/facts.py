"""Statements and facts: what a contract asks a verifier on an EVM, in bytes that both of them make.

    statement = digest of the public input (32)
             || count of public values || public value ...
             || count of messages || message ...

Numbers are 8 bytes, little-endian: those that the transcript absorbs (circuits.stark.binding),
a message as `PublicMessage.encode` gives it. A fact names a statement and all that it is proved
with: whoever says that it is valid has verified such a proof.
"""

from collections.abc import Sequence
from typing import Final

from circuits.stark.key import VerificationKey
from circuits.stark.lookup import PublicMessage
from circuits.stark.shape import Shape
from circuits.statement.inputs import public_messages, public_values
from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.ports import Pins
from rollup.protocol.public import PublicInput

FACT_TAG: Final = b"crypsis-fact-1"
"""Domain and version of a fact."""

NUMBER_BYTES: Final = 8
"""Of a public value or a part of a public message."""


def statement_of(public: PublicInput) -> bytes:
    """The statement of a batch."""
    return statement_bytes(public.digest(), public_values(public), public_messages(public))


def statement_bytes(
    digest: bytes, publics: Sequence[int], messages: Sequence[PublicMessage]
) -> bytes:
    """A statement of any circuit: the digest of all that it is about, values and messages."""
    values = (_number(value) for value in (len(publics), *publics))
    encoded = (message.encode() for message in messages)
    return b"".join((digest, *values, _number(len(messages)), *encoded))


def fact_of(pins: Pins, statement: bytes) -> bytes:
    """The fact that a proof of a statement shows, 32 bytes."""
    return _fact(pins.circuit, pins.parameters, pins.fixed_root, statement)


def fact(key: VerificationKey, shape: Shape, statement: bytes) -> bytes:
    """The same of a circuit with its fixed columns, and a set."""
    root = key.fixed_roots[shape.parameters.name]
    return _fact(key.circuit_digest, shape.parameters.encode(), root, statement)


def _fact(circuit: bytes, parameters: bytes, fixed_root: bytes, statement: bytes) -> bytes:
    root = fixed_root.ljust(DIGEST_BYTES, b"\0")
    return keccak256(FACT_TAG + circuit + keccak256(parameters) + root + keccak256(statement))


def _number(value: int) -> bytes:
    return value.to_bytes(NUMBER_BYTES, "little")
