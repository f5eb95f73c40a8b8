"""Chains of whole columns at once: what the traces of hashing tables need. Witness side only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from circuits.air.graph import MODULUS
from circuits.tables.records import U32
from rollup.hash.kernels import compress_many
from rollup.hash.poseidon import chain_start
from rollup.protocol.encoding import TypeCode


def as_block(values: NDArray[np.integer]) -> U32:
    """(n, up to 8) integers as canonical blocks (n, 8), filled up with zeros."""
    block = np.zeros((len(values), 8), dtype=np.uint32)
    block[:, : values.shape[1]] = values.astype(np.int64) % MODULUS
    return block


def chain_columns(type_code: TypeCode, blocks: Sequence[NDArray[np.integer]]) -> list[U32]:
    """Chaining values after each block, the digest last; `blocks` are matrices (n, up to 8)."""
    return continue_chain(chain_starts(type_code, len(blocks), len(blocks[0])), blocks)


def chain_starts(type_code: TypeCode, block_count: int, rows: int) -> U32:
    """The first chaining value of `rows` chains of one type."""
    start = np.array(chain_start(type_code, block_count), dtype=np.uint32)
    return np.tile(start, (rows, 1))


def fold(state: U32, digests: U32) -> U32:
    """Chaining values (n, 8) of one chain, after each of its blocks (n, 8)."""
    values = np.empty_like(digests)
    for place, digest in enumerate(digests):
        values[place] = state = compress_many(state[None], digest[None])[0]
    return values


def continue_chain(state: U32, blocks: Sequence[NDArray[np.integer]]) -> list[U32]:
    """The same from a chaining value (n, 8)."""
    values = []
    for block in blocks:
        state = compress_many(state, as_block(block))
        values.append(state)
    return values
