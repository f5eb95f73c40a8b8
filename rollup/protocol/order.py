"""Orders: everything a trader signs, and the digest signed. Spec: docs/spec/04-orders.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.bundle import BundlePath, require_path
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    CHAIN_BITS,
    EXPIRY_BITS,
    FEE_RATE_BITS,
    GENERATION_END,
    MARKET_BITS,
    PEG_BITS,
    PRICE_BITS,
    SIGNATURE_BYTES,
    SIGNATURE_SCHEME,
    SIZE_BITS,
    SLOT_BITS,
    TIME_BITS,
)
from rollup.protocol.encoding import Block, TypeCode, chain_many, packed, split_blocks
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes

REDUCE_ONLY_FLAG = 4
POST_ONLY_FLAG = 8
PEGGED_FLAG = 16
WHEN_CLAMPED_FLAG = 32

PEG_BIAS = 1 << PEG_BITS - 1
"""A pegged order signs its offset, plus this, in the place of its price."""

FLAGS = (
    ("reduce_only", REDUCE_ONLY_FLAG),
    ("post_only", POST_ONLY_FLAG),
    ("pegged", PEGGED_FLAG),
    ("when_clamped", WHEN_CLAMPED_FLAG),
)
"""What an order may be marked as, and where each mark is in the flags word."""


class Side(IntEnum):
    """Which way an order trades."""

    BUY = 0
    SELL = 1


class TimeInForce(IntEnum):
    """How long an order may rest. Immediate ones never rest: proved."""

    GOOD_TILL_EXPIRY = 0
    IMMEDIATE_OR_CANCEL = 1


_BOUNDS = (
    ("chain", 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS),
    ("venue", 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS),
    ("account", 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
    ("slot", 0, 1 << SLOT_BITS, Reason.SLOT_OUT_OF_BOUNDS),
    ("generation", 0, GENERATION_END, Reason.GENERATION_OUT_OF_BOUNDS),
    ("price", 1, 1 << PRICE_BITS, Reason.PRICE_OUT_OF_BOUNDS),
    ("size", 1, 1 << SIZE_BITS, Reason.SIZE_OUT_OF_BOUNDS),
    ("expiry", 0, 1 << EXPIRY_BITS, Reason.TIME_OUT_OF_BOUNDS),
    ("max_fee", 0, 1 << FEE_RATE_BITS, Reason.FEE_RATE_OUT_OF_BOUNDS),
    ("market", 0, 1 << MARKET_BITS, Reason.MARKET_OUT_OF_BOUNDS),
)
_NUMBERS = attrgetter(*(name for name, _, _, _ in _BOUNDS))
_RANGES = tuple((low, end) for _, low, end, _ in _BOUNDS)
_MARKS = attrgetter(*(name for name, _ in FLAGS))


@dataclass(frozen=True, slots=True, repr=False)
class Order(Private):
    """A limit order: price in ticks is the worst acceptable, size in lots the most to trade.

    `max_fee` is the highest fee rate accepted, in millionths; `expiry` the last batch time, in ms,
    at which it may fill. An order is one use of (account, slot, generation).

    `reduce_only`: each fill makes the account's position smaller, and none flips it. `pegged`: the
    worst price acceptable is the batch's oracle price plus an offset, and `price` holds the offset
    plus PEG_BIAS, below 2**20. `when_clamped`: it may take lots of a liquidated account while
    prices stand still.
    """

    chain: int
    venue: int
    account: int
    slot: int
    generation: int
    market: int
    side: Side
    price: int
    size: int
    expiry: int
    max_fee: int
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_EXPIRY
    reduce_only: bool = False
    post_only: bool = False
    pegged: bool = False
    when_clamped: bool = False

    def __post_init__(self) -> None:
        for value, (low, end) in zip(_NUMBERS(self), _RANGES, strict=True):
            if type(value) is not int or not low <= value < end:
                self._require_numbers()
        is_known = isinstance(self.side, Side) and isinstance(self.time_in_force, TimeInForce)
        if not is_known or set(map(type, _MARKS(self))) != {bool}:
            self._require_kinds()
        if self.pegged:
            end, reason = 1 << PEG_BITS, Reason.PRICE_OUT_OF_BOUNDS
            require_bounds("price of a pegged order", self.price, 1, end, reason)

    def _require_numbers(self) -> None:
        """Rejected with the name of the first number that is out of bounds."""
        for name, low, end, reason in _BOUNDS:
            require_bounds(name, getattr(self, name), low, end, reason)

    def _require_kinds(self) -> None:
        """Rejected with the name of the first member that is of another kind."""
        for name, kind in (("side", Side), ("time_in_force", TimeInForce)):
            if not isinstance(getattr(self, name), kind):
                raise Rejected(Reason.MALFORMED, f"{name} must be a {kind.__name__}")
        for name, _ in FLAGS:
            if not isinstance(getattr(self, name), bool):
                raise Rejected(Reason.MALFORMED, f"{name} must be true or false")

    @property
    def flags(self) -> int:
        """The flags word that is hashed: time in force, and what it is marked as."""
        word = int(self.time_in_force)
        for is_marked, (_, flag) in zip(_MARKS(self), FLAGS, strict=True):
            if is_marked:
                word += flag
        return word

    def limit(self, oracle: int) -> int:
        """The worst price acceptable in a batch with this oracle price, in ticks: perhaps not a
        price, where it is pegged far below."""
        return oracle + self.price - PEG_BIAS if self.pegged else self.price

    def accepts(self, price: int, oracle: int) -> bool:
        """Whether a price is no worse than the limit."""
        limit = self.limit(oracle)
        return price <= limit if self.side is Side.BUY else price >= limit


@dataclass(frozen=True, slots=True, repr=False)
class SignedOrder(Private):
    """An order with its Schnorr signature (84 bytes: R, s), whose truth verification decides. With
    a `path` it was signed in a bundle, whose signature this is."""

    order: Order
    signature: bytes
    path: BundlePath | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.order, Order):
            raise Rejected(Reason.MALFORMED, "a signed order holds an Order")
        require_bytes("signature", self.signature, SIGNATURE_BYTES)
        require_path(self.path)


def order_blocks(order: Order) -> tuple[Block, ...]:
    """ORDER, 2 blocks: scheme, chain, venue, account, slot, generation, market, side; price,
    size 2, expiry 2, max fee, flags, zero."""
    return split_blocks(
        (
            SIGNATURE_SCHEME,
            order.chain,
            order.venue,
            order.account,
            order.slot,
            order.generation,
            order.market,
            int(order.side),
            order.price,
            *packed(order.size, SIZE_BITS),
            *packed(order.expiry, TIME_BITS),
            order.max_fee,
            order.flags,
        )
    )


def message_digests(orders: Sequence[Order], compress_many: CompressMany) -> list[Digest]:
    """The digests that traders sign."""
    return chain_many(TypeCode.ORDER, [order_blocks(order) for order in orders], compress_many)


def message_digest(order: Order, compress_many: CompressMany) -> Digest:
    """The digest that one trader signs."""
    return message_digests([order], compress_many)[0]
