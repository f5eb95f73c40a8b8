"""Stacks by the kernels against their definition: plain polynomials, and galois."""

import functools
from collections.abc import Sequence

import numpy as np
import pytest

from circuits.poly import reference
from circuits.poly.lde import Blocks, first_size, on_cosets
from circuits.poly.stacked import NO_COLUMN, Placed, divided, stacked
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import GENERATOR, P
from rollup.native.jit import U32Array
from rollup.native.simd import LANES
from tests.helpers.fields import random_element, random_values


@functools.cache
def galois_field():  # type: ignore[no-untyped-def]
    import galois

    return galois.GF(P, primitive_element=GENERATOR, verify=False)


def natural(blocks: Blocks) -> U32Array:
    """The words of blocks as columns of coefficients, low degree first, by the given strides."""
    size, rows = 1 << blocks.log2, first_size(blocks.log2)
    found = np.empty((size, blocks.width), dtype=np.uint32)
    block, first, second = blocks.strides
    flat = blocks.values.reshape(-1)
    for index in range(size):
        for start in range(0, blocks.width, LANES):
            place = start // LANES * block + index % rows * first + index // rows * second
            found[index, start : start + LANES] = flat[place : place + LANES]
    return found


def table_of(places: int, words: int, width: int, seed: int) -> np.ndarray:
    """Columns in any places, some of them empty, the first word full."""
    source = np.random.default_rng(seed)
    table = source.integers(NO_COLUMN, width, (places, words))
    table[:, 0] = np.arange(places) % width
    return table


def parts_of(log2: int, sizes: Sequence[tuple[int, int, int]]) -> tuple[list[Placed], int]:
    """Random matrices: (log2 of the places, words, columns) each; and how many words they are."""
    parts, first = [], 0
    for number, (log2_places, words, width) in enumerate(sizes):
        coefficients = random_values((1 << (log2 - log2_places), -(-width // 16) * 16), number)
        table = table_of(1 << log2_places, words, width, number)
        parts.append(Placed(coefficients, table, first))
        first += words
    return parts, first


SIZES = [
    (4, [(0, 3, 3)]),
    (5, [(0, 5, 7), (2, 3, 11)]),
    (6, [(3, 17, 40), (6, 2, 9)]),
    (7, [(0, 15, 15), (1, 18, 33), (4, 1, 16), (5, 20, 80)]),
    (11, [(0, 1, 1), (3, 31, 60), (10, 2, 30)]),
]


@pytest.mark.parametrize(("log2", "sizes"), SIZES)
def test_a_stack_holds_its_columns_by_place(log2: int, sizes: list[tuple[int, int, int]]) -> None:
    parts, width = parts_of(log2, sizes)
    blocks = stacked(parts, log2, width)
    found = natural(blocks)
    assert found.shape == (1 << log2, -(-width // LANES) * LANES)
    assert not found[:, width:].any()
    for part in parts:
        places, words = part.table.shape
        for place in range(places):
            for word in range(words):
                column = part.table[place, word]
                wanted = part.coefficients[:, column] if column != NO_COLUMN else 0
                assert (found[place::places, part.first + word] == wanted).all()


@pytest.mark.parametrize(("log2", "sizes"), SIZES[:4])
def test_stacks_take_the_values_of_their_definition(
    log2: int, sizes: list[tuple[int, int, int]]
) -> None:
    """T(x) = sum_k x^k t_k(x^s), on two cosets, by plain evaluation of the columns."""
    parts, width = parts_of(log2, sizes)
    shifts = [5, 1234567]
    values = on_cosets(stacked(parts, log2, width), shifts)
    root = pow(GENERATOR, (P - 1) >> log2, P)
    for coset, row in ((0, 0), (0, 3), (1, (1 << log2) - 1)):
        x = shifts[coset] * pow(root, row, P) % P
        for part in parts:
            places, words = part.table.shape
            power = extension.embed(pow(x, places, P))
            for word in {0, words - 1}:
                total = 0
                for place, column in enumerate(part.table[:, word].tolist()):
                    if column != NO_COLUMN:
                        coefficients = part.coefficients[:, column].tolist()
                        value, *_ = reference.evaluate(coefficients, power)
                        total += pow(x, place, P) * value
                assert int(values[coset, row, part.first + word]) == total % P


def test_a_stack_is_the_sum_that_galois_composes() -> None:
    import galois

    field = galois_field()
    parts, width = parts_of(6, [(3, 2, 8)])
    found = natural(stacked(parts, 6, width))
    inner = galois.Poly(field([1] + [0] * 8))  # X^8
    total = galois.Poly.Zero(field)
    for place in range(8):
        column = galois.Poly(field(parts[0].coefficients[::-1, place]))
        total += galois.Poly(field([1] + [0] * place)) * column(inner)
    assert total.coefficients(64, order="asc").tolist() == found[:, 0].tolist()


def test_matrices_that_do_not_fill_a_stack_are_refused() -> None:
    parts, width = parts_of(5, [(2, 3, 11)])
    with pytest.raises(ValueError, match="are not 2"):
        stacked(parts, 6, width)


# Division by X^s - y.


def multiplied_back(quotient: U32Array, places: int, point: Element) -> list[Element]:
    """(X^s - y) times a polynomial over E."""
    rows: list[Element] = [tuple(row) for row in quotient.tolist()]
    raised = [extension.ZERO] * places + rows
    scaled = [extension.multiply(point, row) for row in rows] + [extension.ZERO] * places
    return [extension.subtract(a, b) for a, b in zip(raised, scaled, strict=True)]


@pytest.mark.parametrize(("log2", "log2_places"), [(0, 0), (3, 0), (6, 0), (6, 3), (7, 1), (5, 5)])
def test_quotient_and_remainder_make_the_polynomial(log2: int, log2_places: int) -> None:
    size, places = 1 << log2, 1 << log2_places
    coefficients = random_values((size, DEGREE), log2)
    coefficients[size // 2] = P - 1
    point = random_element(log2)
    quotient = divided(coefficients, places, point)
    assert not quotient[size - places :].any()
    product = multiplied_back(quotient, places, point)
    rest = [
        extension.subtract(tuple(row), other)
        for row, other in zip(coefficients.tolist(), product, strict=False)
    ]
    assert not any(any(value) for value in (*rest[places:], *product[size:]))
    for place in range(places):
        column = [tuple(row) for row in coefficients[place::places].tolist()]
        assert rest[place] == reference.evaluate(column, point)


def test_the_division_of_a_stack_is_the_stack_of_the_divisions() -> None:
    places, point = 4, random_element(3)
    coefficients = random_values((64, DEGREE), 5)
    whole = divided(coefficients, places, point)
    for place in range(places):
        alone = divided(np.ascontiguousarray(coefficients[place::places]), 1, point)
        assert np.array_equal(whole[place::places], alone)


def test_division_agrees_with_galois() -> None:
    """By a point of F, so that the five coefficient functions are divided one by one."""
    import galois

    field = galois_field()
    places, point = 8, 987_654_321
    coefficients = random_values((64, DEGREE), 6)
    found = divided(coefficients, places, extension.embed(point))
    divisor = galois.Poly(field([1] + [0] * (places - 1) + [P - point]))
    for k in range(DEGREE):
        polynomial = galois.Poly(field(coefficients[::-1, k]))
        quotient = polynomial // divisor
        assert quotient.coefficients(64, order="asc").tolist() == found[:, k].tolist()
