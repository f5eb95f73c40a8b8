"""Arrays start on cache lines, whatever their size; what is streamed is what is read."""

import numpy as np
import pytest

from rollup.native.aligned import (
    CACHE_LINE,
    aligned_empty,
    aligned_zeros,
    publish,
    stream,
    words32,
    words64,
)
from rollup.native.jit import U32Array, kernel, parallel
from rollup.native.simd import LANES, load


@kernel
def _places() -> tuple[int, int]:
    return words32(5).ctypes.data, words64(5).ctypes.data


@kernel
def _streamed(start: int, stop: int, source: U32Array, out: U32Array) -> None:
    for vector in range(start, stop):
        stream(out, vector * LANES, load(source, vector * LANES))
    publish()


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 16), (2, 5, 48)])
def test_an_array_starts_on_a_cache_line_and_has_its_shape(shape: tuple[int, ...]) -> None:
    for made in (aligned_empty(*shape), aligned_zeros(*shape)):
        assert made.ctypes.data % CACHE_LINE == 0
        assert made.shape == shape
        assert made.dtype == np.uint32
        assert made.flags.c_contiguous


def test_zeros_are_zeros_in_memory_used_before() -> None:
    for _ in range(4):
        used = aligned_empty(1 << 12)
        used.fill(7)
        del used
        assert not aligned_zeros(1 << 12).any()


def test_the_memory_of_a_kernel_starts_on_a_cache_line() -> None:
    assert [place % CACHE_LINE for place in _places()] == [0, 0]


def test_what_threads_stream_is_what_is_read() -> None:
    source = np.arange(1 << 16, dtype=np.uint32)
    out = aligned_zeros(1 << 16)
    parallel(_streamed, out.size // LANES, source, out)
    assert (out == source).all()
