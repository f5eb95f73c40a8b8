"""What a signature that an EVM can check looks like: r (32) || s (32) || v (1), v being 27 or 28.

Whoever recovers a signer, by whatever library, asks for this form first, so that all refuse the
same bytes: s is in the lower half, because with n - s in its place anybody could make a second
signature.
"""

from typing import Final, NamedTuple

SIGNATURE_BYTES: Final = 65
ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Points of secp256k1, a prime (SEC 2, section 2.4.1)."""

_FIRST_V: Final = 27
_WORD: Final = 32


class SignatureError(ValueError):
    """Bytes that are nobody's signature; says what was wanted."""


class SignatureParts(NamedTuple):
    """r and s as numbers, 0 < r < n and 0 < s <= n / 2; the parity of the point's y is 0 or 1."""

    r: int
    s: int
    parity: int


def signature_parts(signature: bytes) -> SignatureParts:
    """The parts of a signature. SignatureError for what no key can have made, and for a second
    signature made out of a first."""
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(f"{SIGNATURE_BYTES} bytes are wanted, {len(signature)} came")
    r = int.from_bytes(signature[:_WORD], "big")
    s = int.from_bytes(signature[_WORD : 2 * _WORD], "big")
    parity = signature[-1] - _FIRST_V
    if parity not in (0, 1):
        raise SignatureError(f"a last byte of 27 or 28 is wanted, {signature[-1]} came")
    if s > ORDER // 2:
        raise SignatureError("s in the lower half is wanted, the other one came")
    if not 0 < r < ORDER or s == 0:
        raise SignatureError("r and s of a point of the curve are wanted")
    return SignatureParts(r, s, parity)
