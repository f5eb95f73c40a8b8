"""Hash layouts: how each record becomes blocks of 8 field elements. Written down nowhere else.

The circuit's tables repeat exactly these blocks. A chain starts from (type, number of blocks,
version, 0...), so a leaf, a node and a message never collide; an account's leaf, which has no fixed
length, from 0 blocks and a version of its own. Spec: docs/spec/02-hashes.md.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from rollup.crypto.curve import Point
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest, chain_start, fold_start
from rollup.protocol.constants import (
    ACCOUNT_LEAF_VERSION,
    CASH_BITS,
    CASH_LIMIT,
    EXPIRY_BITS,
    MARKETS_LEAF_VERSION,
    OPEN_INTEREST_BITS,
    OUTFLOW_BITS,
    POSITION_BITS,
    POSITION_LIMIT,
    PREMIUM_BITS,
    PREMIUM_LIMIT,
    SIZE_BITS,
    TIME_BITS,
    VOLUME_BITS,
)
from rollup.protocol.units import Salt

Block = tuple[int, int, int, int, int, int, int, int]

LIMB_BITS = 13
"""Range checks are 13 bits wide: a table of 2**13 values stays small, and a product of two limbs
leaves five bits of a field element for sums."""

LIMB = 1 << LIMB_BITS

_PAIR_MASK = LIMB * LIMB - 1

_ZEROS: Block = (0, 0, 0, 0, 0, 0, 0, 0)

OWNER_LIMB_BITS = 27
"""An owner of 160 bits is 6 elements of 27 bits; it is only hashed, never computed with."""


class TypeCode(IntEnum):
    """First element of a chain: what is being hashed."""

    ACCOUNT = 1
    HEADER = 2
    SLOT = 3
    MARKETS = 4
    GLOBALS = 5
    ORDER = 6
    CHALLENGE = 7
    CANCEL = 8
    QUESTION = 9
    TRIGGERS = 11
    OUTFLOW = 12
    VIEWING = 13
    PUBLISHED = 14
    DATA = 15
    NULLIFIER = 16
    BUNDLE = 17


def limbs(value: int, bits: int) -> tuple[int, ...]:
    """`value` < 2**bits as 13-bit limbs, low first; the top limb takes what is left of `bits`."""
    _require_fit(value, bits)
    count = -(-bits // LIMB_BITS)
    return tuple(value >> LIMB_BITS * place & LIMB - 1 for place in range(count))


def _require_fit(value: int, bits: int) -> None:
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{value} does not fit {bits} bits")


def packed(value: int, bits: int) -> tuple[int, ...]:
    """`value` < 2**bits as 26-bit elements, low first: pairs of limbs, an odd last limb alone."""
    if value < 0 or value >> bits:
        _require_fit(value, bits)
    if 2 * LIMB_BITS < bits <= 4 * LIMB_BITS:  # sizes, times and positions, thousands a batch
        return (value & _PAIR_MASK, value >> 2 * LIMB_BITS)
    if 4 * LIMB_BITS < bits <= 6 * LIMB_BITS:  # cash
        middle = value >> 2 * LIMB_BITS & _PAIR_MASK
        return (value & _PAIR_MASK, middle, value >> 4 * LIMB_BITS)
    return tuple(value >> place & _PAIR_MASK for place in range(0, bits, 2 * LIMB_BITS))


def cash_words(cash: int) -> tuple[int, ...]:
    """Three elements of cash biased by 2**63 (limbs 0+1, 2+3, 4)."""
    return packed(cash + CASH_LIMIT, CASH_BITS)


def position_words(position: int) -> tuple[int, ...]:
    """Two elements of a position biased by 2**40 (limbs 0+1, 2+3)."""
    return packed(position + POSITION_LIMIT, POSITION_BITS)


def outflow_words(amount: int) -> tuple[int, int, int]:
    """Three elements of what an outflow takes: 26 bits, 14 and 13, as an order's size and highest
    fee have them."""
    _require_fit(amount, OUTFLOW_BITS)
    low, high = packed(amount & (1 << SIZE_BITS) - 1, SIZE_BITS)
    return low, high, amount >> SIZE_BITS


def owner_words(owner: bytes) -> tuple[int, ...]:
    """Six elements of an L1 address: its big-endian integer in 27-bit limbs, low first."""
    value = int.from_bytes(owner, "big")
    mask = (1 << OWNER_LIMB_BITS) - 1
    return tuple([value >> OWNER_LIMB_BITS * place & mask for place in range(6)])


def split_blocks(elements: Sequence[int]) -> tuple[Block, ...]:
    """Elements cut into blocks of 8, the last one filled up with zeros."""
    filled = iter((*elements, *_ZEROS[: -len(elements) % len(_ZEROS)]))
    return tuple(zip(*[filled] * len(_ZEROS), strict=True))


def _block(elements: Sequence[int]) -> Block:
    a, b, c, d, e, f, g, h = elements
    return (a, b, c, d, e, f, g, h)


def header_blocks(owner: bytes, key: Point, scheme: int, viewing: Digest) -> tuple[Block, ...]:
    """HEADER, 4 blocks: owner 6, key x 7, key y 7, scheme 1, viewing commitment 8, zeros 3."""
    return split_blocks((*owner_words(owner), *key.x, *key.y, scheme, *viewing))


def account_blocks(
    header: Digest,
    slots_root: Digest,
    cash: int,
    below: bool,
    salt: Salt,
    positions: Sequence[tuple[int, int]],
    triggers: Sequence[int],
) -> tuple[Block, ...]:
    """ACCOUNT, a fold: header digest; slots root; cash 3, flags 1, salt 4; then a block for each
    position that is not empty. What changes least comes first. Flags: 1 for `below`."""
    cash_block = _block((*cash_words(cash), int(below), *salt))
    held = [
        position_block(market, size, trigger)
        for (market, size), trigger in zip(positions, triggers, strict=True)
    ]
    return (header, slots_root, cash_block, *held)


def position_block(market: int, size: int, trigger: int) -> Block:
    """A position in an account's leaf: market, size 2, trigger (biased), zeros 4."""
    low, high = position_words(size)
    return (market, low, high, trigger, 0, 0, 0, 0)


