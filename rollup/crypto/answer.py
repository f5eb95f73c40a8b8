"""Answers: what the venue tells whoever sealed an envelope, and nobody else.

Sealed by HPKE as envelopes are, to the response key in the envelope's head:

    answer    = encapsulated key (32) || ciphertext (512 or 32,768) || tag (16)
    plaintext = length (4, little-endian) || data || zeros

The size follows from what the venue was asked by (an action, or a question), never from what it
says. Where the sender wants no answer, or gave a key of no use, the answer is sealed to a key that
nobody has: who watches cannot tell.

A response key travels inside the envelope only. Its sender shows it to nobody and draws one for
each envelope; then an answer that opens was sealed by whoever opened that envelope, which is the
venue.
"""

import struct
from functools import cache
from typing import Final, Self, TypeGuard

from rollup.crypto import hpke
from rollup.crypto.envelope import NO_ANSWER, Destination, EnvelopeError, EnvelopeReason
from rollup.crypto.hpke import OVERHEAD_BYTES

ACTION_ANSWER_BYTES: Final = 512
"""Plaintext of the answer to an order, a cancel, padding, or anything else but a question."""

QUESTION_ANSWER_BYTES: Final = 8 * 4096
"""Plaintext of the answer to a question: 256 live orders and a page of facts fit, each member at
its longest."""

ANSWER_SIZES: Final = (ACTION_ANSWER_BYTES, QUESTION_ANSWER_BYTES)

_LENGTH = struct.Struct("<I")
_INFO_LABEL = b"crypsis/answer/info"
_DATA_LABEL = b"crypsis/answer/data"


def answer_data_max(size: int) -> int:
    """How many bytes of data an answer of this plaintext size has room for."""
    return size - _LENGTH.size


def seal_answer(
    data: bytes, response_key: bytes | None, destination: Destination, size: int
) -> bytes:
    """An answer of `size` + OVERHEAD_BYTES for the holder of the response key, from the venue that
    its envelope was destined for; to nobody where there is no usable key.

    ValueError if `size` is none of ANSWER_SIZES, or the data is longer than it has room for.
    """
    if size not in ANSWER_SIZES:
        raise ValueError(f"a size of {ANSWER_SIZES} is wanted, {size} came")
    if len(data) > answer_data_max(size):
        raise ValueError(f"at most {answer_data_max(size)} bytes are wanted, {len(data)} came")
    plaintext = (_LENGTH.pack(len(data)) + data).ljust(size, b"\0")
    info, bound = destination.bound(_INFO_LABEL), destination.bound(_DATA_LABEL)
    to = response_key if _is_wanted(response_key) else _nobody()
    try:
        return hpke.seal(plaintext, to, info, bound)
    except hpke.UnusableKey:
        return hpke.seal(plaintext, _nobody(), info, bound)


def _is_wanted(response_key: bytes | None) -> TypeGuard[bytes]:
    return (
        response_key is not None
        and len(response_key) == hpke.KEY_BYTES
        and response_key != NO_ANSWER
    )


@cache
def _nobody() -> bytes:
    """A public key whose private half was dropped."""
    return hpke.PrivateKey.generate().public_bytes


class ResponseKey:
    """The key that one answer is for. Shows itself in no repr."""

    __slots__ = ("_key",)

    def __init__(self, key: hpke.PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        """A fresh key from the operating system's CSPRNG."""
        return cls(hpke.PrivateKey.generate())

    def __repr__(self) -> str:
        return "ResponseKey(private)"

    @property
    def public_bytes(self) -> bytes:
        """What goes into the envelope, and nowhere else."""
        return self._key.public_bytes

    def open(self, answer: bytes, destination: Destination) -> bytes:
        """What the venue said. EnvelopeError unless it was sealed for this key, by that venue."""
        if len(answer) - OVERHEAD_BYTES not in ANSWER_SIZES:
            detail = f"an answer with {ANSWER_SIZES} bytes inside is wanted, not {len(answer)}"
            raise EnvelopeError(EnvelopeReason.SIZE, detail)
        info, bound = destination.bound(_INFO_LABEL), destination.bound(_DATA_LABEL)
        try:
            plaintext = self._key.unseal(answer, info, bound)
        except hpke.UnusableKey:
            detail = "the encapsulated key is not a usable X25519 point"
            raise EnvelopeError(EnvelopeReason.ENCAPSULATION, detail) from None
        except hpke.NotAuthentic:
            detail = "sealed for another key or venue, or changed on the way"
            raise EnvelopeError(EnvelopeReason.NOT_AUTHENTIC, detail) from None
        (length,) = _LENGTH.unpack_from(plaintext)
        end = _LENGTH.size + length
        if end > len(plaintext) or any(plaintext[end:]):
            raise EnvelopeError(EnvelopeReason.PADDING, "data, then zeros, are wanted")
        return plaintext[_LENGTH.size : end]
