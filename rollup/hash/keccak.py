"""Keccak-256 as Ethereum uses it (padding 0x01, not SHA-3's 0x06): a thin door to pycryptodome."""

from Crypto.Hash import keccak

DIGEST_BYTES = 32


def keccak256(message: bytes) -> bytes:
    """The 32-byte Keccak-256 digest of a message."""
    return keccak.new(digest_bits=256, data=message).digest()
