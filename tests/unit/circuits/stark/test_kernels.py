"""The quotient kernel against the plain reader of the tape, on rows that satisfy nothing."""

from collections.abc import Iterable

import numpy as np
import pytest

from circuits.air.circuit import Circuit, Placed
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import padded_width, shift_of_coset
from circuits.stark.domain import inverse_zerofiers as plain_zerofiers
from circuits.stark.evaluate import GroupContext, Rows, evaluate_group
from circuits.stark.lookup import lookup_challenges
from circuits.stark.lookup_columns import message_constants
from circuits.stark.parameters import CHUNKS, INSECURE_TEST
from circuits.stark.program import compile_program
from circuits.stark.quotient import Committed, QuotientInputs, add_group
from circuits.stark.shape import Group, Shape, shape_of
from circuits.stark.stacks import TRACE_PHASES, Phase
from circuits.stark.zerofiers import inverse_zerofiers
from circuits.statement.circuit import circuit
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import element_at
from rollup.field.koalabear import P, omega

HEIGHT = 256
RNG = np.random.default_rng(5)


def element() -> Element:
    a, b, c, d, e = (int(value) for value in RNG.integers(0, P, DEGREE))
    return (a, b, c, d, e)


def shape_with(tables: Iterable[Placed]) -> Shape:
    whole = circuit()
    placed = [(each.table, HEIGHT) for each in tables]
    return shape_of(Circuit.build(placed, whole.publics, whole.buses), INSECURE_TEST)


SHAPES = [shape_with([placed]) for placed in circuit().tables] + [shape_with(circuit().tables)]
"""Every table on its own, and all of them merged."""


def random_group(group: Group) -> Committed:
    """Values on one coset; what stands beside the columns of a group is none of its business."""

    def matrix(width: int):
        return RNG.integers(0, P, (1, HEIGHT, padded_width(width)), dtype=np.uint32)

    fixed, main, lookup = (matrix(width) for width in group.widths)
    return Committed(fixed, main, lookup)


def embedded(values) -> list[Element]:
    return [extension.embed(int(value)) for value in values]


def rows_at(group: Group, committed: Committed, row: int) -> Rows:
    """The row and the row below; what no constraint reads there is not opened."""
    parts: list[list[Element | None]] = []
    matrices = (committed.fixed, committed.main, committed.lookup)
    for shift in (0, 1):
        for phase, matrix in zip(TRACE_PHASES, matrices, strict=True):
            words = matrix[0, (row + shift) % HEIGHT, : group.widths[phase]]
            values = embedded(words)
            if phase is Phase.LOOKUP:
                values = [tuple(each) for each in words.reshape(-1, DEGREE).tolist()]
            known = group.below[phase] if shift else range(group.columns(phase))
            parts.append([v if k in known else None for k, v in enumerate(values)])
    return Rows(*parts)  # type: ignore[arg-type]


def rearranged(group: Group, committed: Committed) -> tuple[Committed, dict[Phase, list[int]]]:
    """The same columns in places of another order, with gaps, and where each of them is."""
    matrices, places = [], {}
    for phase, matrix in zip(
        TRACE_PHASES, (committed.fixed, committed.main, committed.lookup), strict=True
    ):
        width = group.widths[phase]
        room = padded_width(2 * width)
        places[phase] = RNG.permutation(room)[:width].tolist()
        moved = RNG.integers(0, P, (1, HEIGHT, room), dtype=np.uint32)
        moved[..., places[phase]] = matrix[..., :width]
        matrices.append(moved)
    return Committed(*matrices), places


@pytest.mark.parametrize("shape", SHAPES[:3], ids=lambda shape: shape.groups[0].name)
def test_columns_may_stand_in_any_places(shape: Shape) -> None:
    (group,) = shape.groups
    challenges = lookup_challenges(element(), element(), shape)
    publics = [int(value) for value in RNG.integers(0, P, shape.public_width)]
    constants = message_constants(challenges, [bus for bus, _ in shape.bus_widths])
    inputs = QuotientInputs(shape, (), publics, constants, [element()], element())
    weights = extension.powers(inputs.kappa, group.constraints + 1)
    shorter = np.zeros((DEGREE, HEIGHT), dtype=np.uint32)
    committed = random_group(group)
    moved, places = rearranged(group, committed)
    programs = [
        compile_program(group.tape, publics, with_lookup=True),
        compile_program(group.tape, publics, with_lookup=True, places=places),
    ]
    found = [
        add_group(inputs, group, columns, weights, shorter, 1, program)
        for columns, program in zip((committed, moved), programs, strict=True)
    ]
    assert np.array_equal(*found)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.groups[0].name)
def test_kernel_agrees_with_the_plain_reader(shape: Shape) -> None:
    (group,) = shape.groups
    challenges = lookup_challenges(element(), element(), shape)
    inputs = QuotientInputs(
        shape=shape,
        phases=(),
        publics=[int(value) for value in RNG.integers(0, P, shape.public_width)],
        constants=message_constants(challenges, [bus for bus, _ in shape.bus_widths]),
        terminals=[element()],
        kappa=element(),
    )
    program = compile_program(group.tape, inputs.publics, with_lookup=True)
    weights = extension.powers(inputs.kappa, group.constraints + 1)
    shorter = RNG.integers(0, P, (DEGREE, HEIGHT // 2), dtype=np.uint32)
    shift = lifted_shift(8, shape.log2_height)
    zerofiers = inverse_zerofiers(8, 2, shift, CHUNKS, INSECURE_TEST.blinded_rows)
    context = GroupContext(inputs.publics, challenges, weights, inputs.terminals[0])
    for coset, rows in ((0, (0, 77)), (1, (128,)), (2, (HEIGHT - 1, 15))):
        committed = random_group(group)
        found = add_group(inputs, group, committed, weights, shorter, coset, program)
        for row in rows:
            sums = evaluate_group(group, rows_at(group, committed, row), context)
            lifted = element_at(shorter, row % (HEIGHT // 2))
            total = extension.multiply(lifted, weights[group.constraints])
            for scope, value in enumerate(sums):
                inverse = int(zerofiers[scope, coset * HEIGHT + row])
                total = extension.add(total, extension.scale(value, inverse))
            assert element_at(found, row) == total


def test_zerofiers_agree_with_the_plain_ones() -> None:
    shift = lifted_shift(8, 10)
    found = inverse_zerofiers(8, 2, shift, CHUNKS, 32)
    for coset, row in ((0, 0), (1, 5), (2, 255)):
        x = shift_of_coset(coset, 8, 2, shift) * pow(omega(8), row, P) % P
        plain = plain_zerofiers(8, 32, extension.embed(x))
        assert [extension.embed(int(v)) for v in found[:, coset * 256 + row]] == list(plain)
