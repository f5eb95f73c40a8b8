"""Signatures that were found to hold, remembered so that they need not be verified a second time.

A venue verifies an order's signature at its door and again when the rules judge the batch: the same
key, message and bytes. So are those of all actions of a bundle, which come one by one. Whoever
remembers must be who verified: this lives in one process and is filled by nothing but its own
verifications. What others verify (a prover, L1, a replay) starts from nothing.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from rollup.crypto.curve import Point
from rollup.hash.poseidon import Digest
from rollup.private import Private

REMEMBERED_MAX: Final = 1 << 14
"""Several batches of any class, at about 600 bytes each; what is forgotten is verified again."""

Verify = Callable[[Sequence[Point], Sequence[Digest], Sequence[bytes]], Sequence[bool]]

_Triple = tuple[Point, Digest, bytes]


class RememberedSignatures(Private):
    """A `verify_many` that asks another one only about triples of key, message and signature that
    have not held before, each once and compared whole. What does not hold is not remembered."""

    def __init__(self, verify_many: Verify, most: int = REMEMBERED_MAX) -> None:
        """Remembers at most `most` signatures: the oldest is forgotten first."""
        self._verify_many = verify_many
        self._most = most
        self._held: dict[_Triple, None] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __call__(
        self, keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[bytes]
    ) -> list[bool]:
        """Whether each signature holds. Raises what the other one raises, such as ValueError for
        sequences of different lengths."""
        triples = list(zip(keys, messages, signatures, strict=True))
        new = [triple for triple in dict.fromkeys(triples) if triple not in self._held]
        if new:
            found = self._verify_many(*map(list, zip(*new, strict=True)))
            held = [triple for triple, holds in zip(new, found, strict=True) if holds]
            self._held.update(dict.fromkeys(held))
        answers = [triple in self._held for triple in triples]
        for triple in list(islice(self._held, max(len(self._held) - self._most, 0))):
            del self._held[triple]
        return answers
