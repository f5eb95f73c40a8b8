"""Provers that commit to one thing and claim another, and verifiers of the batch that lack a part.

    by_formula(monkeypatch)             f_0 is what the verifier's formula makes of the claims
    claiming(monkeypatch, change)       the claims are others than what was committed
    committing(monkeypatch, phase, ..)  what is committed is another than what was opened
    reason(monkeypatch, instance, weak) a verifier with the hole accepts; why the real one does not

The prover of the product divides by polynomials and so makes an f_0 of low degree whatever is
claimed, which fails at the first query. A clever prover takes the verifier's formula: then all
folds are in order, and only the degree of f_0 can tell on it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from circuits.poly.lde import Blocks, blocks_of, interpolate, padded
from circuits.poly.stacked import arranged
from circuits.stark import prover, queries
from circuits.stark import shape as shapes
from circuits.stark.batched import Opened
from circuits.stark.committed import Columns, CommittedPhase, arrangement, generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.parameters import INSECURE_TEST, Parameters
from circuits.stark.proof import Opening, Proof
from circuits.stark.shape import Shape
from circuits.stark.stacks import Phase, Stack
from circuits.stark.verifier import _Verification, verify
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.native.jit import U32Array
from tests.helpers.circuits import Instance, small_instance
from tests.helpers.malice import (
    HEIGHTS,
    challenges,
    deaf,
    opened,
    prove,
    quotient_gap,
    skip_degree_check,
)

SHORT = 0
"""The group of the table of 512 rows: s = 2 beside one of 1,024."""

CUBE = 2
"""Main column of the short group, first in its stack, that one constraint reads, linearly."""

FOURFOLD = (HEIGHTS[0], 4 * HEIGHTS[0])
"""Heights with s = 4, where columns share a stack with one that is read in the row below."""


class BindsNothing(queries._Combiner):
    """Only the stacks and chunks themselves are tested: opened values are bound to nothing."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._here = [replace(part, factor=extension.ZERO) for part in self._here]
        self._after = [replace(part, factor=extension.ZERO) for part in self._after]


class BindsNothingBelow(queries._Combiner):
    """Values of the row below are bound to nothing."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._after = [replace(part, factor=extension.ZERO) for part in self._after]


class OnlyDivided(queries._Combiner):
    """Stacks and chunks are tested through their quotients alone."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._bare = extension.ZERO


class OneEquation(queries._Combiner):
    """Of a stack's s opened values only sum_k zeta^k v_k is bound: divided by X - zeta."""

    def __init__(self, shape: Shape, proof: Any, known: queries.Challenges) -> None:
        super().__init__(shape, proof, known)
        powers = extension.powers(known.batch, shape.batched)
        functions = queries._functions(shape, proof)
        terms = [
            (power, each.words, [_evaluated(each.here, known.zeta)])
            for power, each in zip(powers, functions, strict=False)
        ]
        self._here = [queries._divided(0, known.zeta, powers[1 + len(functions)], terms)]


def _evaluated(coefficients: Sequence[Element], at: Element) -> Element:
    total = extension.ZERO
    for value in reversed(coefficients):
        total = extension.add(extension.multiply(total, at), value)
    return total


