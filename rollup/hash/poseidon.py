"""The state hash in plain integers: Poseidon permutation, tree compression, tagged chains.

A digest is a tuple of 8 canonical base-field integers. This is the reference: the kernels, the
circuit table and the verifier's statement are tested against it.
"""

from collections.abc import Sequence
from operator import mul

from rollup.field.koalabear import P
from rollup.hash.constants import (
    DIGEST_WIDTH,
    FULL_ROUNDS,
    MDS_FIRST_COLUMN,
    PARTIAL_ROUNDS,
    ROUND_CONSTANTS,
    WIDTH,
)

Digest = tuple[int, int, int, int, int, int, int, int]

ZERO_DIGEST: Digest = (0, 0, 0, 0, 0, 0, 0, 0)

HASH_VERSION = 1
"""Version of every chain's layout; a changed layout of a leaf or message that keeps its number of
blocks raises it."""

MDS_ROWS = tuple(
    tuple(MDS_FIRST_COLUMN[(row - column) % WIDTH] for column in range(WIDTH))
    for row in range(WIDTH)
)
"""MDS_ROWS[i][j]: element i of the image sums MDS_ROWS[i][j] * state[j]."""


def _mix(state: list[int]) -> list[int]:
    return [sum(map(mul, row, state)) % P for row in MDS_ROWS]


def is_full_round(index: int) -> bool:
    """Whether round `index` (of FULL_ROUNDS + PARTIAL_ROUNDS) cubes all elements."""
    half = FULL_ROUNDS // 2
    return index < half or index >= half + PARTIAL_ROUNDS


def permute(state: Sequence[int]) -> tuple[int, ...]:
    """The Poseidon permutation of 16 canonical elements.

    A round adds its constants, cubes (all elements in a full round, element 0 in a partial one),
    and multiplies by the circulant MDS matrix. Raises ValueError on a state of another width.
    """
    if len(state) != WIDTH:
        raise ValueError(f"a Poseidon state has {WIDTH} elements, not {len(state)}")
    current = list(state)
    for index, constants in enumerate(ROUND_CONSTANTS):
        current = [s + c for s, c in zip(current, constants, strict=True)]
        cubed = WIDTH if is_full_round(index) else 1
        current[:cubed] = [s * s * s % P for s in current[:cubed]]
        current = _mix(current)
    return tuple(current)


def compress(left: Sequence[int], right: Sequence[int]) -> Digest:
    """Two-to-one compression: the first 8 elements of permute(left || right) + (left || right).

    The feed-forward of `left` keeps it one-way where the caller chooses one half.
    """
    if len(left) != DIGEST_WIDTH or len(right) != DIGEST_WIDTH:
        raise ValueError(f"two digests of 8 elements are wanted, not {len(left)} and {len(right)}")
    image = permute((*left, *right))
    h0, h1, h2, h3, h4, h5, h6, h7 = ((i + s) % P for i, s in zip(image, left, strict=False))
    return (h0, h1, h2, h3, h4, h5, h6, h7)


def chain_start(type_code: int, block_count: int) -> Digest:
    """First chaining value of a leaf or message: its type, length and version, so none collide."""
    return (type_code, block_count, HASH_VERSION, 0, 0, 0, 0, 0)


def fold_start(type_code: int, version: int) -> Digest:
    """First chaining value of a leaf of open length: 0 where a chain has its number of blocks.

    Its blocks must parse in one way only, since the length is not in the start. No digest that
    anybody can find is the start of another chain, so a leaf never continues another one.
    """
    return (type_code, 0, version, 0, 0, 0, 0, 0)


def chain(type_code: int, blocks: Sequence[Sequence[int]]) -> Digest:
    """Hash of a fixed-length leaf or message: each 8-element block compressed into the start."""
    digest = chain_start(type_code, len(blocks))
    for block in blocks:
        digest = compress(digest, block)
    return digest
