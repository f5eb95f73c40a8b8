"""Trace: the witness of one table while it is filled, through the same Layout as its constraints.

Cells are int64 and start poisoned: a cell that nobody wrote on an active row is an error, never a
silent zero. Negative values are taken mod p at the end. A table that is filled with field elements
alone may keep them as uint32, in half the memory. Numpy lives here: the verifier never does.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.air.graph import MODULUS
from circuits.air.layout import LIMB_BITS, Layout
from circuits.air.table import Selectors, Table
from rollup.native.jit import parallel

POISON = -(1 << 40)
"""Mark of a cell not written yet: no field element and no carry is that low."""

POISON_U32 = (1 << 32) - 1
"""The same for cells that are uint32: no field element is that high."""

FINISH_ROWS = 1 << 10
"""Rows that `finish` turns into field elements at a time: a block of cells fits the cache."""

I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]


class Trace:
    """Cells of the active rows of a table, column after column.

    `row` is the bound layout over all active rows, `rows(start, stop)` over some: its attributes
    are int64 views of shape (rows,), to be assigned with `row.price_sum[...] = array`.
    """

    def __init__(
        self, columns: type[Layout], height: int, blinded: int = 0, *, canonical: bool = False
    ) -> None:
        """`canonical`: cells are uint32 and only ever given field elements."""
        if not 0 <= blinded < height:
            raise ValueError(f"{blinded} blinded rows do not fit a table of {height}")
        self.columns = columns
        self.height = height
        self.active = height - blinded
        self.poison = POISON_U32 if canonical else POISON
        kind = np.uint32 if canonical else np.int64
        self.cells: Any = np.full((columns.width(), self.active), self.poison, dtype=kind)
        self.row: Any = self.rows(0, self.active)

    def rows(self, start: int, stop: int) -> Any:
        """The layout over rows start to stop."""
        if not 0 <= start <= stop <= self.active:
            raise ValueError(f"rows {start} to {stop} are not among {self.active} active rows")
        return self.columns.bind([column[start:stop] for column in self.cells])

    def fill_rest(self, value: int = 0) -> None:
        """Write `value` into every cell still poisoned: for padding rows, last of all."""
        self.cells[self.cells == self.poison] = value

    def finish(self) -> U32:
        """uint32 (height, width), canonical; blinded rows 0. ValueError names a poisoned cell."""
        matrix = np.zeros((self.height, len(self.cells)), dtype=np.uint32)
        parallel(self._finish_rows, self.active, matrix, grain=FINISH_ROWS)
        return matrix

    def _finish_rows(self, start: int, stop: int, matrix: U32) -> None:
        """Write rows start..stop, a block that stays in cache at a time."""
        for first in range(start, stop, FINISH_ROWS):
            last = min(first + FINISH_ROWS, stop)
            block = self.cells[:, first:last]
            low, high = block.min(), block.max()
            if self.poison in (low, high):
                self._refuse_poison()
            if low < 0 or high >= MODULUS:
                if self.poison == POISON_U32:
                    raise ValueError(f"a cell among rows {first} to {last} is no field element")
                block = block % MODULUS
            matrix[first:last] = block.T

    def _refuse_poison(self) -> None:
        poisoned = np.argwhere(self.cells == self.poison)
        column, row = poisoned[0]
        raise ValueError(
            f"{len(poisoned)} cells were never written, the first in column "
            f"{self.columns.names()[column]}, row {row}"
        )


def put(cells: Sequence[I64], values: Any) -> None:
    """Write a matrix (rows, columns) into a tuple of columns."""
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] != len(cells):
        raise ValueError(f"wanted a matrix of {len(cells)} columns, got shape {values.shape}")
    for index, cell in enumerate(cells):
        cell[...] = values[:, index]


def put_packed(cells: Sequence[I64], values: Any) -> None:
    """Write unsigned integers as packed pairs of limbs, low first; the last takes what is left."""
    for position, cell in enumerate(cells):
        shifted = values >> (2 * LIMB_BITS * position)
        last = position == len(cells) - 1
        cell[...] = shifted if last else shifted & (2 ** (2 * LIMB_BITS) - 1)


def inverse_or_zero(values: I64) -> I64:
    """1 / value in the field, element by element; 0 stays 0."""
    base = np.asarray(values).astype(np.int64) % MODULUS
    is_zero = base == 0
    found = _inverses(np.where(is_zero, 1, base).ravel()).reshape(base.shape)
    return np.where(is_zero, 0, found)


def _inverses(values: I64) -> I64:
    """1 / value of canonical values other than 0, (n,): with one inversion and three products each,
    since 1 / a = b / (a b)."""
    if len(values) <= 1:
        return np.array([pow(int(value), -1, MODULUS) for value in values], dtype=np.int64)
    half = (len(values) + 1) // 2
    left, right = values[:half], values[half:]
    paired = len(right)
    products = left.copy()
    products[:paired] = left[:paired] * right % MODULUS
    found = _inverses(products)
    second = found[:paired] * left[:paired] % MODULUS
    found[:paired] = found[:paired] * right % MODULUS
    return np.concatenate([found, second])


@lru_cache(maxsize=32)
def fixed_matrix(table: Table, height: int, blinded: int) -> U32:
    """The fixed columns of a table, selectors first: uint32 (height, fixed width), read-only.

    Kept, since prover and witness both read them.
    """
    active = height - blinded
    matrix = np.zeros((height, table.fixed_width), dtype=np.uint32)
    matrix[0, 0] = 1
    matrix[active - 1, 1] = 1
    matrix[:, 2] = np.arange(height)
    values = table.fixed_values(height)
    names = table.fixed.names()
    if set(values) != set(names):
        raise ValueError(f"{table.name}: wanted fixed columns {names}, got {tuple(values)}")
    for index, name in enumerate(names, start=Selectors.width()):
        column = np.asarray(values[name], dtype=np.uint32)
        if len(column) > active:
            raise ValueError(f"{table.name}: {len(column)} fixed rows, {active} are active")
        matrix[: len(column), index] = column
    matrix.flags.writeable = False
    return matrix
