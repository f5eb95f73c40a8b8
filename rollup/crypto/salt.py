"""Salts: what makes a leaf unguessable to a neighbour who sees its hash as a sibling.

A salt is a keyed hash of what it salts, the batch number and the attempt at that batch, so that the
operator can recompute every root, and nobody else can test a guess. Spec: docs/spec/03-state.md.
"""

import hmac
from enum import IntEnum
from typing import NoReturn

from rollup.crypto.chain_key import ChainKey
from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256

KEY_BYTES = 32
TAG = b"crypsis-salt-2"
LOT_TAG = b"crypsis-lot-1"
JOURNAL_TAG = b"crypsis-journal-1"
STORE_TAG = b"crypsis-store-1"

Salt = tuple[int, int, int, int]


class Salted(IntEnum):
    """Which leaf a salt is for."""

    ACCOUNT = 1
    MARKETS = 2
    GLOBALS = 3


class SaltKey:
    """The operator's secret under which salts are derived. Never shown or pickled.

    `attempt` counts how often batches were made anew: two versions of one batch share no salt, or
    their roots together would tell which leaves are alike.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if not isinstance(key, bytes) or len(key) != KEY_BYTES:
            raise ValueError(f"a salt key is {KEY_BYTES} bytes")
        self._key = key

    def __repr__(self) -> str:
        return "SaltKey(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SaltKey) and hmac.compare_digest(self._key, other._key)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a salt key is not pickled")

    def account(self, index: int, number: int, attempt: int) -> Salt:
        """The salt of an account leaf that batch `number` writes."""
        return self._derive(Salted.ACCOUNT, index, number, attempt)

    def markets(self, number: int, attempt: int) -> Salt:
        """The salt of the markets leaf that batch `number` writes."""
        return self._derive(Salted.MARKETS, 0, number, attempt)

    def globals(self, number: int, attempt: int) -> Salt:
        """The salt of the globals leaf that batch `number` writes."""
        return self._derive(Salted.GLOBALS, 0, number, attempt)

    def lot(self, number: int, attempt: int) -> bytes:
        """What the decoys of batch `number` are drawn with, 32 bytes (docs/spec/28-decoys.md)."""
        numbers = number.to_bytes(8, "big") + attempt.to_bytes(8, "big")
        return hmac.digest(self._key, LOT_TAG + numbers, "sha256")

    def chain_key(self) -> ChainKey:
        """The key of the operator's journal, which tells nothing of this one."""
        return ChainKey(hmac.digest(self._key, JOURNAL_TAG, "sha256"))

    def store_key(self) -> ChainKey:
        """The key of what the operator keeps beside its journal, to start from and to look up."""
        return ChainKey(hmac.digest(self._key, STORE_TAG, "sha256"))

    def _derive(self, kind: Salted, index: int, number: int, attempt: int) -> Salt:
        """Four elements, each 8 bytes of Keccak-256 mod p (bias below 2**-33)."""
        numbers = b"".join(each.to_bytes(8, "big") for each in (index, number, attempt))
        place = bytes([kind]) + numbers
        digest = keccak256(TAG + self._key + place)
        a, b, c, d = (int.from_bytes(digest[i : i + 8], "big") % P for i in range(0, 32, 8))
        return (a, b, c, d)
