"""Blinding randomness: uniform field elements from a ChaCha20 keystream, one stream a proof.

Zero knowledge rests on it: a stream is seeded from the operating system and never written down.
"""

import os

import numpy as np
from Crypto.Cipher import ChaCha20

from rollup.field.koalabear import P
from rollup.native.jit import U32Array, parallel

SEED_BYTES = 32

_STREAM_LIMIT = 1 << 38
"""Bytes that one ChaCha20 key and nonce may give (2^32 blocks of 64); more is refused."""

_GRAIN = 1 << 18
"""Bytes that a thread takes at least: below a millisecond of keystream."""

_MASK = np.uint32((1 << 31) - 1)


class FieldStream:
    """A stream of uniform values that nobody can predict. Not to be shared between threads.

    `insecure_seed` (32 bytes) makes a stream repeat itself, for tests that need that.
    """

    __slots__ = ("_seed", "_taken")

    def __init__(self, *, insecure_seed: bytes | None = None) -> None:
        seed = os.urandom(SEED_BYTES) if insecure_seed is None else insecure_seed
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
        self._seed = seed
        self._taken = 0

    def __repr__(self) -> str:
        return "FieldStream(...)"

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was drawn yet."""
        return self._taken == 0

    def octets(self, count: int) -> bytearray:
        """The next uniform bytes."""
        if self._taken + count > _STREAM_LIMIT:
            raise ValueError(f"one stream gives at most {_STREAM_LIMIT} bytes")
        result = bytearray(count)
        parallel(self._encrypt, count, self._taken, memoryview(result), grain=_GRAIN)
        self._taken += count
        return result

    def _encrypt(self, start: int, stop: int, position: int, octets: memoryview) -> None:
        """Turn zeros start..stop into the keystream from `position` + start on."""
        cipher = ChaCha20.new(key=self._seed, nonce=bytes(8))
        cipher.seek(position + start)
        cipher.encrypt(octets[start:stop], output=octets[start:stop])

    def elements(self, count: int) -> U32Array:
        """The next `count` uniform base-field elements: 31 bits each, redrawn where not below p."""
        result = np.empty(count, dtype=np.uint32)
        filled = 0
        while filled < count:
            wanted = count - filled
            words = np.frombuffer(self.octets(4 * (wanted + wanted // 64 + 8)), dtype="<u4") & _MASK
            drawn = words[words < P][:wanted]
            result[filled : filled + drawn.size] = drawn
            filled += drawn.size
        return result

    def matrix(self, rows: int, columns: int) -> U32Array:
        """The next rows * columns elements, as a matrix."""
        return self.elements(rows * columns).reshape(rows, columns)
