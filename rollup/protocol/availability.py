"""Availability: each touched leaf as it is published, encrypted to whoever owns it.

A batch publishes the new leaf of every account that it opens: its index, its digest, and what it
holds as words that only its viewing key reads. Word by word that is what stands in the leaf plus a
pad, modulo p. The pad of a block is compress(viewing key, chaining value before the block), and the
chain starts from index and leaf, which is salted: so no pad is used twice, and the words are bound
to the place that they are for. The proof shows that the words are these and no others, so an owner
who has them and the key has the leaf, whatever becomes of the operator.

An account whose viewing key the venue was never told is published under its commitment, which
everybody knows: nobody can keep a batch from being proved by keeping a key, and who keeps it
publishes what he holds. Spec: docs/spec/22-availability.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rollup.field.koalabear import P
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest, fold_start
from rollup.private import Private
from rollup.protocol.account import Header
from rollup.protocol.constants import ACCOUNT_BITS, DIGEST_LENGTH, MARKETS_MAX, PUBLISHED_VERSION
from rollup.protocol.encoding import Block, TypeCode, chain_many, chain_one
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.roots import Beside
from rollup.protocol.units import require_bounds, require_digest

FIXED_BLOCKS = 2
"""Blocks of a published leaf that every account has: root of slots; cash, flags and salt."""

FIXED_WORDS = FIXED_BLOCKS * DIGEST_LENGTH

POSITION_WORDS = 4
"""Words of a position's block that are not zero in every leaf: only these are published."""

LEAVES_MAX = 2**12
"""Leaves that a proof can commit to: rows of the tallest table of accounts. The rules take fewer,
and whoever follows a venue asks for a proof and not for the rules."""

POSITIONS_MAX = 2**13
"""Positions of all of them: rows of the tallest table of positions."""


@dataclass(frozen=True, slots=True, repr=False)
class PublishedLeaf(Private):
    """A leaf as anybody sees it: where it is, its digest, and its encrypted words: 16, then four
    for each position."""

    index: int
    leaf: Digest
    words: tuple[int, ...]

    def __post_init__(self) -> None:
        index_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.index, 0, index_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_digest("leaf", self.leaf)
        more = len(self.words) - FIXED_WORDS
        if not 0 <= more <= MARKETS_MAX * POSITION_WORDS or more % POSITION_WORDS:
            detail = f"a published leaf has 16 words and 4 a position, not {len(self.words)}"
            raise Rejected(Reason.MALFORMED, detail)
        for word in self.words:
            require_bounds("published word", word, 0, P, Reason.WORD_OUT_OF_BOUNDS)

    @property
    def positions(self) -> int:
        """How many positions the account has: anybody can count them."""
        return (len(self.words) - FIXED_WORDS) // POSITION_WORDS

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its words as they are hashed: a position's are filled up with zeros."""
        fixed = (self.words[:DIGEST_LENGTH], self.words[DIGEST_LENGTH:FIXED_WORDS])
        places = range(FIXED_WORDS, len(self.words), POSITION_WORDS)
        held = (self.words[place : place + POSITION_WORDS] for place in places)
        return tuple(_block(words) for words in (*fixed, *held))


@dataclass(frozen=True, slots=True, repr=False)
class OpenLeaf(Private):
    """A leaf to be published: its blocks from the root of slots on, and the key that reads it."""

    index: int
    leaf: Digest
    key: Digest
    blocks: Sequence[Block]


class Published(NamedTuple):
    """A published leaf, and the digest of what is published of it."""

    leaf: PublishedLeaf
    digest: Digest


def viewing_commitment(key: Digest, compress_many: CompressMany) -> Digest:
    """What an account's header says of its viewing key: the VIEWING chain over it."""
    return chain_one(TypeCode.VIEWING, [key], compress_many)


def reading_key(header: Header, told: Digest | None) -> Digest:
    """The key that an account's leaf is published under: its viewing key; where the venue was not
    told that, its commitment, which everybody knows."""
    return header.viewing if told is None else told


