"""Witness of the range table: how often each entry is asked for."""

import numpy as np
from numpy.typing import NDArray

from circuits.air.bus import RANGE_BITS_MAX
from circuits.air.trace import U32, Trace
from circuits.tables.range.air import Columns


def build(payload: U32, counts: NDArray[np.int64], height: int, blinded: int) -> U32:
    """Multiplicities from distinct requests (m, 2) of (bits, value) with their counts (m,).

    A request out of range has no entry and is left out: its asker's message then stays unbalanced.
    """
    bits, values = payload[:, 0].astype(np.int64), payload[:, 1].astype(np.int64)
    width = np.minimum(bits, RANGE_BITS_MAX)
    held = (bits <= RANGE_BITS_MAX) & (values < (1 << width))
    trace = Trace(Columns, height, blinded)
    trace.row.multiplicity[...] = 0
    np.add.at(trace.row.multiplicity, ((1 << width) - 1 + values)[held], np.abs(counts[held]))
    return trace.finish()
