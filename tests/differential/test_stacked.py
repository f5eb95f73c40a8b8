"""Stacks by the kernels against their definition: plain polynomials, and galois."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from circuits.poly import reference
from circuits.poly.kernels import IndexArray
from circuits.poly.lde import extend_coefficients, padded_width
from circuits.poly.stacked import NO_COLUMN, arranged, arranged_width, stack_columns, stacked_row
from rollup.field import extension
from rollup.field.koalabear import GENERATOR, P
from rollup.native.jit import U32Array
from tests.helpers.fields import coset_point, random_values


@functools.cache
def galois_field():  # type: ignore[no-untyped-def]
    import galois

    return galois.GF(P, primitive_element=GENERATOR, verify=False)


def table_of(places: int, words: int, width: int, seed: int) -> IndexArray:
    """Columns in any places, some of them empty, the first word full."""
    source = np.random.default_rng(seed)
    table = source.integers(NO_COLUMN, width, (places, words))
    table[:, 0] = np.arange(places) % width
    return table


@dataclass(frozen=True)
class Group:
    """Random columns as coefficients (n, width), and their places in words from `first` on."""

    coefficients: U32Array
    table: IndexArray
    first: int

    @property
    def places(self) -> int:
        """s."""
        return len(self.table)

    @property
    def words(self) -> int:
        """Words of a row."""
        return self.table.shape[1]

    def on_coset(self, shift: int) -> U32Array:
        """What the columns are on shift^s * <omega_n>, arranged by place."""
        values = extend_coefficients(self.coefficients, 0, pow(shift, self.places, P))[0]
        order = np.full(arranged_width(self.places, self.words), NO_COLUMN)
        order[: self.table.size] = self.table.reshape(-1)
        return arranged(values, order)

    def word(self, word: int) -> list[int]:
        """Coefficient r s + k of a word is coefficient r of the column at place k."""
        places, height = self.places, len(self.coefficients)
        found = [0] * (places * height)
        for place, column in enumerate(self.table[:, word].tolist()):
            if column != NO_COLUMN:
                found[place::places] = self.coefficients[:, column].tolist()
        return found


def groups_of(log2: int, sizes: Sequence[tuple[int, int, int]]) -> tuple[list[Group], int]:
    """Random groups: (log2 of the places, words, columns) each; and how many words they are."""
    groups, first = [], 0
    for number, (log2_places, words, width) in enumerate(sizes):
        coefficients = random_values((1 << (log2 - log2_places), width), number)
        table = table_of(1 << log2_places, words, width, number)
        groups.append(Group(coefficients, table, first))
        first += words
    return groups, first


SIZES = [
    (4, [(0, 3, 3)]),
    (5, [(0, 5, 7), (2, 3, 11)]),
    (6, [(0, 9, 9), (1, 6, 20)]),
    (6, [(3, 17, 40), (6, 2, 9)]),
    (7, [(0, 15, 15), (1, 18, 33), (4, 1, 16), (5, 20, 80)]),
    (9, [(0, 1, 1), (3, 31, 60), (8, 2, 30), (9, 33, 5)]),
]

SHIFT = 1_234_567


@pytest.mark.parametrize(("log2", "sizes"), SIZES)
def test_rows_of_stacks_are_the_values_of_their_definition(
    log2: int, sizes: list[tuple[int, int, int]]
) -> None:
    """T(X) = sum_k X^k t_k(X^s) on a coset; words of a group before stay, one after the other."""
    groups, width = groups_of(log2, sizes)
    out = np.empty((1 << log2, padded_width(width)), dtype=np.uint32)
    for group in groups:
        stack_columns(group.on_coset(SHIFT), group.words, SHIFT, group.first, out)
    for group in groups:
        for word in range(group.words):
            wanted = reference.evaluate_on_coset(group.word(word), log2, SHIFT)
            assert out[:, group.first + word].tolist() == wanted


@pytest.mark.parametrize(("log2", "sizes"), SIZES)
def test_one_row_of_stacks_is_that_of_all(log2: int, sizes: list[tuple[int, int, int]]) -> None:
    """As the queries make it: from the columns at x^s."""
    groups, _ = groups_of(log2, sizes)
    for index in (0, 5, (1 << log2) - 1):
        x = coset_point(log2, SHIFT, index)
        for group in groups:
            values = group.on_coset(SHIFT)
            found = stacked_row(values[index % len(values)], group.places, group.words, x)
            for word in {0, group.words - 1}:
                value, *rest = reference.evaluate(group.word(word), extension.embed(x))
                assert (found[word], rest) == (value, [0] * 4)


def test_a_stack_is_the_sum_that_galois_composes() -> None:
    import galois

    field = galois_field()
    (group,), _ = groups_of(6, [(3, 2, 8)])
    inner = galois.Poly(field([1] + [0] * 8))  # X^8
    total = galois.Poly.Zero(field)
    for place in range(8):
        column = galois.Poly(field(group.coefficients[::-1, place]))
        total += galois.Poly(field([1] + [0] * place)) * column(inner)
    assert total.coefficients(64, order="asc").tolist() == group.word(0)
    out = np.zeros((64, 16), dtype=np.uint32)
    stack_columns(group.on_coset(SHIFT), group.words, SHIFT, 0, out)
    points = field([coset_point(6, SHIFT, index) for index in range(64)])
    assert np.array_equal(total(points), field(out[:, 0]))


@pytest.mark.parametrize(
    ("rows", "words", "first"), [(20, 3, 0), (4, 3, 0), (32, 3, 14), (32, 17, 0), (64, 3, 0)]
)
def test_columns_that_do_not_make_the_rows_are_refused(rows: int, words: int, first: int) -> None:
    """No whole places, more words than there is room for, or more than there are columns for."""
    (group,), _ = groups_of(5, [(2, 3, 11)])
    values, out = group.on_coset(SHIFT), np.zeros((rows, 32), dtype=np.uint32)
    with pytest.raises(ValueError, match=r"do not stack|are not \d+ words"):
        stack_columns(values, words, SHIFT, first + 16, out)


@pytest.mark.parametrize("width", [1, 16, 33])
def test_columns_are_arranged_and_gaps_are_zero(width: int) -> None:
    values = random_values((8, width), width)
    order = np.array([width - 1, NO_COLUMN, 0, 0, *[NO_COLUMN] * 15, width // 2])
    found = arranged(values, order)
    assert found.shape == (8, 32)
    for place, column in enumerate(order.tolist()):
        wanted = values[:, column] if column != NO_COLUMN else 0
        assert (found[:, place] == wanted).all()
    assert not found[:, order.size :].any()
