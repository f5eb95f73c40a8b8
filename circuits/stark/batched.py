"""The batch of the opening argument, prover's side: opened values, and f_0 from them.

The formula of f_0 is in `circuits.stark.queries`, which checks it at the queried positions. It is a
polynomial of degree < N, so its values on one coset of N points give it everywhere. There, a sum of
stacks with one denominator X^s - y is the stack of sums with the denominator Y - y: columns are
summed and divided at the height of their table, and five columns a group are stacked. A wrong
opened value leaves no polynomial, and the queries on the other cosets refuse it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from circuits.poly.domains import lifted_shift
from circuits.poly.lde import blocks_of, interpolate, on_cosets, padded, padded_width
from circuits.poly.stacked import arranged_width, stack_columns
from circuits.poly.sums import combine_columns, evaluate_columns
from circuits.stark.committed import CommittedPhase, coset_shift
from circuits.stark.domain import power_of_two
from circuits.stark.parameters import CHUNKS
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import TRACE_PHASES, Phase, Stack
from rollup.field import extension, koalabear
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import constant_planes, inverse_planes, multiply_planes
from rollup.field.kernels import add_many, subtract_many
from rollup.field.kernels import powers as field_powers
from rollup.native.jit import U32Array

_BASIS = tuple(extension.powers(extension.X, DEGREE))


@dataclass(frozen=True, slots=True)
class Opened:
    """The opened values, stack by stack: trace columns at zeta, those of some stacks in the row
    below, the chunks at zeta."""

    here: tuple[Element, ...]
    after: tuple[Element, ...]
    chunks: tuple[Element, ...]


def open_columns(shape: Shape, phases: Sequence[CommittedPhase], zeta: Element) -> Opened:
    """All columns of the trace at zeta^s, those of stacks opened below at (zeta omega_N)^s."""
    here: list[Element] = []
    after: list[Element] = []
    for phase in TRACE_PHASES:
        for group in reversed(shape.groups):
            now, below = _evaluated(phases[phase], group, zeta)
            for stack in shape.stacks_of(phase):
                if stack.group == group.number:
                    here += (now[column] for column in stack.columns)
                    after += (below[column] for column in stack.columns if stack.below)
    tallest = shape.groups[-1]
    chunks, _ = _evaluated(phases[Phase.QUOTIENT], tallest, zeta)
    return Opened(tuple(here), tuple(after), tuple(chunks[:CHUNKS]))


def _evaluated(
    committed: CommittedPhase, group: Group, zeta: Element
) -> tuple[list[Element], list[Element]]:
    """The columns of a group at zeta^s, and in the row below if one of them is opened there."""
    shape, phase = committed.columns.shape, committed.columns.phase
    at = power_of_two(zeta, shape.log2_height - group.log2_height)
    points = [at, extension.scale(at, koalabear.omega(group.log2_height))]
    if phase is Phase.QUOTIENT or not group.below[phase]:
        points = points[:1]
    values = committed.columns.values(group.number, 0)[0]
    shift = lifted_shift(group.log2_height, shape.log2_height)
    opened = [
        committed.columns.by_column(group.number, each)
        for each in evaluate_columns(values, values.shape[1], shift, points)
    ]
    if phase in (Phase.LOOKUP, Phase.QUOTIENT):
        opened = [_elements(values) for values in opened]
    return opened[0], opened[-1]


def _elements(values: Sequence[Element]) -> list[Element]:
    """sum_k X^k values_k of each five: functions over E from their coefficient functions."""
    elements = []
    for start in range(0, len(values), DEGREE):
        total = extension.ZERO
        for value, power in zip(values[start : start + DEGREE], _BASIS, strict=True):
            total = extension.add(total, extension.multiply(value, power))
        elements.append(total)
    return elements


def batch(
    shape: Shape,
    phases: Sequence[CommittedPhase],
    opened: Opened,
    zeta: Element,
    beta: Element,
) -> U32Array:
    """f_0 on the whole domain: planes (5, B N) in natural order."""
    powers = extension.powers(beta, shape.batched)
    sums: dict[int, dict[Kind, Sum]] = {group.number: {} for group in shape.groups}
    for phase, group, weighed in weighed_words(shape, opened, powers):
        values = phases[phase].columns.values(group, 0)[0]
        for kind, found in _sums(shape, values, weighed).items():
            known = sums[group].get(kind)
            sums[group][kind] = found if known is None else known.plus(found)
    total = np.zeros((DEGREE, shape.height), dtype=np.uint32)
    for owner in shape.groups:
        shares = _shares(shape, owner, sums[owner.number], zeta, powers)
        total = add_many(total, _stacked(shape, shares, owner.height))
    return _on_domain(shape, total)


class Kind(Enum):
    """Which functions are summed: all of a group, those opened below, the random polynomial."""

    HERE = "here"
    BELOW = "below"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Weights of the words of a group in the row of a phase, and the sums of the opened values,
    weighed alike, by place."""

    words: Sequence[Element]
    opened: Sequence[Element]


