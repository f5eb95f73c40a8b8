"""Base: multiplicities, read off what the comb asks for."""

import numpy as np
from numpy.typing import NDArray

from circuits.air.trace import U32, Trace
from circuits.tables.base.air import Columns
from rollup.crypto import curve


def build(payload: U32, counts: NDArray[np.int64], height: int, blinded: int) -> U32:
    """Multiplicities from distinct requests (m, 16) on BASE with their counts (m,).

    A request of a window or byte that does not exist is left out: nobody answers it.
    """
    window, byte = payload[:, 0].astype(np.int64), payload[:, 1].astype(np.int64)
    held = (window < curve.BYTES) & (byte < curve.BYTE_VALUES)
    trace = Trace(Columns, height, blinded)
    trace.row.multiplicity[...] = 0
    places = window * curve.BYTE_VALUES + byte
    np.add.at(trace.row.multiplicity, places[held], counts[held])
    return trace.finish()
