"""Numbers of a batch as arrays: what records are made of."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from circuits.tables.records import I64, U64

_WORD_MASK = 2**64 - 1


def column(values: Iterable[int]) -> I64:
    """One number a row, of either sign."""
    return np.array(list(values), dtype=np.int64)


def matrix(rows: Sequence[Sequence[int]], width: int, dtype: Any = np.int64) -> Any:
    """`width` numbers a row, also where there are no rows."""
    return np.array(rows, dtype=dtype).reshape(len(rows), width)


def biased(bias: int, values: Iterable[int]) -> U64:
    """Numbers of either sign and a bias as uint64; a forged value outside its bounds is taken
    modulo 2^64."""
    return np.array([(value + bias) & _WORD_MASK for value in values], dtype=np.uint64)
