"""Merkle openings of matrices, verifier's side, in plain integers and bytes.

One tree commits to one matrix of 2^depth rows. Leaf i is

    Keccak(tag || row i || salt[i])

where a row is its elements as little-endian uint32, padded with one zero word to an even count, and
a tree of public data has no salts. A node is Keccak(tag || left || right). Digests may be cut to
their first bytes; in a node each child is filled up with zeros to 32 bytes, so that prover and
verifier hash whole words. Tags differ between node and leaf, between depths, and between salted and
unsalted leaves, and they fix the length together with the width, so no two inputs mean two things.
"""

import struct
from collections.abc import Sequence

from rollup.field.koalabear import P
from rollup.hash.keccak import DIGEST_BYTES, keccak256

NODE_TAG = b"node\x00\x00\x00\x00"

SALT_BYTES = 16
"""128 bits: guessing a hidden row is no easier than guessing its salt."""

DIGEST_BYTES_MIN = 26
"""104 bits against collisions of tree digests. 25 bytes have 100.0, and 99.2 by the bound of BCS,
3 (Q^2 + 1) / 2^200 for Q hashes."""

_HAS_SALT = 2


def leaf_tag(depth: int, has_salt: bool) -> bytes:
    """The 8 bytes that a leaf starts with."""
    return b"leaf" + bytes((depth, _HAS_SALT * has_salt, 0, 0))


def row_bytes(row: Sequence[int]) -> bytes:
    """A row as hashed: little-endian uint32, an odd count padded with one zero."""
    return struct.pack(f"<{len(row)}I", *row) + bytes(4 * (len(row) % 2))


def node(left: bytes, right: bytes) -> bytes:
    """The parent of two digests, of their length."""
    if len(left) == DIGEST_BYTES:
        return keccak256(NODE_TAG + left + right)
    padding = bytes(DIGEST_BYTES - len(left))
    return keccak256(NODE_TAG + left + padding + right + padding)[: len(left)]


def leaf_digest(
    depth: int, row: Sequence[int], salt: bytes, digest_bytes: int = DIGEST_BYTES
) -> bytes:
    """A leaf. Shapes are taken as checked; see `opening_root`."""
    message = leaf_tag(depth, bool(salt)) + row_bytes(row) + salt
    return keccak256(message)[:digest_bytes]


def opening_root(
    layout: tuple[int, int, int],
    index: int,
    row: Sequence[int],
    salt: bytes,
    path: Sequence[bytes],
) -> bytes:
    """The root, or the node index >> len(path) of a higher level, that an opened leaf leads to.

    layout: depth of the tree, width of its matrix, bytes of a digest; row: that at index; salt: 16
    bytes, or none for an unsalted tree; path: sibling digests from the leaf up, as many as the
    caller wants. The caller fixes the length of path and salt, and compares the result. Raises
    ValueError on a row of another width, elements not canonical, an index out of range or digests
    of another length.
    """
    depth, width, digest_bytes = layout
    if not 0 <= index < 1 << depth or len(path) > depth:
        raise ValueError(f"leaf {index} with {len(path)} siblings is not of a 2^{depth} tree")
    if len(row) != width:
        raise ValueError("the opened row does not have the width of the committed matrix")
    if min(row, default=0) < 0 or max(row, default=0) >= P:
        raise ValueError("an opened row holds a value that is not canonical")
    if len(salt) not in (0, SALT_BYTES) or any(len(digest) != digest_bytes for digest in path):
        raise ValueError(f"a salt has 0 or 16 bytes, a digest {digest_bytes}")
    digest = leaf_digest(depth, row, salt, digest_bytes)
    for sibling in path:
        digest = node(sibling, digest) if index & 1 else node(digest, sibling)
        index >>= 1
    return digest