def by_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on f_0 is, on the whole domain, what the verifier computes from the committed rows
    and the claimed values, whatever its degree."""

    def batch(
        shape: Shape,
        phases: Sequence[CommittedPhase],
        claimed: Opened,
        zeta: Element,
        beta: Element,
    ) -> U32Array:
        known = queries.Challenges(zeta, beta, (), ())
        combiner = queries._Combiner(shape, claimed, known)  # type: ignore[arg-type]
        values = np.empty((1 << shape.log2_domain, DEGREE), dtype=np.uint32)
        for coset in range(shape.parameters.blowup):
            rows = [phases[p].columns.rows(coset)[:, : shape.row_width(p)].tolist() for p in Phase]
            for number, row in enumerate(zip(*rows, strict=True)):
                index = number * shape.parameters.blowup + coset
                leaves = [Opening(tuple(words), b"", ()) for words in row]
                values[index] = combiner.combine(index, leaves)
        return np.ascontiguousarray(values.T)

    monkeypatch.setattr(prover, "batch", batch)
    skip_degree_check(monkeypatch)


def claiming(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Shape, Opened, Element], Opened]
) -> None:
    """From now on opened values are claimed otherwise: change(shape, true values, zeta)."""
    opening = prover.open_columns

    def lying(shape: Shape, phases: Sequence[CommittedPhase], zeta: Element) -> Opened:
        return change(shape, opening(shape, phases, zeta), zeta)

    monkeypatch.setattr(prover, "open_columns", lying)


def fitting(
    monkeypatch: pytest.MonkeyPatch,
    lie: Instance,
    direction: Callable[[Shape, Element], dict[int, Element]],
) -> None:
    """From now on some values at zeta are moved until the constraints see nothing of a lie.

    direction: by which multiple of one element each of them moves. For instances at HEIGHTS, and
    values that no constraint multiplies by each other.
    """
    deaf(monkeypatch)
    terminals: list[Any] = []
    columns = prover._Session._lookup_columns

    def remember(session: Any, main: Any, constants: Any) -> Any:
        result = columns(session, main, constants)
        terminals.append(result[1])
        return result

    def fitted(shape: Shape, found: Opened, zeta: Element) -> Opened:
        moves = direction(shape, zeta)

        def moved(step: Element) -> Opened:
            here = list(found.here)
            for place, multiple in moves.items():
                here[place] = extension.add(here[place], extension.multiply(step, multiple))
            return replace(found, here=tuple(here))

        def gap(claim: Opened) -> Element:
            part = opened(terminals[-1], claim.here, claim.after, claim.chunks)
            return quotient_gap(lie, part, challenges())

        before, beside = gap(found), gap(moved(extension.ONE))
        assert before != extension.ZERO, "there is no lie"
        slope = extension.subtract(before, beside)
        result = moved(extension.multiply(before, extension.inverse(slope)))
        assert gap(result) == extension.ZERO
        return result

    monkeypatch.setattr(prover._Session, "_lookup_columns", remember)
    claiming(monkeypatch, fitted)


class Split:
    """Columns that are opened and constrained, and others whose rows are committed."""

    def __init__(self, read: Columns, shown: Columns) -> None:
        self._read = read
        self.rows, self.rows_at = shown.rows, shown.rows_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._read, name)


Order = npt.NDArray[np.int64]


def committing(
    monkeypatch: pytest.MonkeyPatch,
    phase: Phase,
    change: Callable[[U32Array, Order], None],
) -> None:
    """From now on a phase is committed with other columns of the short group than those that are
    opened and that the quotient is of: change(coefficients, order), in place.

    coefficients (n, width) are by column; order is that of `circuits.stark.committed.arrangement`.
    """
    commit = prover._Session._commit

    def bent(shape: Shape, matrices: Sequence[U32Array]) -> Iterator[Blocks]:
        for group, matrix in zip(reversed(shape.groups), matrices, strict=True):
            coefficients, order = interpolate(matrix), arrangement(shape, phase, group.number)
            if group.number == SHORT:
                change(coefficients, order)
            yield blocks_of(padded(arranged(padded(coefficients), order)))

    def other(session: Any, which: Phase, matrices: Iterable[U32Array]) -> Any:
        held = list(matrices)
        made = commit(session, which, held)
        if which is not phase:
            return made
        shown = session._commit_coefficients(which, bent(session.shape, held))
        return replace(shown, columns=Split(made.columns, shown.columns))

    monkeypatch.setattr(prover._Session, "_commit", other)


def place_of(shape: Shape, phase: Phase, group: int, column: int, *, below: bool = False) -> int:
    """Where a column's value stands among those opened at zeta, or in the row below."""
    columns = [
        (stack.phase, stack.group, each)
        for stack in shape.stacks
        for each in stack.columns
        if stack.below or not below
    ]
    return columns.index((phase, group, column))


def stack_of(shape: Shape, phase: Phase, group: int, column: int) -> Stack:
    """The stack that a column is in."""
    (found,) = [
        stack
        for stack in shape.stacks_of(phase)
        if stack.group == group and column in stack.columns
    ]
    return found


def verdict(
    instance: Instance, proof: bytes, parameters: Parameters = INSECURE_TEST
) -> Failure | None:
    """Why a proof is refused under the key of its circuit; None if it is accepted."""
    key = generate_key(instance.circuit, [parameters])
    try:
        verify(instance.circuit, key, *instance.known, parameters, proof)
    except VerificationError as refused:
        return refused.reason
    return None


def blind_to_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the verifier takes any opened values for satisfying."""

    def anything(verification: _Verification, *arguments: Any) -> Element:
        return verification._from_chunks(arguments[-1])

    monkeypatch.setattr(_Verification, "_from_constraints", anything)


def reason(
    monkeypatch: pytest.MonkeyPatch, instance: Instance, weak: type[queries._Combiner]
) -> Failure | None:
    """Why the verifier refuses the best that the (bent) prover has for it.

    First the same prover convinces a verifier whose batch is the weak one.
    """
    by_formula(monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(queries, "_Combiner", weak)
        assert verdict(instance, prove(instance)) is None
    return verdict(instance, prove(instance))


@contextmanager
def another_map(change: Callable[[tuple[Stack, ...]], tuple[Stack, ...]]) -> Iterator[None]:
    """Within, columns are arranged in other stacks, for prover and verifier."""
    stacks = shapes._stacks
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shapes, "_stacks", lambda *arguments: change(stacks(*arguments)))
        shapes._shape.cache_clear()
        yield
    shapes._shape.cache_clear()


def with_tree(proof: Proof, number: int, phase: Phase, opening: Opening) -> Proof:
    """A proof with one opening of one query replaced."""
    trees = list(proof.queries[number].trees)
    trees[phase] = opening
    changed = list(proof.queries)
    changed[number] = replace(proof.queries[number], trees=tuple(trees))
    return replace(proof, queries=tuple(changed))


def fourfold() -> Instance:
    """A satisfied statement at FOURFOLD."""
    return small_instance(*FOURFOLD, INSECURE_TEST.blinded_rows)
