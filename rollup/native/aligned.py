"""Memory that starts on a cache line: no vector lies across two, and stores may pass the caches by.

NumPy's arrays, and those that kernels make, start on 16 or 32 bytes: most vectors of 64 bytes would
touch two lines. `stream` writes whole lines only, so what it writes into must come from here.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from rollup.native.jit import U32Array, kernel
from rollup.native.simd import emit_place, intrinsic, u32x16

CACHE_LINE = 64
"""Bytes that a processor fetches and writes back together: one vector."""

_WORDS = CACHE_LINE // 4
_LONG_WORDS = CACHE_LINE // 8


def aligned_empty(*shape: int) -> U32Array:
    """An uninitialised uint32 array whose first element starts a cache line."""
    return _placed(np.empty(_room(shape), dtype=np.uint32), shape)


def aligned_zeros(*shape: int) -> U32Array:
    """A uint32 array of zeros whose first element starts a cache line."""
    return _placed(np.zeros(_room(shape), dtype=np.uint32), shape)


def _room(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape)) + _WORDS


def _placed(room: U32Array, shape: tuple[int, ...]) -> U32Array:
    start = -room.ctypes.data % CACHE_LINE // 4
    return room[start : start + room.size - _WORDS].reshape(shape)


@kernel
def words32(size):  # type: ignore[no-untyped-def]
    """Uninitialised flat uint32 memory of a kernel."""
    room = np.empty(size + _WORDS, dtype=np.uint32)
    start = (-(room.ctypes.data // 4)) % _WORDS
    return room[start : start + size]


@kernel
def words64(size):  # type: ignore[no-untyped-def]
    """Uninitialised flat uint64 memory of a kernel."""
    room = np.empty(size + _LONG_WORDS, dtype=np.uint64)
    start = (-(room.ctypes.data // 8)) % _LONG_WORDS
    return room[start : start + size]


@intrinsic  # type: ignore[untyped-decorator]
def stream(_typing: Any, array: Any, offset: Any, value: Any) -> Any:
    """Write a vector of 16 u32 past the caches: what is not read again soon need not be fetched.

    Bounds: the array is a flat-addressed uint32 array of `aligned_empty`, the offset a multiple of
    16; a machine may stop the process otherwise. `publish` before another thread reads it.
    """
    wanted = isinstance(array, types.Array) and array.layout == "C" and array.dtype == types.uint32
    if not wanted or value != u32x16:
        return None

    def generate(context: Any, builder: Any, kinds: Any, arguments: Any) -> Any:
        place = emit_place(context, builder, kinds.args[0], arguments[0], arguments[1])
        written = builder.store(arguments[2], place, align=CACHE_LINE)
        one = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        written.set_metadata("nontemporal", one)
        return context.get_dummy_value()

    return types.none(array, types.intp, value), generate


@intrinsic  # type: ignore[untyped-decorator]
def publish(_typing: Any) -> Any:
    """Let other threads see all that was streamed: such stores keep no order of their own."""

    def generate(context: Any, builder: Any, _kinds: Any, _arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.none(), generate
