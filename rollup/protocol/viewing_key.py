"""A viewing key as bytes: how a key file, an envelope and its owner have it.

What a key is for is said in rollup.protocol.availability.
"""

from typing import Final

from rollup.hash.poseidon import Digest
from rollup.protocol.constants import DIGEST_LENGTH
from rollup.protocol.encoding import digest_bytes, words_of
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_digest

VIEWING_KEY_BYTES: Final = 4 * DIGEST_LENGTH


def viewing_key_to_bytes(key: Digest) -> bytes:
    """Its 8 field elements as little-endian words of 4 bytes."""
    return digest_bytes(key)


def viewing_key_from_bytes(data: bytes) -> Digest:
    """The key of its one encoding. Rejected with MALFORMED for another size, and with
    WORD_OUT_OF_BOUNDS for a word that is no field element; neither shows what came."""
    if len(data) != VIEWING_KEY_BYTES:
        detail = f"a viewing key of {VIEWING_KEY_BYTES} bytes is wanted, {len(data)} came"
        raise Rejected(Reason.MALFORMED, detail)
    a, b, c, d, e, f, g, h = words_of(data)
    key = (a, b, c, d, e, f, g, h)
    require_digest("viewing key", key)
    return key
