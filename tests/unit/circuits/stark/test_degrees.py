"""Degrees of what the batch is made of, as the low-degree test sees them: on the whole domain.

Of a stack at s places of N coefficients an honest T has degree N - 1 and an honest quotient N - s -
1. Everything that is not honest has N or more. What only T itself shows is a stack whose columns
have one coefficient too many: its quotients have degree < N all the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from circuits.poly.lde import interpolate
from circuits.stark.batched import batch, open_columns
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.shape import Shape, shape_of
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import multiply_planes, planes_of
from rollup.field.kernels import add_many, powers, subtract_many
from rollup.field.koalabear import GENERATOR, P, omega
from rollup.native.jit import U32Array
from tests.helpers.circuits import small_circuit
from tests.helpers.fields import random_element
from tests.helpers.phases import Function, functions, random_phases

ZETA = random_element(81)

PLACES = 4
"""Of the short group, whose first main columns are read below."""


def shape() -> Shape:
    """Heights 128 and 512, and 2048 points."""
    return shape_of(small_circuit(128, 512), INSECURE_TEST)


@pytest.fixture(scope="module")
def honest() -> list[Function]:
    """All functions of the batch, honestly opened."""
    phases = random_phases(shape(), resident=True)
    found, random = functions(phases, open_columns(shape(), phases.committed, ZETA))
    return [*found, random]


def below(places: int) -> Element:
    """The point of the row below, raised to the places: (zeta omega_N)^s."""
    return extension.power(extension.scale(ZETA, omega(shape().log2_height)), places)


def here(places: int) -> Element:
    """zeta^s."""
    return extension.power(ZETA, places)


def points() -> U32Array:
    """The domain, in natural order."""
    return powers(omega(shape().log2_domain), 1 << shape().log2_domain, GENERATOR)


def values_of(words: Sequence[Sequence[int]]) -> U32Array:
    """Planes (5, points) of a function over E, from the coefficients of its words."""
    x = points().astype(np.uint64)
    planes = np.zeros((DEGREE, x.size), dtype=np.uint32)
    for number, word in enumerate(words):
        total = np.zeros(x.size, dtype=np.uint64)
        for coefficient in reversed(word):
            total = (total * x + np.uint64(coefficient)) % np.uint64(P)
        planes[number] = total
    return planes


def quotient_of(values: U32Array, opened: Sequence[Element], places: int, at: Element) -> U32Array:
    """(T - L) / (X^s - at) on the domain, for any opened values and any point."""
    raised = [pow(x, places, P) for x in points().tolist()]
    distances = [extension.subtract(extension.embed(x), at) for x in raised]
    inverses = planes_of(extension.inverse_many(distances))
    line = np.zeros_like(values)
    power = np.ones(values.shape[1], dtype=np.uint64)
    for value in opened:
        terms = np.array(value, dtype=np.uint64)[:, None] * power[None, :] % np.uint64(P)
        line = add_many(line, terms.astype(np.uint32))
        power = power * points() % np.uint64(P)
    return multiply_planes(subtract_many(values, line), inverses)


def degree(values: U32Array) -> int:
    """Of the polynomial with these values on the domain; -1 of zero."""
    coefficients = interpolate(np.ascontiguousarray(values.T), GENERATOR)
    rows = np.flatnonzero(coefficients.any(axis=1))
    return int(rows[-1]) if rows.size else -1


def test_functions_and_quotients_have_the_degrees_of_their_places(honest: list[Function]) -> None:
    height = shape().height
    for each in honest:
        values = values_of(each.words)
        used = len(each.here) or 1
        assert degree(values) == height - each.places + used - 1
        if each.here:
            quotient = quotient_of(values, each.here, each.places, here(each.places))
            assert degree(quotient) == height - 2 * each.places + used - 1
        if each.after is not None:
            quotient = quotient_of(values, each.after, each.places, below(each.places))
            assert degree(quotient) == height - 2 * each.places + used - 1


def test_the_batch_has_the_degree_that_is_tested() -> None:
    committed = random_phases(shape(), resident=True).committed
    opened = open_columns(shape(), committed, ZETA)
    f0 = batch(shape(), committed, opened, ZETA, random_element(82))
    assert degree(f0) == shape().height - 1


@dataclass(frozen=True)
class Lie:
    """Other opened values of a stack, at the point here or below."""

    name: str
    change: Callable[[list[Element]], list[Element]]


def exchanged(values: list[Element]) -> list[Element]:
    return [values[1], values[0], *values[2:]]


def one_wrong(values: list[Element]) -> list[Element]:
    return [*values[:-1], extension.add(values[-1], extension.ONE)]


def one_component_wrong(values: list[Element]) -> list[Element]:
    a, b, c, d, e = values[0]
    return [(a, b, c, d, (e + 1) % P), *values[1:]]


def one_missing(values: list[Element]) -> list[Element]:
    return values[:-1]


def moved_on(values: list[Element]) -> list[Element]:
    return [extension.ZERO, *values]


LIES = [Lie(each.__name__, each) for each in (exchanged, one_wrong, one_component_wrong)]
LIES += [Lie(each.__name__, each) for each in (one_missing, moved_on)]


def stacks_below(honest: list[Function]) -> Iterator[Function]:
    """The stacks of several columns that are opened below: main and lookup."""
    return (each for each in honest if each.after is not None and each.places > 1)


@pytest.mark.parametrize("lie", LIES, ids=lambda each: each.name)
def test_other_opened_values_make_no_polynomial(honest: list[Function], lie: Lie) -> None:
    bound = shape().height
    seen = 0
    for each in stacks_below(honest):
        values = values_of(each.words)
        for opened, at in ((each.here, here(each.places)), (each.after, below(each.places))):
            assert opened is not None
            assert degree(quotient_of(values, opened, each.places, at)) < bound
            told = lie.change(list(opened))
            assert degree(quotient_of(values, told, each.places, at)) >= bound
            seen += 1
    assert seen == 4


def test_values_of_another_point_make_no_polynomial(honest: list[Function]) -> None:
    """The row below told as the row, and omega_n in the place of omega_N."""
    bound = shape().height
    for each in stacks_below(honest):
        assert each.after is not None
        values = values_of(each.words)
        assert degree(quotient_of(values, each.after, each.places, here(each.places))) >= bound
        assert degree(quotient_of(values, each.here, each.places, below(each.places))) >= bound
        step = omega(shape().groups[0].log2_height)
        other = extension.power(extension.scale(ZETA, step), each.places)
        assert degree(quotient_of(values, each.after, each.places, other)) >= bound


def test_values_of_another_stack_make_no_polynomial(honest: list[Function]) -> None:
    first, second = stacks_below(honest)
    at = here(PLACES)
    for one, other in ((first, second), (second, first)):
        assert degree(quotient_of(values_of(one.words), other.here, PLACES, at)) >= shape().height


def test_a_place_without_a_column_that_is_not_zero_makes_no_polynomial(
    honest: list[Function],
) -> None:
    padded = next(each for each in stacks_below(honest) if len(each.here) < PLACES)
    words = [list(word) for word in padded.words]
    words[0][PLACES - 1 :: PLACES] = range(1, shape().height // PLACES + 1)
    values = values_of(words)
    assert degree(values) < shape().height
    assert degree(quotient_of(values, padded.here, PLACES, here(PLACES))) >= shape().height


def test_a_column_of_one_coefficient_too_many_shows_in_the_stack_alone(
    honest: list[Function],
) -> None:
    """t_0 has degree n, and is rightly opened: the quotients cannot tell, T can."""
    bound = shape().height
    for each in stacks_below(honest):
        longer = replace(each, words=[[*word, 1] for word in each.words])
        told = [with_top(each, opened, at) for opened, at in openings(each)]
        values = values_of(longer.words)
        assert degree(values) == bound
        for opened, (_, at) in zip(told, openings(each), strict=True):
            assert degree(quotient_of(values, opened, each.places, at)) == bound - each.places


def openings(each: Function) -> list[tuple[Sequence[Element], Element]]:
    """The opened values of a stack, and the points at which they are."""
    assert each.after is not None
    return [(each.here, here(each.places)), (each.after, below(each.places))]


def with_top(each: Function, opened: Sequence[Element], at: Element) -> list[Element]:
    """The opened values when the column in place 0 has one more coefficient: 1 in every word."""
    top = extension.power(at, shape().height // each.places)
    basis = extension.powers(extension.X, DEGREE)[: len(each.words)]
    added = extension.ZERO
    for element in basis:
        added = extension.add(added, extension.multiply(element, top))
    return [extension.add(opened[0], added), *opened[1:]]
