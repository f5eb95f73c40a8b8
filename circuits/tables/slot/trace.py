"""Slot: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import I64, U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.compare import fill_difference
from circuits.gadgets.integer import PACKED_BITS
from circuits.gadgets.words import kind_of
from circuits.tables.chains import chain_columns
from circuits.tables.slot.air import Columns
from circuits.tables.slot_records import RestingRecords, SlotRecords
from rollup.protocol.constants import EXPIRY_BITS
from rollup.protocol.encoding import LEAF_FEE, TypeCode

_PAIR = 1 << PACKED_BITS
_PLAIN = ("account", "slot", "last_ts", "offers", "uses", "live", "rests")
_MARKS = ("pegged", "reduce_only", "when_clamped")


def build(records: SlotRecords, height: int, blinded: int) -> U32:
    """The trace, one row a touched slot; the rest is padding."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.account))
    row.active[...] = 1
    for name in _PLAIN:
        getattr(row, name)[...] = getattr(records, name)
    row.backstop[...] = records.account == records.backstop
    _fill_before(row, records)
    row.last_generation[...] = records.generation[1]
    put_packed(row.last_left, records.left)
    row.left_inverse[...] = records.live * inverse_or_zero(row.last_left[0] + row.last_left[1])
    put(row.terms, terms_of(records.resting[1]))
    sides = zip((row.leaf_before, row.leaf_after), records.generation, records.resting, strict=True)
    for leaf, generation, resting in sides:
        put(leaf, chain_columns(TypeCode.SLOT, [_block(generation, resting)])[-1])
    trace.fill_rest()
    return trace.finish()


def _fill_before(row: Columns, records: SlotRecords) -> None:
    """What rested there before the batch."""
    resting = records.resting[0]
    row.generation[...] = records.generation[0]
    for name in ("market", "side", "key_mark", *_MARKS):
        getattr(row, name)[...] = getattr(resting, name)
    put_packed(row.price, resting.price)
    put_packed(row.left, resting.left)
    row.expiry_low[...] = resting.expiry % _PAIR
    row.expiry_high.fill(resting.expiry // _PAIR)
    row.max_fee.fill(resting.max_fee)
    fill_difference(row.time_left, records.time, resting.expiry, EXPIRY_BITS)


def terms_of(resting: RestingRecords) -> I64:
    """(n, 5): the words of a leaf that are terms of its order."""
    marks = [getattr(resting, name) for name in _MARKS]
    kind = kind_of(resting.market, resting.side, marks, resting.price // _PAIR)
    expiry_fee = resting.expiry // _PAIR + (resting.max_fee << LEAF_FEE)
    words = (kind, resting.price % _PAIR, resting.expiry % _PAIR, expiry_fee, resting.key_mark)
    return np.stack(words, axis=1)


def _block(generation: I64, resting: RestingRecords) -> I64:
    """(n, 8): a leaf as it is hashed."""
    kind, price, *others = terms_of(resting).T
    left = (resting.left % _PAIR, resting.left // _PAIR)
    return np.stack([generation, kind, price, *left, *others], axis=1)
