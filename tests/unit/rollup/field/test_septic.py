"""The septic extension against py-ecc's generic field and its own laws."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_ecc.fields.field_elements import FQP

from rollup.field import septic
from rollup.field.koalabear import P
from rollup.field.septic import DEGREE, ONE, ZERO, Element


class Oracle(FQP):
    """py-ecc's polynomial field, with our modulus."""

    field_modulus = P
    degree = DEGREE

    def __init__(self, coeffs: tuple[int, ...]) -> None:
        super().__init__(coeffs, (-5, -3, 0, 0, 0, 0, 0))


def oracle(a: Element) -> Oracle:
    return Oracle(tuple(a))


def plain(a: Oracle) -> tuple[int, ...]:
    return tuple(int(c) % P for c in a.coeffs)


elements = st.tuples(*[st.integers(0, P - 1) | st.sampled_from([0, 1, P - 1])] * DEGREE)


@given(elements, elements)
def test_products_and_sums_are_those_of_the_oracle(a: Element, b: Element) -> None:
    assert septic.multiply(a, b) == plain(oracle(a) * oracle(b))
    assert septic.add(a, b) == plain(oracle(a) + oracle(b))
    assert septic.subtract(a, b) == plain(oracle(a) - oracle(b))
    assert septic.square(a) == septic.multiply(a, a)


@given(elements.filter(any))
def test_inverses_are_those_of_the_oracle(a: Element) -> None:
    assert septic.inverse(a) == plain(oracle(a).inv())
    assert septic.multiply(a, septic.inverse(a)) == ONE


@given(st.lists(elements.filter(any), max_size=5))
def test_many_inverses_are_the_inverses(values: list[Element]) -> None:
    assert septic.inverse_many(values) == [septic.inverse(a) for a in values]


def test_zero_has_no_inverse() -> None:
    with pytest.raises(ZeroDivisionError):
        septic.inverse(ZERO)
    with pytest.raises(ZeroDivisionError):
        septic.inverse_many([ONE, ZERO])


@given(elements)
def test_square_roots_square_back_and_exist_for_every_square(a: Element) -> None:
    square = septic.square(a)
    root = septic.square_root(square)
    assert root in (a, septic.negate(a))


def test_half_of_the_elements_are_squares() -> None:
    generator = random.Random(7)
    found = [
        septic.square_root(septic.element([generator.randrange(P) for _ in range(DEGREE)]))
        for _ in range(60)
    ]
    assert 15 < sum(root is None for root in found) < 45


def test_the_polynomial_is_irreducible() -> None:
    """x^(p^7) = x, and x^p - x is a unit: no root in any smaller field (7 is prime)."""
    z: Element = (0, 1, 0, 0, 0, 0, 0)
    conjugate = z
    for _ in range(DEGREE):
        conjugate = septic.power(conjugate, P)
    assert conjugate == z
    assert septic.norm(septic.subtract(septic.power(z, P), z)) != 0


def test_anything_but_seven_canonical_coefficients_is_refused() -> None:
    with pytest.raises(ValueError, match="7 coefficients, not 6"):
        septic.element([0] * 6)
    with pytest.raises(ValueError, match="are wanted"):
        septic.element([P, 0, 0, 0, 0, 0, 0])
    with pytest.raises(ValueError, match="at least 0"):
        septic.power(ONE, -1)
