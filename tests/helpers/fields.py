"""Random field elements for tests, and hypothesis strategies for them."""

import numpy as np
from hypothesis import strategies as st

from rollup.field.extension import Element
from rollup.field.koalabear import P, omega
from rollup.native.jit import U32Array

EDGES = (0, 1, 2, P - 1, P - 2, (P - 1) // 2, 2**24, 2**30)
"""Values at which reductions go wrong."""

base = st.one_of(st.sampled_from(EDGES), st.integers(0, P - 1))
elements = st.tuples(base, base, base, base, base)
non_zero_elements = elements.filter(any)


def random_values(shape: tuple[int, ...], seed: int) -> U32Array:
    """Canonical values, a few of them at the edges of the field."""
    source = np.random.default_rng(seed)
    values = source.integers(0, P, shape, dtype=np.uint32)
    flat = values.reshape(-1)
    places = source.integers(0, max(flat.size, 1), min(len(EDGES), flat.size))
    flat[places] = np.array(EDGES[: places.size], dtype=np.uint32)
    return values


def random_element(seed: int) -> Element:
    """An element of the extension."""
    c0, c1, c2, c3, c4 = np.random.default_rng(seed).integers(0, P, 5).tolist()
    return (c0, c1, c2, c3, c4)


def coset_point(log2: int, shift: int, index: int) -> int:
    """Point `index` of shift * <omega(log2)>."""
    return shift * pow(omega(log2), index, P) % P


def natural_order(extended: U32Array) -> U32Array:
    """An extended matrix (B, n, W) as rows of natural index: row r of coset c at r * B + c."""
    cosets, height, width = extended.shape
    return np.ascontiguousarray(extended.transpose(1, 0, 2)).reshape(cosets * height, width)
