"""Extension, interpolation and evaluation of matrices against plain polynomials and galois."""

import functools

import numpy as np
import pytest

from circuits.poly import lde, reference
from circuits.poly.domains import lifted_shift
from circuits.poly.sums import combine_columns, evaluate_columns, values_at
from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.extension_kernels import element_at
from rollup.field.koalabear import GENERATOR, P, omega
from tests.helpers.fields import coset_point, natural_order, random_element, random_values


@functools.cache
def galois_field():  # type: ignore[no-untyped-def]
    import galois

    return galois.GF(P, primitive_element=GENERATOR, verify=False)


def test_the_reference_agrees_with_galois() -> None:
    import galois

    field = galois_field()
    values = random_values((16,), 1)
    polynomial = galois.Poly(field(reference.interpolate(values.tolist(), 5)[::-1]))
    points = [5 * pow(omega(4), k, P) % P for k in range(16)]
    assert np.array_equal(polynomial(field(points)), field(values))
    extended = reference.extend(values.tolist(), 2, 7)
    over = galois.Poly(field(reference.interpolate(values.tolist())[::-1]))
    points = [7 * pow(omega(6), k, P) % P for k in range(64)]
    assert np.array_equal(over(field(points)), field(extended))


def test_the_extension_agrees_with_galois() -> None:
    import galois

    field = galois_field()
    modulus = galois.Poly(field([1, 0, 0, 1, 0, P - 1]))
    a, b = random_element(1), random_element(2)
    product = (galois.Poly(field(a[::-1])) * galois.Poly(field(b[::-1]))) % modulus
    coefficients = [int(c) for c in product.coefficients(5, order="asc")]
    assert tuple(coefficients) == extension.multiply(a, b)
    frobenius = galois.Poly(field([1, 0]))
    for _ in range(5):
        frobenius = pow(frobenius, P, modulus)
    assert frobenius == galois.Poly(field([1, 0]))  # X^(p^5) = X
    linear = pow(galois.Poly(field([1, 0])), P, modulus) - galois.Poly(field([1, 0]))
    assert galois.gcd(linear, modulus).degree == 0  # and no root in F: 5 is prime, so irreducible


@pytest.mark.parametrize("log2", range(10))
@pytest.mark.parametrize("blowup_log2", [0, 2, 3])
def test_extended_columns_agree(log2: int, blowup_log2: int) -> None:
    trace = random_values((1 << log2, 18), log2)
    extended = lde.extend(trace, blowup_log2, 5)
    assert extended.shape == (1 << blowup_log2, 1 << log2, 32)
    rows = natural_order(extended)
    for column in (0, 17):
        assert rows[:, column].tolist() == reference.extend(
            trace[:, column].tolist(), blowup_log2, 5
        )
    assert not rows[:, 18:].any()


@pytest.mark.parametrize("log2", [0, 1, 5, 8])
def test_interpolated_columns_agree_and_extend_to_the_same(log2: int) -> None:
    values = random_values((1 << log2, 3), log2)
    coefficients = lde.interpolate(values, 7)
    assert coefficients[:, 2].tolist() == reference.interpolate(values[:, 2].tolist(), 7)
    plain = lde.interpolate(values)
    again = lde.extend_coefficients(plain, 1, 5)
    assert np.array_equal(again, lde.extend(values, 1, 5))


def test_layout_is_coset_row_column() -> None:
    values = random_values((8, 1), 3)
    extended = lde.extend(values, 2, 5)
    coefficients = reference.interpolate(values[:, 0].tolist())
    for coset, row in ((0, 0), (1, 2), (3, 7)):
        x = coset_point(5, 5, row * 4 + coset)
        shift = lde.shift_of_coset(coset, 3, 2, 5)
        assert x == shift * pow(omega(3), row, P) % P
        value = reference.evaluate(coefficients, extension.embed(x))
        assert value == extension.embed(int(extended[coset, row, 0]))


def test_a_lifted_table_repeats_its_rows() -> None:
    small = random_values((4, 1), 4)
    tall_shift, small_shift = lifted_shift(5, 5), lifted_shift(2, 5)
    coefficients = reference.interpolate(small[:, 0].tolist())
    rows = natural_order(lde.extend(small, 1, small_shift))[:, 0]
    for index in (0, 9, 63):
        x = coset_point(6, tall_shift, index)
        value = reference.evaluate(coefficients, extension.embed(pow(x, 8, P)))
        assert value[0] == rows[index % rows.size]


def test_shifts_of_tables_taller_than_the_tallest_are_refused() -> None:
    assert lifted_shift(2, 4) == GENERATOR**4
    with pytest.raises(ValueError, match="lift"):
        lifted_shift(5, 4)


