"""Proof of work on the transcript, verifier's side: a nonce whose digest starts with zero bits."""

from rollup.hash.keccak import DIGEST_BYTES, keccak256

GRINDING_TAG = b"grinding"
"""Keeps the search apart from the transcript's own hashing."""

NONCE_LIMIT = 1 << 64
"""A nonce is 8 bytes, little-endian."""


def grinding_message(state: bytes, nonce: int) -> bytes:
    """The 48 bytes that are hashed: tag, state, nonce."""
    return GRINDING_TAG + state + nonce.to_bytes(8, "little")


def check_grinding(state: bytes, bits: int, nonce: int) -> bool:
    """Whether the digest over (state, nonce), read big-endian, has `bits` leading zero bits."""
    if len(state) != DIGEST_BYTES:
        raise ValueError(f"a transcript state has {DIGEST_BYTES} bytes, not {len(state)}")
    if not 0 <= nonce < NONCE_LIMIT:
        return False
    digest = int.from_bytes(keccak256(grinding_message(state, nonce)), "big")
    return digest >> (8 * DIGEST_BYTES - bits) == 0
