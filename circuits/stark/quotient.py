"""The quotient: all constraints of all groups over their zerofiers, one polynomial in three chunks.

Groups are combined from the shortest: what is there is lifted to the next height, multiplied by as
many powers of the challenge as the group has constraints, and the group's share is added. The
numerators have degree <= 3, so the quotient has degree < 2.25 N (N >= 4 h) and its values on three
cosets determine it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.poly.domains import lifted_shift
from circuits.poly.lde import interpolate, shift_of_coset
from circuits.stark.committed import CommittedPhase
from circuits.stark.lookup_columns import MessageConstants
from circuits.stark.parameters import CHUNKS
from circuits.stark.program import SLOT, Program, compile_program
from circuits.stark.quotient_kernels import quotient_blocks, solve_parts
from circuits.stark.shape import Group, Shape
from circuits.stark.zerofiers import inverse_zerofiers
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.kernels import to_montgomery
from rollup.field.koalabear import P, inverse
from rollup.native.jit import U32Array, parallel
from rollup.private import Private

_GRAIN = 1 << 10
"""Rows that a thread solves for at least."""


class UnsatisfiedError(Exception):
    """The traces do not satisfy the circuit: what should be a polynomial is none."""


@dataclass(frozen=True, slots=True, repr=False)
class Committed(Private):
    """Columns of one group on a coset: fixed, main, lookup, each (1, n, padded width)."""

    fixed: U32Array
    main: U32Array
    lookup: U32Array


@dataclass(frozen=True, slots=True, repr=False)
class QuotientInputs(Private):
    """All that the quotient depends on. `phases`: fixed, main, lookup."""

    shape: Shape
    phases: Sequence[CommittedPhase]
    publics: Sequence[int]
    constants: MessageConstants
    terminals: Sequence[Element]
    kappa: Element


def quotient_coefficients(inputs: QuotientInputs) -> U32Array:
    """Coefficients of the quotient, (3 N, 5). UnsatisfiedError if it has too high a degree."""
    shape = inputs.shape
    most = max(group.constraints for group in shape.groups)
    weights = extension.powers(inputs.kappa, most + 1)
    values = np.empty((DEGREE, CHUNKS, shape.height), dtype=np.uint32)
    programs = [_program(inputs, group) for group in shape.groups]
    for coset in range(CHUNKS):
        values[:, coset] = _on_coset(inputs, weights, coset, programs)
    coefficients = _interpolate(shape, values)
    if coefficients[CHUNKS * shape.chunk_coefficients :].any():
        raise UnsatisfiedError("a constraint fails: `circuits.air.check` names it and its row")
    return coefficients


def _program(inputs: QuotientInputs, group: Group) -> Program:
    """The program of a group on columns as their phases arrange them."""
    places = {each.columns.phase: each.columns.places(group.number) for each in inputs.phases}
    return compile_program(group.tape, inputs.publics, with_lookup=True, places=places)


def _on_coset(
    inputs: QuotientInputs,
    weights: Sequence[Element],
    coset: int,
    programs: Sequence[Program],
) -> U32Array:
    """The quotient on one coset of the tallest height, (5, N), from the shortest group on."""
    shape = inputs.shape
    total = np.zeros((DEGREE, shape.groups[0].height), dtype=np.uint32)
    for group in shape.groups:
        fixed, main, lookup = (each.columns.values(group.number, coset) for each in inputs.phases)
        committed = Committed(fixed, main, lookup)
        program = programs[group.number]
        total = add_group(inputs, group, committed, weights, total, coset, program)
    return total


def add_group(
    inputs: QuotientInputs,
    group: Group,
    committed: Committed,
    weights: Sequence[Element],
    shorter: U32Array,
    coset: int,
    program: Program,
) -> U32Array:
    """The sum so far, lifted and multiplied, plus this group's share: planes over the rows."""
    out = np.empty((DEGREE, group.height), dtype=np.uint32)
    matrices = (committed.fixed, committed.main, committed.lookup)
    strides = np.array([matrix.shape[2] for matrix in matrices], dtype=np.int64)
    rows = slice(coset * group.height, (coset + 1) * group.height)
    challenges = (
        _elements([weights[power] for power in group.powers]),
        inputs.constants.buses,
        inputs.constants.powers,
        _elements([inputs.terminals[group.number]]),
    )
    parallel(
        quotient_blocks,
        group.height // SLOT,
        program.arguments,
        program.lookup,
        (group.fractions, group.tape.constraints),
        (*matrices, strides),
        group.height,
        challenges,
        np.ascontiguousarray(_zerofiers(inputs.shape, group)[:, rows]),
        _elements([weights[group.constraints]]),
        shorter,
        out,
    )
    return out


def _elements(elements: Sequence[Element]) -> U32Array:
    return to_montgomery(np.array(elements, dtype=np.uint64).reshape(-1, DEGREE))


def _zerofiers(shape: Shape, group: Group) -> U32Array:
    shift = lifted_shift(group.log2_height, shape.log2_height)
    parameters = shape.parameters
    return inverse_zerofiers(
        group.log2_height, parameters.log2_blowup, shift, CHUNKS, parameters.blinded_rows
    )


def _interpolate(shape: Shape, values: U32Array) -> U32Array:
    """Coefficients (3 N, 5) from values (5, 3, N) on three cosets.

    On a coset X^N is a constant c_k, so interpolation there gives A_0 + c_k A_1 + c_k^2 A_2, for
    the three parts A_i of N coefficients each; three such equations are solved for the parts. The
    cosets are interpolated side by side as if on <omega>; coefficient r of a coset of shift s is
    then s^r too large.
    """
    height = shape.height
    shift = lifted_shift(shape.log2_height, shape.log2_height)
    cosets = values.transpose(2, 1, 0)
    folded = interpolate(cosets.reshape(height, CHUNKS * DEGREE))
    blowup = shape.parameters.log2_blowup
    shifts = [shift_of_coset(k, shape.log2_height, blowup, shift) for k in range(CHUNKS)]
    solution = _inverse_vandermonde([pow(s, height, P) for s in shifts])
    parts = np.empty((CHUNKS, height, DEGREE), dtype=np.uint32)
    parallel(
        solve_parts,
        height,
        folded,
        np.array([inverse(s) for s in shifts], dtype=np.uint64),
        np.array(solution, dtype=np.uint64),
        parts,
        grain=_GRAIN,
    )
    return parts.reshape(CHUNKS * height, DEGREE)


def _inverse_vandermonde(nodes: Sequence[int]) -> list[list[int]]:
    """Row i, column k: coefficient of X^i in the Lagrange polynomial of node k."""
    size = len(nodes)
    columns = []
    for k, node in enumerate(nodes):
        polynomial, denominator = [1], 1
        for other in (*nodes[:k], *nodes[k + 1 :]):
            shifted = [0, *polynomial]
            for degree, coefficient in enumerate(polynomial):
                shifted[degree] = (shifted[degree] - other * coefficient) % P
            polynomial, denominator = shifted, denominator * (node - other) % P
        scale = pow(denominator, -1, P)
        columns.append([coefficient * scale % P for coefficient in polynomial])
    return [[columns[k][i] for k in range(size)] for i in range(size)]
