"""The plain reader of a tape: what a group's constraints say at one point of the extension."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

from circuits.air.graph import Scope
from circuits.air.tape import Code, Instruction, Tape
from circuits.stark.lookup import LookupChallenges, Term, fraction_defect
from circuits.stark.shape import RUNNING_SUM, SUM_CONSTRAINTS, Group
from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import P

Below = Sequence[Element | None]
"""Values in the row below: None for a column that is not opened there, which nobody may read."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Values of one group's columns at y (the row) and at y * omega (the row below). A lookup
    column is one of E."""

    fixed: Sequence[Element]
    main: Sequence[Element]
    lookup: Sequence[Element]
    fixed_after: Below
    main_after: Below
    lookup_after: Below


@dataclass(frozen=True, slots=True)
class GroupContext:
    """All else that a group's constraints depend on. `weights` are powers of the challenge."""

    publics: Sequence[int]
    challenges: LookupChallenges
    weights: Sequence[Element]
    terminal: Element


def evaluate_group(group: Group, rows: Rows, context: GroupContext) -> list[Element]:
    """For each scope, the sum of weight * (constraint) over the group's constraints.

    Constraints are counted as those of the tape, the fraction columns, the running sum; which power
    weighs each is `Group.powers`.
    """
    reader = _Reader(group, rows, context)
    for instruction in group.tape.instructions:
        reader.run(instruction)
    reader.running_sum()
    return reader.sums


class _Reader:
    """The registers of one run, and the sum for each scope."""

    def __init__(self, group: Group, rows: Rows, context: GroupContext) -> None:
        self._group = group
        self._rows = rows
        self._context = context
        self._values = _operands(group.tape, rows, context.publics)
        self.sums = [extension.ZERO] * len(Scope)

    def run(self, instruction: Instruction) -> None:
        """One instruction."""
        values, args = self._values, instruction.args
        match instruction.code:
            case Code.ADD:
                result = extension.add(values[args[0]], values[args[1]])
            case Code.SUB:
                result = extension.subtract(values[args[0]], values[args[1]])
            case Code.MUL:
                result = extension.multiply(values[args[0]], values[args[1]])
            case Code.LINEAR:
                result = _linear(args[0::2], [values[operand] for operand in args[1::2]])
            case Code.ACCUMULATE:
                self._accumulate(args[0], Scope(args[1]), values[args[2]])
                return
            case Code.FRACTION:
                self._fraction(args[0])
                return
        values[2 * instruction.target] = result

    def _accumulate(self, number: int, scope: Scope, value: Element) -> None:
        weight = self._context.weights[self._group.powers[number]]
        share = extension.multiply(weight, value)
        self.sums[scope] = extension.add(self.sums[scope], share)

    def _fraction(self, column: int) -> None:
        terms = []
        for position in self._group.tape.fractions[column]:
            message = self._group.tape.messages[position]
            payload = [self._values[operand] for operand in message.payload]
            count = self._values[message.count]
            signed = count if message.sign == 1 else extension.negate(count)
            denominator = self._context.challenges.denominator(message.bus, payload)
            terms.append(Term(signed, denominator))
        defect = fraction_defect(self._rows.lookup[RUNNING_SUM + 1 + column], terms)
        self._accumulate(self._group.tape.constraints + column, Scope.ALL, defect)

    def running_sum(self) -> None:
        """The sum is 0 on the first row, moves on by the fractions, and ends at the terminal."""
        number = self._group.constraints - SUM_CONSTRAINTS
        before, after = self._rows.lookup[RUNNING_SUM], self._rows.lookup_after[RUNNING_SUM]
        if after is None:
            raise ValueError("the running sum is opened in the row below")
        moved = before
        for fraction in self._rows.lookup[RUNNING_SUM + 1 :]:
            moved = extension.add(moved, fraction)
        self._accumulate(number, Scope.FIRST, before)
        self._accumulate(number + 1, Scope.TRANSITION, extension.subtract(after, moved))
        end = extension.subtract(moved, self._context.terminal)
        self._accumulate(number + 2, Scope.LAST, end)


def _operands(tape: Tape, rows: Rows, publics: Sequence[int]) -> list[Element]:
    """The value of every operand of the tape, registers still zero.

    What is not opened below is None, and `shape_of` takes no tape that reads it.
    """
    constants = (*tape.constants, *(publics[index] for index in tape.publics))
    registers = [extension.ZERO] * tape.registers
    now = [*rows.main, *rows.fixed]
    now += [*(extension.embed(value) for value in constants), *registers]
    values: list[Any] = [None] * (2 * tape.slots)
    values[0::2] = now
    below = [*rows.main_after, *rows.fixed_after]
    values[1 : 2 * len(below) : 2] = below
    return values


def _linear(coefficients: Sequence[int], terms: Sequence[Element]) -> Element:
    a0, a1, a2, a3, a4 = (
        sum(map(mul, coefficients, slot)) % P for slot in zip(*terms, strict=True)
    )
    return (a0, a1, a2, a3, a4)
