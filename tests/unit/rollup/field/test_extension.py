"""The quintic extension in plain integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.field import extension
from rollup.field.extension import ONE, ZERO, Element, X
from rollup.field.koalabear import P
from tests.helpers.fields import base, elements, non_zero_elements


def test_x_satisfies_its_polynomial() -> None:
    assert extension.add(extension.power(X, 5), extension.power(X, 2)) == ONE


@given(elements, elements, elements)
def test_ring_laws_hold(a: Element, b: Element, c: Element) -> None:
    multiply, add = extension.multiply, extension.add
    assert multiply(a, b) == multiply(b, a)
    assert multiply(a, multiply(b, c)) == multiply(multiply(a, b), c)
    assert multiply(a, add(b, c)) == add(multiply(a, b), multiply(a, c))
    assert multiply(a, ONE) == a
    assert extension.square(a) == multiply(a, a)
    assert add(a, extension.negate(a)) == ZERO
    assert extension.subtract(a, b) == add(a, extension.negate(b))


@given(non_zero_elements)
def test_every_element_but_zero_has_an_inverse(a: Element) -> None:
    assert extension.multiply(a, extension.inverse(a)) == ONE


@given(elements)
def test_frobenius_is_the_p_th_power(a: Element) -> None:
    assert extension.frobenius(a) == extension.power(a, P)


@given(elements, base)
def test_scaling_is_a_product_by_a_base_element(a: Element, factor: int) -> None:
    assert extension.scale(a, factor) == extension.multiply(a, extension.embed(factor))


@given(st.lists(st.tuples(base, elements), max_size=40))
def test_packed_sums_are_linear_combinations(terms: list[tuple[int, Element]]) -> None:
    expected = ZERO
    for value, element in terms:
        expected = extension.add(expected, extension.scale(element, value))
    packed = sum(value * extension.pack(element) for value, element in terms)
    assert extension.unpack(packed) == expected


def test_packed_sums_hold_as_many_terms_as_promised() -> None:
    largest: Element = (P - 1, P - 1, P - 1, P - 1, P - 1)
    total = (1 << 17) * (P - 1) * extension.pack(largest)
    assert extension.unpack(total) == (1 << 17,) * 5  # (-1) * (-1), that often


@given(st.lists(non_zero_elements, max_size=9))
def test_many_inverses_are_each_an_inverse(values: list[Element]) -> None:
    assert extension.inverse_many(values) == [extension.inverse(value) for value in values]


def test_powers_start_at_one() -> None:
    assert extension.powers(X, 3) == [ONE, X, extension.square(X)]
    assert extension.powers(X, 0) == []
    assert extension.power(ZERO, 0) == ONE


def test_what_has_no_result_is_refused() -> None:
    with pytest.raises(ZeroDivisionError):
        extension.inverse(ZERO)
    with pytest.raises(ZeroDivisionError):
        extension.inverse_many([ONE, ZERO])
    with pytest.raises(ValueError, match="exponent"):
        extension.power(X, -1)


def test_canonical_elements_have_five_small_coefficients() -> None:
    assert extension.is_canonical(X)
    assert not extension.is_canonical((P, 0, 0, 0, 0))
    assert not extension.is_canonical((1, 2, 3, 4))  # type: ignore[arg-type]
