"""A table's tape as flat arrays, for the kernels: slots become offsets, constants take their form.

Scratch memory holds V vectors of 16 rows for every slot, as [vector][slot][lane]. The first slots
are copies of matrix columns, in tiles of 16 columns aligned in their matrix: a tile is what one
transposition brings. Then come constants, public values and registers, as in the tape.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuits.air.tape import Code, Instruction, Tape
from circuits.stark.shape import Phase, TableShape
from rollup.field.extension import DEGREE
from rollup.field.kernels import to_montgomery
from rollup.jit import U32Array
from rollup.simd import LANES

I64Array = npt.NDArray[np.int64]

TILE = LANES
"""Columns that one transposition copies."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the interpreter runs.

    tiles: (tiles, 4) of phase, shift, first matrix column, first slot.
    code: the instructions, one after the other (see `circuits.stark.kernels`).
    constants: (slots, ) Montgomery form; written to the slots from `first_constant` on.
    lookup: slots of the lookup columns of this row, then of the running sum in the row below.
    """

    tiles: I64Array
    code: I64Array
    first_constant: int
    constants: U32Array
    lookup: I64Array
    slots: int


@dataclass(slots=True)
class _Tiles:
    """Tiles in use: (phase, shift, tile of the matrix) to the slot of the tile's first column."""

    slots: dict[tuple[int, int, int], int]

    def slot(self, phase: Phase, shift: int, column: int) -> int:
        """Slot of a column of the matrix of a phase; its tile is taken up if it is new."""
        tile, inside = divmod(column, TILE)
        key = (int(phase), shift, tile)
        return self.slots.setdefault(key, len(self.slots) * TILE) + inside


def compile_program(
    table: TableShape, tape: Tape, publics: Sequence[int], *, with_lookup: bool
) -> Program:
    """The program of a tape of a table; `with_lookup` also loads the lookup columns."""
    tiles = _Tiles({})
    offsets = _column_offsets(table, tape, tiles)
    lookup = _lookup_slots(table, tiles) if with_lookup else []
    first_constant = len(tiles.slots) * TILE
    for operand_slot in range(tape.first_constant, tape.slots):
        offsets[2 * operand_slot] = (first_constant + operand_slot - tape.first_constant) * LANES
    code = [number for step in tape.instructions for number in _encode(step, tape, offsets)]
    constants = [*tape.constants, *(publics[index] for index in tape.publics)]
    keys = [(phase, shift, tile * TILE, slot) for (phase, shift, tile), slot in tiles.slots.items()]
    return Program(
        tiles=np.array(keys, dtype=np.int64).reshape(-1, 4),
        code=np.array(code, dtype=np.int64),
        first_constant=first_constant,
        constants=to_montgomery(np.array(constants, dtype=np.uint64)),
        lookup=np.array(lookup, dtype=np.int64) * LANES,
        slots=first_constant + tape.slots - tape.first_constant,
    )


def _column_offsets(table: TableShape, tape: Tape, tiles: _Tiles) -> dict[int, int]:
    """Offset of every column operand that the tape reads."""
    offsets: dict[int, int] = {}
    for operand in sorted(_operands(tape)):
        slot, shift = divmod(operand, 2)
        if slot < tape.main_width:
            column = table.starts[Phase.MAIN] + slot
            offsets[operand] = tiles.slot(Phase.MAIN, shift, column) * LANES
        elif slot < tape.first_constant:
            column = table.starts[Phase.FIXED] + slot - tape.main_width
            offsets[operand] = tiles.slot(Phase.FIXED, shift, column) * LANES
    return offsets


def _lookup_slots(table: TableShape, tiles: _Tiles) -> list[int]:
    start = table.starts[Phase.LOOKUP]
    here = range(start, start + table.widths[Phase.LOOKUP])
    below = range(start, start + DEGREE)
    slots = [tiles.slot(Phase.LOOKUP, 0, column) for column in here]
    return slots + [tiles.slot(Phase.LOOKUP, 1, column) for column in below]


def _operands(tape: Tape) -> set[int]:
    """Every operand that some instruction or message reads."""
    found: set[int] = set()
    for step in tape.instructions:
        match step.code:
            case Code.ADD | Code.SUB | Code.MUL:
                found.update(step.args)
            case Code.LINEAR:
                found.update(step.args[1::2])
            case Code.ACCUMULATE:
                found.add(step.args[2])
            case Code.FRACTION:
                for position in tape.fractions[step.args[0]]:
                    found.update((*tape.messages[position].payload, tape.messages[position].count))
    return found


def _encode(step: Instruction, tape: Tape, offsets: dict[int, int]) -> list[int]:
    """One instruction: its code, its length, its arguments."""
    match step.code:
        case Code.ADD | Code.SUB | Code.MUL:
            body = [offsets[2 * step.target], *(offsets[operand] for operand in step.args)]
        case Code.LINEAR:
            coefficients = to_montgomery(np.array(step.args[0::2], dtype=np.uint64)).tolist()
            terms = [offsets[operand] for operand in step.args[1::2]]
            if len(terms) % 2:
                coefficients.append(0)
                terms.append(terms[0])
            body = [offsets[2 * step.target], len(terms)]
            body += [n for pair in zip(coefficients, terms, strict=True) for n in pair]
        case Code.ACCUMULATE:
            body = [step.args[0], step.args[1], offsets[step.args[2]]]
        case Code.FRACTION:
            group = tape.fractions[step.args[0]]
            body = [step.args[0], len(group)]
            for position in group:
                message = tape.messages[position]
                payload = [offsets[operand] for operand in message.payload]
                body += [message.bus, message.sign, offsets[message.count], len(payload), *payload]
    return [int(step.code), 2 + len(body), *body]
