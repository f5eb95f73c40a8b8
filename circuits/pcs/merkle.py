"""Merkle trees over a matrix, prover's side. The verifier's: circuits.pcs.merkle_verify.

A matrix stands on B cosets of n rows; leaf r B + c is row r of coset c, and cosets may come one
after the other: a tree keeps digests, not rows.
"""

from dataclasses import dataclass, field

import numpy as np

from circuits.pcs.kernels import DIGEST_LANES, leaf_digests, node_levels
from circuits.pcs.merkle_verify import NODE_TAG, SALT_BYTES, leaf_digest, leaf_tag, node
from circuits.pcs.stacked_leaves import Stacks, stacked_leaves
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
class Tree:
    """A committed tree: salts (size, 16), and levels of digests from the leaves to the root.

    A digest takes 32 bytes of memory, of which the first `digest_bytes` count and the others are 0.
    """

    salts: U8Array | None = field(repr=False)
    levels: tuple[U64Array, ...] = field(repr=False)
    digest_bytes: int = DIGEST_BYTES

    @property
    def root(self) -> bytes:
        """The commitment."""
        return self._digest(self.levels[-1])

    @property
    def depth(self) -> int:
        """log2 of the number of leaves."""
        return len(self.levels) - 1

    def level(self, log2: int) -> list[bytes]:
        """The 2^log2 digests of a level; level(0) is the root alone."""
        if not 0 <= log2 <= self.depth:
            raise ValueError(f"a tree of depth {self.depth} has no level of 2^{log2} digests")
        return [self._digest(words) for words in self.levels[self.depth - log2]]

    def open(self, index: int, top_log2: int = 0) -> tuple[bytes, tuple[bytes, ...]]:
        """Salt and path of leaf `index`; the path ends below the level of 2^top_log2 digests."""
        if not 0 <= index < 1 << self.depth or not 0 <= top_log2 <= self.depth:
            raise ValueError(f"leaf {index} below level {top_log2} is not of depth {self.depth}")
        salt = b"" if self.salts is None else self.salts[index].tobytes()
        path = (
            self._digest(level[(index >> height) ^ 1])
            for height, level in enumerate(self.levels[: self.depth - top_log2])
        )
        return salt, tuple(path)

    def _digest(self, words: U64Array) -> bytes:
        return words.tobytes()[: self.digest_bytes]