def nullifier_blocks(account: int, salt: Salt) -> tuple[Block, ...]:
    """NULLIFIER, 1 block: account, salt 4, zeros 3."""
    return split_blocks((account, *salt))


def trigger_blocks(counters: Sequence[int]) -> tuple[Block, ...]:
    """TRIGGERS, 1 block: how many positions have each of 8 triggers in a row."""
    return (_block(counters),)


KIND_SIDE: Final = 16
KIND_REDUCE_ONLY: Final = 17
KIND_PEGGED: Final = 18
KIND_WHEN_CLAMPED: Final = 19
KIND_PRICE: Final = 20
"""Bits of the word that says what kind of order rests in a slot: the market's number below the
side, and above the marks what of the price is above its lower 26 bits."""

LEAF_FEE: Final = EXPIRY_BITS - 2 * LIMB_BITS
"""Bit at which the highest fee begins, above the upper bits of the expiry."""


def kind_word(
    market: int,
    price: int,
    *,
    sells: bool,
    reduce_only: bool,
    pegged: bool,
    when_clamped: bool,
) -> int:
    """What kind of order rests in a slot, 24 bits."""
    marks = sells << KIND_SIDE | reduce_only << KIND_REDUCE_ONLY | pegged << KIND_PEGGED
    above = price >> 2 * LIMB_BITS << KIND_PRICE
    return market | marks | when_clamped << KIND_WHEN_CLAMPED | above


def slot_blocks(
    generation: int,
    *,
    kind: int = 0,
    price: int = 0,
    left: int = 0,
    expiry: int = 0,
    max_fee: int = 0,
    key_mark: int = 0,
) -> tuple[Block, ...]:
    """SLOT, 1 block: generation; kind, lower 26 bits of the price, left 2, lower 26 bits of the
    expiry, the 17 above with the highest fee, mark of the key: all 0 where no order rests."""
    low, high = packed(expiry, EXPIRY_BITS)
    words = (*packed(left, SIZE_BITS), low, high | max_fee << LEAF_FEE, key_mark)
    return (_block((generation, kind, price & _PAIR_MASK, *words)),)


def tally_words(premium: int, volume: int, open_interest: int) -> tuple[int, ...]:
    """Elements of a market's tally: premium 3 (biased by 2**63), volume 3, open interest 2."""
    biased = packed(premium + PREMIUM_LIMIT, PREMIUM_BITS)
    return (*biased, *packed(volume, VOLUME_BITS), *packed(open_interest, OPEN_INTEREST_BITS))


