"""Answers: what the venue tells an owner alone. One size, whatever it says.

Sealed as an envelope is (RFC 9180, base mode), to a key that the owner drew for one question.

    answer    = encapsulated key (32) || ciphertext (32,768) || tag (16)
    plaintext = length (4, little-endian) || data || zeros

The size does not tell an account that trades from one that rests, one that does not exist, or a
question that was refused.
"""

import struct
from typing import Final, Self

from Crypto.Protocol import HPKE
from Crypto.Protocol.DH import import_x25519_public_key
from Crypto.PublicKey import ECC

from rollup.crypto.envelope import (
    KEY_BYTES,
    TAG_BYTES,
    Destination,
    EnvelopeError,
    EnvelopeReason,
)

ANSWER_PLAINTEXT_BYTES: Final = 8 * 4096
"""256 live orders and a page of facts fit, each member at its longest."""

ANSWER_BYTES: Final = KEY_BYTES + ANSWER_PLAINTEXT_BYTES + TAG_BYTES
_LENGTH = struct.Struct("<I")
DATA_BYTES_MAX: Final = ANSWER_PLAINTEXT_BYTES - _LENGTH.size
_LABEL = b"crypsis/answer/"


def seal_answer(data: bytes, response_key: bytes | None, source: Destination) -> bytes:
    """An answer of ANSWER_BYTES to whoever holds the response key; without a usable one, to nobody.

    ValueError if the data is too long: what is answered is bounded by who answers.
    """
    if len(data) > DATA_BYTES_MAX:
        raise ValueError(f"at most {DATA_BYTES_MAX} bytes are wanted, {len(data)} came")
    plaintext = (_LENGTH.pack(len(data)) + data).ljust(ANSWER_PLAINTEXT_BYTES, b"\0")
    key = _usable(response_key) or ECC.generate(curve="curve25519").public_key()
    context = HPKE.new(
        receiver_key=key, aead_id=HPKE.AEAD.CHACHA20_POLY1305, info=_LABEL + source.info()
    )
    return bytes(context.enc + context.seal(plaintext))


def _usable(response_key: bytes | None) -> ECC.EccKey | None:
    if response_key is None:
        return None
    try:
        return import_x25519_public_key(response_key)
    except ValueError:
        return None


class ResponseKey:
    """The key that one answer is for. Shows itself in no repr."""

    __slots__ = ("_key", "public_bytes")

    def __init__(self, key: ECC.EccKey) -> None:
        self._key = key
        self.public_bytes = bytes(key.public_key().export_key(format="raw"))

    @classmethod
    def generate(cls) -> Self:
        """A fresh key from the operating system's CSPRNG."""
        return cls(ECC.generate(curve="curve25519"))

    def __repr__(self) -> str:
        return "ResponseKey(private)"

    def open(self, answer: bytes, source: Destination) -> bytes:
        """What the venue said. EnvelopeError unless the answer is for this key and from there."""
        if len(answer) != ANSWER_BYTES:
            detail = f"an answer of {ANSWER_BYTES} bytes is wanted, not {len(answer)}"
            raise EnvelopeError(EnvelopeReason.SIZE, detail)
        try:
            context = HPKE.new(
                receiver_key=self._key,
                aead_id=HPKE.AEAD.CHACHA20_POLY1305,
                enc=answer[:KEY_BYTES],
                info=_LABEL + source.info(),
            )
            plaintext = bytes(context.unseal(answer[KEY_BYTES:]))
        except ValueError:
            detail = "sealed for another key or venue, or changed on the way"
            raise EnvelopeError(EnvelopeReason.NOT_AUTHENTIC, detail) from None
        (length,) = _LENGTH.unpack_from(plaintext)
        if length > DATA_BYTES_MAX or any(plaintext[_LENGTH.size + length :]):
            raise EnvelopeError(EnvelopeReason.PADDING, "data, then zeros, are wanted")
        return plaintext[_LENGTH.size : _LENGTH.size + length]