class Leaves:
    """The leaves of a tree under way: digests of (cosets, height) rows of `width` columns.

    salts: 16 uniform bytes for each leaf, (size, 16) uint8, or None for public data. ValueError if
    they have another shape.
    """

    def __init__(
        self,
        cosets: int,
        height: int,
        width: int,
        salts: U8Array | None = None,
        digest_bytes: int = DIGEST_BYTES,
    ) -> None:
        size = cosets * height
        self._depth = log2_of(size)
        if salts is not None and (salts.shape != (size, SALT_BYTES) or salts.dtype != np.uint8):
            raise ValueError(f"salts are ({size}, {SALT_BYTES}) bytes, not {salts.shape}")
        self._cosets, self._height, self._width = cosets, height, width
        self._salts = None if salts is None else np.ascontiguousarray(salts)
        self._digest_bytes = digest_bytes
        self._digests = np.empty((size, DIGEST_LANES), dtype=np.uint64)

    def add(self, first: int, values: U32Array) -> None:
        """Hash the rows of cosets `first`, `first` + 1, ..: canonical uint32 (cosets, height, W).

        Of the W columns the first `width` count; a matrix (rows, columns) is one coset.
        """
        matrix = values if values.ndim == 3 else values[None]
        stride = matrix.shape[-1]
        if matrix.shape[1] != self._height or not 0 < self._width <= stride:
            wanted = f"({self._height}, {self._width})"
            raise ValueError(f"rows {wanted} cannot be committed from a matrix {values.shape}")
        for number, coset in enumerate(matrix, first):
            if self._height < _LANES:
                self._hash_plainly(number, coset)
            else:
                self._hash(number, coset)

    def add_stacks(self, coset: int, flat: U32Array, stacks: Stacks, shift: int) -> None:
        """Hash the rows of a coset shift * <omega> that columns stack to.

        flat: the arranged columns of all groups, as `stacks` says.
        """
        shortest = stacks.shortest
        parallel(
            stacked_leaves,
            shortest,
            flat,
            stacks.groups,
            stacks.reversals,
            stacks.twiddles,
            stacks.points(shift),
            (shortest, stacks.height // shortest, self._width),
            int.from_bytes(leaf_tag(self._depth, self._salts is not None), "little"),
            self._salt_words(),
            _last_word(self._digest_bytes),
            (coset, self._cosets),
            self._digests,
        )

    def tree(self) -> Tree:
        """The tree above all leaves, which must have been hashed."""
        levels = [self._digests]
        while levels[-1].shape[0] > 1:
            levels += _levels_above(levels[-1], self._digest_bytes)
        return Tree(self._salts, tuple(levels), self._digest_bytes)

    def _hash(self, coset: int, values: U32Array) -> None:
        stride = values.shape[1]
        if stride % 16 or not values.flags.c_contiguous or values.dtype != np.uint32:
            values = padded(values)
        parallel(
            leaf_digests,
            self._height // _LANES,
            values.reshape(-1).view(np.uint64),
            (values.shape[1] // 2, self._width),
            int.from_bytes(leaf_tag(self._depth, self._salts is not None), "little"),
            self._salt_words(),
            _last_word(self._digest_bytes),
            (coset, self._cosets),
            self._digests,
            grain=_GRAIN,
        )

    def _salt_words(self) -> U64Array:
        if self._salts is None:
            return np.empty((0, SALT_BYTES // 8), dtype=np.uint64)
        return self._salts.view(np.uint64)

    def _hash_plainly(self, coset: int, values: U32Array) -> None:
        """All leaves of a coset by the reference."""
        for row, cells in enumerate(values[:, : self._width].tolist()):
            leaf = row * self._cosets + coset
            salt = b"" if self._salts is None else self._salts[leaf].tobytes()
            digest = leaf_digest(self._depth, cells, salt, self._digest_bytes)
            filled = digest.ljust(DIGEST_BYTES, b"\x00")
            self._digests[leaf] = np.frombuffer(filled, dtype=np.uint64)


def _last_word(digest_bytes: int) -> np.uint64:
    """What is kept of the last 8 of 32 bytes."""
    return np.uint64((1 << 8 * (digest_bytes - DIGEST_BYTES + 8)) - 1)


def _levels_above(children: U64Array, digest_bytes: int) -> list[U64Array]:
    """Some levels above one: by the kernel as many as its subtrees have, by the reference one."""
    count = children.shape[0] // 2
    if count < _LANES:
        pairs = [children[2 * k : 2 * k + 2] for k in range(count)]
        digests = [
            node(left.tobytes()[:digest_bytes], right.tobytes()[:digest_bytes]).ljust(
                DIGEST_BYTES, b"\x00"
            )
            for left, right in pairs
        ]
        return [np.frombuffer(b"".join(digests), dtype=np.uint64).reshape(count, DIGEST_LANES)]
    levels = min(_SUBTREE_LEVELS, log2_of(count // _LANES) + 1)
    subtrees = count // _LANES >> levels - 1
    sizes = [count >> height for height in range(levels)]
    out = np.empty((sum(sizes), DIGEST_LANES), dtype=np.uint64)
    tag = int.from_bytes(NODE_TAG, "little")
    parallel(node_levels, subtrees, children, tag, levels, _last_word(digest_bytes), out)
    return np.split(out, np.cumsum(sizes)[:-1])


def commit(
    values: U32Array,
    width: int,
    salts: U8Array | None = None,
    digest_bytes: int = DIGEST_BYTES,
) -> Tree:
    """Commit to a whole matrix: (cosets, height, W), or (rows, columns) in natural order."""
    cosets, height = (1, values.shape[0]) if values.ndim == 2 else values.shape[:2]
    leaves = Leaves(cosets, height, width, salts, digest_bytes)
    leaves.add(0, values)
    return leaves.tree()


def opened_row(values: U32Array, width: int, index: int) -> tuple[int, ...]:
    """The row of leaf `index` of a matrix (cosets, height, W), or (rows, columns)."""
    matrix = values if values.ndim == 3 else values[None]
    cosets = len(matrix)
    row: list[int] = matrix[index % cosets, index // cosets, :width].tolist()
    return tuple(row)
