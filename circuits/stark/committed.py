"""Committed phases: coefficients of all columns, and a tree over what their stacks are on D.

A phase keeps the coefficients of its columns. The words of its rows on the cosets of D are either
kept (*resident*: a query reads them) or made coset by coset and let go again, which takes a
fraction of the memory and makes the same tree."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from circuits.air.circuit import Circuit
from circuits.air.merge import SELECTORS
from circuits.air.trace import fixed_matrix
from circuits.pcs.merkle import Leaves, Tree
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import Blocks, blocks_of, coefficients_of, on_cosets, shift_of_coset
from circuits.poly.lde import first_size as first_size_of
from circuits.poly.stacked import NO_COLUMN, Placed, stacked
from circuits.poly.sums import values_at
from circuits.stark.blinding import empty_matrix
from circuits.stark.domain import point
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import Parameters
from circuits.stark.proof import Opening, top_log2
from circuits.stark.random import FieldStream
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import Phase
from rollup.field.kernels import powers
from rollup.native.jit import U8Array, U32Array
from rollup.native.simd import LANES

COSETS_REMADE = 8
"""Up to so many cosets, those of the queried rows are made again; of more, each row by weights."""


@dataclass(frozen=True, slots=True)
class CommittedPhase:
    """The coefficients of a phase, (n, padded width) for each group, its tree, and its rows
    (B, N, padded width) if they are kept. The quotient phase is one group of height N."""

    shape: Shape
    phase: Phase
    coefficients: tuple[U32Array, ...] = field(repr=False)
    tree: Tree = field(repr=False)
    rows: U32Array | None = field(repr=False)

    def coset(self, number: int) -> U32Array:
        """The rows of one coset, (N, padded width)."""
        if self.rows is not None:
            kept: U32Array = self.rows[number]
            return kept
        return rows_on(
            self.shape, stacks_of_phase(self.shape, self.phase, self.coefficients), number
        )

    def values(self, group: int, coset: int) -> U32Array:
        """What the columns of a group are on a coset of its own domain, as the quotient's kernel
        takes them: (1, n, padded width).

        The tallest group stands first in a row, and each of its columns is a stack, so that kept
        rows are its values.
        """
        shape = self.shape
        if self.rows is not None and shape.places(group) == 1:
            return self.rows[coset : coset + 1]
        log2 = shape.groups[group].log2_height
        shift = lifted_shift(log2, shape.log2_height)
        own = shift_of_coset(coset, log2, shape.parameters.log2_blowup, shift)
        return on_cosets(blocks_of(self.coefficients[group]), [own])

    def open(self, indices: Sequence[int]) -> list[Opening]:
        """The openings of queried positions."""
        width, top = self.shape.row_width(self.phase), top_log2(self.shape, None)
        openings = []
        for index, row in zip(indices, self._rows_at(indices), strict=True):
            salt, path = self.tree.open(index, top)
            openings.append(Opening(tuple(row[:width].tolist()), salt, path))
        return openings

    def _rows_at(self, indices: Sequence[int]) -> list[U32Array]:
        """The rows at positions r B + c of D: row r of coset c."""
        blowup = self.shape.parameters.blowup
        if self.rows is None and blowup > COSETS_REMADE:
            return self._weighed(indices)
        places = [(index % blowup, index // blowup, k) for k, index in enumerate(indices)]
        found: dict[int, U32Array] = {}
        for coset in sorted({coset for coset, _, _ in places}):
            rows = self.coset(coset)
            found |= {k: rows[row].copy() for each, row, k in places if each == coset}
        return [found[k] for k in range(len(indices))]

    def _weighed(self, indices: Sequence[int]) -> list[U32Array]:
        """The rows as sums over coefficients weighed by powers of their points."""
        blocks = stacks_of_phase(self.shape, self.phase, self.coefficients)
        size = 1 << blocks.log2
        rows = [powers(point(self.shape, index), size) for index in indices]
        weights = np.stack([in_block_order(row, blocks) for row in rows])
        sums = values_at(block_matrices(blocks), weights)
        return list(np.concatenate(sums, axis=1))


def in_block_order(natural: U32Array, blocks: Blocks) -> U32Array:
    """A value for each coefficient, low degree first, in the order in which a block holds them."""
    if blocks.strides[0] == LANES:
        return natural
    return natural.reshape(-1, first_size_of(blocks.log2)).T.reshape(-1)


def block_matrices(blocks: Blocks) -> list[U32Array]:
    """The coefficients as matrices with a row for each coefficient."""
    if blocks.strides[0] == LANES:
        return [blocks.values]
    return list(blocks.values.reshape(-1, 1 << blocks.log2, LANES))


def stacks_of_phase(shape: Shape, phase: Phase, coefficients: Sequence[U32Array]) -> Blocks:
    """The coefficients of all stacks of a phase, in the order of its row."""
    if phase is Phase.QUOTIENT:
        return blocks_of(coefficients[0])
    parts, first = [], 0
    for group in reversed(shape.groups):
        table = place_table(shape, phase, group.number)
        parts.append(Placed(coefficients[group.number], table, first))
        first += table.shape[1]
    return stacked(parts, shape.log2_height, first)


def place_table(shape: Shape, phase: Phase, group: int) -> npt.NDArray[np.int64]:
    """(s, words): the base-field column of a group at each place of each word of its stacks."""
    stacks = [stack for stack in shape.stacks_of(phase) if stack.group == group]
    words = sum(stack.words for stack in stacks)
    table = np.full((shape.places(group), words), NO_COLUMN, dtype=np.int64)
    word = 0
    for stack in stacks:
        for coefficient in range(stack.words):
            for place, column in enumerate(stack.columns):
                table[place, word] = column * stack.words + coefficient
            word += 1
    return table


def rows_on(shape: Shape, blocks: Blocks, coset: int) -> U32Array:
    """The rows of one coset of D, (N, padded width)."""
    rows: U32Array = on_cosets(blocks, [coset_shift(shape, coset)])[0]
    return rows


def coset_shift(shape: Shape, coset: int) -> int:
    """Shift of a coset of D."""
    shift = lifted_shift(shape.log2_height, shape.log2_height)
    return shift_of_coset(coset, shape.log2_height, shape.parameters.log2_blowup, shift)


def commit_phase(
    shape: Shape,
    phase: Phase,
    coefficients: Sequence[U32Array],
    stream: FieldStream | None,
    *,
    resident: bool,
) -> CommittedPhase:
    """The tree of a phase over the rows of its stacks; salted from the stream if it is to hide."""
    parameters = shape.parameters
    leaves = Leaves(
        parameters.blowup,
        shape.height,
        shape.row_width(phase),
        _salts(shape, phase, stream),
        parameters.digest_bytes,
    )
    blocks = stacks_of_phase(shape, phase, coefficients)
    cosets = range(parameters.blowup)
    rows = None
    if resident:
        rows = on_cosets(blocks, [coset_shift(shape, coset) for coset in cosets])
        leaves.add(0, rows)
    else:
        for coset in cosets:
            leaves.add(coset, rows_on(shape, blocks, coset))
    return CommittedPhase(shape, phase, tuple(coefficients), leaves.tree(), rows)


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
    coefficients = [coefficients_of(matrix) for matrix in matrices]
    committed = commit_phase(shape, Phase.FIXED, coefficients, None, resident=resident)
    return FixedColumns(shape, tuple(matrices), committed)


def generate_key(circuit: Circuit, parameter_sets: Sequence[Parameters]) -> VerificationKey:
    """The verification key of a circuit for some parameter sets."""
    roots = {
        parameters.name: commit_fixed(circuit, parameters, resident=False).committed.tree.root
        for parameters in parameter_sets
    }
    return VerificationKey(circuit.digest, roots)
