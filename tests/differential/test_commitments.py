"""Trees, grinding and folds of the kernels against the verifier's plain integers."""

import numpy as np
import pytest

from circuits.pcs import fold, fri, merkle, merkle_verify
from circuits.pcs.grind import grind
from circuits.pcs.grinding import check_grinding
from circuits.pcs.keccak_kernel import RATE_LANES, STATE_LANES, STATES, absorb, pad
from rollup.field.extension_kernels import element_at
from rollup.hash.keccak import keccak256
from rollup.native.jit import U8Array
from tests.helpers.fields import coset_point, natural_order, random_element, random_values

SHAPES = [
    ((4, 16, 32), 21),
    ((1, 1, 16), 3),
    ((1, 2, 16), 16),
    ((2, 8, 16), 2),
    ((32, 4, 16), 9),
    ((4, 64, 48), 33),
    ((64, 16, 48), 48),
    ((4, 256, 208), 176),
]
"""Cosets, rows and stored columns, and how many of these count."""

DIGESTS = (32, 26)


@pytest.mark.parametrize("lanes", [1, 16, 17, 18, 40])
def test_keccak_agrees_with_pycryptodome(lanes: int) -> None:
    message = np.zeros((lanes + 2 * RATE_LANES) * STATES, dtype=np.uint64)
    source = np.random.default_rng(lanes)
    content = source.integers(0, 1 << 64, (lanes, STATES), dtype=np.uint64)
    message[: lanes * STATES] = content.reshape(-1)
    state = np.empty(STATE_LANES * STATES, dtype=np.uint64)
    absorb(state, message, pad(message, lanes))
    for k in range(STATES):
        expected = keccak256(np.ascontiguousarray(content[:, k]).tobytes())
        assert state.reshape(STATE_LANES, STATES)[:4, k].tobytes() == expected


def salts_of(size: int) -> U8Array:
    """16 bytes for each leaf, none like another."""
    octets = b"".join(keccak256(leaf.to_bytes(4, "little"))[:16] for leaf in range(size))
    return np.frombuffer(octets, dtype=np.uint8).reshape(size, 16)


