"""The base field in plain integers."""

import pytest
from hypothesis import given

from rollup.field import koalabear
from rollup.field.koalabear import P
from tests.helpers.fields import base


def test_the_prime_is_prime_and_cubing_is_a_bijection() -> None:
    factors = {2, 127}
    assert P - 1 == 2**24 * 127
    assert all(pow(koalabear.GENERATOR, (P - 1) // q, P) != 1 for q in factors)
    assert pow(koalabear.GENERATOR, P - 1, P) == 1  # so the group has order p - 1: p is prime
    assert (P - 1) % 3 != 0


def test_two_adic_roots_have_their_order_and_square_to_each_other() -> None:
    for log2 in range(1, koalabear.TWO_ADICITY + 1):
        root = koalabear.omega(log2)
        assert pow(root, 1 << (log2 - 1), P) == P - 1
        assert root * root % P == koalabear.omega(log2 - 1)
    assert koalabear.omega(0) == 1


@pytest.mark.parametrize("log2", [-1, 25])
def test_a_subgroup_that_does_not_exist_is_refused(log2: int) -> None:
    with pytest.raises(ValueError, match="subgroup"):
        koalabear.omega(log2)


@given(base, base, base)
def test_field_laws_hold(a: int, b: int, c: int) -> None:
    assert koalabear.subtract(koalabear.add(a, b), b) == a
    left = koalabear.multiply(a, koalabear.add(b, c))
    assert left == koalabear.add(koalabear.multiply(a, b), koalabear.multiply(a, c))
    if a:
        assert koalabear.multiply(a, koalabear.inverse(a)) == 1
        assert koalabear.power(a, -3) == koalabear.inverse(koalabear.power(a, 3))


def test_zero_has_no_inverse() -> None:
    with pytest.raises(ZeroDivisionError):
        koalabear.inverse(0)


@pytest.mark.parametrize(
    ("value", "canonical"), [(0, True), (P - 1, True), (P, False), (-1, False)]
)
def test_canonical_values_are_zero_to_p(value: int, canonical: bool) -> None:
    assert koalabear.is_canonical(value) is canonical
