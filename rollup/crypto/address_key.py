"""Signatures that an EVM can check: secp256k1, against an L1 address instead of a key.

A signature is r (32) || s (32) || v (1) over a digest of 32 bytes, v being 27 or 28, as `ecrecover`
takes it. One message has one signature of a key: nonces follow RFC 6979, and s is in the lower
half, because with n - s in its place anybody could make a second one. The curve is libsecp256k1's.
"""

from typing import Final, NoReturn

from coincurve import PrivateKey, PublicKey

from rollup.crypto.signature_form import (
    ORDER,
    SIGNATURE_BYTES,
    SignatureError,
    signature_parts,
)
from rollup.hash.keccak import DIGEST_BYTES, keccak256

__all__ = ["KEY_BYTES", "ORDER", "SIGNATURE_BYTES", "AddressKey", "SignatureError", "signer_of"]

KEY_BYTES: Final = 32

_FIRST_V: Final = 27
_ADDRESS_START: Final = 12
"""An address is the hash of a key from here on: its last 20 bytes."""


class AddressKey:
    """A secret key with the L1 address that its signatures are checked against. Never shown or
    pickled."""

    __slots__ = ("_key", "address")

    def __init__(self, material: bytes) -> None:
        if not isinstance(material, bytes) or len(material) != KEY_BYTES:
            raise ValueError(f"a signing key is {KEY_BYTES} bytes")
        if not 0 < int.from_bytes(material, "big") < ORDER:
            raise ValueError("a signing key is above 0 and below the order of the curve")
        self._key = PrivateKey(material)
        self.address = _address_of(self._key.public_key)

    def __repr__(self) -> str:
        return f"AddressKey({self.address.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key is not pickled")

    def sign(self, digest: bytes) -> bytes:
        """The signature of a digest."""
        _require_digest(digest)
        signed: bytes = self._key.sign_recoverable(digest, hasher=None)
        return signed[:-1] + bytes((_FIRST_V + signed[-1],))


def signer_of(digest: bytes, signature: bytes) -> bytes:
    """The address whose key signed a digest. SignatureError for what no key can have signed, and
    for a second signature made out of a first."""
    _require_digest(digest)
    parity = signature_parts(signature).parity
    recoverable = signature[:-1] + bytes((parity,))
    try:
        key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError as error:
        raise SignatureError("r and s of a point of the curve are wanted") from error
    return _address_of(key)


def _address_of(key: PublicKey) -> bytes:
    point: bytes = key.format(compressed=False)
    return keccak256(point[1:])[_ADDRESS_START:]


def _require_digest(digest: bytes) -> None:
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest of {DIGEST_BYTES} bytes is wanted, {len(digest)} came")
