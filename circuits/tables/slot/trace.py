"""Slot: how the rows are filled."""

import numpy as np

from circuits.air.trace import U32, Trace, put
from circuits.tables.chains import chain_columns
from circuits.tables.records import I64, SlotRecords
from circuits.tables.slot.air import Columns
from rollup.protocol.encoding import LIMB_BITS, TypeCode

PAIR_BITS = 2 * LIMB_BITS


def build(records: SlotRecords, height: int, blinded: int) -> U32:
    """The trace, one row a touched slot; the rest is padding."""
    trace = Trace(Columns, height, blinded)
    used = trace.rows(0, len(records.account))
    used.active[...] = 1
    used.account[...] = records.account
    used.slot[...] = records.slot
    used.last_ts[...] = records.last_ts
    sides = ((used.before, used.leaf_before), (used.after, used.leaf_after))
    for time, (words, leaf) in enumerate(sides):
        values = _words(records.generation[time], records.filled[time])
        put(words, values)
        put(leaf, chain_columns(TypeCode.SLOT, [values])[-1])
    trace.fill_rest()
    return trace.finish()


def _words(generation: I64, filled: I64) -> I64:
    """(n, 3): generation and the two packed pairs of `filled`."""
    low = filled & ((1 << PAIR_BITS) - 1)
    return np.stack([generation, low, filled >> PAIR_BITS], axis=1)
