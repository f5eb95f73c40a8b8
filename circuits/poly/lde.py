"""Low-degree extension, interpolation and evaluation of many columns at once.

Matrices are row-major, canonical uint32, one column a polynomial. An extended matrix has shape
(B, n, W): [coset c][row r][column], W the width padded with zero columns to a multiple of 16. The
point of [c][r] is shift * omega_(nB)^(r B + c), so that natural index i = r * B + c.
Reference: circuits.poly.reference, column by column.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from circuits.poly.kernels import IndexArray, forward_blocks, inverse_blocks
from circuits.poly.reference import log2_of
from rollup.field.kernels import multiply_many, powers, to_montgomery, with_factor
from rollup.field.koalabear import TWO_ADICITY, P, inverse, omega
from rollup.native.aligned import aligned_empty, aligned_zeros
from rollup.native.jit import U32Array, parallel
from rollup.native.simd import LANES

COLUMN_PADDING = LANES
"""Columns come in blocks of 16: one vector a row."""


def padded_width(width: int) -> int:
    """Columns of a stored matrix: the width rounded up to a multiple of 16."""
    return -(-width // COLUMN_PADDING) * COLUMN_PADDING


def padded(matrix: U32Array) -> U32Array:
    """A contiguous (n, padded width) uint32 matrix; the matrix itself where it already is one."""
    height, width = matrix.shape
    if width % COLUMN_PADDING == 0:
        return np.ascontiguousarray(matrix, dtype=np.uint32)
    result = aligned_zeros(height, padded_width(width))
    result[:, :width] = matrix
    return result


def bit_reversal(log2: int) -> IndexArray:
    """The order in which a transform of 2^log2 rows reads them."""
    order = np.zeros(1, dtype=np.int64)
    for _ in range(log2):
        order = np.concatenate([2 * order, 2 * order + 1])
    return order


def stage_twiddles(log2: int, shift: int, generator: int) -> U32Array:
    """Entry h + j: shift^(size/2h) * generator^(j size/2h), for h = 1, 2, 4 .. size/2 and j < h."""
    size = 1 << log2
    table = np.zeros(size, dtype=np.uint32)
    for stage in range(log2):
        half = 1 << stage
        stride = size // (2 * half)
        first, step = pow(shift, stride, P), pow(generator, stride, P)
        table[half : 2 * half] = powers(step, half, first)
    return with_factor(to_montgomery(table))


def _middle_twiddles(log2: tuple[int, int], shift: int, generator: int, scale: int) -> U32Array:
    """Row k1 * n2 + j: scale * (shift * generator^j)^k1."""
    n1, n2 = 1 << log2[0], 1 << log2[1]
    table = powers(generator, n1 * n2).astype(np.uint64)
    exponents = np.outer(np.arange(n1), np.arange(n2)) % (n1 * n2)
    rows = powers(shift, n1, scale).astype(np.uint64)
    return with_factor(to_montgomery((table[exponents] * rows[:, None] % np.uint64(P)).reshape(-1)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Index tables and twiddles of a transform of size n1 * n2."""

    reverse1: IndexArray
    reverse2: IndexArray
    twiddles1: U32Array
    middle: U32Array
    twiddles2: U32Array


def _split(log2: int) -> tuple[int, int]:
    return log2 // 2, log2 - log2 // 2


@lru_cache(maxsize=32)
def _inverse_plan(log2: int) -> _Plan:
    first, second = _split(log2)
    step = inverse(omega(log2))
    return _Plan(
        bit_reversal(first),
        bit_reversal(second),
        stage_twiddles(first, 1, pow(step, 1 << second, P)),
        _middle_twiddles((first, second), 1, step, inverse(1 << log2)),
        stage_twiddles(second, 1, pow(step, 1 << first, P)),
    )


@lru_cache(maxsize=128)
def _coset_plan(log2: int, shift: int) -> _Plan:
    """The transform to the coset shift * <omega>."""
    first, second = _split(log2)
    generator = omega(log2)
    small1, small2 = pow(generator, 1 << second, P), pow(generator, 1 << first, P)
    return _Plan(
        bit_reversal(first),
        bit_reversal(second),
        stage_twiddles(first, 1, small1),
        _middle_twiddles((first, second), shift, generator, 1),
        stage_twiddles(second, pow(shift, 1 << first, P), small2),
    )


def _height_log2(matrix: npt.NDArray[np.uint32]) -> int:
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise ValueError(f"a matrix (rows, columns) is wanted, not shape {matrix.shape}")
    return log2_of(matrix.shape[0])


