"""Committed phases of random columns, and what the protocol makes of them, in plain integers.

Nothing here shares code with the prover: stacks are made by their definition, coefficient by
coefficient, and the batch is its formula, function by function.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from circuits.poly.lde import padded_width
from circuits.stark.batched import Opened
from circuits.stark.committed import CommittedPhase, commit_phase
from circuits.stark.parameters import CHUNKS
from circuits.stark.random import FieldStream
from circuits.stark.shape import Shape
from circuits.stark.stacks import Phase, Stack
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import GENERATOR, P, omega
from rollup.native.jit import U32Array
from tests.helpers.fields import random_values

SEED = bytes(range(32))

Word = list[int]
"""Coefficients over F, low degree first."""


def random_coefficients(shape: Shape, phase: Phase) -> list[U32Array]:
    """Of every column of a phase, by group; columns beside them are zero."""
    if phase is Phase.QUOTIENT:
        sizes = [(shape.height, shape.quotient_width)]
    else:
        sizes = [(group.height, group.widths[phase]) for group in shape.groups]
    matrices = []
    for number, (height, width) in enumerate(sizes):
        matrix = random_values((height, padded_width(width)), 10 * phase + number)
        matrix[:, width:] = 0
        matrices.append(matrix)
    return matrices


def random_phases(shape: Shape, *, resident: bool) -> list[CommittedPhase]:
    """All phases, committed."""
    stream = FieldStream(insecure_seed=SEED)
    return [
        commit_phase(shape, phase, random_coefficients(shape, phase), stream, resident=resident)
        for phase in Phase
    ]


def stack_words(shape: Shape, phases: Sequence[CommittedPhase], stack: Stack) -> list[Word]:
    """The words of a stack: coefficient r s + k of a word is coefficient r of its column k."""
    places = shape.places(stack.group)
    words = [[0] * shape.height for _ in range(stack.words)]
    matrix = phases[stack.phase].coefficients[stack.group]
    for place, column in enumerate(stack.columns):
        for number, word in enumerate(words):
            word[place::places] = matrix[:, column * stack.words + number].tolist()
    return words


def quotient_words(phases: Sequence[CommittedPhase]) -> list[list[Word]]:
    """The chunks, then the random polynomial, five words each."""
    (matrix,) = phases[Phase.QUOTIENT].coefficients
    columns = matrix[:, : (CHUNKS + 1) * DEGREE].T.tolist()
    return [columns[start : start + DEGREE] for start in range(0, len(columns), DEGREE)]


@dataclass(frozen=True)
class Function:
    """A function of the batch: its words, its places, and its opened values by place."""

    words: list[Word]
    places: int
    here: Sequence[Element]
    after: Sequence[Element] | None


def functions(
    shape: Shape, phases: Sequence[CommittedPhase], opened: Opened
) -> tuple[list[Function], Function]:
    """Those that are opened, in the order of the batch, and the random polynomial."""
    here, after = iter(opened.here), iter(opened.after)
    found = []
    for stack in shape.stacks:
        values = [next(here) for _ in stack.columns]
        below = [next(after) for _ in stack.columns] if stack.below else None
        words = stack_words(shape, phases, stack)
        found.append(Function(words, shape.places(stack.group), values, below))
    *chunks, random = quotient_words(phases)
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
    omega_n = extension.scale(zeta, omega(shape.log2_height))
    for number, each in enumerate(opened):
        value = function_at(each, x)
        yield 1 + number, value
        at = extension.power(zeta, each.places)
        divided = quotient_at(value, opened_at(each.here, x), x, each.places, at)
        yield 1 + count + number, divided
        if each.after is not None:
            at = extension.power(omega_n, each.places)
            divided = quotient_at(value, opened_at(each.after, x), x, each.places, at)
            yield 1 + 2 * count + number_below, divided
            number_below += 1
