"""The rows of a lookup matrix: all fractions, and before them the sum over the rows above."""

import numpy as np

from circuits.stark.lookup_columns import fraction_rows, running_sum
from rollup.field.koalabear import P
from tests.helpers.fields import random_values

ROWS, FRACTIONS = 50, 3


def test_running_sums_stop_before_their_row() -> None:
    columns = random_values((5, FRACTIONS, ROWS), 10)
    columns[:, :, 7] = P - 1
    out = np.empty((ROWS, 5 + 5 * FRACTIONS), dtype=np.uint32)
    fraction_rows(0, 20, columns, out)
    fraction_rows(20, ROWS, columns, out)
    running_sum(out)
    for row in (0, 1, 8, ROWS - 1):
        assert out[row, 5:].reshape(FRACTIONS, 5).T.tolist() == columns[:, :, row].tolist()
        above = columns[:, :, :row].sum(axis=(1, 2), dtype=np.uint64) % np.uint64(P)
        assert out[row, :5].tolist() == above.tolist()
