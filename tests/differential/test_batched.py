"""The batch of the opening argument: the prover's way, the verifier's way, and the formula.

On random columns, so that nothing is zero that need not be.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from circuits.poly import reference
from circuits.stark.batched import Opened, batch, open_columns
from circuits.stark.parameters import CHUNKS, INSECURE_TEST
from circuits.stark.queries import Challenges, _Combiner
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import WORDS, Phase
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import element_at
from rollup.field.koalabear import omega
from tests.helpers.circuits import small_circuit
from tests.helpers.fields import random_element
from tests.helpers.phases import Phases, batch_terms, functions, point_of, random_phases

ZETA, BETA = random_element(71), random_element(72)

HEIGHTS = [(128, 512), (512, 256), (256, 256), (128, 1024)]
"""Of the table that reads the row below, and of the other: s = 4, 2, 1, 8."""


class Case:
    """A shape with random phases, and what is opened of them."""

    def __init__(self, heights: tuple[int, int], *, resident: bool) -> None:
        self.shape: Shape = shape_of(small_circuit(*heights), INSECURE_TEST)
        self.columns = random_phases(self.shape, resident=resident)
        self.phases = self.columns.committed
        self.opened: Opened = open_columns(self.shape, self.phases, ZETA)


@pytest.fixture(scope="module", params=HEIGHTS, ids=lambda each: f"{each[0]}-{each[1]}")
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param, resident=True)


def plain_value(columns: Phases, phase: Phase, group: int, words: range, at: Element) -> Element:
    """A column of E from its words, by plain evaluation."""
    total = extension.ZERO
    for word, basis in zip(words, extension.powers(extension.X, DEGREE), strict=False):
        value = reference.evaluate(columns.column(phase, group, word), at)
        total = extension.add(total, extension.multiply(value, basis))
    return total


def test_opened_values_are_those_of_the_columns_stack_by_stack(case: Case) -> None:
    shape, here, after = case.shape, iter(case.opened.here), iter(case.opened.after)
    omega_n = extension.scale(ZETA, omega(shape.log2_height))
    for stack in shape.stacks:
        places, words = shape.places(stack.group), WORDS[stack.phase]
        for values, at in ((here, ZETA), (after, omega_n)):
            if values is after and not stack.below:
                continue
            raised = extension.power(at, places)
            for column in stack.columns:
                own = range(words * column, words * (column + 1))
                assert next(values) == plain_value(
                    case.columns, stack.phase, stack.group, own, raised
                )
    assert not [*here, *after]
    for number, value in enumerate(case.opened.chunks):
        own = range(DEGREE * number, DEGREE * (number + 1))
        assert value == plain_value(case.columns, Phase.QUOTIENT, 0, own, ZETA)
    assert len(case.opened.chunks) == CHUNKS


def test_prover_verifier_and_formula_have_one_batch(case: Case) -> None:
    """Every power of the challenge has one function, and the highest is `batched` - 1."""
    shape = case.shape
    f0 = batch(shape, case.phases, case.opened, ZETA, BETA)
    assert f0.shape == (DEGREE, 1 << shape.log2_domain)
    parts = functions(case.columns, case.opened)
    indices = (0, 5, shape.parameters.blowup * 77 + 3, (1 << shape.log2_domain) - 1)
    weights = extension.powers(BETA, shape.batched)
    combiner = combiner_of(shape, case.opened)
    rows = [phase.open(indices) for phase in case.phases]
    for number, index in enumerate(indices):
        terms = list(batch_terms(shape, parts, ZETA, point_of(shape, index)))
        assert sorted(power for power, _ in terms) == list(range(shape.batched))
        total = extension.ZERO
        for power, value in terms:
            total = extension.add(total, extension.multiply(weights[power], value))
        assert element_at(f0, index) == total
        assert combiner.combine(index, [openings[number] for openings in rows]) == total


def combiner_of(shape: Shape, opened: Opened) -> _Combiner:
    """What the verifier combines rows by, for these opened values."""
    proof: Any = SimpleNamespace(here=opened.here, after=opened.after, chunks=opened.chunks)
    return _Combiner(shape, proof, Challenges(ZETA, BETA, (), ()))


def test_every_opened_value_counts(case: Case) -> None:
    """One more, one less, and f_0 at a position is another."""
    shape, opened, index = case.shape, case.opened, 99
    trees = [phase.open([index])[0] for phase in case.phases]
    honest = combiner_of(shape, opened).combine(index, trees)
    for name in ("here", "after", "chunks"):
        values = getattr(opened, name)
        for place in range(len(values)):
            changed = list(values)
            changed[place] = extension.add(values[place], extension.X)
            other = replace(opened, **{name: tuple(changed)})
            assert combiner_of(shape, other).combine(index, trees) != honest, (name, place)


@pytest.mark.parametrize("name", ["here", "after", "chunks"])
def test_a_batch_of_a_wrong_opened_value_is_none_of_the_verifier(case: Case, name: str) -> None:
    """The prover makes a polynomial of what f_0 is on one coset, whatever it was told."""
    shape, values = case.shape, list(getattr(case.opened, name))
    values[-1] = extension.add(values[-1], extension.ONE)
    wrong = replace(case.opened, **{name: tuple(values)})
    f0, combiner = batch(shape, case.phases, wrong, ZETA, BETA), combiner_of(shape, wrong)
    blowup = shape.parameters.blowup
    for index in (0, 5 * blowup, 1, 5 * blowup + 3):
        trees = [phase.open([index])[0] for phase in case.phases]
        agree = combiner.combine(index, trees) == element_at(f0, index)
        assert agree is (index % blowup == 0)


def test_every_word_of_a_row_counts(case: Case) -> None:
    """Those of the chunks and of the random polynomial, too."""
    shape, index = case.shape, 99
    trees = [phase.open([index])[0] for phase in case.phases]
    combiner = combiner_of(shape, case.opened)
    honest = combiner.combine(index, trees)
    for phase in Phase:
        for place in range(shape.row_width(phase)):
            row = list(trees[phase].row)
            row[place] ^= 1
            bent = [*trees]
            bent[phase] = replace(trees[phase], row=tuple(row))
            assert combiner.combine(index, bent) != honest, (phase, place)


def test_without_kept_rows_the_batch_is_the_same(case: Case) -> None:
    low = random_phases(case.shape, resident=False).committed
    assert all(each.columns.extended is None for each in low)
    assert all(each.columns.extended is not None for each in case.phases)
    assert open_columns(case.shape, low, ZETA) == case.opened
    kept = batch(case.shape, case.phases, case.opened, ZETA, BETA)
    assert (batch(case.shape, low, case.opened, ZETA, BETA) == kept).all()
