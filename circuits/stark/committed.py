"""Committed phases: matrices of all groups, extended, under one tree."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from circuits.air.circuit import Circuit
from circuits.air.merge import SELECTORS
from circuits.air.trace import fixed_matrix
from circuits.pcs.merkle import Tree, commit
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import extend
from circuits.stark.blinding import empty_matrix
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import Parameters
from circuits.stark.proof import Opening, top_log2
from circuits.stark.random import FieldStream
from circuits.stark.shape import Phase, Shape, shape_of
from rollup.native.jit import U32Array


@dataclass(frozen=True, slots=True)
class CommittedPhase:
    """The extended matrices of a phase, (B, n, padded width) for each group, and their tree."""

    extended: tuple[U32Array, ...] = field(repr=False)
    tree: Tree = field(repr=False)

    def open(self, shape: Shape, index: int) -> Opening:
        """The opening of a queried position."""
        opened = self.tree.open(index, top_log2(shape, None))
        return Opening(opened.rows, opened.salt, opened.path)


def commit_phase(
    shape: Shape, phase: Phase, extended: Sequence[U32Array], stream: FieldStream | None
) -> CommittedPhase:
    """The tree of a phase over its extended matrices; salted from the stream if it is to hide."""
    salts = None
    if shape.salted(phase):
        if stream is None:
            raise ValueError(f"the leaves of the {phase.name} phase need randomness")
        size = (1 << shape.log2_domain, shape.parameters.salt_bytes)
        salts = np.frombuffer(stream.octets(size[0] * size[1]), dtype=np.uint8).reshape(size)
    widths = [width for _, width in shape.group_widths(phase)]
    return CommittedPhase(tuple(extended), commit(extended, widths, salts))


def extend_groups(shape: Shape, matrices: Sequence[U32Array]) -> list[U32Array]:
    """The matrices (n, padded width) of all groups, extended to their cosets.

    The tallest first: what it needs on the way is then free for all the others.
    """
    extended = [
        extend(
            matrix,
            shape.parameters.log2_blowup,
            lifted_shift(group.log2_height, shape.log2_height),
        )
        for group, matrix in zip(reversed(shape.groups), reversed(matrices), strict=True)
    ]
    return extended[::-1]


@dataclass(frozen=True, slots=True)
class FixedColumns:
    """The fixed columns of a circuit for a parameter set: as rows, extended, committed."""

    shape: Shape
    matrices: tuple[U32Array, ...] = field(repr=False)
    committed: CommittedPhase = field(repr=False)


def commit_fixed(circuit: Circuit, parameters: Parameters) -> FixedColumns:
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
    extended = extend_groups(shape, matrices)
    return FixedColumns(shape, tuple(matrices), commit_phase(shape, Phase.FIXED, extended, None))


def generate_key(circuit: Circuit, parameter_sets: Sequence[Parameters]) -> VerificationKey:
    """The verification key of a circuit for some parameter sets."""
    roots = {
        parameters.name: commit_fixed(circuit, parameters).committed.tree.root
        for parameters in parameter_sets
    }
    return VerificationKey(circuit.digest, roots)
