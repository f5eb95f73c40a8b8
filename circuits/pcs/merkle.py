"""Merkle trees over matrices, prover's side. The verifier's: circuits.pcs.merkle_verify.

A tree commits to row i mod size of every matrix in leaf i, sizes being powers of two; the layout
of a leaf is written down in circuits.pcs.merkle_verify.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from circuits.pcs.kernels import DIGEST_LANES, leaf_links, node_levels
from circuits.pcs.merkle_verify import NODE_TAG, SALT_BYTES, leaf_digest, link_tag, node
from circuits.poly.lde import padded
from circuits.poly.reference import log2_of
from rollup.hash.keccak import DIGEST_BYTES
from rollup.native.jit import U8Array, U32Array, U64Array, parallel

_LANES = 8
"""Leaves, or nodes, that are hashed together; smaller trees take the reference's way."""

_GRAIN = 16
"""Groups of 8 leaves that a thread takes at least."""

_SUBTREE_LEVELS = 6
"""Levels that a thread hashes of a subtree at once: 512 digests at its foot are 16 KiB."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A leaf as a proof shows it: a row of every matrix, the salt, the siblings upwards."""

    rows: tuple[tuple[int, ...], ...]
    salt: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A committed matrix: values (cosets, height, stride), of which `width` columns count."""

    values: U32Array = field(repr=False)
    width: int

    @property
    def size(self) -> int:
        """Rows in natural order: cosets times height."""
        cosets, height, _ = self.values.shape
        return int(cosets * height)

    def row(self, index: int) -> tuple[int, ...]:
        """The row of natural index `index` mod size."""
        index %= self.size
        cosets = self.values.shape[0]
        return tuple(self.values[index % cosets, index // cosets, : self.width].tolist())


@dataclass(frozen=True, slots=True)
class Tree:
    """A committed tree: its matrices, salts (size, 16), and levels from the leaves to the root."""

    matrices: tuple[Matrix, ...]
    salts: U8Array | None = field(repr=False)
    levels: tuple[U64Array, ...] = field(repr=False)

    @property
    def root(self) -> bytes:
        """The commitment."""
        return self.levels[-1].tobytes()

    @property
    def depth(self) -> int:
        """log2 of the number of leaves."""
        return len(self.levels) - 1

    @property
    def layout(self) -> list[tuple[int, int]]:
        """(log2 of size, width) of every matrix, as `opening_root` takes it."""
        return [(log2_of(matrix.size), matrix.width) for matrix in self.matrices]

    def level(self, log2: int) -> list[bytes]:
        """The 2^log2 digests of a level; level(0) is the root alone."""
        if not 0 <= log2 <= self.depth:
            raise ValueError(f"a tree of depth {self.depth} has no level of 2^{log2} digests")
        data = self.levels[self.depth - log2].tobytes()
        return [data[i : i + DIGEST_BYTES] for i in range(0, len(data), DIGEST_BYTES)]

    def open(self, index: int, top_log2: int = 0) -> Opening:
        """Open leaf `index`; the path ends below the level of 2^top_log2 digests."""
        if not 0 <= index < 1 << self.depth or not 0 <= top_log2 <= self.depth:
            raise ValueError(f"leaf {index} below level {top_log2} is not of depth {self.depth}")
        rows = tuple(matrix.row(index) for matrix in self.matrices)
        salt = b"" if self.salts is None else self.salts[index].tobytes()
        path = [
            level[(index >> height) ^ 1].tobytes()
            for height, level in enumerate(self.levels[: self.depth - top_log2])
        ]
        return Opening(rows, salt, tuple(path))


def _matrix(values: U32Array, width: int) -> Matrix:
    if values.ndim == 2:
        values = values[None]
    if values.ndim != 3 or not 0 < width <= values.shape[2]:
        raise ValueError(f"{width} columns of a matrix of shape {values.shape} cannot be committed")
    log2_of(values.shape[0] * values.shape[1])
    cosets, height, stride = values.shape
    if stride % 16 or not values.flags.c_contiguous or values.dtype != np.uint32:
        values = padded(values.reshape(cosets * height, stride)).reshape(cosets, height, -1)
    return Matrix(values, width)


def _joined(matrices: Sequence[Matrix]) -> Matrix:
    """The matrices of one size side by side, each with an even number of columns."""
    if len(matrices) == 1:
        return matrices[0]
    parts = []
    for matrix in matrices:
        rows = matrix.values.transpose(1, 0, 2).reshape(matrix.size, -1)[:, : matrix.width]
        parts.append(np.pad(rows, ((0, 0), (0, matrix.width % 2))))
    joined = np.concatenate(parts, axis=1)
    return _matrix(joined, joined.shape[1])


def _links(
    matrix: Matrix, tag: bytes, previous: U64Array, salts: npt.NDArray[np.uint64]
) -> U64Array:
    """The links of one size by the kernel; size is a multiple of 8."""
    cosets, height, stride = matrix.values.shape
    out = np.empty((matrix.size, DIGEST_LANES), dtype=np.uint64)
    parallel(
        leaf_links,
        matrix.size // _LANES,
        matrix.values.reshape(-1).view(np.uint64),
        (cosets, height, stride // 2, matrix.width),
        int.from_bytes(tag, "little"),
        previous,
        salts,
        out,
        grain=_GRAIN,
    )
    return out


def _leaves(matrices: Sequence[Matrix], salts: U8Array | None) -> U64Array:
    sizes = sorted({matrix.size for matrix in matrices})
    if sizes[0] < _LANES:
        return _small_leaves(matrices, sizes[-1], salts)
    no_salts = np.empty((0, SALT_BYTES // 8), dtype=np.uint64)
    links = np.empty((0, DIGEST_LANES), dtype=np.uint64)
    for size in sizes:
        salted = salts is not None and size == sizes[-1]
        words = salts.view(np.uint64) if salted and salts is not None else no_salts
        tag = link_tag(log2_of(size), links.shape[0] > 0, salted)
        group = _joined([matrix for matrix in matrices if matrix.size == size])
        links = _links(group, tag, links, words)
    return links


def _small_leaves(matrices: Sequence[Matrix], size: int, salts: U8Array | None) -> U64Array:
    """All leaves by the reference."""
    layout = [(log2_of(matrix.size), matrix.width) for matrix in matrices]
    digests = [
        leaf_digest(
            layout,
            [matrix.row(index) for matrix in matrices],
            b"" if salts is None else salts[index].tobytes(),
        )
        for index in range(size)
    ]
    return np.frombuffer(b"".join(digests), dtype=np.uint64).reshape(size, DIGEST_LANES)


def _levels_above(children: U64Array) -> list[U64Array]:
    """Some levels above one: by the kernel as many as its subtrees have, by the reference one."""
    count = children.shape[0] // 2
    if count < _LANES:
        pairs = [(children[2 * k], children[2 * k + 1]) for k in range(count)]
        digests = b"".join(node(left.tobytes(), right.tobytes()) for left, right in pairs)
        return [np.frombuffer(digests, dtype=np.uint64).reshape(count, DIGEST_LANES)]
    levels = min(_SUBTREE_LEVELS, log2_of(count // _LANES) + 1)
    subtrees = count // _LANES >> levels - 1
    sizes = [count >> height for height in range(levels)]
    out = np.empty((sum(sizes), DIGEST_LANES), dtype=np.uint64)
    tag = int.from_bytes(NODE_TAG, "little")
    parallel(node_levels, subtrees, children, tag, levels, out)
    return np.split(out, np.cumsum(sizes)[:-1])


def commit(
    matrices: Sequence[U32Array], widths: Sequence[int], salts: U8Array | None = None
) -> Tree:
    """Commit to matrices, in this order; rows of one leaf follow it within each size.

    A matrix is (cosets, height, stride) as `circuits.poly.lde` extends it, or (size, columns) in
    natural order; of its columns the first `width` count, and all values are canonical uint32.
    salts: 16 uniform bytes for each leaf, (largest size, 16) uint8, or None for public data.
    """
    if not matrices or len(matrices) != len(widths):
        raise ValueError(f"{len(matrices)} matrices with {len(widths)} widths cannot be committed")
    held = tuple(_matrix(values, width) for values, width in zip(matrices, widths, strict=True))
    size = max(matrix.size for matrix in held)
    if salts is not None and (salts.shape != (size, SALT_BYTES) or salts.dtype != np.uint8):
        raise ValueError(f"salts are ({size}, {SALT_BYTES}) bytes, not {salts.shape}")
    kept = None if salts is None else np.ascontiguousarray(salts)
    levels = [_leaves(held, kept)]
    while levels[-1].shape[0] > 1:
        levels += _levels_above(levels[-1])
    return Tree(held, kept, tuple(levels))
