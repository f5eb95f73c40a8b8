"""Array operations of the field, the extension and the state hash against their plain twins."""

from collections.abc import Callable

import numpy as np
import pytest

from rollup.field import extension, extension_kernels, kernels, koalabear
from rollup.field.extension_kernels import element_at
from rollup.field.koalabear import P
from rollup.hash import batched, constants, many, poseidon
from rollup.hash import kernels as hash_kernels
from rollup.native.jit import U32Array
from tests.helpers.fields import random_element, random_values

SIZES = [1, 16, 37, 40_000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("many_at_once", "plain"),
    [
        (kernels.add_many, koalabear.add),
        (kernels.subtract_many, koalabear.subtract),
        (kernels.multiply_many, koalabear.multiply),
    ],
)
def test_base_operations_agree(
    many_at_once: Callable[[U32Array, U32Array], U32Array],
    plain: Callable[[int, int], int],
    size: int,
) -> None:
    a, b = random_values((size,), 1), random_values((size,), 2)
    result = many_at_once(a, b)
    step = max(1, size // 200)
    for k in range(0, size, step):
        assert result[k] == plain(int(a[k]), int(b[k]))


def test_edges_of_the_field_agree_in_every_pair() -> None:
    edges = np.array([0, 1, 2, P - 1, P - 2, 2**30, 2**24, (P - 1) // 2], dtype=np.uint32)
    a, b = (grid.reshape(-1) for grid in np.meshgrid(edges, edges))
    for k in range(a.size):
        x, y = int(a[k]), int(b[k])
        assert kernels.add_many(a, b)[k] == koalabear.add(x, y)
        assert kernels.subtract_many(a, b)[k] == koalabear.subtract(x, y)
        assert kernels.multiply_many(a, b)[k] == koalabear.multiply(x, y)


def test_inverses_agree_and_zero_stays_zero() -> None:
    a = random_values((100,), 3)
    a[7] = 0
    result = kernels.inverse_many(a)
    for k in range(a.size):
        assert result[k] == (koalabear.inverse(int(a[k])) if a[k] else 0)


def test_shapes_are_kept_and_compared() -> None:
    a = random_values((3, 5), 4)
    assert kernels.add_many(a.T, a.T).shape == (5, 3)
    with pytest.raises(ValueError, match="one shape"):
        kernels.add_many(a, a.T)


def test_powers_and_montgomery_form_agree() -> None:
    assert kernels.powers(7, 5, 3).tolist() == [3 * 7**k for k in range(5)]
    values = random_values((9,), 5)
    expected = [int(value) * 2**32 % P for value in values]
    assert kernels.to_montgomery(values).tolist() == expected


@pytest.mark.parametrize("largest", [P - 1, P, 2**32 - 1])
def test_rows_are_placed_and_a_value_at_or_above_p_is_found(largest: int) -> None:
    values, out = random_values((6, 3), 12), np.zeros((6, 5), dtype=np.uint32)
    values[4, 2] = largest
    found = np.zeros(1, dtype=np.uint8)
    kernels.place_canonical(1, 6, values, out, 1, found)
    assert out[1:, 1:4].tolist() == values[1:].tolist()
    assert not out[0].any() and not out[:, [0, 4]].any()
    assert bool(found[0]) is (largest >= P)


@pytest.mark.parametrize("size", [1, 16, 21, 6000])
def test_extension_operations_agree(size: int) -> None:
    a, b = random_values((5, size), 6), random_values((5, size), 7)
    a[:, 0] = b[:, 0] = P - 1
    products = extension_kernels.multiply_planes(a, b)
    inverses = extension_kernels.inverse_planes(a)
    scaled = extension_kernels.scale_planes(a, b[0])
    for k in range(0, size, max(1, size // 100)):
        x, y = element_at(a, k), element_at(b, k)
        assert element_at(products, k) == extension.multiply(x, y)
        assert element_at(inverses, k) == extension.inverse(x)
        assert element_at(scaled, k) == extension.scale(x, y[0])


def test_a_zero_among_many_inverses_is_zero_and_harms_no_other() -> None:
    planes = random_values((5, 300), 8)
    planes[:, [0, 17, 299]] = 0
    inverses = extension_kernels.inverse_planes(planes)
    products = extension_kernels.multiply_planes(planes, inverses)
    expected = np.ones(300, dtype=np.uint32)
    expected[[0, 17, 299]] = 0
    assert products[0].tolist() == expected.tolist()
    assert not products[1:].any()
    assert not inverses[:, [0, 17, 299]].any()


def test_planes_hold_elements() -> None:
    elements = [random_element(k) for k in range(3)]
    planes = extension_kernels.planes_of(elements)
    assert planes.shape == (5, 3)
    assert [element_at(planes, k) for k in range(3)] == elements


def test_planes_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="planes"):
        extension_kernels.inverse_planes(random_values((4, 16), 9))
    with pytest.raises(ValueError, match="one shape"):
        extension_kernels.multiply_planes(random_values((5, 1), 9), random_values((5, 2), 9))


@pytest.mark.parametrize("count", [1, 16, 19, 600])
def test_poseidon_agrees(count: int) -> None:
    states = random_values((count, 16), 11)
    images = hash_kernels.permute_many(states)
    hashes = hash_kernels.compress_many(states[:, :8], states[:, 8:])
    for k in {0, count // 2, count - 1}:
        state = states[k].tolist()
        assert tuple(images[k].tolist()) == poseidon.permute(state)
        assert tuple(hashes[k].tolist()) == poseidon.compress(state[:8], state[8:])


def test_poseidon_kernel_gives_the_published_vector() -> None:
    state = np.array([constants.VECTOR_INPUT], dtype=np.uint32)
    assert tuple(hash_kernels.permute_many(state)[0].tolist()) == constants.VECTOR_OUTPUT


def rows_by_hand(state: list[int]) -> list[int]:
    """Input and S-box outputs in the order of time."""
    row = list(state)
    for number, added in enumerate(poseidon.ROUND_CONSTANTS):
        state = [s + c for s, c in zip(state, added, strict=True)]
        cubed = 16 if poseidon.is_full_round(number) else 1
        state[:cubed] = [pow(s, 3, P) for s in state[:cubed]]
        row += state[:cubed]
        state = [
            sum(m * s for m, s in zip(line, state, strict=True)) % P for line in poseidon.MDS_ROWS
        ]
    return row


def test_recorded_rounds_are_inputs_s_box_outputs_and_the_digest() -> None:
    states = random_values((18, 16), 12)
    rows = hash_kernels.compress_with_rounds(states)
    assert rows.shape == (18, hash_kernels.TRACE_WIDTH)
    for k in (0, 17):
        state = states[k].tolist()
        digest = poseidon.compress(tuple(state[:8]), tuple(state[8:]))
        assert rows[k].tolist() == [*rows_by_hand(state)[:-16], *digest]


@pytest.mark.parametrize("count", [0, 5, 16, 50])
def test_rounds_are_written_into_the_rows_given_and_nowhere_else(count: int) -> None:
    states = random_values((count, 16), 14)
    around = np.full((count + 2, hash_kernels.TRACE_WIDTH + 1), 7, dtype=np.uint32)
    written = hash_kernels.compress_with_rounds(states, around[1:-1])
    assert (written == hash_kernels.compress_with_rounds(states)).all()
    assert np.shares_memory(written, around) or count == 0
    assert (around[[0, -1]] == 7).all()
    assert (around[:, -1] == 7).all()


@pytest.mark.parametrize(
    "rows",
    [
        np.empty((3, hash_kernels.TRACE_WIDTH), dtype=np.uint32),
        np.empty((2, hash_kernels.TRACE_WIDTH - 1), dtype=np.uint32),
        np.empty((2, 2 * hash_kernels.TRACE_WIDTH), dtype=np.uint32)[:, ::2],
        np.empty((2, hash_kernels.TRACE_WIDTH), dtype=np.int32),
    ],
)
def test_rows_of_another_shape_are_refused(rows: U32Array) -> None:
    with pytest.raises(ValueError, match="rows"):
        hash_kernels.compress_with_rounds(random_values((2, 16), 15), rows)


@pytest.mark.parametrize("count", [0, 2, 5])
def test_lists_of_digests_compress_as_the_reference_does(count: int) -> None:
    values = random_values((2, count, 8), 13).tolist()
    left, right = ([tuple(digest) for digest in side] for side in values)
    assert batched.compress_many(left, right) == many.compress_many(left, right)


def test_digests_without_a_partner_are_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        batched.compress_many([poseidon.ZERO_DIGEST], [])
    with pytest.raises(ValueError, match="digests"):
        hash_kernels.compress_many(random_values((1, 8), 1), random_values((2, 8), 1))
    with pytest.raises(ValueError, match="states"):
        hash_kernels.permute_many(random_values((1, 8), 1))
