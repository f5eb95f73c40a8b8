"""Trigger: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import U32, Trace, put
from circuits.tables.chains import chain_columns
from circuits.tables.records import TriggerRecords
from circuits.tables.trigger.air import PLACE_BITS, Columns, counters, sweep_ends
from rollup.protocol.constants import COUNTERS
from rollup.protocol.encoding import TypeCode


def build(records: TriggerRecords, height: int, blinded: int) -> U32:
    """The trace, one row a leaf; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.index))
    row.active[...] = 1
    row.side[...] = records.index >> PLACE_BITS
    row.place.fill(records.index & 2**PLACE_BITS - 1)
    for name in ("old", "left", "taken", "swept"):
        put(getattr(row, name), getattr(records, name))
    row.sweeps[...] = records.swept.any(axis=1)
    ends = sweep_ends(row.swept)
    row.highest[...] = sum(place * ends[place] for place in range(COUNTERS))
    for cells, values in ((row.leaf_before, row.old), (row.leaf_after, counters(row))):
        put(cells, chain_columns(TypeCode.TRIGGERS, [np.stack(values, axis=1)])[-1])
    trace.fill_rest()
    return trace.finish()
