"""Order: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.layout import LIMB_BITS
from circuits.air.trace import I64, U32, Trace, put, put_packed
from circuits.gadgets.compare import fill_difference
from circuits.gadgets.integer import PACKED_BITS
from circuits.tables.chains import chain_starts, continue_chain
from circuits.tables.order.air import Columns
from circuits.tables.records import OrderRecords
from rollup.protocol.constants import EXPIRY_BITS, SIGNATURE_SCHEME
from rollup.protocol.encoding import TypeCode
from rollup.protocol.order import FLAGS

_NUMBERS = ("slot", "generation", "market", "price", "size", "expiry", "max_fee")
_OF_SLOT = ("uses", "rests", "ts", "previous_ts", "stored_generation")
_SIGNED = ("signature", "key_mark", "depth", "place")
_PLAIN = ("account", "side", "outflow", "cancel", *_OF_SLOT, *_SIGNED)
_PAIR = 1 << PACKED_BITS


def _messages(records: OrderRecords) -> list[U32]:
    """Chaining values of orders, outflows and cancels, each from the start of its type."""
    blocks = _message_blocks(records)
    starts = chain_starts(TypeCode.ORDER, len(blocks), len(records.account))
    starts[records.outflow == 1, 0] = TypeCode.OUTFLOW
    starts[records.cancel == 1, 0] = TypeCode.CANCEL
    return continue_chain(starts, blocks)


def _message_blocks(records: OrderRecords) -> list[I64]:
    """The blocks that the circuit hashes: of the flags those that it knows."""
    ones = np.ones_like(records.account)
    flags = records.flags & (1 | sum(flag for _, flag in FLAGS))
    first = [SIGNATURE_SCHEME * ones, records.chain * ones, records.venue * ones]
    first += [records.account, records.slot, records.generation, records.market, records.side]
    second = [records.price, *_packed(records.size), *_packed(records.expiry)]
    second += [records.max_fee, flags]
    return [np.stack(first, axis=1), np.stack(second, axis=1)]


def _packed(values: I64) -> tuple[I64, I64]:
    return values % _PAIR, values // _PAIR


def build(records: OrderRecords, height: int, blinded: int) -> U32:
    """The trace, one row an action; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.account))
    _fill_fields(row, records)
    for cells, values in zip(row.message, _messages(records), strict=True):
        put(cells, values)
    trace.fill_rest()
    return trace.finish()


def _fill_fields(row: Columns, records: OrderRecords) -> None:
    row.active[...] = 1
    for name in _PLAIN:
        getattr(row, name)[...] = getattr(records, name)
    put_packed(row.stored_left, records.stored_left)
    rise = records.generation - records.stored_generation + records.cancel
    row.rise[...] = rise & (1 << LIMB_BITS) - 1
    row.backstop[...] = records.account == records.backstop
    for name in _NUMBERS:
        getattr(row, name).fill(getattr(records, name))
    row.immediate[...] = records.flags & 1
    for name, flag in FLAGS:
        getattr(row, name)[...] = records.flags // flag & 1
    fill_difference(row.time_left, records.time, records.expiry, EXPIRY_BITS)
