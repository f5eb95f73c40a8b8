"""Random field elements for tests, and hypothesis strategies for them."""

import numpy as np
from hypothesis import strategies as st

from rollup.field.extension import Element
from rollup.field.koalabear import P
from rollup.jit import U32Array

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
