"""Integer identities: complete for every true one, refused for false ones and for wild carries."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.air.builder import Builder
from circuits.air.expr import TracingError
from circuits.air.graph import MODULUS
from circuits.air.layout import Layout, bit, carries, limbs
from circuits.air.table import Table
from circuits.air.trace import Trace
from circuits.gadgets.integer import (
    Integer,
    carry_bits,
    constant,
    fill_carries,
    from_limbs,
    from_small,
    require_identity,
)
from tests.helpers.isolation import Isolated


class Product(Layout):
    """a * b + 7 c - 5 * flag = out."""

    a = limbs(40)
    b = limbs(30)
    c = limbs(64)
    flag = bit()
    out = limbs(71)
    carry = carries(5, 17)


def product(row: Any) -> Integer:
    linear = from_limbs(row.c) * 7 - constant(5).times(row.flag, 0, 1)
    return from_limbs(row.a) * from_limbs(row.b) + linear - from_limbs(row.out)


def product_constraints(air: Builder, row: Product) -> None:
    air.require_bit(row.flag, "toy.flag")
    for number in (row.a, row.b, row.c, row.out, row.carry):
        air.range_check(number, claim="toy.range")
    require_identity(air, product(row), row.carry, "toy.identity")


PRODUCT = Isolated(Table("toy", Product, product_constraints))

numbers = st.tuples(
    st.integers(0, 2**40 - 1),
    st.integers(0, 2**30 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 1),
)


def put(number: Any, value: int) -> None:
    """Write the limbs of one Python integer into every row."""
    for k, limb in enumerate(number):
        limb[...] = value >> 13 * k & 8191


def fill_product(a: int, b: int, c: int, flag: int, out: int) -> Any:
    trace = Trace(Product, 2)
    for number, value in ((trace.row.a, a), (trace.row.b, b), (trace.row.c, c)):
        put(number, value)
    put(trace.row.out, out)
    trace.row.flag[...] = flag
    trace.row.carry.fill(fill_carries(product(trace.row)))
    return trace.finish()


@settings(max_examples=60)
@given(numbers)
def test_every_true_identity_is_provable(values: tuple[int, int, int, int]) -> None:
    a, b, c, flag = values
    out = a * b + 7 * c - 5 * flag
    if 0 <= out < 2**71:
        assert PRODUCT.failed(fill_product(*values, out)) == set()


@settings(max_examples=60)
@given(numbers, st.integers(-(2**72), 2**72).filter(bool))
def test_no_false_identity_is_provable(values: tuple[int, int, int, int], lie: int) -> None:
    a, b, c, flag = values
    out = (a * b + 7 * c - 5 * flag + lie) % 2**71
    if out != a * b + 7 * c - 5 * flag:
        assert "toy.identity" in PRODUCT.failed(fill_product(*values, out))


@settings(max_examples=40)
@given(numbers, st.integers(0, 4), st.integers(1, MODULUS - 1))
def test_a_carry_out_of_range_does_not_help(
    values: tuple[int, int, int, int], place: int, change: int
) -> None:
    """The carries that make a false sum come out modulo p exist, but not within their range."""
    a, b, c, flag = values
    honest = fill_product(*values, (a * b + 7 * c - 5 * flag) % 2**71)
    low = int(honest[0, Product.names().index(f"carry.{place}.0")])
    forged = PRODUCT.forge(honest, 0, f"carry.{place}.0", low + change)
    assert PRODUCT.failed(forged) != set()


def test_a_carry_solved_modulo_p_is_out_of_range() -> None:
    """out + 1 in the lowest limb is made good by carry - 1 / 2^13 mod p, which no limb can hold."""
    honest = fill_product(3, 5, 0, 0, 15)
    forged = PRODUCT.forge(honest, 0, "out.0", 16)
    inverse = pow(2**13, -1, MODULUS)
    shifted = int(honest[0, Product.names().index("carry.0.0")]) - inverse
    assert "toy.range" in PRODUCT.failed(PRODUCT.forge(forged, 0, "carry.0.0", shifted))


def trace_identity(columns: type[Layout], formula: Callable[[Any], Integer]) -> None:
    def constraints(air: Builder, row: Any) -> None:
        for number in (row.a, row.carry):
            air.range_check(number, claim="toy.range")
        require_identity(air, formula(row), row.carry, "toy.identity")

    Table("toy", columns, constraints).trace_graph()


class Narrow(Layout):
    a = limbs(26)
    carry = carries(1, 2)


def test_a_column_that_could_wrap_the_field_is_refused() -> None:
    class Wide(Layout):
        a = limbs(26)
        carry = carries(1, 20)

    with pytest.raises(TracingError, match="column 0 may reach"):
        trace_identity(Wide, lambda row: from_limbs(row.a) - from_small(row.a[0], 0, 2**31))


def test_carries_too_narrow_for_an_honest_witness_are_refused() -> None:
    with pytest.raises(TracingError, match="needs 5 bits, declared are 2"):
        trace_identity(Narrow, lambda row: from_limbs(row.a) * 9 - from_limbs(row.a))


def test_a_wrong_number_of_carries_is_refused() -> None:
    with pytest.raises(TracingError, match="3 columns need 2 carries, got 1"):
        trace_identity(Narrow, lambda row: from_limbs(row.a) + constant(2**26))


def test_integers_of_two_bases_do_not_mix() -> None:
    with pytest.raises(TracingError, match=r"base 2\^13 and 2\^26"):
        trace_identity(Narrow, lambda row: from_limbs(row.a) + from_limbs(row.a).packed())


@given(st.integers(-(2**90), 2**90), st.integers(-(2**90), 2**90))
def test_integer_arithmetic_is_that_of_integers(a: int, b: int) -> None:
    def value(integer: Integer) -> int:
        return sum(int(c.value) << integer.base_bits * k for k, c in enumerate(integer.columns))

    x, y = constant(a), constant(b)
    assert value(x) == a
    assert value(x + y) == a + b
    assert value(x - y) == a - b
    assert value(x * y) == a * b
    assert value((x * y).packed()) == a * b
    assert value(x.times(3, 0, 3)) == 3 * a
    assert value(x + 5) == a + 5
    for column in (x * y - x).columns:
        assert column.low <= column.value <= column.high


def test_carry_bits_is_the_narrowest_width_that_traces() -> None:
    class Exact(Layout):
        a = limbs(26)
        carry = carries(1, 5)

    row = Exact.bind([np.zeros(1)] * Exact.width())
    assert carry_bits(from_limbs(row.a) * 9 - from_limbs(row.a)) == 5
    trace_identity(Exact, lambda row: from_limbs(row.a) * 9 - from_limbs(row.a))
