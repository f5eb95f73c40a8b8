"""Kernels of the Merkle trees and of grinding: 8 Keccak states in lanes.

Reference: circuits.pcs.merkle_verify and circuits.pcs.grinding. Digests are 4 uint64 of the
machine's little-endian order, so that their memory is the 32 bytes.
"""

import numpy as np

from circuits.pcs.keccak_kernel import RATE_LANES, STATE_LANES, STATES, absorb, pad
from rollup.native.aligned import words64
from rollup.native.jit import U64Array, kernel
from rollup.native.simd import load, splat64, store, transpose

DIGEST_LANES = 4

NOT_FOUND = np.uint64(0xFFFFFFFFFFFFFFFF)
"""What a search without success returns; as a nonce it is never tried."""


@kernel
def _write_digests(  # type: ignore[no-untyped-def]
    state, square, last_word, out, first, step
):
    """out[first + k step] = digest of state k, for 8 states, its last word masked; `square` is room
    for 64 words."""
    offsets = np.arange(STATES) * STATES
    transpose(state, offsets, square, 0)
    for k in range(STATES):
        place = first + k * step
        for word in range(DIGEST_LANES - 1):
            out[place, word] = square[k * STATES + word]
        last = square[k * STATES + DIGEST_LANES - 1]
        out[place, DIGEST_LANES - 1] = last & last_word


@kernel
def hash_leaves(  # type: ignore[no-untyped-def]
    rows, offsets, columns, tag, salts, last_word, leaf, step, room, out
):
    """Leaves leaf, leaf + step, .. of 8 rows, whose pairs of uint32 begin at `offsets`.

    room: (8, room for a message, state, square) to work in. Reads whole vectors of 8 pairs.
    """
    by_pair, message, state, square = room
    pairs = (columns + 1) // 2
    store(message, 0, splat64(np.uint64(tag)))
    for pair in range(0, pairs, STATES):
        for k in range(STATES):
            by_pair[k] = offsets[k] + pair
        transpose(rows, by_pair, message, (1 + pair) * STATES)
    lanes = 1 + pairs
    if columns & 1:
        for k in range(STATES):
            message[(lanes - 1) * STATES + k] &= np.uint64(0xFFFFFFFF)
    if salts.shape[0] > 0:
        for k in range(STATES):
            message[lanes * STATES + k] = salts[leaf + k * step, 0]
            message[(lanes + 1) * STATES + k] = salts[leaf + k * step, 1]
        lanes += 2
    absorb(state, message, pad(message, lanes))
    _write_digests(state, square, last_word, out, leaf, step)


@kernel
def leaf_room(stride):  # type: ignore[no-untyped-def]
    """Room for `hash_leaves` on rows of so many pairs, a multiple of 8."""
    return (
        np.empty(STATES, dtype=np.int64),
        words64((stride + 3 * RATE_LANES) * STATES),
        words64(STATE_LANES * STATES),
        words64(STATES * STATES),
    )


@kernel
def leaf_digests(
    start: int,
    stop: int,
    rows: U64Array,
    shape: tuple[int, int],
    tag: int,
    salts: U64Array,
    last_word: np.uint64,
    place: tuple[int, int],
    out: U64Array,
) -> None:
    """Leaves of one coset of a matrix, for groups start..stop of 8 of its rows.

    rows: a flat row-major matrix of pairs of uint32; shape: (stride, columns), stride in pairs and
    a multiple of 8, columns counted in uint32; salts: (size, 2), or (0, 2); last_word: the bits
    that are kept of a digest's last word; place: (c, B), row r being leaf r B + c; out: (size, 4).
    """
    stride, columns = shape
    coset, cosets = place
    offsets = np.empty(STATES, dtype=np.int64)
    room = leaf_room(stride)
    for group in range(start, stop):
        first = group * STATES
        for k in range(STATES):
            offsets[k] = (first + k) * stride
        leaf = first * cosets + coset
        hash_leaves(rows, offsets, columns, tag, salts, last_word, leaf, cosets, room, out)


@kernel
def node_levels(
    start: int,
    stop: int,
    children: U64Array,
    tag: int,
    levels: int,
    last_word: np.uint64,
    out: U64Array,
) -> None:
    """The levels above 2m children, for subtrees start..stop of as many each.

    children (2m, 4); last_word: the bits that are kept of a digest's last word; out: levels of m,
    m/2, .. digests of 4 words, one after the other. A subtree has 8 nodes in the highest of the
    levels, so that what is hashed is still in the nearest cache.
    """
    flat = children.reshape(children.size)
    offsets = np.empty(STATES, dtype=np.int64)
    square = words64(STATES * STATES)
    state = words64(STATE_LANES * STATES)
    message = words64(RATE_LANES * STATES)
    store(message, 0, splat64(np.uint64(tag)))
    blocks = pad(message, 9)
    above = out.reshape(out.size)
    for subtree in range(start, stop):
        source, below, level = flat, 0, 0
        size = children.shape[0] // 2
        for height in range(levels):
            groups = 1 << (levels - 1 - height)
            for group in range(subtree * groups, (subtree + 1) * groups):
                for k in range(STATES):
                    offsets[k] = (below + (group * STATES + k) * 2) * DIGEST_LANES
                transpose(source, offsets, message, STATES)
                absorb(state, message, blocks)
                _write_digests(state, square, last_word, out, level + group * STATES, 1)
            source, below, level, size = above, level, level + size, size // 2


@kernel
def search_nonces(
    start: int, stop: int, first: int, span: int, prefix: U64Array, mask: int, found: U64Array
) -> None:
    """For parts start..stop, part k being the nonces from first + k * span on: the smallest nonce
    whose digest has no bit of `mask` in its first word, into found[k]; NOT_FOUND if there is none.

    prefix (5,): tag and state, before the nonce. span is a multiple of 8.
    """
    state = words64(STATE_LANES * STATES)
    message = words64(RATE_LANES * STATES)
    for lane in range(5):
        store(message, lane * STATES, splat64(prefix[lane]))
    blocks = pad(message, 6)
    counting = np.arange(STATES).astype(np.uint64)
    for part in range(start, stop):
        found[part] = NOT_FOUND
        nonce = np.uint64(first) + np.uint64(part) * np.uint64(span)
        for _ in range(span // STATES):
            store(message, 5 * STATES, load(counting, 0) + splat64(nonce))
            absorb(state, message, blocks)
            for k in range(STATES - 1, -1, -1):
                if state[k] & np.uint64(mask) == np.uint64(0):
                    found[part] = nonce + np.uint64(k)
            if found[part] != NOT_FOUND:
                break
            nonce += np.uint64(STATES)
