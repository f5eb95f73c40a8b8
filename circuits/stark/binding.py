"""What both sides bind before anything is committed: parameters, circuit, heights, public input.

The circuit reads the public input as field elements, which is not all of it: two words that differ
by p are one element, and what no constraint needs has none. So its digest is bound as well, and one
proof has one public input.
"""

from collections.abc import Sequence

from circuits.pcs.transcript import Transcript
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.lookup import PublicMessage
from circuits.stark.shape import Shape
from rollup.field.koalabear import P
from rollup.hash.keccak import DIGEST_BYTES

PROTOCOL = "stacked DEEP-ALI, LogUp, FRI"


def bind_statement(
    shape: Shape,
    circuit_digest: bytes,
    fixed_root: bytes,
    statement_digest: bytes,
    publics: Sequence[int],
    messages: Sequence[PublicMessage],
) -> Transcript:
    """A transcript that has taken in the whole statement. VerificationError if it is not one.

    statement_digest: 32 bytes that stand for all that the proof is about. The caller derives
    publics and messages from the very bytes that it is the digest of.
    """
    _check_digest(statement_digest)
    _check_publics(shape, publics)
    _check_messages(shape, messages)
    transcript = Transcript(PROTOCOL)
    transcript.absorb("parameters", shape.parameters.encode())
    transcript.absorb("circuit", circuit_digest)
    transcript.absorb("public-digest", statement_digest)
    transcript.absorb("heights", bytes(group.log2_height for group in shape.groups))
    transcript.absorb("fixed-root", fixed_root)
    transcript.absorb("public-values", _numbers([len(publics), *publics]))
    encoded = b"".join(message.encode() for message in messages)
    transcript.absorb("public-messages", _numbers([len(messages)]) + encoded)
    return transcript


def _numbers(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(8, "little") for value in values)


def _check_digest(statement_digest: bytes) -> None:
    if not isinstance(statement_digest, bytes) or len(statement_digest) != DIGEST_BYTES:
        detail = f"the digest of the public input has {DIGEST_BYTES} bytes"
        raise VerificationError(Failure.PUBLIC_VALUES, detail)


def _check_publics(shape: Shape, publics: Sequence[int]) -> None:
    if len(publics) != shape.public_width:
        detail = f"{len(publics)} values where {shape.public_width} are wanted"
        raise VerificationError(Failure.PUBLIC_VALUES, detail)
    if not all(_is_canonical(value) for value in publics):
        raise VerificationError(Failure.PUBLIC_VALUES, "a value is not a canonical field element")


def _check_messages(shape: Shape, messages: Sequence[PublicMessage]) -> None:
    widths = dict(shape.bus_widths)
    copies = shape.bus_messages()
    for message in messages:
        if widths.get(message.bus) != len(message.payload):
            detail = f"bus {message.bus} with {len(message.payload)} elements is not in the circuit"
            raise VerificationError(Failure.PUBLIC_MESSAGES, detail)
        if message.sign not in (1, -1) or not _is_canonical(message.count):
            raise VerificationError(Failure.PUBLIC_MESSAGES, "sign or count out of range")
        if not all(_is_canonical(value) for value in message.payload):
            raise VerificationError(Failure.PUBLIC_MESSAGES, "an element is not canonical")
        copies[message.bus] = copies.get(message.bus, 0) + message.count
        if copies[message.bus] >= P:
            detail = f"bus {message.bus}: {copies[message.bus]} messages"
            raise VerificationError(Failure.MULTIPLICITY_BOUND, detail)


def _is_canonical(value: object) -> bool:
    return type(value) is int and 0 <= value < P
