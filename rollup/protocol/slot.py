"""Slots: the order that rests in each of an account's 256 places, and what is signed for it next.

The leaf of a slot is the order itself: its terms, and what is left of it. Whatever is signed for a
slot takes it to a higher generation, and generations never fall, so that nothing acts twice: an
order's signature is used in one batch, and what is left of it rests here.
Spec: docs/spec/04-orders.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rollup.crypto.curve import Point
from rollup.field.koalabear import P
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.constants import (
    EXPIRY_BITS,
    FEE_RATE_BITS,
    GENERATION_BITS,
    MARKET_BITS,
    PEG_BITS,
    PRICE_BITS,
    SIZE_BITS,
)
from rollup.protocol.encoding import Block, TypeCode, chain_many, kind_word, slot_blocks
from rollup.protocol.order import Order, Side
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_flag

SlotKey = tuple[int, int]
"""An account and one of its slots."""

_BOUNDS = (
    ("market", 0, 1 << MARKET_BITS, Reason.MARKET_OUT_OF_BOUNDS),
    ("price", 1, 1 << PRICE_BITS, Reason.PRICE_OUT_OF_BOUNDS),
    ("left", 1, 1 << SIZE_BITS, Reason.SIZE_OUT_OF_BOUNDS),
    ("expiry", 0, 1 << EXPIRY_BITS, Reason.TIME_OUT_OF_BOUNDS),
    ("max_fee", 0, 1 << FEE_RATE_BITS, Reason.FEE_RATE_OUT_OF_BOUNDS),
)


@dataclass(frozen=True, slots=True, repr=False)
class RestingOrder(Private):
    """What rests in a slot: the terms that were signed, and the lots that are `left`, 1 to
    2**40 - 1. `key_mark` is the first element of x of the key that signed them: an order fills
    only while its account has a key of that mark.

    Time in force and post-only are not among them: what rests is good till it expires, and takes
    nothing.
    """

    market: int
    side: Side
    price: int
    left: int
    expiry: int
    max_fee: int
    reduce_only: bool
    pegged: bool
    when_clamped: bool
    key_mark: int

    def __post_init__(self) -> None:
        for name, low, end, reason in _BOUNDS:
            require_bounds(name, getattr(self, name), low, end, reason)
        if not isinstance(self.side, Side):
            raise Rejected(Reason.MALFORMED, "side must be a Side")
        for name in ("reduce_only", "pegged", "when_clamped"):
            require_flag(name, getattr(self, name))
        if self.pegged:
            end, reason = 1 << PEG_BITS, Reason.PRICE_OUT_OF_BOUNDS
            require_bounds("price of a pegged order", self.price, 1, end, reason)
        require_bounds("key_mark", self.key_mark, 0, P, Reason.WORD_OUT_OF_BOUNDS)

    def order(self, chain: int, venue: int, key: SlotKey, generation: int) -> Order:
        """The same as an order of what is left, in a slot and of a generation."""
        account, slot = key
        return Order(
            chain=chain,
            venue=venue,
            account=account,
            slot=slot,
            generation=generation,
            market=self.market,
            side=self.side,
            price=self.price,
            size=self.left,
            expiry=self.expiry,
            max_fee=self.max_fee,
            reduce_only=self.reduce_only,
            pegged=self.pegged,
            when_clamped=self.when_clamped,
        )


@dataclass(frozen=True, slots=True, repr=False)
class SlotState(Private):
    """A slot: the lowest `generation` that may act in it, below 2**26, and the order that rests
    there, whose own generation is one less."""

    generation: int
    order: RestingOrder | None = None

    def __post_init__(self) -> None:
        end, reason = 1 << GENERATION_BITS, Reason.GENERATION_OUT_OF_BOUNDS
        require_bounds("generation", self.generation, 0, end, reason)
        if self.order is not None and not isinstance(self.order, RestingOrder):
            raise Rejected(Reason.MALFORMED, "a slot holds a RestingOrder or nothing")
        if self.order is not None and not self.generation:
            raise Rejected(Reason.MALFORMED, "what rests in a slot has a generation")

    @property
    def left(self) -> int:
        """Lots of its order that are left; 0 where there is none."""
        return 0 if self.order is None else self.order.left


FRESH_SLOT = SlotState(0)
"""A slot never used; all 256 are this in a new account."""


def placed(order: Order, key: Point, stored: SlotState) -> SlotState:
    """The slot with an order of its whole size, which was signed by `key`, in the place of whatever
    it held. Rejected: GENERATION_DEAD if its generation has acted, or a later one."""
    _require_rising(order.generation, stored)
    resting = RestingOrder(
        market=order.market,
        side=order.side,
        price=order.price,
        left=order.size,
        expiry=order.expiry,
        max_fee=order.max_fee,
        reduce_only=order.reduce_only,
        pegged=order.pegged,
        when_clamped=order.when_clamped,
        key_mark=key.x[0],
    )
    return SlotState(order.generation + 1, resting)


def filled(generation: int, stored: SlotState, size: int) -> SlotState:
    """The slot after `size` lots of the order of this generation. Rejected: GENERATION_DEAD if the
    slot holds no order of it, OVERFILLED if fewer lots are left."""
    resting = stored.order
    if resting is None or stored.generation != generation + 1:
        raise Rejected(Reason.GENERATION_DEAD, "its slot holds no order of this generation")
    if size > resting.left:
        raise Rejected(Reason.OVERFILLED, "more lots would be filled than are left")
    left = resting.left - size
    return replace(stored, order=replace(resting, left=left) if left else None)


def used_up(generation: int, stored: SlotState) -> SlotState:
    """The slot once an outflow of this generation happened. Rejected: GENERATION_DEAD if it has
    acted, or a later one."""
    _require_rising(generation, stored)
    return SlotState(generation + 1)


def cancelled(generation: int, stored: SlotState) -> SlotState:
    """The slot without whatever lives in it up to and including a generation. Rejected:
    GENERATION_DEAD if a later one has acted."""
    if generation + 1 < stored.generation:
        raise Rejected(Reason.GENERATION_DEAD, "its slot is past the generation")
    return SlotState(generation + 1)


def lapsed(stored: SlotState) -> SlotState:
    """The slot without its order. Rejected: ORDER_UNKNOWN if there is none."""
    if stored.order is None:
        raise Rejected(Reason.ORDER_UNKNOWN, "no order rests in the slot")
    return replace(stored, order=None)


def _require_rising(generation: int, stored: SlotState) -> None:
    if generation < stored.generation:
        raise Rejected(Reason.GENERATION_DEAD, "its slot is past the generation")


def slot_leaves(slots: Sequence[SlotState], compress_many: CompressMany) -> list[Digest]:
    """Leaves of many slots; a fresh slot is hashed like any other."""
    return chain_many(TypeCode.SLOT, list(map(_blocks, slots)), compress_many)


def _blocks(slot: SlotState) -> tuple[Block, ...]:
    resting = slot.order
    if resting is None:
        return slot_blocks(slot.generation)
    kind = kind_word(
        resting.market,
        resting.price,
        sells=resting.side is Side.SELL,
        reduce_only=resting.reduce_only,
        pegged=resting.pegged,
        when_clamped=resting.when_clamped,
    )
    return slot_blocks(
        slot.generation,
        kind=kind,
        price=resting.price,
        left=resting.left,
        expiry=resting.expiry,
        max_fee=resting.max_fee,
        key_mark=resting.key_mark,
    )
