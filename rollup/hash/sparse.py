"""Poseidon's partial rounds in sparse form: 31 products a round instead of 256.

A partial round adds constants, cubes element 0, and multiplies by the dense MDS matrix. Two moves
leave the permutation as it is. Constants of elements 1..15 go through the S-box, which does not
touch them, and through the matrix, into the next round. A matrix [[a, v], [w, M]] splits into
diag(1, M) times [[a, v], [M^-1 w, I]]; the left factor commutes with the next S-box, and is
multiplied into the next matrix. What remains at the end is one dense matrix on elements 1..15.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rollup.field.koalabear import P, inverse
from rollup.hash.constants import FULL_ROUNDS, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH
from rollup.hash.poseidon import MDS_ROWS

Rows = tuple[tuple[int, ...], ...]

FIRST_PARTIAL = FULL_ROUNDS // 2
"""Number of the first partial round."""

CORNER = MDS_ROWS[0][0]
"""a: the factor of element 0 in its own image, the same in every round."""


@dataclass(frozen=True, slots=True)
class SparseRounds:
    """The partial rounds: with x = state, for each round r

        u = (x_0 + constants[r])^3,
        x_0 = CORNER * u + sum_i rows[r][i-1] * x_i,  x_i = x_i + columns[r][i-1] * u (i = 1..15);

    then x_i = sum_j last[i-1][j-1] * x_j (j = 1..15), and `next_constants`, in place of the
    published ones, are added in the full round that follows.
    """

    constants: tuple[int, ...]
    rows: Rows
    columns: Rows
    last: Rows
    next_constants: tuple[int, ...]


def _product(a: Sequence[Sequence[int]], b: Sequence[Sequence[int]]) -> list[list[int]]:
    columns = list(zip(*b, strict=True))
    return [
        [sum(x * y for x, y in zip(row, column, strict=True)) % P for column in columns]
        for row in a
    ]


def _apply(matrix: Sequence[Sequence[int]], vector: Sequence[int]) -> list[int]:
    return [sum(x * y for x, y in zip(row, vector, strict=True)) % P for row in matrix]


def _solve(matrix: Sequence[Sequence[int]], vector: Sequence[int]) -> list[int]:
    """matrix^-1 vector, by Gauss and Jordan."""
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    for column in range(len(rows)):
        pivot = next(k for k in range(column, len(rows)) if rows[k][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        factor = inverse(rows[column][column])
        rows[column] = [value * factor % P for value in rows[column]]
        for k, row in enumerate(rows):
            if k != column and row[column]:
                by = row[column]
                rows[k] = [(x - by * y) % P for x, y in zip(row, rows[column], strict=True)]
    return [row[-1] for row in rows]


@lru_cache(maxsize=1)
def sparse_rounds() -> SparseRounds:
    """The partial rounds of the published permutation in sparse form."""
    constants, carried = [], [0] * WIDTH
    for published in ROUND_CONSTANTS[FIRST_PARTIAL : FIRST_PARTIAL + PARTIAL_ROUNDS]:
        full = [(x + y) % P for x, y in zip(carried, published, strict=True)]
        constants.append(full[0])
        carried = _apply(MDS_ROWS, [0, *full[1:]])
    after = ROUND_CONSTANTS[FIRST_PARTIAL + PARTIAL_ROUNDS]
    rows, columns = [], []
    block = [[int(i == j) for j in range(WIDTH - 1)] for i in range(WIDTH - 1)]
    for _ in range(PARTIAL_ROUNDS):
        rows.append(tuple(_product([MDS_ROWS[0][1:]], block)[0]))
        block = _product([row[1:] for row in MDS_ROWS[1:]], block)
        columns.append(tuple(_solve(block, [row[0] for row in MDS_ROWS[1:]])))
    return SparseRounds(
        tuple(constants),
        tuple(rows),
        tuple(columns),
        tuple(tuple(row) for row in block),
        tuple((x + y) % P for x, y in zip(carried, after, strict=True)),
    )
