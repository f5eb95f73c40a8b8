"""S5 to S9: where columns stand in stacks, what stands beside them, and their degrees."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from circuits.pcs.merkle import Leaves
from circuits.poly.stacked import NO_COLUMN
from circuits.stark import batched, prover
from circuits.stark import shape as shapes
from circuits.stark.batched import Opened
from circuits.stark.committed import Columns, CommittedPhase, generate_key
from circuits.stark.domain import point, power_of_two
from circuits.stark.errors import Failure
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.proof import encode
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import Phase, Stack, arrange
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.native.jit import U32Array
from tests.helpers.claims import (
    CUBE,
    SHORT,
    BindsNothing,
    OnlyDivided,
    Order,
    another_map,
    blind_to_constraints,
    claiming,
    committing,
    fourfold,
    place_of,
    reason,
    stack_of,
    verdict,
    with_tree,
)
from tests.helpers.malice import (
    an_instance,
    decoded,
    honest_proof,
    prove,
    refusal,
    shape,
)

# S5: a column in another stack or place.


def turned(column: int, other: int, phase: Phase) -> Any:
    """The map of stacks with two columns of the short group exchanged."""
    names = {column: other, other: column}

    def change(stacks: tuple[Stack, ...]) -> tuple[Stack, ...]:
        return tuple(
            replace(each, columns=tuple(names.get(c, c) for c in each.columns))
            if each.phase is phase and each.group == SHORT
            else each
            for each in stacks
        )

    return change


PLACES = [
    (Phase.MAIN, 2, 3),
    (Phase.MAIN, 0, 1),
    (Phase.MAIN, 5, 6),
    (Phase.LOOKUP, 1, 2),
    (Phase.FIXED, 0, 1),
    (Phase.FIXED, 1, 2),
]
"""Columns in one stack, and columns of two."""


@pytest.mark.parametrize(("phase", "column", "other"), PLACES)
def test_s5_a_proof_of_another_map(phase, column, other) -> None:
    """Whole and in order, for a verifier of that map; ours takes the values where they stand, and
    has another root of fixed columns, so other challenges."""
    instance = an_instance()
    with another_map(turned(column, other, phase)):
        proof = prove(instance)
        assert verdict(instance, proof) is None
    assert refusal(instance, proof) is (
        Failure.UNBALANCED_BUSES if phase is Phase.FIXED else Failure.CONSTRAINTS
    )


@pytest.mark.parametrize(("phase", "column", "other"), PLACES)
def test_s5_a_column_committed_in_another_place(monkeypatch, phase, column, other) -> None:
    """Opened and read where it belongs, and committed elsewhere."""
    if phase is Phase.FIXED:
        with another_map(turned(column, other, phase)):
            elsewhere = generate_key(an_instance().circuit, [INSECURE_TEST])
        own = generate_key(an_instance().circuit, [INSECURE_TEST])
        assert elsewhere.fixed_roots != own.fixed_roots
        return
    size = DEGREE if phase is Phase.LOOKUP else 1
    here, there = (list(range(each * size, each * size + size)) for each in (column, other))

    def exchanged(coefficients: U32Array, _: Order) -> None:
        coefficients[:, here + there] = coefficients[:, there + here]

    committing(monkeypatch, phase, exchanged)
    assert reason(monkeypatch, an_instance(), BindsNothing) is Failure.FINAL_POLYNOMIAL


def test_s5_the_map_of_another_set(monkeypatch) -> None:
    """More queries make another map the cheaper one. A proof in that map is not of this set."""
    instance = fourfold()
    own = shape_of(instance.circuit, INSECURE_TEST).stacks

    def arranged(*arguments: Any) -> Any:
        return arrange(*arguments[:-1], 10)

    with monkeypatch.context() as patched:
        patched.setattr(shapes, "arrange", arranged)
        shapes._shape.cache_clear()
        assert shape_of(instance.circuit, INSECURE_TEST).stacks != own
        proof = prove(instance)
        assert verdict(instance, proof) is None
    shapes._shape.cache_clear()
    assert shape_of(instance.circuit, replace(INSECURE_TEST, queries=6)).stacks == own
    assert verdict(instance, proof) is Failure.MALFORMED


# S6: a stack of another height.


def test_s6_a_stack_laid_out_for_another_height(monkeypatch) -> None:
    """Columns one after the other instead of interleaved: sum_k X^(k n) t_k(X), of degree < N."""

    stacks = [each for each in shape().stacks_of(Phase.MAIN) if each.group == SHORT]

    def after_each_other(coefficients: U32Array, _: Order) -> None:
        for stack in stacks:
            columns = list(stack.columns)
            laid = coefficients[:, columns].T.reshape(-1)
            coefficients[:, columns] = laid.reshape(-1, shape().places(SHORT))

    committing(monkeypatch, Phase.MAIN, after_each_other)
    assert reason(monkeypatch, an_instance(), BindsNothing) is Failure.FINAL_POLYNOMIAL


def test_s6_values_at_the_point_of_another_height(monkeypatch) -> None:
    """Columns of the short table opened at zeta, and not at zeta^s."""
    monkeypatch.setattr(batched, "power_of_two", lambda value, _: value)
    with monkeypatch.context() as patched:
        blind_to_constraints(patched)
        assert reason(patched, an_instance(), BindsNothing) is Failure.FINAL_POLYNOMIAL
    assert verdict(an_instance(), prove(an_instance())) is Failure.CONSTRAINTS


# S7: padding.


def test_s7_a_place_without_a_column_that_is_not_zero(monkeypatch) -> None:
    """It has no opened value: the verifier takes zero for it."""
    lone = stack_of(shape(), Phase.LOOKUP, SHORT, 0)
    assert lone.columns == (0,) and shape().places(SHORT) == 2
    words = sum(each.words for each in shape().stacks_of(Phase.LOOKUP) if each.group == SHORT)

    def filled(_: U32Array, order: Order) -> None:
        assert order[words] == NO_COLUMN
        order[words] = DEGREE

    committing(monkeypatch, Phase.LOOKUP, filled)
    assert reason(monkeypatch, an_instance(), BindsNothing) is Failure.FINAL_POLYNOMIAL


# S8: degrees.


EXCESS = 5
"""A column t(Y) becomes t(Y) + 5 (Y^n - 1), which is the same on all rows and has degree n."""


class Tall(Columns):
    """The columns of the main phase, of which the cube has degree n."""

    def values(self, group: int, coset: int) -> Any:
        found = super().values(group, coset)
        if group == SHORT:
            found = found.copy()
            place = self.places(group)[CUBE]
            cube = found[..., place].astype(np.int64)
            found[..., place] = (cube + excess(self.shape, coset)) % P
        return found


def excess(shape: Shape, coset: int) -> int:
    """5 (Y^n - 1) on a coset, where Y^n = X^N is constant."""
    return EXCESS * (pow(point(shape, coset), shape.height, P) - 1) % P


def made_tall(honest: CommittedPhase) -> CommittedPhase:
    """The main phase with the cube of degree n; its stack gets 5 (X^N - 1)."""
    shape = honest.columns.shape
    columns = Tall(*(getattr(honest.columns, each.name) for each in fields(Columns)))
    width = shape.row_width(Phase.MAIN)
    leaves = Leaves(shape.parameters.blowup, shape.height, width, honest.tree.salts)
    for coset in range(shape.parameters.blowup):
        leaves.add(coset, columns.rows(coset))
    return CommittedPhase(columns, leaves.tree())


def test_s8_columns_of_degree_n(monkeypatch) -> None:
    """Rows, constraints and quotients are those of an honest prover; only the stack itself is of
    degree N, which a batch of quotients alone does not see."""
    assert stack_of(shape(), Phase.MAIN, SHORT, CUBE).columns[0] == CUBE
    commit = prover.commit_phase

    def tall(shape: Shape, phase: Phase, *arguments: Any, **options: Any) -> CommittedPhase:
        honest = commit(shape, phase, *arguments, **options)
        return made_tall(honest) if phase is Phase.MAIN else honest

    def opened(shape: Shape, found: Opened, zeta: Element) -> Opened:
        """The prover evaluates what the values on the first coset interpolate to."""
        vanishing = extension.subtract(power_of_two(zeta, shape.log2_height), extension.ONE)
        known = extension.embed(excess(shape, 0))
        missing = extension.subtract(extension.scale(vanishing, EXCESS), known)
        here, place = list(found.here), place_of(shape, Phase.MAIN, SHORT, CUBE)
        here[place] = extension.add(here[place], missing)
        return replace(found, here=tuple(here))

    monkeypatch.setattr(prover, "commit_phase", tall)
    claiming(monkeypatch, opened)
    assert reason(monkeypatch, an_instance(), OnlyDivided) is Failure.FINAL_POLYNOMIAL


# S9: words of lookup stacks.


@pytest.mark.parametrize("component", range(DEGREE))
def test_s9_one_component_of_a_lookup_stack(monkeypatch, component) -> None:
    """Four words of a fraction as they should be, and one that is another polynomial."""

    def changed(coefficients: U32Array, _: Order) -> None:
        coefficients[7, DEGREE + component] ^= 1

    committing(monkeypatch, Phase.LOOKUP, changed)
    assert reason(monkeypatch, an_instance(), BindsNothing) is Failure.FINAL_POLYNOMIAL


@pytest.mark.parametrize("phase", [Phase.MAIN, Phase.LOOKUP, Phase.QUOTIENT])
def test_s9_one_word_of_an_opened_row(phase) -> None:
    proof = decoded(honest_proof())
    opening = proof.queries[0].trees[phase]
    for word in {0, 1, len(opening.row) - 2, len(opening.row) - 1}:
        row = list(opening.row)
        row[word] = (row[word] + 1) % P
        bent = with_tree(proof, 0, phase, replace(opening, row=tuple(row)))
        assert refusal(an_instance(), encode(bent)) is Failure.MERKLE_PATH