@dataclass(frozen=True, slots=True)
class Sum:
    """A weighted sum of stacks on the first coset of D, as what stands at each place of it.

    values: (5, s, n), on the coset of n points; opened: their weighed values at the opened point.
    """

    values: U32Array
    opened: Sequence[Element]

    def plus(self, other: "Sum") -> "Sum":
        """The sum over both."""
        opened = [extension.add(a, b) for a, b in zip(self.opened, other.opened, strict=True)]
        return Sum(add_many(self.values, other.values), opened)


def weighed_words(
    shape: Shape, opened: Opened, powers: Sequence[Element]
) -> Iterator[tuple[Phase, int, dict[Kind, Weighed]]]:
    """For each phase and group, the weights by sum: function i has power i, and those opened below
    are counted anew."""
    here, after, zero = iter(powers), iter(powers), extension.ZERO
    now, below = iter(opened.here), iter(opened.after)
    for phase in TRACE_PHASES:
        for group in reversed(shape.groups):
            stacks = [each for each in shape.stacks_of(phase) if each.group == group.number]
            bases = [next(here) for _ in stacks]
            found = {Kind.HERE: _weighed(shape, stacks, bases, now)}
            if any(each.below for each in stacks):
                bases = [next(after) if each.below else zero for each in stacks]
                found[Kind.BELOW] = _weighed(shape, stacks, bases, below, only_below=True)
            yield phase, group.number, found
    bases = [next(here) for _ in range(CHUNKS)]
    chunks = _spread(bases, [DEGREE] * CHUNKS)
    at_zeta = _combined(bases, opened.chunks)
    random = Weighed([*[zero] * len(chunks), *_BASIS], [zero])
    found = {Kind.HERE: Weighed([*chunks, *[zero] * DEGREE], [at_zeta]), Kind.RANDOM: random}
    yield Phase.QUOTIENT, shape.groups[-1].number, found


def _weighed(
    shape: Shape,
    stacks: Sequence[Stack],
    bases: Sequence[Element],
    values: Iterator[Element],
    *,
    only_below: bool = False,
) -> Weighed:
    """The weights of a group's words, and the sums of its opened values, taken off `values`."""
    opened = [extension.ZERO] * shape.places(stacks[0].group)
    for stack, base in zip(stacks, bases, strict=True):
        for place in range(len(stack.columns) if stack.below or not only_below else 0):
            share = extension.multiply(base, next(values))
            opened[place] = extension.add(opened[place], share)
    return Weighed(_spread(bases, [stack.words for stack in stacks]), opened)


def _combined(weights: Sequence[Element], values: Sequence[Element]) -> Element:
    total = extension.ZERO
    for weight, value in zip(weights, values, strict=True):
        total = extension.add(total, extension.multiply(weight, value))
    return total


