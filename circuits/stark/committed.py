"""Committed phases: the columns of all groups, and a tree over what their stacks are on D.

A phase keeps what its columns are on all cosets of their own domains (*resident*), or their
coefficients alone. Rows of stacks are made coset by coset, hashed, and let go again; a queried row
is made from its columns. Both ways make the same tree.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from circuits.air.circuit import Circuit
from circuits.air.merge import SELECTORS
from circuits.air.trace import fixed_matrix
from circuits.pcs.merkle import Leaves, Tree
from circuits.pcs.stacked_leaves import Stacks, stacks_of
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import (
    Blocks,
    coefficients_of,
    on_cosets,
    padded_width,
    shift_of_coset,
)
from circuits.poly.stacked import (
    NO_COLUMN,
    arranged,
    arranged_width,
    stack_columns,
    stacked_row,
)
from circuits.poly.sums import values_at
from circuits.stark.blinding import empty_matrix
from circuits.stark.domain import point
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import Parameters
from circuits.stark.proof import Opening, top_log2
from circuits.stark.random import FieldStream
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import Phase
from rollup.field.extension import Element
from rollup.field.kernels import powers
from rollup.field.koalabear import P
from rollup.native.aligned import aligned_empty
from rollup.native.jit import U8Array, U32Array

COSETS_REMADE = 8
"""Up to so many cosets, those of the queried rows are made again; of more, each row by weights."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a phase, by group in the order of its row: the tallest first.

    The groups have their values on the cosets of their domains, side by side in one flat array for
    each coset, (B, size) as `stacks` says; or, where these are None, coefficients. Columns are
    arranged by place: `orders` has, for each group, the base-field column that is arranged there,
    what stands at place k of word j being at k words + j. The quotient phase has one group, of the
    tallest height.
    """

    shape: Shape
    phase: Phase
    groups: tuple[int, ...]
    orders: tuple[npt.NDArray[np.int64], ...] = field(repr=False)
    stacks: Stacks
    coefficients: tuple[Blocks, ...] = field(repr=False)
    extended: U32Array | None = field(repr=False)

    def values(self, group: int, coset: int) -> U32Array:
        """What the columns of a group are on a coset of its own domain: (1, n, padded width)."""
        place = self.groups.index(group)
        if self.extended is not None:
            return self.stacks.part(self.extended[coset], place)[None]
        return on_cosets(self.coefficients[place], [own_shift(self.shape, group, coset)])

    def trace(self, group: int) -> U32Array:
        """The rows (n, padded width) of a group as they were before they were arranged, from
        coefficients."""
        blocks = self.coefficients[self.groups.index(group)]
        (rows,) = on_cosets(blocks, [1])
        return arranged(rows, np.array(self.places(group)))

    def flat(self, coset: int) -> U32Array:
        """The columns of all groups on a coset of their own domains, as `stacks` says."""
        if self.extended is not None:
            kept: U32Array = self.extended[coset]
            return kept
        out = aligned_empty(self.stacks.size)
        for place, (group, blocks) in enumerate(zip(self.groups, self.coefficients, strict=True)):
            part = self.stacks.part(out, place)[None]
            on_cosets(blocks, [own_shift(self.shape, group, coset)], part)
        return out

    def rows(self, coset: int) -> U32Array:
        """The rows of a coset of D, (N, padded width)."""
        width = self.shape.row_width(self.phase)
        out = aligned_empty(self.shape.height, padded_width(width))
        shift, first = coset_shift(self.shape, coset), 0
        for group in self.groups:
            words = self.words(group)
            stack_columns(self.values(group, coset)[0], words, shift, first, out)
            first += words
        out[:, width:] = 0
        return out

    def hash_rows(self, leaves: Leaves, coset: int) -> None:
        """Add the rows of a coset of D to the leaves of a tree."""
        if self.stacks.fused:
            leaves.add_stacks(coset, self.flat(coset), self.stacks, coset_shift(self.shape, coset))
        elif len(self.groups) == 1:
            leaves.add(coset, self.values(self.groups[0], coset))
        else:
            leaves.add(coset, self.rows(coset))

    def rows_at(self, indices: Sequence[int]) -> list[tuple[int, ...]]:
        """The rows at positions of D: position r B + c is row r of coset c."""
        found: list[list[int]] = [[] for _ in indices]
        for group in self.groups:
            places, words = self.shape.places(group), self.words(group)
            columns = self._columns_at(group, indices)
            for row, cells, index in zip(found, columns, indices, strict=True):
                row.extend(stacked_row(cells, places, words, point(self.shape, index)))
        return [tuple(row) for row in found]

    def words(self, group: int) -> int:
        """Words of a group in a row."""
        return words_of(self.shape, self.phase, group)

    def places(self, group: int) -> list[int]:
        """Where each base-field column of a group stands among the arranged ones."""
        order = self.orders[self.groups.index(group)].tolist()
        found = [0] * (max(order) + 1)
        for place, column in enumerate(order):
            if column != NO_COLUMN:
                found[column] = place
        return found

    def by_column(self, group: int, arranged_values: Sequence[Element]) -> list[Element]:
        """Values of arranged columns in the order of the base-field columns themselves."""
        return [arranged_values[place] for place in self.places(group)]

    def _columns_at(self, group: int, indices: Sequence[int]) -> list[U32Array]:
        """The columns of a group at the s-th powers of the points at some positions."""
        blowup = self.shape.parameters.blowup
        if self.extended is None and blowup > COSETS_REMADE:
            return self._weighed(group, indices)
        found: dict[int, U32Array] = {}
        height = self.shape.groups[group].height
        for coset in sorted({index % blowup for index in indices}):
            values = self.values(group, coset)[0]
            for number, index in enumerate(indices):
                if index % blowup == coset:
                    found[number] = values[index // blowup % height].copy()
        return [found[number] for number in range(len(indices))]

    def _weighed(self, group: int, indices: Sequence[int]) -> list[U32Array]:
        """The same as sums over coefficients weighed by powers of the points."""
        places, height = self.shape.places(group), self.shape.groups[group].height
        blocks = self.coefficients[self.groups.index(group)]
        points = [pow(point(self.shape, index), places, P) for index in indices]
        weights = np.stack([blocks.in_order(powers(x, height)) for x in points])
        return list(np.concatenate(values_at(blocks.matrices(), weights), axis=1))


@dataclass(frozen=True, slots=True)
class CommittedPhase:
    """The columns of a phase, and the tree over their rows."""

    columns: Columns
    tree: Tree = field(repr=False)

    def open(self, indices: Sequence[int]) -> list[Opening]:
        """The openings of queried positions."""
        top = top_log2(self.columns.shape, None)
        return [
            Opening(row, *self.tree.open(index, top))
            for index, row in zip(indices, self.columns.rows_at(indices), strict=True)
        ]


def words_of(shape: Shape, phase: Phase, group: int) -> int:
    """Words of a group in a row of a phase."""
    if phase is Phase.QUOTIENT:
        return shape.quotient_width
    return sum(stack.words for stack in shape.stacks_of(phase) if stack.group == group)


def arrangement(shape: Shape, phase: Phase, group: int) -> npt.NDArray[np.int64]:
    """The base-field column of a group at each place of each word, place by place, or NO_COLUMN."""
    words, places = words_of(shape, phase, group), shape.places(group)
    if phase is Phase.QUOTIENT or places == 1:
        return np.arange(words)
    order = np.full(arranged_width(places, words), NO_COLUMN, dtype=np.int64)
    word = 0
    for stack in shape.stacks_of(phase):
        if stack.group == group:
            for place, column in enumerate(stack.columns):
                for coefficient in range(stack.words):
                    at = place * words + word + coefficient
                    order[at] = column * stack.words + coefficient
            word += stack.words
    return order


def coset_shift(shape: Shape, coset: int) -> int:
    """Shift of a coset of D."""
    return own_shift(shape, shape.groups[-1].number, coset)


def own_shift(shape: Shape, group: int, coset: int) -> int:
    """Shift of a coset of the domain of a group: the s-th powers of D."""
    log2 = shape.groups[group].log2_height
    shift = lifted_shift(log2, shape.log2_height)
    return shift_of_coset(coset, log2, shape.parameters.log2_blowup, shift)


def commit_phase(
    shape: Shape,
    phase: Phase,
    coefficients: Iterable[Blocks],
    stream: FieldStream | None,
    *,
    resident: bool,
) -> CommittedPhase:
    """The tree of a phase over the rows of its stacks; salted from the stream if it is to hide.

    coefficients: of each group, the tallest first, arranged by place (`arranged_coefficients`).
    """
    parameters = shape.parameters
    columns = _columns(shape, phase, coefficients, resident=resident)
    leaves = Leaves(
        parameters.blowup,
        shape.height,
        shape.row_width(phase),
        _salts(shape, phase, stream),
        parameters.digest_bytes,
    )
    for coset in range(parameters.blowup):
        columns.hash_rows(leaves, coset)
    return CommittedPhase(columns, leaves.tree())


def arranged_coefficients(
    shape: Shape, phase: Phase, matrices: Iterable[U32Array]
) -> Iterator[Blocks]:
    """Coefficients of the columns of a trace phase, arranged by place, from rows (n, padded width):
    those of the tallest group first, in either."""
    for group, matrix in zip(reversed(shape.groups), matrices, strict=True):
        if shape.places(group.number) == 1:
            yield coefficients_of(matrix)
        else:
            order = arrangement(shape, phase, group.number)
            yield coefficients_of(arranged(matrix, order))


def empty_columns(shape: Shape, phase: Phase) -> Columns:
    """The columns of a phase before there are any: groups, and how each is arranged."""
    numbers = [group.number for group in reversed(shape.groups)]
    groups = tuple(numbers[:1] if phase is Phase.QUOTIENT else numbers)
    orders = tuple(arrangement(shape, phase, group) for group in groups)
    sizes = [
        (shape.groups[group].height, padded_width(len(order)), words_of(shape, phase, group))
        for group, order in zip(groups, orders, strict=True)
    ]
    return Columns(shape, phase, groups, orders, stacks_of(shape.height, sizes), (), None)


def _columns(
    shape: Shape, phase: Phase, coefficients: Iterable[Blocks], *, resident: bool
) -> Columns:
    """What a phase keeps of its columns; coefficients are taken one group after the other."""
    empty = empty_columns(shape, phase)
    if not resident:
        return replace(empty, coefficients=tuple(coefficients))
    extended = aligned_empty(shape.parameters.blowup, empty.stacks.size)
    for place, (group, blocks) in enumerate(zip(empty.groups, coefficients, strict=True)):
        for coset, flat in enumerate(extended):
            part = empty.stacks.part(flat, place)[None]
            on_cosets(blocks, [own_shift(shape, group, coset)], part)
    return replace(empty, extended=extended)


def _salts(shape: Shape, phase: Phase, stream: FieldStream | None) -> U8Array | None:
    if not shape.salted(phase):
        return None
    if stream is None:
        raise ValueError(f"the leaves of the {phase.name} phase need randomness")
    size = (1 << shape.log2_domain, shape.parameters.salt_bytes)
    return np.frombuffer(stream.octets(size[0] * size[1]), dtype=np.uint8).reshape(size)


@dataclass(frozen=True, slots=True)
class FixedColumns:
    """The fixed columns of a circuit for a parameter set: as rows, and committed."""

    shape: Shape
    matrices: tuple[U32Array, ...] = field(repr=False)
    committed: CommittedPhase = field(repr=False)


def commit_fixed(circuit: Circuit, parameters: Parameters, *, resident: bool) -> FixedColumns:
    """What a prover needs once for all proofs of a circuit, and where its key comes from."""
    shape = shape_of(circuit, parameters)
    matrices = []
    for group in shape.groups:
        matrix = empty_matrix(group, Phase.FIXED)
        parts = [
            fixed_matrix(circuit.tables[table.number].table, group.height, parameters.blinded_rows)
            for table in group.tables
        ]
        np.concatenate(
            [parts[0], *(part[:, SELECTORS:] for part in parts[1:])],
            axis=1,
            out=matrix[:, : group.widths[Phase.FIXED]],
        )
        matrices.append(matrix)
    coefficients = arranged_coefficients(shape, Phase.FIXED, reversed(matrices))
    committed = commit_phase(shape, Phase.FIXED, coefficients, None, resident=resident)
    return FixedColumns(shape, tuple(matrices), committed)


def generate_key(circuit: Circuit, parameter_sets: Sequence[Parameters]) -> VerificationKey:
    """The verification key of a circuit for some parameter sets."""
    roots = {
        parameters.name: commit_fixed(circuit, parameters, resident=False).committed.tree.root
        for parameters in parameter_sets
    }
    return VerificationKey(circuit.digest, roots)
