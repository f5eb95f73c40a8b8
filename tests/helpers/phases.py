"""Committed phases of random columns, and what the protocol makes of them, in plain integers.

Nothing here shares code with the prover: stacks are made by their definition, coefficient by
coefficient, and the batch is its formula, function by function.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from circuits.poly.lde import blocks_of, interpolate, padded
from circuits.stark.batched import Opened
from circuits.stark.committed import CommittedPhase, arranged_coefficients, commit_phase
from circuits.stark.parameters import CHUNKS
from circuits.stark.random import FieldStream
from circuits.stark.shape import Shape
from circuits.stark.stacks import TRACE_PHASES, Phase, Stack
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import GENERATOR, P, omega
from rollup.native.jit import U32Array
from tests.helpers.fields import random_values

SEED = bytes(range(32))

Word = list[int]
"""Coefficients over F, low degree first."""


@dataclass(frozen=True)
class Phases:
    """All phases of a shape. `coefficients[phase][group]` are (n, columns), low degree first; the
    quotient phase has one group, of the tallest height."""

    shape: Shape
    coefficients: dict[Phase, list[U32Array]]
    committed: list[CommittedPhase]

    def column(self, phase: Phase, group: int, column: int) -> Word:
        """The coefficients of a base-field column."""
        word: Word = self.coefficients[phase][group][:, column].tolist()
        return word

    def stack(self, stack: Stack) -> list[Word]:
        """The words of a stack: coefficient r s + k of a word is coefficient r of its column k."""
        places = self.shape.places(stack.group)
        words = [[0] * self.shape.height for _ in range(stack.words)]
        for place, column in enumerate(stack.columns):
            for number, word in enumerate(words):
                base = column * stack.words + number
                word[place::places] = self.column(stack.phase, stack.group, base)
        return words

    def quotient(self) -> list[list[Word]]:
        """The chunks, then the random polynomial, five words each."""
        return [
            [self.column(Phase.QUOTIENT, 0, DEGREE * number + k) for k in range(DEGREE)]
            for number in range(CHUNKS + 1)
        ]

    def words(self, phase: Phase) -> list[Word]:
        """All words of a row of a phase."""
        if phase is Phase.QUOTIENT:
            functions = self.quotient()
        else:
            functions = [self.stack(each) for each in self.shape.stacks if each.phase == phase]
        return [word for function in functions for word in function]


def random_phases(shape: Shape, *, resident: bool) -> Phases:
    """Random columns, committed; the same ones for the same shape."""
    stream = FieldStream(insecure_seed=SEED)
    coefficients, committed = {}, []
    for phase in TRACE_PHASES:
        values = [
            random_values((group.height, group.widths[phase]), 10 * phase + group.number)
            for group in shape.groups
        ]
        coefficients[phase] = [interpolate(matrix) for matrix in values]
        blocks = arranged_coefficients(shape, phase, reversed(values))
        committed.append(commit_phase(shape, phase, blocks, stream, resident=resident))
    quotient = random_values((shape.height, shape.quotient_width), 30)
    coefficients[Phase.QUOTIENT] = [quotient]
    last = [blocks_of(padded(quotient))]
    committed.append(commit_phase(shape, Phase.QUOTIENT, last, stream, resident=resident))
    return Phases(shape, coefficients, committed)


@dataclass(frozen=True)
class Function:
    """A function of the batch: its words, its places, and its opened values by place."""

    words: list[Word]
    places: int
    here: Sequence[Element]
    after: Sequence[Element] | None


def functions(phases: Phases, opened: Opened) -> tuple[list[Function], Function]:
    """Those that are opened, in the order of the batch, and the random polynomial."""
    here, after, shape = iter(opened.here), iter(opened.after), phases.shape
    found = []
    for stack in shape.stacks:
        values = [next(here) for _ in stack.columns]
        below = [next(after) for _ in stack.columns] if stack.below else None
        found.append(Function(phases.stack(stack), shape.places(stack.group), values, below))
    *chunks, random = phases.quotient()
    found += [
        Function(words, 1, [value], None)
        for words, value in zip(chunks, opened.chunks, strict=True)
    ]
    return found, Function(random, 1, [], None)


def point_of(shape: Shape, index: int) -> int:
    """Point `index` of the domain."""
    return GENERATOR * pow(omega(shape.log2_domain), index, P) % P


def word_at(word: Word, x: int) -> int:
    """A polynomial at a point of F."""
    total = 0
    for coefficient in reversed(word):
        total = (total * x + coefficient) % P
    return total


def function_at(function: Function, x: int) -> Element:
    """A function over E at a point of F, from its words."""
    values = [word_at(word, x) for word in function.words]
    return (*values, 0, 0, 0, 0)[:DEGREE]  # type: ignore[return-value]


def opened_at(values: Sequence[Element], x: int) -> Element:
    """L(x) = sum over places of x^k times the opened value."""
    total = extension.ZERO
    for place, value in enumerate(values):
        total = extension.add(total, extension.scale(value, pow(x, place, P)))
    return total


def quotient_at(value: Element, opened: Element, x: int, places: int, at: Element) -> Element:
    """(F - L) / (X^s - at) at x."""
    distance = extension.subtract(extension.embed(pow(x, places, P)), at)
    return extension.multiply(extension.subtract(value, opened), extension.inverse(distance))


def batch_terms(
    shape: Shape, batched: tuple[list[Function], Function], zeta: Element, x: int
) -> Iterator[tuple[int, Element]]:
    """Each power of the batch challenge, and the value at x of the function that it weighs."""
    opened, random = batched
    yield 0, function_at(random, x)
    count, number_below = len(opened), 0
    row_below = extension.scale(zeta, omega(shape.log2_height))
    for number, each in enumerate(opened):
        value = function_at(each, x)
        yield 1 + number, value
        at = extension.power(zeta, each.places)
        divided = quotient_at(value, opened_at(each.here, x), x, each.places, at)
        yield 1 + count + number, divided
        if each.after is not None:
            at = extension.power(row_below, each.places)
            divided = quotient_at(value, opened_at(each.after, x), x, each.places, at)
            yield 1 + 2 * count + number_below, divided
            number_below += 1
