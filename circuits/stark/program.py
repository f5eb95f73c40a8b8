"""A group's tape as flat arrays, for the kernels: slots become offsets, constants take their form.

Scratch memory holds V vectors of 16 rows for every slot, as [slot][vector][lane]. The first slots
are copies of matrix columns, in tiles of 16 columns aligned in their matrix: a tile is what one
transposition brings. Then come the constants and public values that are operands of more than a
sum, then the registers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuits.air.tape import Code, Instruction, Tape
from circuits.stark.stacks import Phase
from rollup.field.extension import DEGREE
from rollup.field.kernels import to_montgomery
from rollup.native.jit import U32Array
from rollup.native.simd import LANES

I64Array = npt.NDArray[np.int64]

TILE = LANES
"""Columns that one transposition copies."""

VECTORS = 4
"""V: vectors of rows that an instruction works on; V x 16 rows are a block."""

SLOT = VECTORS * LANES
"""Elements of a slot: the rows of a block."""

ADD_CONSTANT, SUB_CONSTANT, SUB_FROM = 6, 7, 8
"""Codes beside those of the tape: x + c, x - c, c - x, with (target, x, c)."""


NOT_ARRANGED: Mapping[Phase, Sequence[int]] = {}
"""Columns that stand in their own order."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the interpreter runs.

    tiles: (tiles, 4) of phase, shift, first matrix column, offset of the first slot.
    code: the instructions, one after the other (see `circuits.stark.kernels`).
    constants: (count,) Montgomery form; written to the slots from `first_constant` on.
    lookup: offsets of the lookup columns of this row, then of the running sum in the row below.
    """

    tiles: I64Array
    code: I64Array
    first_constant: int
    constants: U32Array
    lookup: I64Array
    slots: int

    @property
    def arguments(self) -> tuple[I64Array, I64Array, U32Array, int, int]:
        """The program as the kernels take it."""
        return self.tiles, self.code, self.constants, self.first_constant, self.slots


class _Compiler:
    """Places the operands of one tape and encodes its instructions."""

    def __init__(
        self, tape: Tape, publics: Sequence[int], places: Mapping[Phase, Sequence[int]]
    ) -> None:
        self._tape = tape
        self._places = places
        self._tiles: dict[tuple[int, int, int], int] = {}
        values = (*tape.constants, *(publics[index] for index in tape.publics))
        montgomery = to_montgomery(np.array(values, dtype=np.uint64)).tolist()
        self._values = {2 * (tape.first_constant + i): value for i, value in enumerate(montgomery)}
        self._offsets: dict[int, int] = {}

    def program(self, *, with_lookup: bool) -> Program:
        """The program: tiles are given slots first, then constants, then registers."""
        operands = sorted(set(self._operands()))
        for operand in operands:
            if operand // 2 < self._tape.first_constant:
                self._offsets[operand] = self._column(operand)
        lookup = self._lookup() if with_lookup else []
        first_constant = len(self._tiles) * TILE
        constants = [operand for operand in operands if operand in self._values]
        for place, operand in enumerate(constants):
            self._offsets[operand] = (first_constant + place) * SLOT
        first_register = first_constant + len(constants)
        for register in range(self._tape.registers):
            operand = 2 * (self._tape.first_register + register)
            self._offsets[operand] = (first_register + register) * SLOT
        code = [number for step in self._tape.instructions for number in self._encode(step)]
        tiles = [(*key[:2], key[2] * TILE, place) for key, place in self._tiles.items()]
        return Program(
            tiles=np.array(tiles, dtype=np.int64).reshape(-1, 4),
            code=np.array(code, dtype=np.int64),
            first_constant=first_constant,
            constants=np.array([self._values[operand] for operand in constants], dtype=np.uint32),
            lookup=np.array(lookup, dtype=np.int64),
            slots=first_register + self._tape.registers,
        )

    def _tile(self, phase: Phase, shift: int, column: int) -> int:
        """Offset of a column of the matrix of a phase; its tile is taken up if it is new."""
        places = self._places.get(phase)
        tile, inside = divmod(column if places is None else places[column], TILE)
        key = (int(phase), shift, tile)
        return self._tiles.setdefault(key, len(self._tiles) * TILE * SLOT) + inside * SLOT

    def _column(self, operand: int) -> int:
        slot, shift = divmod(operand, 2)
        if slot < self._tape.main_width:
            return self._tile(Phase.MAIN, shift, slot)
        return self._tile(Phase.FIXED, shift, slot - self._tape.main_width)

    def _lookup(self) -> list[int]:
        here = range(DEGREE * (1 + len(self._tape.fractions)))
        offsets = [self._tile(Phase.LOOKUP, 0, column) for column in here]
        return offsets + [self._tile(Phase.LOOKUP, 1, column) for column in range(DEGREE)]

    def _known(self, step: Instruction) -> int:
        """Which argument of a sum or difference is a constant: 0, 1, or -1 for none."""
        if step.code not in (Code.ADD, Code.SUB):
            return -1
        return next((i for i, operand in enumerate(step.args) if operand in self._values), -1)

    def _operands(self) -> Iterator[int]:
        """Every operand that needs a slot, registers aside."""
        for step in self._tape.instructions:
            match step.code:
                case Code.ADD | Code.SUB | Code.MUL:
                    known = self._known(step)
                    yield from (operand for i, operand in enumerate(step.args) if i != known)
                case Code.LINEAR:
                    yield from step.args[1::2]
                case Code.ACCUMULATE:
                    yield step.args[2]
                case Code.FRACTION:
                    for position in self._tape.fractions[step.args[0]]:
                        message = self._tape.messages[position]
                        yield from (*message.payload, message.count)

    def _encode(self, step: Instruction) -> list[int]:
        """One instruction: its code, its length, its arguments."""
        code: int = step.code
        match step.code:
            case Code.ADD | Code.SUB | Code.MUL:
                body = [self._offsets[2 * step.target]]
                known = self._known(step)
                if known < 0:
                    body += [self._offsets[operand] for operand in step.args]
                else:
                    code = _with_constant(step.code, known)
                    body += [self._offsets[step.args[1 - known]], self._values[step.args[known]]]
            case Code.LINEAR:
                body = self._linear(step)
            case Code.ACCUMULATE:
                body = [step.args[0], step.args[1], self._offsets[step.args[2]]]
            case Code.FRACTION:
                body = self._fraction(step.args[0])
        return [code, 2 + len(body), *body]

    def _linear(self, step: Instruction) -> list[int]:
        coefficients = to_montgomery(np.array(step.args[0::2], dtype=np.uint64)).tolist()
        terms = [self._offsets[operand] for operand in step.args[1::2]]
        if len(terms) % 2:
            coefficients.append(0)
            terms.append(terms[0])
        pairs = zip(coefficients, terms, strict=True)
        return [self._offsets[2 * step.target], len(terms), *(n for pair in pairs for n in pair)]

    def _fraction(self, column: int) -> list[int]:
        group = self._tape.fractions[column]
        body = [column, len(group)]
        for position in group:
            message = self._tape.messages[position]
            payload = [self._offsets[operand] for operand in message.payload]
            count = self._offsets[message.count]
            body += [message.bus, message.sign, count, len(payload), *payload]
        return body


def _with_constant(code: Code, known: int) -> int:
    """The code of a sum or difference whose argument `known` is a constant."""
    if code is Code.ADD:
        return ADD_CONSTANT
    return SUB_FROM if known == 0 else SUB_CONSTANT


def compile_program(
    tape: Tape,
    publics: Sequence[int],
    *,
    with_lookup: bool,
    places: Mapping[Phase, Sequence[int]] = NOT_ARRANGED,
) -> Program:
    """The program of the tape of a group; `with_lookup` also loads the lookup columns.

    places: where each base-field column of a phase stands in its matrix; of a phase without, each
    column is in its own place.
    """
    return _Compiler(tape, publics, places).program(with_lookup=with_lookup)
