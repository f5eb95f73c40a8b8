"""Fresh keys from the operating system's generator, apart from what judges signatures: a judge
reads no chance."""

import secrets

from rollup.crypto.address_key import KEY_BYTES, ORDER
from rollup.crypto.bls import ORDER as BLS_ORDER
from rollup.crypto.bls import SECRET_BYTES
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest


def address_key_material() -> bytes:
    """A key of `AddressKey` as bytes, to keep in a private file."""
    return (1 + secrets.randbelow(ORDER - 1)).to_bytes(KEY_BYTES, "big")


def viewing_key() -> Digest:
    """A viewing key (rollup.protocol.availability): 8 field elements."""
    a, b, c, d, e, f, g, h = (secrets.randbelow(P) for _ in range(8))
    return (a, b, c, d, e, f, g, h)


def bls_material() -> bytes:
    """A secret of `BlsSecret` as bytes, to keep in a private file."""
    return (1 + secrets.randbelow(BLS_ORDER - 1)).to_bytes(SECRET_BYTES, "big")
