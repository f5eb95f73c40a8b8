"""Answers: what the venue tells whoever sealed an envelope, and nobody else.

An action's answer goes under a key that only sealing or opening its envelope gives. It is the
response of Oblivious HTTP (RFC 9458, 4.4), by the secret that HPKE exports (RFC 9180, 9.8):

    answer = nonce (32, fresh) || ciphertext (512) || tag (16)

A question's is sealed by HPKE as envelopes are, to the response key in the question:

    answer = encapsulated key (32) || ciphertext (32,768) || tag (16)

Inside, both are: plaintext = length (4, little-endian) || data || zeros.

Who holds the venue's opening key can read the first, as it can read the action. What an account
holds says more than its question: that takes the response key, which never leaves its sender, so
no key of the venue that gets out later opens it (docs/adr/0014).

The size follows from what the venue was asked by, never from what it says. Where a question has no
key of use, or what should be one is none, the answer is sealed to a key that nobody has: who
watches cannot tell.

Secret and response key are in no message but the envelope, whose sender shows them to nobody; then
an answer that opens was sealed by whoever opened that envelope, which is the venue.
"""

import secrets
import struct
from functools import cache
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from rollup.crypto import hpke
from rollup.crypto.envelope import Destination, EnvelopeError, EnvelopeReason
from rollup.crypto.hpke import KEY_BYTES, OVERHEAD_BYTES, Exported

ACTION_ANSWER_BYTES: Final = 512
"""Plaintext of the answer to an order, a cancel, padding, or anything else but a question."""

QUESTION_ANSWER_BYTES: Final = 8 * 4096
"""Plaintext of the answer to a question: 256 live orders and a page of facts fit, each member at
its longest."""

ANSWER_OVERHEAD_BYTES: Final = OVERHEAD_BYTES
"""By how much an answer of either kind is longer than its plaintext."""

_LENGTH = struct.Struct("<I")
_HASH = SHA256()
_NONCE_BYTES = 32
"""Of what an answer's key comes from: the longer of the cipher's key and nonce."""

_CIPHER_NONCE_BYTES = 12
_INFO_LABEL = b"crypsis/answer/info"
_DATA_LABEL = b"crypsis/answer/data"


def answer_data_max(size: int) -> int:
    """How many bytes of data an answer of this plaintext size has room for."""
    return size - _LENGTH.size


def seal_action_answer(data: bytes, answering: Exported) -> bytes:
    """What became of an action, for whoever sealed the envelope that this secret came with.

    Every call draws a nonce and so has a key of its own: two answers to one envelope never share
    key and nonce. ValueError if the data is longer than there is room for.
    """
    plaintext = _padded(data, ACTION_ANSWER_BYTES)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    cipher, cipher_nonce = _response_keys(answering, nonce)
    return nonce + cipher.encrypt(cipher_nonce, plaintext, b"")


def open_action_answer(answer: bytes, answering: Exported) -> bytes:
    """What the venue said. EnvelopeError unless it was sealed by this secret."""
    _require_size(answer, ACTION_ANSWER_BYTES)
    cipher, cipher_nonce = _response_keys(answering, answer[:_NONCE_BYTES])
    try:
        plaintext = cipher.decrypt(cipher_nonce, answer[_NONCE_BYTES:], b"")
    except InvalidTag:
        detail = "it answers another envelope, or was changed on the way"
        raise EnvelopeError(EnvelopeReason.NOT_AUTHENTIC, detail) from None
    return _unpadded(plaintext)


def _response_keys(answering: Exported, nonce: bytes) -> tuple[ChaCha20Poly1305, bytes]:
    """Cipher and nonce of one answer, as RFC 9458, 4.4 makes them."""
    prk = HKDF.extract(_HASH, answering.encapsulated + nonce, answering.secret)
    key = HKDFExpand(_HASH, KEY_BYTES, b"key").derive(prk)
    return ChaCha20Poly1305(key), HKDFExpand(_HASH, _CIPHER_NONCE_BYTES, b"nonce").derive(prk)


def seal_question_answer(
    data: bytes, response_key: bytes | None, destination: Destination
) -> bytes:
    """An answer for the holder of a response key, from the venue that its question was destined
    for; to nobody where there is no usable key.

    ValueError if the data is longer than there is room for.
    """
    plaintext = _padded(data, QUESTION_ANSWER_BYTES)
    info, bound = destination.bound(_INFO_LABEL), destination.bound(_DATA_LABEL)
    to = _nobody() if response_key is None or len(response_key) != KEY_BYTES else response_key
    try:
        return hpke.seal(plaintext, to, info, bound)
    except hpke.UnusableKey:
        return hpke.seal(plaintext, _nobody(), info, bound)


@cache
def _nobody() -> bytes:
    """A public key whose private half was dropped."""
    return hpke.PrivateKey.generate().public_bytes


def _padded(data: bytes, size: int) -> bytes:
    if len(data) > answer_data_max(size):
        raise ValueError(f"at most {answer_data_max(size)} bytes are wanted, {len(data)} came")
    return (_LENGTH.pack(len(data)) + data).ljust(size, b"\0")


def _unpadded(plaintext: bytes) -> bytes:
    """The data: one encoding. EnvelopeError for another."""
    (length,) = _LENGTH.unpack_from(plaintext)
    end = _LENGTH.size + length
    if end > len(plaintext) or any(plaintext[end:]):
        raise EnvelopeError(EnvelopeReason.PADDING, "data, then zeros, are wanted")
    return plaintext[_LENGTH.size : end]


def _require_size(answer: bytes, size: int) -> None:
    if len(answer) != size + ANSWER_OVERHEAD_BYTES:
        detail = f"an answer of {size + ANSWER_OVERHEAD_BYTES} bytes is wanted, not {len(answer)}"
        raise EnvelopeError(EnvelopeReason.SIZE, detail)


class ResponseKey:
    """The key that the answers to one question are for. Shows itself in no repr."""

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
        """What goes into the question, and nowhere else."""
        return self._key.public_bytes

    def open(self, answer: bytes, destination: Destination) -> bytes:
        """What the venue said. EnvelopeError unless it was sealed for this key, by that venue."""
        _require_size(answer, QUESTION_ANSWER_BYTES)
        info, bound = destination.bound(_INFO_LABEL), destination.bound(_DATA_LABEL)
        try:
            plaintext = self._key.unseal(answer, info, bound)
        except hpke.UnusableKey:
            detail = "the encapsulated key is not a usable X25519 point"
            raise EnvelopeError(EnvelopeReason.ENCAPSULATION, detail) from None
        except hpke.NotAuthentic:
            detail = "sealed for another key or venue, or changed on the way"
            raise EnvelopeError(EnvelopeReason.NOT_AUTHENTIC, detail) from None
        return _unpadded(plaintext)
