"""What turns the steps of a batch into columns of records. Witness side only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from circuits.tables.records import I64, U64
from rollup.protocol.constants import CASH_LIMIT

_WORD_MASK = 2**64 - 1


@dataclass(slots=True)
class Clock:
    """The last access of every memory word, as the batch is replayed."""

    last: dict[tuple[int, int], int] = field(default_factory=dict)

    def touch(self, account: int, word: int, timestamp: int) -> int:
        """Note an access; the timestamp of the one before it (0: none in this batch)."""
        previous = self.last.get((account, word), 0)
        self.last[account, word] = timestamp
        return previous


def column(values: Iterable[int]) -> I64:
    """One column."""
    return np.array(list(values), dtype=np.int64)


def matrix(rows: Sequence[Sequence[int]], width: int, dtype: Any = np.int64) -> Any:
    """So many columns, also where there are no rows."""
    return np.array(rows, dtype=dtype).reshape(len(rows), width)


def biased_cash(values: Iterable[int]) -> U64:
    """Cash + 2^63 as uint64; a forged value outside its bounds is taken modulo 2^64."""
    return biased(CASH_LIMIT, values)


def biased(bias: int, values: Iterable[int]) -> U64:
    """Numbers of either sign and a bias as uint64; forged values are taken modulo 2^64."""
    return np.array([(value + bias) & _WORD_MASK for value in values], dtype=np.uint64)
