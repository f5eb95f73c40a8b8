"""A slot in the bytes of a machine that stands (sequencer.batches.standing): its number and
generation, whether an order rests there (1), and that order or zeros.
"""

import struct
from typing import Any, Final

from rollup.protocol.order import Side
from rollup.protocol.slot import RestingOrder, SlotState

SLOT: Final = struct.Struct("<BI?HBIQQH???I")
"""Slot, generation, whether an order rests; market, side, price, left, expiry, highest fee,
reduce-only, pegged, when clamped, mark of the key."""

_NO_ORDER: Final = (0, 0, 0, 0, 0, 0, False, False, False, 0)


def slot_bytes(slot: int, stored: SlotState) -> bytes:
    """The one encoding."""
    resting = stored.order
    words = _NO_ORDER if resting is None else _words(resting)
    return SLOT.pack(slot, stored.generation, resting is not None, *words)


def _words(resting: RestingOrder) -> tuple[int | bool, ...]:
    terms = (resting.market, int(resting.side), resting.price, resting.left, resting.expiry)
    marks = (resting.reduce_only, resting.pegged, resting.when_clamped)
    return (*terms, resting.max_fee, *marks, resting.key_mark)


def slot_of(words: tuple[Any, ...]) -> tuple[int, SlotState]:
    """The slot in a record. Rejected for what is none; zeros are the only order that is not there,
    which whoever reads has to compare."""
    slot, generation, has_order, market, side, *rest = words
    if not has_order:
        return slot, SlotState(generation)
    order = RestingOrder(market, Side.SELL if side else Side.BUY, *rest)
    return slot, SlotState(generation, order)
