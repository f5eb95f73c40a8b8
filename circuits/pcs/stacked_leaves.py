"""Leaves over stacks, without the rows: made, hashed and forgotten while they are in a cache.

The rows of D above row t of the shortest table, t + n i for all i, need rows of every table that
are t modulo n: so they are a task of their own, N / n rows, and a thread takes one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from circuits.pcs.keccak_kernel import STATES
from circuits.pcs.kernels import hash_leaves, leaf_room
from circuits.poly.kernels import IndexArray
from circuits.poly.lde import bit_reversal, stage_twiddles
from circuits.poly.reference import log2_of
from circuits.poly.stacked import stack_row
from rollup.field.kernels import powers
from rollup.field.koalabear import omega
from rollup.native.aligned import words32, words64
from rollup.native.jit import U32Array, U64Array, kernel
from rollup.native.simd import LANES

PLACES_MIN = STATES
"""Rows that a task has at least: as many as are hashed together."""


@dataclass(frozen=True, slots=True)
class Stacks:
    """How the columns of the groups of a phase stand in one flat array, and what they stack to.

    height: N; size: elements of the flat array of one coset; groups: for each group, the tallest
    first, (offset, height, width, words, first word of a row, offset of its reversal);
    reversals and twiddles: of the transforms of size s.
    """

    height: int
    size: int
    groups: npt.NDArray[np.int64] = field(repr=False)
    reversals: IndexArray = field(repr=False)
    twiddles: U32Array = field(repr=False)

    @property
    def shortest(self) -> int:
        """Rows of the shortest table: tasks of a coset."""
        return int(self.groups[:, 1].min())

    @property
    def fused(self) -> bool:
        """Whether leaves can be made task by task."""
        return self.height // self.shortest >= PLACES_MIN

    def points(self, shift: int) -> U32Array:
        """x_r for all rows of groups that are shorter than the tallest."""
        below = [each for each in self.groups[:, 1].tolist() if each < self.height]
        return powers(omega(log2_of(self.height)), max(below, default=1), shift)

    def part(self, flat: U32Array, place: int) -> U32Array:
        """The columns (n, width) of a group in a flat array."""
        offset, height, width = self.groups[place, :3].tolist()
        return flat[offset : offset + height * width].reshape(height, width)


def stacks_of(height: int, sizes: Sequence[tuple[int, int, int]]) -> Stacks:
    """The stacks of groups given by (height, width, words), the tallest first.

    Offsets are whole cache lines: widths are multiples of 16.
    """
    groups, reversals, offset, first = [], [np.zeros(0, dtype=np.int64)], 0, 0
    for rows, width, words in sizes:
        at = sum(map(len, reversals))
        groups.append((offset, rows, width, words, first, at))
        reversals.append(bit_reversal(log2_of(height // rows)))
        offset, first = offset + rows * width, first + words
    largest = log2_of(height // min(rows for rows, _, _ in sizes))
    return Stacks(
        height,
        offset,
        np.array(groups, dtype=np.int64),
        np.concatenate(reversals),
        stage_twiddles(largest, 1, omega(largest)),
    )


@kernel
def stacked_leaves(
    start: int,
    stop: int,
    flat: U32Array,
    groups: npt.NDArray[np.int64],
    reversals: IndexArray,
    twiddles: U32Array,
    points: U32Array,
    shape: tuple[int, int, int],
    tag: int,
    salts: U64Array,
    last_word: np.uint64,
    place: tuple[int, int],
    out: U64Array,
) -> None:
    """Leaves of the rows t + n i of a coset, for t in start..stop, n rows of the shortest table.

    flat, groups, reversals, twiddles: as in `Stacks`; points: x_r; shape: (n, s_max, columns of a
    row); the others as `leaf_digests` takes them.
    """
    shortest, tallest, columns = shape
    coset, cosets = place
    stride = (columns + LANES - 1) // LANES * LANES
    pairs = words64(tallest * stride // 2)
    rows = pairs.view(np.uint32).reshape(tallest, stride)
    lanes_room = words32(2 * tallest * LANES)
    room = (lanes_room, np.empty(tallest, dtype=np.uint32))
    offsets = np.empty(STATES, dtype=np.int64)
    leaves = leaf_room(stride // 2)
    for task in range(start, stop):
        for g in range(groups.shape[0]):
            offset, height, width = groups[g, 0], groups[g, 1], groups[g, 2]
            words, first, reversal = groups[g, 3], groups[g, 4], groups[g, 5]
            step = height // shortest
            reverse = reversals[reversal : reversal + tallest // step]
            for k in range(step):
                row = task + shortest * k
                point = points[row] if step < tallest else np.uint32(1)
                at = offset + row * width
                stack_row(flat, at, words, point, reverse, twiddles, room, rows, k, step, first)
        for number in range(0, tallest, STATES):
            for k in range(STATES):
                offsets[k] = (number + k) * (stride // 2)
            leaf = (task + shortest * number) * cosets + coset
            hash_leaves(
                pairs,
                offsets,
                columns,
                tag,
                salts,
                last_word,
                leaf,
                shortest * cosets,
                leaves,
                out,
            )
