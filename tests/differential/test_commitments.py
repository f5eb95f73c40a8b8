"""Trees, grinding, folds and batching of the kernels against the verifier's plain integers."""

import numpy as np
import pytest

from circuits.pcs import deep, fold, fri, merkle, merkle_verify
from circuits.pcs.grind import grind
from circuits.pcs.grinding import check_grinding
from circuits.pcs.keccak_kernel import RATE_LANES, STATE_LANES, STATES, absorb, pad
from circuits.poly import lde
from circuits.poly.domains import lifted_shift
from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.extension_kernels import element_at
from rollup.hash.keccak import keccak256
from tests.helpers.fields import coset_point, natural_order, random_element, random_values

SHAPES = [
    [((4, 16, 32), 21)],
    [((1, 1, 16), 3)],
    [((1, 2, 16), 16)],
    [((2, 2, 16), 5), ((2, 32, 16), 2)],
    [((32, 4, 16), 9)],
    [((4, 64, 48), 33), ((4, 4, 16), 16), ((4, 16, 32), 21)],
    [((4, 16, 32), 21), ((4, 16, 16), 3), ((4, 64, 48), 48), ((4, 64, 208), 176)],
]


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


@pytest.mark.parametrize("salted", [False, True])
@pytest.mark.parametrize("shapes", SHAPES)
def test_every_opening_leads_to_the_root(
    shapes: list[tuple[tuple[int, int, int], int]], salted: bool
) -> None:
    matrices = [random_values(shape, k) for k, (shape, _) in enumerate(shapes)]
    size = max(shape[0] * shape[1] for shape, _ in shapes)
    salts = np.frombuffer(keccak256(b"salts") * (size // 2 + 1), dtype=np.uint8)
    kept = salts[: size * 16].reshape(size, 16) if salted else None
    tree = merkle.commit(matrices, [width for _, width in shapes], kept)
    for index in {*range(min(size, 9)), size // 2, size - 1}:
        opening = tree.open(index)
        assert opening.salt == (b"" if kept is None else kept[index].tobytes())
        arguments = (tree.layout, index, opening.rows, opening.salt)
        assert merkle_verify.opening_root(*arguments, opening.path) == tree.root
        for top in range(tree.depth + 1):
            path = tree.open(index, top).path
            node = tree.level(top)[index >> len(path)]
            assert merkle_verify.opening_root(*arguments, path) == node


def test_rows_are_those_of_the_natural_index() -> None:
    matrix = random_values((4, 16, 32), 1)
    tree = merkle.commit([matrix], [20])
    natural = natural_order(matrix)
    assert list(tree.open(37).rows[0]) == natural[37, :20].tolist()


def test_a_matrix_in_natural_order_commits_to_the_same() -> None:
    matrix = random_values((4, 16, 32), 2)
    rows = np.ascontiguousarray(natural_order(matrix)[:, :21])
    assert merkle.commit([rows], [21]).root == merkle.commit([matrix], [21]).root


@pytest.mark.parametrize(
    ("widths", "salts"),
    [([], None), ([17], None), ([0], None), ([3], np.zeros((2, 16), dtype=np.uint8))],
)
def test_what_cannot_be_committed_is_refused(widths: list[int], salts: object) -> None:
    with pytest.raises(ValueError):
        merkle.commit([random_values((1, 8, 16), 3)], widths, salts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("index", "top_log2"), [(-1, 0), (8, 0), (0, 4)])
def test_openings_outside_the_tree_are_refused(index: int, top_log2: int) -> None:
    tree = merkle.commit([random_values((1, 8, 16), 3)], [3])
    with pytest.raises(ValueError, match="depth"):
        tree.open(index, top_log2)


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


def part(log2: int, width: int, groups: list[bool]) -> deep.Part:
    trace = random_values((1 << log2, width), width)
    weights = [
        [random_element(10 * g + k) for k in range(width)] if used else []
        for g, used in enumerate(groups)
    ]
    return deep.Part(lde.extend(trace, 2, lifted_shift(log2, 6)), weights)


def batched_at(parts: list[deep.Part], index: int) -> list[Element]:
    totals = [extension.ZERO] * 3
    for matrix, weights in ((natural_order(p.matrix), p.weights) for p in parts):
        row = matrix[index % matrix.shape[0]].tolist()
        for g, group in enumerate(weights):
            for value, weight in zip(row, group, strict=False):
                totals[g] = extension.add(totals[g], extension.scale(weight, value))
    return totals


def test_the_batched_quotient_agrees_at_every_kind_of_position() -> None:
    parts = [
        part(6, 19, [True, True, False]),
        part(4, 5, [True, True, False]),
        part(6, 16, [True, False, True]),
        part(2, 33, [True, True, False]),
    ]
    openings = [
        deep.OpenedAt(random_element(k), (random_element(k + 1), factor), random_element(k + 2))
        for k, factor in ((50, extension.ZERO), (60, random_element(63)))
    ]
    f0 = deep.deep_batch(parts, openings, 6, 2, lifted_shift(6, 6))
    assert f0.shape == (5, 256)
    for index in (0, 1, 77, 255):
        x = extension.embed(coset_point(8, lifted_shift(6, 6), index))
        totals = batched_at(parts, index)
        expected = totals[2]
        for opening in openings:
            numerator = extension.negate(opening.constant)
            for factor, total in zip(opening.factors, totals, strict=False):
                numerator = extension.add(numerator, extension.multiply(factor, total))
            divisor = extension.inverse(extension.subtract(x, opening.point))
            expected = extension.add(expected, extension.multiply(numerator, divisor))
        assert element_at(f0, index) == expected


def test_a_batch_without_the_tallest_matrix_is_refused() -> None:
    opening = deep.OpenedAt(extension.X, (), extension.ZERO)
    with pytest.raises(ValueError, match="tallest"):
        deep.deep_batch([part(2, 3, [True])], [opening], 6, 2, 3)


def test_openings_of_different_sums_are_refused() -> None:
    openings = [deep.OpenedAt(extension.X, (extension.ONE,) * k, extension.ZERO) for k in (1, 2)]
    with pytest.raises(ValueError, match="a factor for each sum"):
        deep.deep_batch([part(6, 3, [True])], openings, 6, 2, 3)
