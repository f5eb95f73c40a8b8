"""Stacking: columns of a short table become one of the tallest height.

Columns t_0 .. t_(s-1) of n coefficients are the one polynomial sum_k X^k t_k(X^s) of N = s n
coefficients: coefficient r s + k of it is coefficient r of t_k. So nothing is computed, only
placed. Division by X^s - y of such a polynomial is the division by Y - y of each t_k."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuits.poly.lde import Blocks, first_size
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.native.aligned import aligned_empty
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import LANES

_GRAIN = 1 << 10
"""Coefficients that a thread places at least."""

NO_COLUMN = -1
"""In a table of places: nothing stands there."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the columns of a matrix of coefficients (n, W) go: `table[k, j]` is the column at place
    k of word j of the stacked matrix, counted from word `first`, or NO_COLUMN."""

    coefficients: U32Array
    table: npt.NDArray[np.int64]
    first: int


@kernel
def place_words(start, stop, coefficients, width, table, first, first_rows, out):  # type: ignore[no-untyped-def]
    """Coefficients start..stop of the words of one matrix, into the blocks of all.

    coefficients (n, width); table (s, words); out (blocks, n1, n2, 16): coefficient k1 + n1 k2.
    """
    places, words = table.shape
    source = coefficients.reshape(coefficients.size)
    target = out.reshape(out.size)
    size = out.shape[1] * out.shape[2]
    second_rows = size // first_rows
    for index in range(start, stop):
        row = index // places * width
        place = index % places
        position = index % first_rows * second_rows + index // first_rows
        word = 0
        while word < words:
            block = (first + word) // LANES
            last = min(words, (block + 1) * LANES - first)
            base = (block * size + position) * LANES - block * LANES + first
            for j in range(word, last):
                column = table[place, j]
                target[base + j] = source[row + column] if column >= 0 else np.uint32(0)
            word = last


def stacked(parts: Sequence[Placed], log2: int, width: int) -> Blocks:
    """The coefficients of `width` words of 2^log2 coefficients, from all parts beside each
    other."""
    rows = first_size(log2)
    blocks, columns = -(-width // LANES), (1 << log2) // rows
    out = aligned_empty(blocks, rows, columns, LANES)
    if width % LANES:
        out[-1, :, :, width % LANES :] = 0
    for part in parts:
        height, stride = part.coefficients.shape
        if height * len(part.table) != 1 << log2:
            raise ValueError(f"{height} rows at {len(part.table)} places are not 2^{log2}")
        arguments = (part.coefficients, stride, part.table, part.first, rows, out)
        parallel(place_words, 1 << log2, *arguments, grain=_GRAIN)
    strides = (LANES << log2, columns * LANES, LANES)
    return Blocks(out.reshape(-1), blocks * LANES, log2, strides)


@kernel
def divide_places(start, stop, places, matrix, coefficients, quotient):  # type: ignore[no-untyped-def]
    """Division by X^s - y for places start..stop: quotient[i] = coefficient[i + s] + y quotient[i +
    s].

    matrix (5, 5): the product by y, row by coefficient; arrays (N, 5), canonical.
    """
    prime = np.uint64(P)
    size = coefficients.shape[0]
    held = np.zeros(DEGREE, dtype=np.uint64)
    fresh = np.zeros(DEGREE, dtype=np.uint64)
    for place in range(start, stop):
        held[:] = 0
        for index in range(size - places + place, -1, -places):
            for k in range(DEGREE):
                quotient[index, k] = held[k]
            for k in range(DEGREE):
                low = held[0] * matrix[k, 0] + held[1] * matrix[k, 1] + held[2] * matrix[k, 2]
                high = held[3] * matrix[k, 3] + held[4] * matrix[k, 4]
                fresh[k] = (low % prime + high % prime + np.uint64(coefficients[index, k])) % prime
            for k in range(DEGREE):
                held[k] = fresh[k]


def divided(coefficients: U32Array, places: int, point: Element) -> U32Array:
    """The quotient (N, 5) of a polynomial over E by X^s - y, for s places and y = point.

    coefficients (N, 5), low degree first. What remains, of degree < s, is let go.
    """
    columns = []
    for k in range(DEGREE):
        basis = tuple(int(k == other) for other in range(DEGREE))
        columns.append(
            extension.multiply(point, (basis[0], basis[1], basis[2], basis[3], basis[4]))
        )
    matrix = np.array(columns, dtype=np.uint64).T.copy()
    quotient = np.empty_like(coefficients)
    parallel(divide_places, places, places, matrix, coefficients, quotient, grain=1)
    return quotient
