"""HPKE (RFC 9180), base mode, one message for each key agreement: seals envelopes and answers.

    sealed = encapsulated key (32) || ciphertext || tag (16)

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305 (0x0020, 0x0001, 0x0003). Curve, HKDF
and AEAD are the `cryptography` package's. Its own HPKE takes no associated data, so the key
schedule between them stands here. Tests hold it to the vectors of the RFC, and to pycryptodome in
both directions.

Sections in brackets are the RFC's. There is no sequence number: each context takes one message, and
the nonce of the first is the base nonce (5.2). Who sealed is not said: senders sign inside, and
whoever answers proves to have opened (rollup/crypto/answer.py).

Both ends of a message can have a secret beside it (5.3, secret export), to answer by.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from rollup.private import Private

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = KEY_BYTES + TAG_BYTES
"""By how much what is sealed is longer than what is inside."""

_VERSION = b"HPKE-v1"
_KEM = b"KEM" + bytes.fromhex("0020")
_SUITE = b"HPKE" + bytes.fromhex("0020 0001 0003")
_MODE_BASE = b"\0"
_HASH = SHA256()
_SECRET_BYTES = 32
_NONCE_BYTES = 12


class UnusableKey(ValueError):
    """A public key of small order: what is agreed on with it is zero, and known to everybody."""


class NotAuthentic(ValueError):
    """What came was not sealed for this key, info and data, or was changed on the way."""


@dataclass(frozen=True, slots=True, repr=False)
class Exported(Private):
    """A secret of 32 bytes that whoever sealed one message and whoever opens it have, and nobody
    else; and the encapsulated key of that message, which is public."""

    encapsulated: bytes
    secret: bytes


class PrivateKey:
    """An X25519 key that opens what was sealed for it. Shows itself in no repr, nor in a pickle."""

    __slots__ = ("_key", "public_bytes")

    def __init__(self, key: X25519PrivateKey) -> None:
        self._key = key
        self.public_bytes = key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """A fresh key from the operating system's CSPRNG."""
        return cls(X25519PrivateKey.generate())

    def __repr__(self) -> str:
        return f"{type(self).__name__}(private)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")

    def _agree(self, public: bytes) -> bytes:
        """The shared secret of X25519. UnusableKey if it is zero, as 7.1.4 asks for."""
        try:
            return self._key.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:
            raise UnusableKey("the public key is of small order") from None

    def unseal(self, sealed: bytes, info: bytes, data: bytes) -> bytes:
        """The message (5.1.1, `OpenBase` of 6.1). `sealed` has OVERHEAD_BYTES at least.

        UnusableKey for its encapsulated key, NotAuthentic for the rest.
        """
        return self._unseal(sealed, info, data)[0]

    def unseal_exporting(
        self, sealed: bytes, info: bytes, data: bytes, label: bytes
    ) -> tuple[bytes, Exported]:
        """As `unseal`, and the secret of that message under a label (`exporter_context`)."""
        message, secret = self._unseal(sealed, info, data)
        return message, Exported(sealed[:KEY_BYTES], _export(secret, info, label))

    def _unseal(self, sealed: bytes, info: bytes, data: bytes) -> tuple[bytes, bytes]:
        encapsulated = sealed[:KEY_BYTES]
        shared = _shared_secret(self._agree(encapsulated), encapsulated, self.public_bytes)
        cipher, nonce, secret = _schedule(shared, info)
        try:
            return cipher.decrypt(nonce, sealed[KEY_BYTES:], data), secret
        except InvalidTag:
            raise NotAuthentic("sealed for another key or place, or changed on the way") from None

    def seal_once(self, message: bytes, to: bytes, info: bytes, data: bytes) -> bytes:
        """A message to the public key `to`, with this key as the ephemeral one (4.1, `SealBase`).

        A second message from this key to the same one would use key and nonce twice, and reveal
        both: call `seal`.
        """
        return self._seal_once(message, to, info, data)[0]

    def _seal_once(
        self, message: bytes, to: bytes, info: bytes, data: bytes
    ) -> tuple[bytes, bytes]:
        shared = _shared_secret(self._agree(to), self.public_bytes, to)
        cipher, nonce, secret = _schedule(shared, info)
        return self.public_bytes + cipher.encrypt(nonce, message, data), secret


def seal(message: bytes, to: bytes, info: bytes, data: bytes) -> bytes:
    """A message to a public key of 32 bytes; a fresh ephemeral key each time.

    UnusableKey for a key of small order.
    """
    return PrivateKey.generate().seal_once(message, to, info, data)


def seal_exporting(
    message: bytes, to: bytes, info: bytes, data: bytes, label: bytes
) -> tuple[bytes, Exported]:
    """As `seal`, and the secret that whoever opens it has under this label (`exporter_context`)."""
    sealed, secret = PrivateKey.generate()._seal_once(message, to, info, data)
    return sealed, Exported(sealed[:KEY_BYTES], _export(secret, info, label))


def is_usable(public: bytes) -> bool:
    """Whether something can be sealed for these bytes. 32 of them, not of small order.

    One agreement decides for all: a clamped scalar is 8 times a number below 2**252, which neither
    large prime order, of curve or twist, divides. So it takes points of small order to zero, and no
    others.
    """
    if len(public) != KEY_BYTES:
        return False
    try:
        PrivateKey.generate()._agree(public)
    except UnusableKey:
        return False
    return True


def _shared_secret(agreed: bytes, encapsulated: bytes, recipient: bytes) -> bytes:
    """`ExtractAndExpand` (4.1): bound to both public keys, no other spelling of one fits."""
    extracted = _extract(_KEM, b"", b"eae_prk", agreed)
    return _expand(_KEM, extracted, b"shared_secret", encapsulated + recipient, _SECRET_BYTES)


def _schedule(shared: bytes, info: bytes) -> tuple[ChaCha20Poly1305, bytes, bytes]:
    """The cipher, its base nonce, and the secret that both came from: `KeySchedule` (5.1) without a
    pre-shared key."""
    context = _context(info)
    secret = _extract(_SUITE, shared, b"secret", b"")
    key = _expand(_SUITE, secret, b"key", context, _SECRET_BYTES)
    nonce = _expand(_SUITE, secret, b"base_nonce", context, _NONCE_BYTES)
    return ChaCha20Poly1305(key), nonce, secret


def _export(secret: bytes, info: bytes, label: bytes) -> bytes:
    """`Context.Export` (5.3) of 32 bytes, from the secret of the key schedule."""
    exporter = _expand(_SUITE, secret, b"exp", _context(info), _SECRET_BYTES)
    return _expand(_SUITE, exporter, b"sec", label, _SECRET_BYTES)


@lru_cache(maxsize=16)
def _context(info: bytes) -> bytes:
    """`key_schedule_context` (5.1). It is public, and the same for all messages of a venue."""
    no_shared_key = _extract(_SUITE, b"", b"psk_id_hash", b"")
    return _MODE_BASE + no_shared_key + _extract(_SUITE, b"", b"info_hash", info)


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    """`LabeledExtract` (4)."""
    return HKDF.extract(_HASH, salt, _VERSION + suite + label + material)


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, size: int) -> bytes:
    """`LabeledExpand` (4)."""
    labelled = size.to_bytes(2, "big") + _VERSION + suite + label + info
    return HKDFExpand(_HASH, size, labelled).derive(secret)