def require_viewing_keys(
    headers: Sequence[Header], keys: Sequence[Digest], compress_many: CompressMany
) -> None:
    """Rejected with VIEWING_KEY unless each header commits to its key."""
    found = chain_many(TypeCode.VIEWING, [[key] for key in keys], compress_many)
    for place, (header, commitment) in enumerate(zip(headers, found, strict=True)):
        if commitment != header.viewing:
            detail = f"viewing key {place}: the account's header commits to another"
            raise Rejected(Reason.VIEWING_KEY, detail)


def publish(leaves: Sequence[OpenLeaf], compress_many: CompressMany) -> list[Published]:
    """Leaves as they are published, and the digest of each: one batched call for each block."""
    states = _starts([(each.index, each.leaf) for each in leaves], compress_many)
    words: list[list[int]] = [[] for _ in leaves]
    for place in range(max((len(each.blocks) for each in leaves), default=0)):
        going = [n for n, each in enumerate(leaves) if place < len(each.blocks)]
        pads = compress_many([leaves[n].key for n in going], [states[n] for n in going])
        wide = _width(place)
        hidden = [
            tuple([(a + b) % P for a, b in zip(leaves[n].blocks[place][:wide], pad, strict=False)])
            for n, pad in zip(going, pads, strict=True)
        ]
        found = compress_many([states[n] for n in going], [_block(each) for each in hidden])
        for n, each, state in zip(going, hidden, found, strict=True):
            words[n] += each
            states[n] = state
    return [
        Published(PublishedLeaf(each.index, each.leaf, tuple(own)), state)
        for each, own, state in zip(leaves, words, states, strict=True)
    ]


def published_digests(leaves: Sequence[PublishedLeaf], compress_many: CompressMany) -> list[Digest]:
    """The digest of what is published of each leaf: what anybody computes who holds the data."""
    states = _starts([(each.index, each.leaf) for each in leaves], compress_many)
    blocks = [each.blocks for each in leaves]
    for place in range(max(map(len, blocks), default=0)):
        going = [n for n, each in enumerate(blocks) if place < len(each)]
        found = compress_many([states[n] for n in going], [blocks[n][place] for n in going])
        for n, state in zip(going, found, strict=True):
            states[n] = state
    return states


def read_blocks(
    published: PublishedLeaf, key: Digest, compress_many: CompressMany
) -> tuple[Block, ...]:
    """The blocks of a leaf, from the root of slots on, as a key reads them. Under another key they
    are noise: whoever reads folds them and compares with the leaf."""
    (state,) = _starts([(published.index, published.leaf)], compress_many)
    blocks = []
    for place, block in enumerate(published.blocks):
        (pad,) = compress_many([key], [state])
        wide = _width(place)
        pairs = zip(block[:wide], pad, strict=False)
        blocks.append(_block([(word - each) % P for word, each in pairs]))
        (state,) = compress_many([state], [block])
    return tuple(blocks)


def data_commitment(
    digests: Sequence[Digest], beside: Beside, compress_many: CompressMany
) -> Digest:
    """What the proof says of all that a batch publishes: the fold over the digest of each leaf, in
    the order of the openings, then the digests beside the account tree."""
    state: Digest = fold_start(TypeCode.DATA, PUBLISHED_VERSION)
    for digest in (*digests, *beside):
        (state,) = compress_many([state], [digest])
    return state


INDEX_PLACE = 3
"""Where the start of a published leaf's chain has the account's index."""


def published_start(index: int) -> Digest:
    """Where the chain of a published leaf starts: type, no length, version, index of the account.
    No digest that anybody can find is another start, so its length need not be in it."""
    return (TypeCode.PUBLISHED, 0, PUBLISHED_VERSION, index, 0, 0, 0, 0)


def _starts(leaves: Sequence[tuple[int, Digest]], compress_many: CompressMany) -> list[Digest]:
    starts = [published_start(index) for index, _ in leaves]
    return compress_many(starts, [leaf for _, leaf in leaves])


def _width(place: int) -> int:
    """How many words of a block are published."""
    return DIGEST_LENGTH if place < FIXED_BLOCKS else POSITION_WORDS


def _block(words: Sequence[int]) -> Block:
    a, b, c, d, e, f, g, h = (*words, *(0,) * (DIGEST_LENGTH - len(words)))
    return (a, b, c, d, e, f, g, h)
