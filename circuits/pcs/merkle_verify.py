"""Merkle openings of matrices, verifier's side, in plain integers and bytes.

One tree commits to matrices of several heights. Its leaf i is a chain over the distinct heights,
shortest first: with s the size of a height (its height times the blow-up),

    link_s[i] = Keccak(tag_s || link_s'[i mod s'] || rows i of the matrices of size s || salt[i])

where s' is the next shorter size (the shortest has no previous link), every row is its elements as
little-endian uint32, padded with one zero word to an even count, and only the tallest link has the
16-byte salt: other links are seen only by who sees their rows. A node is Keccak(tag || left ||
right). Tags differ between node and leaf, between sizes, and between salted and unsalted leaves,
and they fix the length together with the widths, so no two inputs mean two things.
"""

import struct
from collections.abc import Sequence

from rollup.field.koalabear import P
from rollup.hash.keccak import DIGEST_BYTES, keccak256

NODE_TAG = b"node\x00\x00\x00\x00"

SALT_BYTES = 16
"""128 bits: guessing a hidden row is no easier than guessing its salt."""

_HAS_PREVIOUS = 1
_HAS_SALT = 2


def link_tag(size_log2: int, has_previous: bool, has_salt: bool) -> bytes:
    """The 8 bytes that a leaf link starts with."""
    flags = _HAS_PREVIOUS * has_previous | _HAS_SALT * has_salt
    return b"leaf" + bytes((size_log2, flags, 0, 0))


def row_bytes(row: Sequence[int]) -> bytes:
    """A row as hashed: little-endian uint32, an odd count padded with one zero."""
    return struct.pack(f"<{len(row)}I", *row) + bytes(4 * (len(row) % 2))


def node(left: bytes, right: bytes) -> bytes:
    """The parent of two digests."""
    return keccak256(NODE_TAG + left + right)


def leaf_digest(
    layout: Sequence[tuple[int, int]], rows: Sequence[Sequence[int]], salt: bytes
) -> bytes:
    """The last link of a leaf. Shapes are taken as checked; see `opening_root`."""
    sizes = sorted({size_log2 for size_log2, _ in layout})
    digest = b""
    for size_log2 in sizes:
        tallest = size_log2 == sizes[-1]
        message = [link_tag(size_log2, bool(digest), tallest and bool(salt)), digest]
        message += [
            row_bytes(row)
            for (matrix_log2, _), row in zip(layout, rows, strict=True)
            if matrix_log2 == size_log2
        ]
        digest = keccak256(b"".join(message) + (salt if tallest else b""))
    return digest


def opening_root(
    layout: Sequence[tuple[int, int]],
    index: int,
    rows: Sequence[Sequence[int]],
    salt: bytes,
    path: Sequence[bytes],
) -> bytes:
    """The root, or the node index >> len(path) of a higher level, that an opened leaf leads to.

    layout: (log2 of extended size, width) of every matrix in the order committed; rows: one for
    each, the row at index mod its size; salt: 16 bytes, or none for an unsalted tree; path:
    sibling digests from the leaf up, as many as the caller wants. The caller fixes the length of
    path and salt, and compares the result. Raises ValueError on rows of another shape, elements
    not canonical, an index out of range or digests of another length.
    """
    tallest = max(size_log2 for size_log2, _ in layout)
    if not 0 <= index < 1 << tallest or len(path) > tallest:
        raise ValueError(f"leaf {index} with {len(path)} siblings is not of a 2^{tallest} tree")
    if [len(row) for row in rows] != [width for _, width in layout]:
        raise ValueError("opened rows do not have the widths of the committed matrices")
    if any(min(row, default=0) < 0 or max(row, default=0) >= P for row in rows):
        raise ValueError("an opened row holds a value that is not canonical")
    if len(salt) not in (0, SALT_BYTES) or any(len(digest) != DIGEST_BYTES for digest in path):
        raise ValueError("a salt has 0 or 16 bytes, a digest 32")
    digest = leaf_digest(layout, rows, salt)
    for sibling in path:
        digest = node(sibling, digest) if index & 1 else node(digest, sibling)
        index >>= 1
    return digest
