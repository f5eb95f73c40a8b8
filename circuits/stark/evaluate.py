"""The plain reader of a tape: what a group's constraints say at one point of the extension."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from circuits.air.graph import Scope
from circuits.air.tape import Code, Instruction, Tape
from circuits.stark.lookup import LookupChallenges, Term, fraction_defect
from circuits.stark.shape import SUM_CONSTRAINTS, Group
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P


@dataclass(frozen=True, slots=True)
class Rows:
    """Values of one group's columns at y (the row) and at y * omega (the row below)."""

    fixed: Sequence[Element]
    main: Sequence[Element]
    lookup: Sequence[Element]
    fixed_after: Sequence[Element]
    main_after: Sequence[Element]
    lookup_after: Sequence[Element]


@dataclass(frozen=True, slots=True)
class GroupContext:
    """All else that a group's constraints depend on. `weights` are powers of the challenge."""

    publics: Sequence[int]
    challenges: LookupChallenges
    weights: Sequence[Element]
    terminal: Element


def evaluate_group(group: Group, rows: Rows, context: GroupContext) -> list[Element]:
    """For each scope, the sum of weight_k * (constraint k) over the group's constraints.

    Constraints are numbered: those of the tape, the fraction columns, the running sum.
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
        share = extension.multiply(self._context.weights[number], value)
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
        defect = fraction_defect(lookup_column(self._rows.lookup, 1 + column), terms)
        self._accumulate(self._group.tape.constraints + column, Scope.ALL, defect)

    def running_sum(self) -> None:
        """The sum is 0 on the first row, moves on by the fractions, and ends at the terminal."""
        number = self._group.constraints - SUM_CONSTRAINTS
        before = lookup_column(self._rows.lookup, 0)
        moved = before
        for column in range(1, self._group.fractions + 1):
            moved = extension.add(moved, lookup_column(self._rows.lookup, column))
        after = lookup_column(self._rows.lookup_after, 0)
        self._accumulate(number, Scope.FIRST, before)
        self._accumulate(number + 1, Scope.TRANSITION, extension.subtract(after, moved))
        end = extension.subtract(moved, self._context.terminal)
        self._accumulate(number + 2, Scope.LAST, end)


def lookup_column(values: Sequence[Element], column: int) -> Element:
    """The value of an extension column, from those of its five coefficient columns."""
    return from_coefficients(values[DEGREE * column : DEGREE * (column + 1)])


def from_coefficients(values: Sequence[Element]) -> Element:
    """sum_k X^k values_k: the value of an extension polynomial from its coefficient polynomials."""
    total = extension.ZERO
    for value in reversed(values):
        total = extension.add(extension.multiply(total, extension.X), value)
    return total


def _operands(tape: Tape, rows: Rows, publics: Sequence[int]) -> list[Element]:
    """The value of every operand of the tape, registers still zero."""
    constants = (*tape.constants, *(publics[index] for index in tape.publics))
    registers = [extension.ZERO] * tape.registers
    now = [*rows.main, *rows.fixed]
    now += [*(extension.embed(value) for value in constants), *registers]
    values = [extension.ZERO] * (2 * tape.slots)
    values[0::2] = now
    below = [*rows.main_after, *rows.fixed_after]
    values[1 : 2 * len(below) : 2] = below
    return values


def _linear(coefficients: Sequence[int], terms: Sequence[Element]) -> Element:
    a0, a1, a2, a3, a4 = (
        sum(map(mul, coefficients, slot)) % P for slot in zip(*terms, strict=True)
    )
    return (a0, a1, a2, a3, a4)
