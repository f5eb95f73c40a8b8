"""The search for a proof of work, prover's side. The verifier's: circuits.pcs.grinding."""

import numpy as np

from circuits.pcs.grinding import GRINDING_TAG, NONCE_LIMIT
from circuits.pcs.kernels import NOT_FOUND, search_nonces
from rollup.hash.keccak import DIGEST_BYTES
from rollup.native.jit import parallel, thread_count

GRINDING_BITS_MAX = 40
"""2^40 digests are a day of this machine; a parameter set that asks for more is a mistake."""

_SPAN = 4096
"""Nonces that one part of a round tries."""


def grind(state: bytes, bits: int) -> int:
    """The smallest nonce that `check_grinding` accepts; 2^bits digests are tried on average."""
    if len(state) != DIGEST_BYTES or not 0 <= bits <= GRINDING_BITS_MAX:
        raise ValueError(f"grinding takes a 32-byte state and up to {GRINDING_BITS_MAX} bits")
    prefix = np.frombuffer(GRINDING_TAG + state, dtype=np.uint64)
    leading = ((1 << bits) - 1) << (64 - bits)
    mask = np.uint64(int.from_bytes(leading.to_bytes(8, "big"), "little"))
    parts = 4 * thread_count()
    found = np.empty(parts, dtype=np.uint64)
    first = 0
    while first < NONCE_LIMIT - parts * _SPAN:
        parallel(search_nonces, parts, np.uint64(first), _SPAN, prefix, mask, found)
        best = found.min()
        if best != NOT_FOUND:
            return int(best)
        first += parts * _SPAN
    raise RuntimeError("no nonce was found: a digest function without zero bits is broken")
