"""The quotient kernel against the plain reader of the tape, on rows that satisfy nothing."""

import numpy as np
import pytest

from circuits.air.circuit import Circuit
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import padded_width, shift_of_coset
from circuits.stark.domain import inverse_zerofiers as plain_zerofiers
from circuits.stark.evaluate import Rows, TableContext, evaluate_table
from circuits.stark.lookup import lookup_challenges
from circuits.stark.lookup_columns import message_constants
from circuits.stark.parameters import CHUNKS, INSECURE_TEST
from circuits.stark.quotient import Committed, QuotientInputs, add_table
from circuits.stark.shape import Shape, TableShape, shape_of
from circuits.stark.zerofiers import inverse_zerofiers
from circuits.statement import circuit
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P, omega

HEIGHT = 256
RNG = np.random.default_rng(5)


def element() -> Element:
    a, b, c, d, e = (int(value) for value in RNG.integers(0, P, DEGREE))
    return (a, b, c, d, e)


def statement_shape() -> Shape:
    whole = circuit()
    tables = [(placed.table, HEIGHT) for placed in whole.tables]
    return shape_of(Circuit.build(tables, whole.publics, whole.buses), INSECURE_TEST)


SHAPE = statement_shape()


def random_group() -> Committed:
    def matrix(width: int):
        shape = (INSECURE_TEST.blowup, HEIGHT, padded_width(width))
        return RNG.integers(0, P, shape, dtype=np.uint32)

    fixed, main, lookup = (matrix(width) for width in SHAPE.groups[0].widths)
    return Committed(fixed, main, lookup)


COMMITTED = random_group()
INPUTS = QuotientInputs(
    shape=SHAPE,
    groups=[COMMITTED],
    publics=[int(value) for value in RNG.integers(0, P, SHAPE.public_width)],
    constants=None,
    terminals=[element() for _ in SHAPE.tables],
    kappa=element(),
)


def embedded(values) -> list[Element]:
    return [extension.embed(int(value)) for value in values]


def rows_at(table: TableShape, coset: int, row: int) -> Rows:
    parts = []
    for at in (row, (row + 1) % HEIGHT):
        for phase, matrix in enumerate((COMMITTED.fixed, COMMITTED.main, COMMITTED.lookup)):
            start = table.starts[phase]
            parts.append(embedded(matrix[coset, at, start : start + table.widths[phase]]))
    return Rows(*parts)


@pytest.mark.parametrize("table", SHAPE.tables, ids=lambda table: table.name)
def test_kernel_agrees_with_the_plain_reader(table: TableShape) -> None:
    challenges = lookup_challenges(element(), element(), SHAPE)
    buses = [bus for bus, _ in SHAPE.bus_widths]
    weights = extension.powers(INPUTS.kappa, table.constraints + 1)
    inputs = QuotientInputs(
        **{
            name: getattr(INPUTS, name)
            for name in ("shape", "groups", "publics", "terminals", "kappa")
        },
        constants=message_constants(challenges, buses),
    )
    shorter = RNG.integers(0, P, (DEGREE, CHUNKS * HEIGHT // 2), dtype=np.uint32)
    found = add_table(inputs, SHAPE.groups[0], COMMITTED, table, weights, shorter)
    shift = lifted_shift(8, SHAPE.log2_height)
    zerofiers = inverse_zerofiers(8, 2, shift, CHUNKS, INSECURE_TEST.blinded_rows)
    context = TableContext(INPUTS.publics, challenges, weights, INPUTS.terminals[table.number])
    for coset, row in ((0, 0), (0, 77), (1, 128), (2, HEIGHT - 1), (2, 15)):
        sums = evaluate_table(table, rows_at(table, coset, row), context)
        lifted = shorter[:, coset * HEIGHT // 2 + row % (HEIGHT // 2)]
        total = extension.multiply(
            tuple(int(value) for value in lifted), weights[table.constraints]
        )
        for scope, value in enumerate(sums):
            inverse = int(zerofiers[scope, coset * HEIGHT + row])
            total = extension.add(total, extension.scale(value, inverse))
        assert tuple(found[:, coset * HEIGHT + row].tolist()) == total


def test_zerofiers_agree_with_the_plain_ones() -> None:
    shift = lifted_shift(8, 10)
    found = inverse_zerofiers(8, 2, shift, CHUNKS, 32)
    for coset, row in ((0, 0), (1, 5), (2, 255)):
        x = shift_of_coset(coset, 8, 2, shift) * pow(omega(8), row, P) % P
        plain = plain_zerofiers(8, 32, extension.embed(x))
        assert [extension.embed(int(v)) for v in found[:, coset * 256 + row]] == list(plain)
