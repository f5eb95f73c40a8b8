"""Keccak-f[1600] on 8 states at once, one a SIMD lane. Reference: pycryptodome, in the tests.

State and messages are flat uint64 arrays of vectors of 8: vector k holds lane k of every state,
lane x + 5 y of the standard's A[x, y]. Kernels read and write whole vectors.
"""

from functools import reduce
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from rollup.native.jit import U64Array, kernel
from rollup.native.simd import (
    emit_index,
    emit_place,
    emit_rotate,
    intrinsic,
    load,
    splat64,
    store,
    u64x8,
)

STATES = 8
"""States that are permuted together."""

RATE_LANES = 17
"""136 bytes of a message are absorbed by each permutation of Keccak-256."""

STATE_LANES = 25

_STATE_ARRAY = types.Array(types.uint64, 1, "C")

ROUND_CONSTANTS = np.array(
    [
        0x0000000000000001,
        0x0000000000008082,
        0x800000000000808A,
        0x8000000080008000,
        0x000000000000808B,
        0x0000000080000001,
        0x8000000080008081,
        0x8000000000008009,
        0x000000000000008A,
        0x0000000000000088,
        0x0000000080008009,
        0x000000008000000A,
        0x000000008000808B,
        0x800000000000008B,
        0x8000000000008089,
        0x8000000000008003,
        0x8000000000008002,
        0x8000000000000080,
        0x000000000000800A,
        0x800000008000000A,
        0x8000000080008081,
        0x8000000000008080,
        0x0000000080000001,
        0x8000000080008008,
    ],
    dtype=np.uint64,
)
"""FIPS 202, section 3.2.5."""

PAD_FIRST = np.uint64(1)
"""Keccak's own padding (0x01, not SHA-3's 0x06) after a message of whole lanes."""

PAD_LAST = np.uint64(1 << 63)
"""Last bit of the rate."""


def _offsets() -> list[int]:
    """Rotation of lane x + 5 y: (t + 1)(t + 2) / 2 along the walk (x, y) -> (y, 2x + 3y)."""
    offsets = [0] * STATE_LANES
    x, y = 1, 0
    for t in range(24):
        offsets[x + 5 * y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return offsets


def _round(builder: ir.IRBuilder, a: list[ir.Value], constant: ir.Value) -> list[ir.Value]:
    """One round on 25 vectors: theta, rho and pi, chi, iota."""
    columns = [reduce(builder.xor, a[x::5]) for x in range(5)]
    mixed = [
        builder.xor(columns[x - 1], emit_rotate(builder, columns[(x + 1) % 5], 1)) for x in range(5)
    ]
    moved: list[ir.Value] = [None] * STATE_LANES
    for lane, offset in enumerate(_offsets()):
        x, y = lane % 5, lane // 5
        value = builder.xor(a[lane], mixed[x])
        moved[y + 5 * ((2 * x + 3 * y) % 5)] = emit_rotate(builder, value, offset)
    result = []
    for lane in range(STATE_LANES):
        row = lane - lane % 5
        first, second = moved[row + (lane + 1) % 5], moved[row + (lane + 2) % 5]
        result.append(builder.xor(moved[lane], builder.and_(builder.not_(first), second)))
    result[0] = builder.xor(result[0], constant)
    return result


_lanes25 = types.UniTuple(u64x8, STATE_LANES)  # type: ignore[no-untyped-call]


@intrinsic  # type: ignore[untyped-decorator]
def keccak_round(_typing: Any, state: Any, constant: Any) -> Any:
    """The state, a tuple of 25 vectors, after one round with a constant vector."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        lanes = cgutils.unpack_tuple(builder, arguments[0])  # type: ignore[no-untyped-call]
        return cgutils.pack_array(builder, _round(builder, lanes, arguments[1]))  # type: ignore[no-untyped-call]

    return _lanes25(_lanes25, u64x8), generate


@intrinsic  # type: ignore[untyped-decorator]
def _load_state(_typing: Any, state: Any) -> Any:
    """The 25 vectors of a flat (200,) uint64 array."""

    def generate(context: Any, builder: Any, kinds: Any, arguments: Any) -> Any:
        lanes = [
            builder.load(
                emit_place(context, builder, kinds.args[0], arguments[0], emit_index(8 * k)),
                align=4,
            )
            for k in range(STATE_LANES)
        ]
        return cgutils.pack_array(builder, lanes)  # type: ignore[no-untyped-call]

    return _lanes25(_STATE_ARRAY), generate


@intrinsic  # type: ignore[untyped-decorator]
def _store_state(_typing: Any, state: Any, lanes: Any) -> Any:
    """Write 25 vectors to a flat (200,) uint64 array."""

    def generate(context: Any, builder: Any, kinds: Any, arguments: Any) -> Any:
        for k, lane in enumerate(cgutils.unpack_tuple(builder, arguments[1])):  # type: ignore[no-untyped-call]
            place = emit_place(context, builder, kinds.args[0], arguments[0], emit_index(8 * k))
            builder.store(lane, place, align=4)
        return context.get_dummy_value()

    return types.none(_STATE_ARRAY, _lanes25), generate


@kernel
def permute(state: U64Array) -> None:
    """Keccak-f[1600] on the 8 states of a flat (25 * 8,) array, in place."""
    lanes = _load_state(state)
    for turn in range(ROUND_CONSTANTS.size):
        lanes = keccak_round(lanes, splat64(ROUND_CONSTANTS[turn]))
    _store_state(state, lanes)


@kernel
def absorb(state: U64Array, message: U64Array, blocks: int) -> None:
    """Set the states to Keccak's after 8 padded messages of blocks * 17 vectors."""
    zero = splat64(np.uint64(0))
    for lane in range(STATE_LANES):
        store(state, lane * STATES, zero)
    for block in range(blocks):
        start = block * RATE_LANES * STATES
        for lane in range(0, RATE_LANES * STATES, STATES):
            store(state, lane, load(state, lane) ^ load(message, start + lane))
        permute(state)


@kernel
def pad(message: U64Array, lanes: int) -> int:
    """Pad 8 messages of `lanes` vectors in place; the number of blocks they then fill."""
    blocks = lanes // RATE_LANES + 1
    zero = splat64(np.uint64(0))
    for lane in range(lanes, blocks * RATE_LANES):
        store(message, lane * STATES, zero)
    last = (blocks * RATE_LANES - 1) * STATES
    store(message, lanes * STATES, splat64(PAD_FIRST))
    store(message, last, load(message, last) ^ splat64(PAD_LAST))
    return blocks
