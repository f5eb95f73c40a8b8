"""Linear algebra over F for tests: what a column is at a point as a row of weights, and systems.

A matrix is int64, canonical; a value in E is five rows, one for each coefficient.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P, omega


class UnsolvableError(Exception):
    """A linear system without a solution."""


def lagrange_base(log2: int, x: int) -> list[int]:
    """L_r(x) for all rows r, x off the subgroup."""
    root, size = omega(log2), 1 << log2
    scale = (pow(x, size, P) - 1) * pow(size, -1, P) % P
    rows = [pow(root, r, P) for r in range(size)]
    return [scale * row * pow(x - row, -1, P) % P for row in rows]


def lagrange_extension(log2: int, at: Element) -> Any:
    """L_r(y), coefficient by coefficient: (5, n)."""
    root, size = omega(log2), 1 << log2
    rows = [extension.embed(pow(root, r, P)) for r in range(size)]
    vanishing = extension.subtract(extension.power(at, size), extension.ONE)
    scale = extension.scale(vanishing, pow(size, -1, P))
    inverses = extension.inverse_many([extension.subtract(at, row) for row in rows])
    values = [
        extension.multiply(extension.multiply(scale, row), inverse)
        for row, inverse in zip(rows, inverses, strict=True)
    ]
    return np.array(values, dtype=np.int64).T


def power_rows(points: Sequence[int], size: int) -> Any:
    """x^k for each point: (points, size)."""
    return np.array([[pow(x, k, P) for k in range(size)] for x in points], dtype=np.int64)


def extension_power_rows(at: Element, size: int) -> Any:
    """y^k, coefficient by coefficient: (5, size)."""
    return np.array(extension.powers(at, size), dtype=np.int64).T


def product(left: Any, right: Any) -> Any:
    """Matrix product mod p."""
    total = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    for k in range(left.shape[1]):
        total = (total + left[:, k : k + 1] * right[k].astype(np.int64)) % P
    return total


def solve(matrix: Any, right: Any, draw: np.random.Generator) -> Any:
    """A random solution of matrix * solution = right mod p, for every column of `right`."""
    rows, unknowns = matrix.shape
    work = np.concatenate([matrix % P, right % P], axis=1)
    pivots: list[int] = []
    for column in range(unknowns):
        rank = len(pivots)
        found = np.nonzero(work[rank:, column])[0]
        if rank == rows or not len(found):
            continue
        work[[rank, rank + found[0]]] = work[[rank + found[0], rank]]
        work[rank] = work[rank] * pow(int(work[rank, column]), -1, P) % P
        for row in range(rows):
            if row != rank and work[row, column]:
                work[row] = (work[row] - work[row, column] * work[rank]) % P
        pivots.append(column)
    if work[len(pivots) :, unknowns:].any():
        raise UnsolvableError(f"{rows} conditions on {unknowns} unknowns contradict each other")
    solution = draw.integers(0, P, (unknowns, right.shape[1]))
    free = [column for column in range(unknowns) if column not in pivots]
    reduced = work[: len(pivots), unknowns:]
    for column in free:
        reduced = (reduced - work[: len(pivots), column : column + 1] * solution[column]) % P
    solution[pivots] = reduced
    return solution


def coordinates(value: Element, basis: Sequence[Element], draw: np.random.Generator) -> list[int]:
    """Base-field coordinates of an element in a basis of E."""
    matrix = np.array(basis, dtype=np.int64).T
    return solve(matrix, np.array(value, dtype=np.int64)[:, None], draw)[:, 0].tolist()


def random_element(draw: np.random.Generator) -> Element:
    """A uniform element of E; not for secrets."""
    a, b, c, d, e = draw.integers(0, P, DEGREE).tolist()
    return (a, b, c, d, e)