def market_blocks(
    frontiers: Sequence[tuple[int, int]], tallies: Sequence[tuple[int, int, int]], salt: Salt
) -> tuple[Block, ...]:
    """MARKETS, a fold: two blocks for each listed market, frontier of longs, of shorts (biased),
    then its tally 8, zeros 6; at last salt 4, zeros 4, so that it parses in one way."""
    listed = [
        block
        for pair, tally in zip(frontiers, tallies, strict=True)
        for block in split_blocks((*pair, *tally_words(*tally)))
    ]
    return (*listed, *split_blocks(salt))


def globals_blocks(
    number: int, time: int, total: int, deposits_consumed: int, flagged: int, salt: Salt
) -> tuple[Block, ...]:
    """GLOBALS, 2 blocks: number, time 2, total under custody 3, deposits consumed, accounts that
    are flagged `below`; salt 4, zeros 4."""
    total_words = packed(total, CASH_BITS)
    words = (number, *packed(time, TIME_BITS), *total_words, deposits_consumed, flagged)
    return split_blocks((*words, *salt))


def chain_many(
    type_code: TypeCode, messages: Sequence[Sequence[Block]], compress_many: CompressMany
) -> list[Digest]:
    """Chain digests of messages of one type and one length, one batched compression per block.

    Raises ValueError if the lengths differ: a type has one length.
    """
    if not messages:
        return []
    length = len(messages[0])
    if any(len(message) != length for message in messages):
        raise ValueError(f"all {type_code.name} messages must have {length} blocks")
    digests: list[Digest] = [chain_start(type_code, length)] * len(messages)
    for place in range(length):
        digests = compress_many(digests, [message[place] for message in messages])
    return digests


def fold_accounts(messages: Sequence[Sequence[Block]], compress_many: CompressMany) -> list[Digest]:
    """ACCOUNT digests of messages of whatever lengths, one batched compression per place."""
    return _fold_many(fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION), messages, compress_many)


def fold_markets(blocks: Sequence[Block], compress_many: CompressMany) -> Digest:
    """The MARKETS digest of a message of whatever length."""
    start = fold_start(TypeCode.MARKETS, MARKETS_LEAF_VERSION)
    return _fold_many(start, [blocks], compress_many)[0]


def _fold_many(
    start: Digest, messages: Sequence[Sequence[Block]], compress_many: CompressMany
) -> list[Digest]:
    digests: list[Digest] = [start] * len(messages)
    together = min(map(len, messages), default=0)
    for place in range(together):
        digests = compress_many(digests, [message[place] for message in messages])
    for place in range(together, max(map(len, messages), default=0)):
        going = [index for index, message in enumerate(messages) if place < len(message)]
        states = [digests[index] for index in going]
        blocks = [messages[index][place] for index in going]
        for index, digest in zip(going, compress_many(states, blocks), strict=True):
            digests[index] = digest
    return digests


def chain_one(type_code: TypeCode, blocks: Sequence[Block], compress_many: CompressMany) -> Digest:
    """The chain digest of a single message."""
    return chain_many(type_code, [blocks], compress_many)[0]


def digest_bytes(digest: Sequence[int]) -> bytes:
    """Field elements as little-endian words of 4 bytes: how digests, salts and keys travel."""
    return struct.pack(f"<{len(digest)}I", *digest)


def words_of(data: bytes) -> tuple[int, ...]:
    """Little-endian words of 4 bytes; the caller has checked the length, a record checks bounds."""
    return struct.unpack(f"<{len(data) // 4}I", data)


def digest_of(data: bytes) -> Digest:
    """The digest in 32 bytes; whether its words are canonical is for a record to say."""
    a, b, c, d, e, f, g, h = words_of(data)
    return (a, b, c, d, e, f, g, h)


def point_of(words: Sequence[int]) -> Point:
    """The point of 14 words, x then y; whether they are canonical is for a record to say."""
    a, b, c, d, e, f, g, h, i, j, k, m, n, o = words
    return Point((a, b, c, d, e, f, g), (h, i, j, k, m, n, o))


def hex_digest(digest: Sequence[int]) -> str:
    """A digest for people and JSON: the hex of its bytes."""
    return digest_bytes(digest).hex()