@pytest.mark.parametrize("digest_bytes", DIGESTS)
@pytest.mark.parametrize("salted", [False, True])
@pytest.mark.parametrize(("shape", "width"), SHAPES)
def test_every_opening_leads_to_the_root(
    shape: tuple[int, int, int], width: int, salted: bool, digest_bytes: int
) -> None:
    matrix, size = random_values(shape, width), shape[0] * shape[1]
    salts = salts_of(size) if salted else None
    tree = merkle.commit(matrix, width, salts, digest_bytes)
    layout, rows = (tree.depth, width, digest_bytes), natural_order(matrix)[:, :width].tolist()
    assert 1 << tree.depth == size
    assert len(tree.root) == digest_bytes
    for index in {*range(min(size, 9)), size // 2, size - 1}:
        salt, path = tree.open(index)
        assert salt == (b"" if salts is None else salts[index].tobytes())
        assert merkle_verify.opening_root(layout, index, rows[index], salt, path) == tree.root
        for top in range(tree.depth + 1):
            _, path = tree.open(index, top)
            node = tree.level(top)[index >> len(path)]
            assert merkle_verify.opening_root(layout, index, rows[index], salt, path) == node


@pytest.mark.parametrize("digest_bytes", DIGESTS)
def test_all_leaves_and_nodes_are_those_of_the_reference(digest_bytes: int) -> None:
    matrix, salts = random_values((4, 32, 32), 7), salts_of(128)
    tree = merkle.commit(matrix, 19, salts, digest_bytes)
    level = [
        merkle_verify.leaf_digest(7, row, salt.tobytes(), digest_bytes)
        for row, salt in zip(natural_order(matrix)[:, :19].tolist(), salts, strict=True)
    ]
    for log2 in range(7, 0, -1):
        assert tree.level(log2) == level
        level = [merkle_verify.node(*level[k : k + 2]) for k in range(0, len(level), 2)]
    assert level == [tree.root]


@pytest.mark.parametrize("shape", [(8, 4, 16), (8, 16, 32)])
def test_cosets_one_after_the_other_make_the_same_tree(shape: tuple[int, int, int]) -> None:
    """In any order, and some of them together."""
    matrix, size = random_values(shape, 9), shape[0] * shape[1]
    whole = merkle.commit(matrix, 11, salts_of(size), 26)
    leaves = merkle.Leaves(shape[0], shape[1], 11, salts_of(size), 26)
    for first, stop in ((5, 8), (0, 1), (2, 5), (1, 2)):
        leaves.add(first, matrix[first:stop] if stop - first > 1 else matrix[first])
    assert leaves.tree().level(whole.depth) == whole.level(whole.depth)
    assert leaves.tree().root == whole.root


def test_columns_that_do_not_count_change_nothing() -> None:
    matrix = random_values((4, 16, 32), 1)
    root = merkle.commit(matrix, 21).root
    matrix[:, :, 21:] += 1
    assert merkle.commit(matrix, 21).root == root
    matrix[3, 15, 20] ^= 1
    assert merkle.commit(matrix, 21).root != root


def test_rows_are_those_of_the_natural_index() -> None:
    matrix = random_values((4, 16, 32), 1)
    natural = natural_order(matrix)
    assert list(merkle.opened_row(matrix, 20, 37)) == natural[37, :20].tolist()
    assert list(merkle.opened_row(natural, 20, 37)) == natural[37, :20].tolist()


def test_a_matrix_in_natural_order_commits_to_the_same() -> None:
    matrix = random_values((4, 16, 32), 2)
    rows = np.ascontiguousarray(natural_order(matrix)[:, :21])
    assert merkle.commit(rows, 21).root == merkle.commit(matrix, 21).root


@pytest.mark.parametrize(
    ("shape", "width", "salts"),
    [
        ((1, 8, 16), 17, None),
        ((1, 8, 16), 0, None),
        ((1, 8, 16), 3, np.zeros((2, 16), dtype=np.uint8)),
        ((1, 8, 16), 3, np.zeros((8, 16), dtype=np.uint32)),
        ((3, 8, 16), 3, None),
    ],
)
def test_what_cannot_be_committed_is_refused(
    shape: tuple[int, int, int], width: int, salts: object
) -> None:
    with pytest.raises(ValueError):
        merkle.commit(random_values(shape, 3), width, salts)  # type: ignore[arg-type]


def test_cosets_of_another_height_are_refused() -> None:
    leaves = merkle.Leaves(2, 16, 3)
    with pytest.raises(ValueError, match="cannot be committed"):
        leaves.add(0, random_values((1, 8, 16), 3))


@pytest.mark.parametrize(("index", "top_log2"), [(-1, 0), (8, 0), (0, 4)])
def test_openings_outside_the_tree_are_refused(index: int, top_log2: int) -> None:
    tree = merkle.commit(random_values((1, 8, 16), 3), 3)
    with pytest.raises(ValueError, match="depth"):
        tree.open(index, top_log2)


@pytest.mark.parametrize("log2", [-1, 4])
def test_levels_outside_the_tree_are_refused(log2: int) -> None:
    tree = merkle.commit(random_values((1, 8, 16), 3), 3)
    with pytest.raises(ValueError, match="no level"):
        tree.level(log2)


@pytest.mark.parametrize("bits", [0, 1, 7, 8, 13])
def test_the_smallest_nonce_is_found(bits: int) -> None:
    state = keccak256(b"state")
    nonce = grind(state, bits)
    assert check_grinding(state, bits, nonce)
    assert not any(check_grinding(state, bits, smaller) for smaller in range(nonce))


def test_work_that_is_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="grinding"):
        grind(keccak256(b""), 41)


@pytest.mark.parametrize("log2", [3, 5, 7, 10])
def test_folded_layers_agree(log2: int) -> None:
    layer, challenge = random_values((5, 1 << log2), log2), random_element(log2)
    folded = fri.fold_planes(layer, 7, challenge)
    count = 1 << (log2 - 3)
    assert folded.shape == (5, count)
    leaves = fri.leaf_matrix(layer)
    for index in {0, count // 2, count - 1}:
        fibre = [element_at(layer, index + j * count) for j in range(8)]
        expected = fold.fold_values(fibre, coset_point(log2, 7, index), challenge)
        assert element_at(folded, index) == expected
        assert [x for value in fibre for x in value] == leaves[index, :40].tolist()


def test_a_layer_of_fewer_than_eight_values_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fold"):
        fri.fold_planes(random_values((5, 4), 1), 3, random_element(1))
