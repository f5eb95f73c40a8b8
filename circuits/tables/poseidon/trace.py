"""Witness of the Poseidon table: every distinct compression that a table asks for."""

import numpy as np
from numpy.typing import NDArray

from circuits.air.trace import U32
from circuits.tables.poseidon.air import Columns
from rollup.hash.constants import WIDTH
from rollup.hash.kernels import compress_with_rounds


def build(payload: U32, counts: NDArray[np.int64], height: int, blinded: int) -> U32:
    """uint32 (height, 157) from distinct requests (m, 24) of (in 16, out 8) with their counts (m,).

    Rows are computed from the inputs alone: a request with a forged digest finds no equal message.
    Padding is the permutation of zeros. ValueError if there are more requests than rows.
    """
    used = len(payload)
    if used > height - blinded:
        raise ValueError(f"{used} compressions, the Poseidon table holds {height - blinded}")
    matrix = np.empty((height, Columns.width()), dtype=np.uint32)
    compress_with_rounds(np.ascontiguousarray(payload[:, :WIDTH]), matrix[:used])
    matrix[used:, :-1] = compress_with_rounds(np.zeros((1, WIDTH), dtype=np.uint32))
    matrix[used:, -1] = 0
    matrix[:used, -1] = np.abs(counts)
    return matrix
