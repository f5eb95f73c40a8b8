"""What a simulation solves for: blinded rows with which the columns of a group look as they did."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import numpy as np

from circuits.stark.domain import point, power_of_two
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import WORDS, Phase, Stack
from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import P, omega
from rollup.native.jit import U32Array
from tests.helpers.linear import lagrange_base, lagrange_extension, product, solve


class Matching(Enum):
    """Which conditions the columns have to meet."""

    VALUES = auto()
    """Every single value: at all x^s and w x^s of the queries, at y and y'. The quotient at x
    depends on these, and all that is seen of stacks follows from them."""

    NEEDED = auto()
    """As VALUES, but a column that no constraint reads below only at x^s and y, and at y' if its
    stack is opened there."""

    NOT_BELOW = auto()
    """As VALUES, without the points w x^s. Too little."""

    STACKS = auto()
    """In groups that are stacked, stacks at x and at w x, w = omega_N, and the opened values: what
    is seen of stacks and more, and too little. As VALUES where a column is a stack."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a proof is looked at."""

    shape: Shape
    zeta: Element
    indices: tuple[int, ...]

    def points(self) -> list[int]:
        """Queried points x, without repetition."""
        return [point(self.shape, index) for index in sorted(set(self.indices))]

    def queried(self, group: Group, *, below: bool) -> list[int]:
        """The x^s of a group and, if wanted, the points w x^s below them."""
        here = {pow(x, self.shape.places(group.number), P) for x in self.points()}
        root = omega(group.log2_height)
        return sorted(here | {x * root % P for x in here} if below else here)

    def opened(self, group: Group, *, below: bool) -> list[Element]:
        """y and, if wanted, y'."""
        y = power_of_two(self.zeta, self.shape.log2_height - group.log2_height)
        return [y, extension.scale(y, omega(group.log2_height))] if below else [y]


@dataclass(frozen=True, slots=True)
class System:
    """Conditions on some words of a matrix of n rows.

    conditions: (m, k, n), weights of the rows of k words each. words: (k, r), so r times k words
    that have to meet the conditions, each time together.
    """

    conditions: Any
    words: Any

    def solve(
        self, matrix: U32Array, seen: U32Array, blinded: int, draw: np.random.Generator
    ) -> None:
        """Choose the last rows of a matrix, so that these words meet what `seen` meets."""
        count, k, height = self.conditions.shape
        matrix[-blinded:, self.words.ravel()] = 0
        missing = (seen.astype(np.int64) - matrix)[:, self.words].transpose(1, 0, 2) % P
        wanted = product(
            self.conditions.reshape(count, k * height), missing.reshape(k * height, -1)
        )
        free = self.conditions[:, :, -blinded:].reshape(count, k * blinded)
        solution = solve(free, wanted, draw).reshape(k, blinded, -1)
        for place, words in enumerate(self.words):
            matrix[-blinded:, words] = solution[place]


@dataclass(frozen=True, slots=True)
class Matcher:
    """Solves for the blinded rows of matrices; `draw` chooses among solutions."""

    places: Places
    matching: Matching
    draw: np.random.Generator

    def match(self, group: Group, phase: Phase, matrix: U32Array, seen: U32Array) -> None:
        """Set the last rows of a matrix (n, padded width). UnsolvableError if none will do."""
        blinded = self.places.shape.parameters.blinded_rows
        for system in self._systems(group, phase):
            system.solve(matrix, seen, blinded, self.draw)

    def _systems(self, group: Group, phase: Phase) -> list[System]:
        shape = self.places.shape
        if self.matching is Matching.STACKS and shape.places(group.number) > 1:
            stacks = shape.stacks_of(phase)
            return [self._of_stack(group, stack) for stack in stacks if stack.group == group.number]
        columns: Sequence[int] = range(group.columns(phase))
        if self.matching is Matching.NOT_BELOW:
            return [self._of_values(group, phase, columns, below=False, opened=True)]
        if self.matching is Matching.NEEDED:
            return [
                self._of_values(group, phase, columns, below=below, opened=opened)
                for (below, opened), columns in self._by_need(group, phase).items()
            ]
        return [self._of_values(group, phase, columns, below=True, opened=True)]

    def _by_need(self, group: Group, phase: Phase) -> dict[tuple[bool, bool], list[int]]:
        """Columns by whether a constraint reads them below, and whether they are opened there."""
        kinds: dict[tuple[bool, bool], list[int]] = {}
        for stack in self.places.shape.stacks_of(phase):
            for column in stack.columns if stack.group == group.number else ():
                kind = (column in group.below[phase], stack.below)
                kinds.setdefault(kind, []).append(column)
        return kinds

    def _of_values(
        self, group: Group, phase: Phase, columns: Sequence[int], *, below: bool, opened: bool
    ) -> System:
        """Conditions on single columns, word by word: at 1 or 2 q points of F, at y, or y' too."""
        log2 = group.log2_height
        queried = [lagrange_base(log2, x) for x in self.places.queried(group, below=below)]
        at = [lagrange_extension(log2, y) for y in self.places.opened(group, below=opened)]
        conditions = np.concatenate([np.array(queried, dtype=np.int64), *at])
        words = [WORDS[phase] * column + k for column in columns for k in range(WORDS[phase])]
        return System(conditions[:, None, :], np.array([words]))

    def _of_stack(self, group: Group, stack: Stack) -> System:
        """Conditions on the columns of a stack together: it at x and w x, each opened value."""
        log2, places = group.log2_height, self.places.shape.places(group.number)
        k = len(stack.columns)
        rows = []
        points = self.places.points()
        below = omega(self.places.shape.log2_height)
        for x in sorted({*points, *(x * below % P for x in points)}):
            here = lagrange_base(log2, pow(x, places, P))
            rows.append([[weight * pow(x, place, P) % P for weight in here] for place in range(k)])
        for y in self.places.opened(group, below=stack.below):
            for weights in lagrange_extension(log2, y):
                one_each = np.eye(k, dtype=np.int64)[:, :, None] * weights
                rows += list(one_each)
        columns = np.array(stack.columns, dtype=np.int64)[:, None]
        words = stack.words * columns + np.arange(stack.words)
        return System(np.array(rows, dtype=np.int64), words)
