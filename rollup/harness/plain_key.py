"""Keys of the suite for signatures that an EVM can check: by py-ecc, whose nonces are those of
RFC 6979, so that every scenario repeats. For tests alone: its time tells the key."""

from functools import cached_property

from rollup.crypto.bls import library
from rollup.crypto.plain_recovery import plain_signer_of

secp256k1 = library("py_ecc.secp256k1").secp256k1


def plain_sign(material: bytes, digest: bytes) -> bytes:
    """r || s || v over a digest of 32 bytes, with s in the lower half."""
    v, r, s = secp256k1.ecdsa_raw_sign(digest, material)
    return b"".join((r.to_bytes(32, "big"), s.to_bytes(32, "big"), bytes((v,))))


class PlainKey:
    """A secret that everybody may know, and the L1 address of its signatures."""

    def __init__(self, material: bytes) -> None:
        self._material = material

    @cached_property
    def address(self) -> bytes:
        """By which its signatures are known."""
        digest = bytes(32)
        return plain_signer_of(digest, self.sign(digest))

    def sign(self, digest: bytes) -> bytes:
        """The signature of a digest."""
        return plain_sign(self._material, digest)