@dataclass(frozen=True, slots=True)
class Blocks:
    """Coefficients of `width` columns (a multiple of 16) and n rows, where the kernels find them.

    strides: in elements, from one block of 16 columns to the next, from coefficient k1 + n1 k2 to
    the next k1, and to the next k2; n1 is the first factor of n in which a transform is split.
    """

    values: U32Array = field(repr=False)
    width: int
    log2: int
    strides: tuple[int, int, int]

    @property
    def in_columns(self) -> bool:
        """Whether they stand as a matrix with a row for each coefficient, low degree first."""
        return self.values.ndim == 2

    def matrices(self) -> list[U32Array]:
        """The coefficients as matrices with a row for each coefficient, in some order."""
        if self.in_columns:
            return [self.values]
        return list(self.values.reshape(-1, 1 << self.log2, LANES))

    def in_order(self, natural: U32Array) -> U32Array:
        """A value for each coefficient, low degree first, in the order of those rows."""
        if self.in_columns:
            return natural
        first, _ = _split(self.log2)
        return natural.reshape(-1, 1 << first).T.reshape(-1)


def block_strides(log2: int) -> tuple[int, int, int]:
    """Strides of coefficients as `coefficients_of` leaves them, (blocks, n, 16)."""
    return LANES << log2, LANES << _split(log2)[1], LANES


def coefficients_of(values: U32Array) -> Blocks:
    """Coefficients of columns (n, width) given on <omega_n>, padded with zero columns to blocks."""
    log2 = _height_log2(values)
    matrix = padded(values)
    height, width = matrix.shape
    plan = _inverse_plan(log2)
    blocks = width // LANES
    out = aligned_empty(blocks, height, LANES)
    parallel(
        inverse_blocks,
        blocks,
        width,
        matrix,
        out,
        plan.reverse1,
        plan.reverse2,
        plan.twiddles1,
        plan.middle,
        plan.twiddles2,
    )
    return Blocks(out, width, log2, block_strides(log2))


def blocks_of(coefficients: U32Array) -> Blocks:
    """Columns of coefficients (n, W), low degree first, W a multiple of 16."""
    log2, width = _height_log2(coefficients), coefficients.shape[1]
    if width % COLUMN_PADDING:
        raise ValueError(f"{width} columns are no whole blocks of {COLUMN_PADDING}")
    return Blocks(coefficients, width, log2, (LANES, width, width << _split(log2)[0]))


def interpolate(values: U32Array, shift: int = 1) -> U32Array:
    """Coefficients (n, width), low degree first, of columns given on shift * <omega_n>."""
    height, width = values.shape
    blocks = coefficients_of(values)
    first, second = _split(blocks.log2)
    grid = blocks.values.reshape(-1, 1 << first, 1 << second, LANES)
    natural = np.ascontiguousarray(grid.transpose(2, 1, 0, 3)).reshape(height, -1)[:, :width]
    if shift == 1:
        return np.ascontiguousarray(natural)
    scale = powers(inverse(shift), height)
    return multiply_many(natural, np.broadcast_to(scale[:, None], natural.shape))


def on_cosets(blocks: Blocks, shifts: Sequence[int], out: U32Array | None = None) -> U32Array:
    """Values (cosets, n, W) of columns on the cosets shift * <omega_n>, one for each shift.

    out: where they go, contiguous and at the start of a cache line, if the caller has a place.
    """
    if not all(0 < shift < P for shift in shifts):
        raise ValueError(f"no coset {min(shifts)} * <omega> of 2^{blocks.log2} points exists")
    plans = [_coset_plan(blocks.log2, shift) for shift in shifts]
    if out is None:
        out = aligned_empty(len(plans), 1 << blocks.log2, blocks.width)
    parallel(
        forward_blocks,
        blocks.width // LANES * len(plans),
        blocks.width,
        blocks.values,
        blocks.strides,
        out,
        plans[0].reverse1,
        plans[0].reverse2,
        np.stack([plan.twiddles2 for plan in plans]),
        np.stack([plan.middle for plan in plans]),
        plans[0].twiddles1,
    )
    return out


def shifts_of_cosets(log2: int, blowup_log2: int, shift: int) -> list[int]:
    """Shifts of all cosets of an extended matrix. ValueError if there is no such domain."""
    if blowup_log2 < 0 or log2 + blowup_log2 > TWO_ADICITY or not 0 < shift < P:
        raise ValueError(f"no coset {shift} * <omega> of 2^{log2 + blowup_log2} points exists")
    return [shift_of_coset(c, log2, blowup_log2, shift) for c in range(1 << blowup_log2)]


def extend(trace: U32Array, blowup_log2: int, shift: int) -> U32Array:
    """Low-degree extension of columns (n, width) given on <omega_n>: (B, n, W)."""
    shifts = shifts_of_cosets(_height_log2(trace), blowup_log2, shift)
    return on_cosets(coefficients_of(trace), shifts)


def extend_coefficients(coefficients: U32Array, blowup_log2: int, shift: int) -> U32Array:
    """Values (B, n, W) of polynomials given as columns of n coefficients, low degree first."""
    shifts = shifts_of_cosets(_height_log2(coefficients), blowup_log2, shift)
    return on_cosets(blocks_of(padded(coefficients)), shifts)


def shift_of_coset(index: int, height_log2: int, blowup_log2: int, shift: int) -> int:
    """Shift of coset `index` of an extended matrix: its rows stand on that * <omega_n>."""
    return shift * pow(omega(height_log2 + blowup_log2), index, P) % P
