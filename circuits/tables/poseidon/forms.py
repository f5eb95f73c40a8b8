"""The partial rounds of Poseidon as linear forms, so that 20 rounds of 16 elements become 36 sums.

A partial round cubes one element; the other fifteen only mix. Run on linear forms instead of
numbers, the state before any round is therefore a sum over the 16 cells that entered the partial
rounds, the cubes committed since, and a constant. The table commits the cubes and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from struct import Struct

from rollup.field.koalabear import P
from rollup.hash.constants import FULL_ROUNDS, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH
from rollup.hash.poseidon import MDS_ROWS

_SIZE = WIDTH + PARTIAL_ROUNDS + 1

_SLOTS = Struct(f"<{_SIZE}Q")
"""64 bits a coefficient: a row of the matrix sums to less than 2^9, so no slot overflows."""

Form = tuple[int, ...]
"""Coefficients of the 16 entering cells, of the 20 cubes, and the constant."""


@dataclass(frozen=True, slots=True)
class PartialRounds:
    """`cubed[r]` is what partial round r cubes, `final` the 16 elements after the last of them."""

    cubed: tuple[Form, ...]
    final: tuple[Form, ...]


@cache
def partial_rounds() -> PartialRounds:
    """Run the partial rounds on forms, from the cubes of the last full round before them."""
    state = _mix([_unit(i) for i in range(WIDTH)])
    cubed: list[Form] = []
    for step in range(PARTIAL_ROUNDS):
        constants = ROUND_CONSTANTS[FULL_ROUNDS // 2 + step]
        state = [_shifted(form, constant) for form, constant in zip(state, constants, strict=True)]
        cubed.append(state[0])
        state = _mix([_unit(WIDTH + step), *state[1:]])
    return PartialRounds(tuple(cubed), tuple(state))


def _unit(position: int) -> Form:
    return tuple(int(i == position) for i in range(_SIZE))


def _shifted(form: Form, constant: int) -> Form:
    return (*form[:-1], (form[-1] + constant) % P)


def _mix(state: Sequence[Form]) -> list[Form]:
    """The MDS matrix on all coefficients of a form at once, packed into one integer."""
    packed = [int.from_bytes(_SLOTS.pack(*form), "little") for form in state]
    sums = (sum(m * form for m, form in zip(row, packed, strict=True)) for row in MDS_ROWS)
    return [
        tuple(slot % P for slot in _SLOTS.unpack(total.to_bytes(_SLOTS.size, "little")))
        for total in sums
    ]
