"""Escape: an account opened to the last root by its owner, and what it pays. Pure.

Once a venue is frozen nobody proves any more; whoever has the leaf of its account and the path
above it takes out what it has, at the prices of the last book. Spec: docs/spec/20-exits.md.
"""

from dataclasses import dataclass, field
from typing import Final

from rollup.codec.strict import CodecError
from rollup.crypto.curve import Point
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.account import Account, Header, account_leaves, header_digests
from rollup.protocol.assets import mark_of
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    DIGEST_LENGTH,
    MARKETS_MAX,
    OWNER_BYTES,
    SALT_LENGTH,
    SEPTIC_LENGTH,
)
from rollup.protocol.encoding import digest_bytes, point_of, words_of
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.roots import root_beside
from rollup.protocol.units import require_bounds, require_digest, require_length

LEAF_TAG: Final = b"crypsis-escape-2"
"""Domain and version of the encoding."""

_NUMBER_BYTES: Final = 8
_KEY_BYTES: Final = 4 * SEPTIC_LENGTH
_DIGEST_BYTES: Final = 4 * DIGEST_LENGTH
_SALT_BYTES: Final = 4 * SALT_LENGTH


@dataclass(frozen=True, slots=True, repr=False)
class LeafOpening(Private):
    """An account with all that joins it to a state root: its index, the siblings of its path from
    the leaf up, one a level, and beside the tree the digest of markets, and that of triggers and
    globals together, the right half of the root."""

    index: int
    account: Account
    path: tuple[Digest, ...]
    markets: Digest
    right: Digest

    def __post_init__(self) -> None:
        end = 1 << ACCOUNT_BITS
        require_bounds("account", self.index, 0, end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        if not isinstance(self.account, Account):
            raise Rejected(Reason.MALFORMED, "a leaf is an Account's")
        require_length("path", self.path, ACCOUNT_BITS)
        for digest in (*self.path, self.markets, self.right):
            require_digest("sibling", digest)

    def root(self, compress_many: CompressMany) -> Digest:
        """The state root that has the account there."""
        headers = header_digests([self.account.header], compress_many)
        (node,) = account_leaves([self.account], headers, compress_many)
        for level, sibling in enumerate(self.path):
            is_right = self.index >> level & 1
            pair = (sibling, node) if is_right else (node, sibling)
            (node,) = compress_many([pair[0]], [pair[1]])
        return root_beside(node, (self.markets, self.right), compress_many)

    def encode(self) -> bytes:
        """Canonical bytes: tag, index, owner, key, viewing commitment, root of slots, cash, below,
        salt, count of positions, each one's market, size and trigger, the path, the digest of
        markets, and that of triggers and globals. Numbers are 8 bytes big-endian, in two's
        complement; field elements little-endian words of 4."""
        account, header = self.account, self.account.header
        held = zip(account.positions, account.triggers, strict=True)
        positions = [
            number for (market, size), trigger in held for number in (market, size, trigger)
        ]
        return b"".join(
            (
                LEAF_TAG,
                _number(self.index),
                header.owner,
                digest_bytes((*header.key.x, *header.key.y)),
                digest_bytes(header.viewing),
                digest_bytes(account.slots_root),
                _number(account.cash),
                _number(int(account.below)),
                digest_bytes(account.salt),
                _number(len(account.triggers)),
                *map(_number, positions),
                *map(digest_bytes, (*self.path, self.markets, self.right)),
            )
        )


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER_BYTES, "big", signed=True)


@dataclass(slots=True)
class _Bytes:
    """What is left to read."""

    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) != count:
            raise CodecError("leaf: not its canonical bytes")
        self.at += count
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(_NUMBER_BYTES), "big", signed=True)

    def digest(self) -> Digest:
        a, b, c, d, e, f, g, h = words_of(self.take(_DIGEST_BYTES))
        return (a, b, c, d, e, f, g, h)


def leaf_from_bytes(data: bytes) -> LeafOpening:
    """The leaf whose `encode` is `data`. Raises CodecError on other bytes, Rejected on values out
    of bounds."""
    rest = _Bytes(data)
    if rest.take(len(LEAF_TAG)) != LEAF_TAG:
        raise CodecError("leaf: not its canonical bytes")
    index, owner = rest.number(), rest.take(OWNER_BYTES)
    header = Header(owner, _point(rest), rest.digest())
    slots_root, cash, below = rest.digest(), rest.number(), rest.number()
    a, b, c, d = words_of(rest.take(_SALT_BYTES))
    count = rest.number()
    if not 0 <= count <= MARKETS_MAX:
        raise CodecError(f"leaf: at most {MARKETS_MAX} positions, not {count}")
    held = [(rest.number(), rest.number(), rest.number()) for _ in range(count)]
    positions = Positions(tuple((market, size) for market, size, _ in held))
    triggers = tuple(trigger for _, _, trigger in held)
    account = Account(header, cash, positions, slots_root, (a, b, c, d), triggers, below != 0)
    path = tuple(rest.digest() for _ in range(ACCOUNT_BITS))
    leaf = LeafOpening(index, account, path, rest.digest(), rest.digest())
    if leaf.encode() != data:
        raise CodecError("leaf: not its canonical bytes")
    return leaf


def _point(rest: _Bytes) -> Point:
    return point_of(words_of(rest.take(2 * _KEY_BYTES)))


@dataclass(frozen=True, slots=True)
class AssetPayout:
    """Lots of one asset: `lots` for the owner, and `kept` for what the account owes, of which each
    is worth `price` quanta."""

    asset: int
    lots: int
    kept: int
    price: int


@dataclass(frozen=True, slots=True)
class Payout:
    """What an account is worth to its owner: `amount` quanta and lots of assets. `covered` is what
    all lots that were kept are worth, in quanta."""

    amount: int
    covered: int = 0
    assets: tuple[AssetPayout, ...] = field(default=())


def is_payable(account: Account, book: MarketBook, governance: Governance) -> bool:
    """Whether each of its positions is of a market of the book, and none owes an asset. That is so
    of every account of a root that was proved."""
    listed = min(len(book.markets), len(governance.markets))
    return all(
        market < listed and (size > 0 or not governance.markets[market].is_asset)
        for market, size in account.positions
    )


def payout(account: Account, book: MarketBook, governance: Governance) -> Payout:
    """What is paid of an account that `is_payable`: its cash, and each lot of a perpetual at price
    less F, which is its USDC equity; and its assets in kind. Where that equity is below zero, lots
    of assets that count are kept for it at the price of the book, in rising order of market, none
    more than is needed; what the last one is worth beyond is paid."""
    equity = account.cash + perpetual_value(account.positions, book, governance)
    owing, assets = max(0, -equity), []
    for market, size in account.positions:
        if not governance.markets[market].is_asset:
            continue
        price, counts = book.markets[market].price, not governance.markets[market].is_idle
        kept = min(size, -(-max(0, owing) // price)) if counts else 0
        owing -= kept * price
        assets.append(AssetPayout(mark_of(market), size - kept, kept, price))
    covered = sum(each.kept * each.price for each in assets)
    return Payout(max(0, equity + covered), covered, tuple(assets))


def perpetual_value(positions: Positions, book: MarketBook, governance: Governance) -> int:
    """Quanta that all lots of perpetuals are worth together, of either sign."""
    total = 0
    for market, size in positions:
        if not governance.markets[market].is_asset:
            entry = book.markets[market]
            total += size * (entry.price - entry.funding)
    return total