def test_padding_keeps_a_whole_matrix_and_widens_another() -> None:
    whole = random_values((4, 16), 5)
    assert lde.padded(whole) is whole
    assert lde.padded(whole[:, :3]).shape == (4, lde.padded_width(3))
    assert not lde.padded(whole[:, :3])[:, 3:].any()


@pytest.mark.parametrize("shape", [(12, 1), (4,), (4, 0)])
def test_matrices_of_no_domain_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        lde.extend(random_values(shape, 6), 1, 5)


@pytest.mark.parametrize(("blowup_log2", "shift"), [(-1, 3), (23, 3), (1, 0), (1, P)])
def test_cosets_that_do_not_exist_are_refused(blowup_log2: int, shift: int) -> None:
    with pytest.raises(ValueError, match="coset"):
        lde.extend(random_values((4, 1), 6), blowup_log2, shift)


@pytest.mark.parametrize("log2", [0, 1, 4, 7, 12])
def test_columns_evaluate_as_their_polynomials_do(log2: int) -> None:
    values = random_values((1 << log2, 18), log2)
    points = [random_element(1), random_element(2)]
    evaluated = evaluate_columns(lde.padded(values), 18, 5, points)
    coefficients = lde.interpolate(values, 5)
    for point, row in zip(points, evaluated, strict=True):
        assert len(row) == 18
        for column in (0, 17):
            assert row[column] == reference.evaluate(coefficients[:, column].tolist(), point)


def test_a_point_of_the_domain_is_refused() -> None:
    with pytest.raises(ValueError, match="domain"):
        evaluate_columns(random_values((4, 16), 7), 1, 5, [extension.embed(5)])


@pytest.mark.parametrize("log2", [0, 1, 4, 7])
def test_blocks_hold_their_coefficients_in_an_order_that_they_know(log2: int) -> None:
    """As a matrix of columns, and as the inverse transform leaves them."""
    values = random_values((1 << log2, 18), log2)
    natural = lde.padded(lde.interpolate(values))
    numbers = np.arange(1 << log2, dtype=np.uint32)
    for blocks, in_columns in (
        (lde.blocks_of(natural), True),
        (lde.coefficients_of(values), False),
    ):
        assert blocks.in_columns is in_columns
        order = blocks.in_order(numbers)
        rows = np.concatenate(blocks.matrices(), axis=1)
        assert np.array_equal(rows, natural[order])
        assert np.array_equal(lde.on_cosets(blocks, [5])[0], lde.extend(values, 0, 5)[0])


@pytest.mark.parametrize(("log2", "points"), [(0, 1), (4, 5), (7, 7), (12, 2)])
def test_rows_are_summed_by_base_field_weights(log2: int, points: int) -> None:
    """Also where the points are no multiple of the five that share a pass."""
    matrices = [random_values((1 << log2, 16 * (k + 1)), k) for k in range(2)]
    weights = random_values((points, 1 << log2), log2)
    for matrix, found in zip(matrices, values_at(matrices, weights), strict=True):
        assert found.shape == (points, matrix.shape[1])
        products = weights.astype(object) @ matrix.astype(object)
        assert (found == products % P).all()


HIGHEST: Element = (P - 1, P - 1, P - 1, P - 1, P - 1)


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("width", [16, 48, 64])
def test_column_sums_agree(width: int, moved: bool) -> None:
    """Of the first columns, and of columns from any on, across vectors."""
    matrix = random_values((32, width), 8)
    matrix[0] = P - 1
    weights = [[random_element(k) for k in range(width - 1)], [], [HIGHEST] * width]
    firsts = [1, 7, 0] if moved else None
    if firsts is not None:
        weights += [[random_element(k) for k in range(2)], [random_element(9)]]
        firsts += [width // 2 - 1, width - 1]
    sums = combine_columns(matrix, weights, firsts)
    for row in (0, 31):
        for group, group_weights in enumerate(weights):
            first = 0 if firsts is None else firsts[group]
            expected = extension.ZERO
            for value, weight in zip(matrix[row, first:].tolist(), group_weights, strict=False):
                expected = extension.add(expected, extension.scale(weight, value))
            assert element_at(sums[group], row) == expected


def test_column_sums_refuse_parts_of_vectors() -> None:
    with pytest.raises(ValueError, match="whole vectors"):
        combine_columns(random_values((32, 15), 9), [])
    for firsts in (None, [16]):
        with pytest.raises(ValueError, match="too narrow"):
            combine_columns(random_values((32, 16), 9), [[HIGHEST] * (1 if firsts else 17)], firsts)