def _sums(shape: Shape, values: U32Array, weighed: dict[Kind, Weighed]) -> dict[Kind, Sum]:
    """The sums over the words of one group and phase. values (n, W): its arranged columns.

    A sum of stacks is the stack of the sums of what stands at each place.
    """
    height = len(values)
    places, weights = shape.height // height, [each.words for each in weighed.values()]
    firsts = [place * len(weights[0]) for _ in weights for place in range(places)]
    sums = combine_columns(values, [each for each in weights for _ in range(places)], firsts)
    by_kind = sums.reshape(len(weights), places, DEGREE, height).transpose(0, 2, 1, 3)
    return {
        kind: Sum(np.ascontiguousarray(planes), weighed[kind].opened)
        for kind, planes in zip(weighed, by_kind, strict=True)
    }


def _shares(
    shape: Shape, group: Group, kinds: dict[Kind, Sum], zeta: Element, powers: Sequence[Element]
) -> U32Array:
    """What a group adds to f_0, as what stands at each place: planes (5, s n)."""
    functions = shape.trace_stacks + CHUNKS
    at = power_of_two(zeta, shape.log2_height - group.log2_height)
    here = kinds[Kind.HERE]
    total = _scaled(here.values.reshape(DEGREE, -1), powers[1])
    total = add_many(total, _scaled(_divided(shape, group, here, at), powers[1 + functions]))
    if Kind.BELOW in kinds:
        below = extension.scale(at, koalabear.omega(group.log2_height))
        quotient = _divided(shape, group, kinds[Kind.BELOW], below)
        total = add_many(total, _scaled(quotient, powers[1 + 2 * functions]))
    if Kind.RANDOM in kinds:
        total = add_many(total, kinds[Kind.RANDOM].values.reshape(DEGREE, -1))
    return total


def _scaled(planes: U32Array, factor: Element) -> U32Array:
    """Planes times an element."""
    return multiply_planes(planes, constant_planes(factor, planes.shape[1]))


def _divided(shape: Shape, group: Group, summed: Sum, point: Element) -> U32Array:
    """(t_k - v_k) / (Y - point) for what stands at each place k, planes (5, s n)."""
    opened = np.array(summed.opened, dtype=np.uint32).T[:, :, None]
    numerators = subtract_many(
        summed.values, np.ascontiguousarray(np.broadcast_to(opened, summed.values.shape))
    )
    shift = lifted_shift(group.log2_height, shape.log2_height)
    x = field_powers(koalabear.omega(group.log2_height), group.height, shift)
    distances = constant_planes(extension.negate(point), group.height)
    distances[0] = add_many(distances[0], x)
    inverses = np.tile(inverse_planes(distances), (1, shape.places(group.number)))
    return multiply_planes(numerators.reshape(DEGREE, -1), inverses)


def _stacked(shape: Shape, planes: U32Array, height: int) -> U32Array:
    """The stack of what stands at each place, planes (5, s n), as planes (5, N)."""
    places = shape.height // height
    columns = np.zeros((height, arranged_width(places, DEGREE)), dtype=np.uint32)
    by_row = planes.reshape(DEGREE, places, height).transpose(2, 1, 0)
    columns[:, : places * DEGREE] = by_row.reshape(height, -1)
    out = np.empty((shape.height, padded_width(DEGREE)), dtype=np.uint32)
    stack_columns(columns, DEGREE, coset_shift(shape, 0), 0, out)
    return np.ascontiguousarray(out[:, :DEGREE].T)


def _spread(powers: Sequence[Element], words: Sequence[int]) -> list[Element]:
    """The weights of the words of functions: of the coefficients of one that is over E."""
    return [
        extension.multiply(power, basis)
        for power, count in zip(powers, words, strict=True)
        for basis in _BASIS[:count]
    ]


def _on_domain(shape: Shape, values: U32Array) -> U32Array:
    """Planes (5, B N) in natural order, from planes (5, N) on the first coset."""
    blowup = shape.parameters.blowup
    coefficients = interpolate(np.ascontiguousarray(values.T), coset_shift(shape, 0))
    blocks = blocks_of(padded(coefficients))
    out = np.empty((DEGREE, shape.height, blowup), dtype=np.uint32)
    for coset in range(blowup):
        rows = on_cosets(blocks, [coset_shift(shape, coset)])[0]
        out[:, :, coset] = rows[:, :DEGREE].T
    return out.reshape(DEGREE, -1)
