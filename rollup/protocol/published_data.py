"""`data.bin`: what a batch publishes, in its one encoding, for whoever rebuilds accounts from it.

All that can be read of it without a viewing key is which accounts the batch touched, their new
leaves, and how many positions each has. Spec: docs/spec/22-availability.md.
"""

from dataclasses import dataclass
from typing import Final

from rollup.codec.strict import CodecError
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.availability import (
    FIXED_WORDS,
    LEAVES_MAX,
    POSITION_WORDS,
    POSITIONS_MAX,
    PublishedLeaf,
    data_commitment,
    published_digests,
)
from rollup.protocol.constants import DIGEST_LENGTH, MARKETS_MAX, NUMBER_BITS
from rollup.protocol.encoding import digest_bytes, words_of
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.roots import Beside
from rollup.protocol.units import require_bounds, require_digest, require_tuple_of

DATA_TAG: Final = b"crypsis-data-1"
"""Domain and version of the encoding."""

_BESIDE: Final = ("the digest of markets", "the right half")
_NUMBER_BYTES: Final = 4
_WORD_BYTES: Final = 4
_DIGEST_BYTES: Final = _WORD_BYTES * DIGEST_LENGTH
_LEAF_BYTES: Final = 2 * _NUMBER_BYTES + _DIGEST_BYTES + _WORD_BYTES * FIXED_WORDS
_POSITION_BYTES: Final = _WORD_BYTES * POSITION_WORDS

DATA_BYTES_MAX: Final = (
    len(DATA_TAG)
    + 2 * _NUMBER_BYTES
    + 2 * _DIGEST_BYTES
    + LEAVES_MAX * _LEAF_BYTES
    + POSITIONS_MAX * _POSITION_BYTES
)
"""As many accounts and positions as a proof of any class can have: half a MiB. More is refused
unread."""


@dataclass(frozen=True, slots=True)
class PublishedData:
    """What the batch `number` publishes: the new leaf of each account that it opened and that
    exists after it, each once, in the order in which it commits to them; and what stands beside
    the accounts under its new state root: the digest of markets, and that of triggers and globals
    together, the right half."""

    number: int
    leaves: tuple[PublishedLeaf, ...]
    markets: Digest
    right: Digest

    def __post_init__(self) -> None:
        require_bounds("number", self.number, 1, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_tuple_of("leaves", self.leaves, PublishedLeaf)
        positions = sum(each.positions for each in self.leaves)
        if len(self.leaves) > LEAVES_MAX or positions > POSITIONS_MAX:
            detail = f"at most {LEAVES_MAX} leaves with {POSITIONS_MAX} positions a batch"
            raise Rejected(Reason.TOO_MANY, detail)
        if len({each.index for each in self.leaves}) != len(self.leaves):
            raise Rejected(Reason.MALFORMED, "a leaf is published of each account once")
        require_digest("markets", self.markets)
        require_digest("right half", self.right)

    @property
    def beside(self) -> Beside:
        """What stands beside the account tree."""
        return self.markets, self.right

    def commitment(self, compress_many: CompressMany) -> Digest:
        """What the public input of its batch says of it."""
        digests = published_digests(self.leaves, compress_many)
        return data_commitment(digests, self.beside, compress_many)

    def encode(self) -> bytes:
        """Canonical bytes: tag, number, the two digests, count of leaves, then of each leaf its
        index, count of positions, digest and words. Numbers are 4 bytes big-endian; field elements
        little-endian words of 4."""
        return b"".join(
            (
                DATA_TAG,
                _number(self.number),
                *map(digest_bytes, self.beside),
                _number(len(self.leaves)),
                *map(_leaf_bytes, self.leaves),
            )
        )


def published_data(outcome: Outcome, compress_many: CompressMany) -> PublishedData:
    """What a batch publishes, by what the rules say that it did."""
    globals_ = outcome.globals_after.digest(compress_many)
    (right,) = compress_many([outcome.triggers_root_after], [globals_])
    leaves = tuple(each.leaf for each in outcome.published)
    markets = outcome.markets_after.digest(compress_many)
    return PublishedData(outcome.public.number, leaves, markets, right)


def published_from_bytes(data: bytes) -> PublishedData:
    """The record whose `encode` is `data`. Raises CodecError, naming what was wanted and what
    came."""
    if len(data) > DATA_BYTES_MAX:
        raise CodecError(f"data: wanted at most {DATA_BYTES_MAX} bytes, got {len(data)}")
    rest = _Bytes(data)
    if (tag := rest.take(len(DATA_TAG), "the tag")) != DATA_TAG:
        raise CodecError(f"data: wanted to begin with {DATA_TAG!r}, got {tag!r}")
    try:
        return _read(rest)
    except Rejected as refusal:
        raise CodecError(f"data: {refusal}") from refusal


@dataclass(slots=True)
class _Bytes:
    """What is left to read."""

    data: bytes
    at: int = 0

    def take(self, count: int, what: str) -> bytes:
        left = len(self.data) - self.at
        if left < count:
            raise CodecError(f"data: wanted {count} bytes of {what} at {self.at}, got {left}")
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken

    def number(self, what: str) -> int:
        return int.from_bytes(self.take(_NUMBER_BYTES, what), "big")

    def digest(self, what: str) -> Digest:
        a, b, c, d, e, f, g, h = words_of(self.take(_DIGEST_BYTES, what))
        return (a, b, c, d, e, f, g, h)


def _read(rest: _Bytes) -> PublishedData:
    number = rest.number("the number")
    markets, right = (rest.digest(each) for each in _BESIDE)
    count = rest.number("the count of leaves")
    if count > LEAVES_MAX:
        raise CodecError(f"data: wanted at most {LEAVES_MAX} leaves, got {count}")
    leaves = tuple(_read_leaf(rest, f"leaf {place}") for place in range(count))
    if over := len(rest.data) - rest.at:
        raise CodecError(f"data: wanted to end after {count} leaves, got {over} bytes more")
    return PublishedData(number, leaves, markets, right)


def _read_leaf(rest: _Bytes, what: str) -> PublishedLeaf:
    index, positions = rest.number(what), rest.number(what)
    if positions > MARKETS_MAX:
        detail = f"wanted at most {MARKETS_MAX} positions, got {positions}"
        raise CodecError(f"data: {what}: {detail}")
    leaf = rest.digest(what)
    count = FIXED_WORDS + positions * POSITION_WORDS
    return PublishedLeaf(index, leaf, words_of(rest.take(_WORD_BYTES * count, what)))


def _leaf_bytes(leaf: PublishedLeaf) -> bytes:
    numbers = (leaf.index, leaf.positions)
    return b"".join((*map(_number, numbers), digest_bytes(leaf.leaf), digest_bytes(leaf.words)))


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER_BYTES, "big")
