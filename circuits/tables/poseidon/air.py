"""Poseidon: one row is one permutation of width 16, and the compression made of it.

Height: one row a distinct compression, padded with the permutation of zeros. Degree: 3.
Bus: sends HASH as often as the compression is asked for.
Columns: the 16 inputs, then every cube in the order of the rounds; each cube is the third power of
a linear form in earlier cells. Linear layers cost no columns. The sixteen cubes of the last round
are no cells: the eight elements of the digest are, as sums of these cubes and the feed-forward.
Lie stopped: a digest that is not the digest of what it is said to hash, so that a root, a leaf or a
signed message could stand for something else.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.expr import Expr, linear
from circuits.air.layout import Layout, cell, cells, many
from circuits.air.table import Table
from circuits.gadgets.buses import HASH
from circuits.tables.poseidon.forms import Form, partial_rounds
from rollup.hash.constants import (
    DIGEST_WIDTH,
    FULL_ROUNDS,
    PARTIAL_ROUNDS,
    ROUND_CONSTANTS,
    WIDTH,
)
from rollup.hash.poseidon import MDS_ROWS

_HALF = FULL_ROUNDS // 2
_LAST = _HALF + PARTIAL_ROUNDS


class Columns(Layout):
    """Inputs, cubes of all rounds but the last, digest; how often it is asked for (free)."""

    inputs = cells(WIDTH)
    first_cubes = many(_HALF, cells(WIDTH))
    partial_cubes = cells(PARTIAL_ROUNDS)
    last_cubes = many(_HALF - 1, cells(WIDTH))
    digest = cells(DIGEST_WIDTH)
    multiplicity = cell()


def constraints(air: Builder, row: Columns) -> None:
    """Each cube is the cube of its form; the digest is the last mix plus the feed-forward."""
    state = list(row.inputs)
    for step in range(_HALF):
        state = _full_round(air, state, step, row.first_cubes[step])
    state = _partial_rounds(air, row)
    for step, cubes in enumerate(row.last_cubes):
        state = _full_round(air, state, _LAST + step, cubes)
    _last_round(air, row, state)
    payload = (*row.inputs, *row.digest)
    air.send(HASH, payload, count=row.multiplicity, claim="poseidon.compression")


def _require_cube(air: Builder, form: Expr, cube: Expr, claim: str) -> None:
    air.require_equal(form * form * form, cube, claim)


def _full_round(
    air: Builder, state: Sequence[Expr], index: int, cubes: Sequence[Expr]
) -> list[Expr]:
    """Add the constants, cube all elements, mix."""
    for element, constant, cube in zip(state, ROUND_CONSTANTS[index], cubes, strict=True):
        _require_cube(air, element + constant, cube, "poseidon.full-round")
    return [linear(zip(weights, cubes, strict=True)) for weights in MDS_ROWS]


def _partial_rounds(air: Builder, row: Columns) -> list[Expr]:
    """Cube one element a round; everything between is a form in the cells."""
    rounds = partial_rounds()
    committed = (*row.first_cubes[-1], *row.partial_cubes)
    for form, cube in zip(rounds.cubed, row.partial_cubes, strict=True):
        _require_cube(air, _apply(form, committed), cube, "poseidon.partial-round")
    return [_apply(form, committed) for form in rounds.final]


def _last_round(air: Builder, row: Columns, state: Sequence[Expr]) -> None:
    """The digest is the first half of the last mix, with the input added."""
    shifted = [e + c for e, c in zip(state, ROUND_CONSTANTS[-1], strict=True)]
    cubes = [form * form * form for form in shifted]
    for weights, fed, element in zip(MDS_ROWS, row.inputs, row.digest, strict=False):
        image = linear(zip(weights, cubes, strict=True))
        air.require_equal(image + fed, element, "poseidon.digest")


def _apply(form: Form, committed: Sequence[Any]) -> Expr:
    return linear(zip(form[:-1], committed, strict=True)) + form[-1]


TABLE = Table("poseidon", Columns, constraints)
