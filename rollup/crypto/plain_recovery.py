"""Who signed a digest, in plain Python: what `crypsis verify` and the mock L1 ask.

The curve is py-ecc's. It is slow, a few milliseconds a signature, and a person can read it; where a
venue checks many, `rollup.crypto.address_key.signer_of` is libsecp256k1, and a test holds the two
to each other.
"""

import sys

from rollup.crypto.signature_form import SignatureError, signature_parts
from rollup.hash.keccak import DIGEST_BYTES, keccak256

_LIMIT = sys.getrecursionlimit()
from py_ecc.secp256k1 import secp256k1  # noqa: E402

# py-ecc 8.0.0 raises the limit of the whole process to 100,000 where it is imported: input that
# nests too deep would then end the process instead of a call.
sys.setrecursionlimit(_LIMIT)

_FIRST_V = 27
_ADDRESS_START = 12
"""An address is the hash of a key from here on: its last 20 bytes."""

_NOWHERE = (0, 0)
"""What py-ecc writes for the point at infinity."""


def plain_signer_of(digest: bytes, signature: bytes) -> bytes:
    """The address whose key signed a digest (SEC 1, section 4.1.6). SignatureError for what no key
    can have signed, and for a second signature made out of a first."""
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest of {DIGEST_BYTES} bytes is wanted, {len(digest)} came")
    r, s, parity = signature_parts(signature)
    try:
        x, y = secp256k1.ecdsa_raw_recover(digest, (_FIRST_V + parity, r, s))
    except ValueError as error:
        raise SignatureError("r and s of a point of the curve are wanted") from error
    if (x, y) == _NOWHERE:
        raise SignatureError("a signature of a key is wanted, this one is of none")
    return keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[_ADDRESS_START:]
