"""Who signed a digest, in plain Python: what `crypsis verify` and the mock L1 ask.

The curve is py-ecc's. Its own recovery takes three products of points in turn; these are the two of
the formula, side by side. It is slow, a few milliseconds a signature, and a person can read it;
where a venue checks many, `rollup.crypto.address_key.signer_of` is libsecp256k1, and a test holds
the two to each other.
"""

import sys

from rollup.crypto.signature_form import SignatureError, signature_parts
from rollup.hash.keccak import DIGEST_BYTES, keccak256

_LIMIT = sys.getrecursionlimit()
from py_ecc.secp256k1 import secp256k1  # noqa: E402

# py-ecc 8.0.0 raises the limit of the whole process to 100,000 where it is imported: input that
# nests too deep would then end the process instead of a call.
sys.setrecursionlimit(_LIMIT)

_ADDRESS_START = 12
"""An address is the hash of a key from here on: its last 20 bytes."""

_NOWHERE = (0, 0)
"""What py-ecc writes for the point at infinity."""

_GENERATOR = (secp256k1.Gx, secp256k1.Gy, 1)
_Point = tuple[int, int, int]
"""Jacobian: (x / z^2, y / z^3), and y = 0 is the point at infinity."""


def plain_signer_of(digest: bytes, signature: bytes) -> bytes:
    """The address whose key signed a digest (SEC 1, section 4.1.6). SignatureError for what no key
    can have signed, and for a second signature made out of a first."""
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest of {DIGEST_BYTES} bytes is wanted, {len(digest)} came")
    r, s, parity = signature_parts(signature)
    nonce = _point_of(r, parity)
    back, order = pow(r, -1, secp256k1.N), secp256k1.N
    z = int.from_bytes(digest, "big")
    key = _sum_of_products(-z * back % order, _GENERATOR, s * back % order, nonce)
    x, y = secp256k1.from_jacobian(key)
    if (x, y) == _NOWHERE:
        raise SignatureError("a signature of a key is wanted, this one is of none")
    return keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[_ADDRESS_START:]


def _point_of(x: int, parity: int) -> _Point:
    """The point with this x, below the order, whose y has this parity. SignatureError if there is
    none."""
    field = secp256k1.P
    square = (x * x * x + secp256k1.B) % field
    y = pow(square, (field + 1) // 4, field)
    if y * y % field != square:
        raise SignatureError("r and s of a point of the curve are wanted")
    return x, y if y % 2 == parity else field - y, 1


def _sum_of_products(a: int, p: _Point, b: int, q: _Point) -> _Point:
    """a p + b q, bit by bit for both at once."""
    added = {(0, 1): q, (1, 0): p, (1, 1): secp256k1.jacobian_add(p, q)}
    total: _Point = (0, 0, 0)
    for place in reversed(range(max(a.bit_length(), b.bit_length()))):
        total = secp256k1.jacobian_double(total)
        bits = (a >> place & 1, b >> place & 1)
        if bits in added:
            total = secp256k1.jacobian_add(total, added[bits])
    return total
