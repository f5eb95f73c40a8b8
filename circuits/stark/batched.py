"""The batch of the opening argument, prover's side: opened values, and f_0 from them.

The formula of f_0 is in `circuits.stark.queries`, which checks it at the queried positions. Here it
is made of coefficients: the weighted sum of all stacks with one denominator X^s - y is divided
once, and only the five columns of f_0 are taken to the domain. A division lets a remainder go, so a
wrong opened value is no polynomial's and fails at the queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from circuits.poly.domains import lifted_shift
from circuits.poly.lde import blocks_of, interpolate, on_cosets, padded
from circuits.poly.stacked import divided
from circuits.poly.sums import combine_columns, evaluate_columns
from circuits.stark.committed import CommittedPhase, coset_shift
from circuits.stark.domain import power_of_two
from circuits.stark.parameters import CHUNKS
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import TRACE_PHASES, Phase
from rollup.field import extension, koalabear
from rollup.field.extension import DEGREE, Element
from rollup.field.extension_kernels import constant_planes, multiply_planes
from rollup.field.kernels import add_many
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
    width = shape.quotient_width if phase is Phase.QUOTIENT else group.widths[phase]
    values = committed.columns.values(group.number, 0)[0]
    shift = lifted_shift(group.log2_height, shape.log2_height)
    opened = evaluate_columns(values, width, shift, points)
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


class _Kind(Enum):
    """Which functions are summed: all of a group, those opened below, the random polynomial."""

    HERE = "here"
    BELOW = "below"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class _Sum:
    """Functions of one group."""

    group: int
    kind: _Kind


@dataclass(frozen=True, slots=True)
class _Span:
    """Weights of words of a phase's row from `first` on, as part of a sum."""

    sum: _Sum
    first: int
    weights: list[Element]


def batch(shape: Shape, phases: Sequence[CommittedPhase], zeta: Element, beta: Element) -> U32Array:
    """f_0 on the whole domain: planes (5, B N) in natural order."""
    powers = extension.powers(beta, shape.batched)
    functions = shape.trace_stacks + CHUNKS
    total = np.zeros((DEGREE, shape.height), dtype=np.uint32)
    for key, coefficients in _sums(shape, phases, powers).items():
        log2 = shape.log2_height - shape.groups[key.group].log2_height
        at = power_of_two(zeta, log2)
        if key.kind is not _Kind.BELOW:
            factor = powers[1] if key.kind is _Kind.HERE else extension.ONE
            total = add_many(total, _scaled(coefficients, factor))
            factor = powers[1 + functions]
        else:
            at = extension.scale(at, koalabear.omega(shape.groups[key.group].log2_height))
            factor = powers[1 + 2 * functions]
        if key.kind is not _Kind.RANDOM:
            total = add_many(total, _scaled(divided(coefficients, 1 << log2, at), factor))
    return _on_domain(shape, total)


def _scaled(coefficients: U32Array, factor: Element) -> U32Array:
    """Planes (5, N) of coefficients (N, 5) times an element."""
    planes = np.ascontiguousarray(coefficients.T)
    return multiply_planes(planes, constant_planes(factor, planes.shape[1]))


def _sums(
    shape: Shape, phases: Sequence[CommittedPhase], powers: Sequence[Element]
) -> dict[_Sum, U32Array]:
    """Coefficients (N, 5) of each sum, from values on the first coset of the domain."""
    totals: dict[_Sum, U32Array] = {}
    spans = _spans(shape, powers)
    for phase in Phase:
        mine = spans[phase]
        weights, firsts = [span.weights for span in mine], [span.first for span in mine]
        found = combine_columns(phases[phase].columns.rows(0), weights, firsts)
        for span, values in zip(mine, found, strict=True):
            known = totals.get(span.sum)
            totals[span.sum] = values if known is None else add_many(known, values)
    side_by_side = np.concatenate(list(totals.values())).T
    found = interpolate(side_by_side, coset_shift(shape, 0))
    columns = (found[:, k : k + DEGREE] for k in range(0, found.shape[1], DEGREE))
    return {key: np.ascontiguousarray(each) for key, each in zip(totals, columns, strict=True)}


def _spans(shape: Shape, powers: Sequence[Element]) -> dict[Phase, list[_Span]]:
    """The weights of every word: function i has power i, those opened below are counted anew."""
    spans: dict[Phase, list[_Span]] = {phase: [] for phase in Phase}
    here, after = iter(powers), iter(powers)
    for phase in TRACE_PHASES:
        first = 0
        for group in reversed(shape.groups):
            stacks = [each for each in shape.stacks_of(phase) if each.group == group.number]
            words = [each.words for each in stacks]
            all_of_it = [weight for each in words for weight in _words(next(here), each)]
            spans[phase].append(_Span(_Sum(group.number, _Kind.HERE), first, all_of_it))
            below = [
                weight
                for each in stacks
                for weight in _words(next(after) if each.below else extension.ZERO, each.words)
            ]
            if any(each.below for each in stacks):
                spans[phase].append(_trimmed(_Sum(group.number, _Kind.BELOW), first, below))
            first += sum(words)
    chunks = [weight for _ in range(CHUNKS) for weight in _words(next(here), DEGREE)]
    tallest = shape.groups[-1].number
    random = _Span(_Sum(tallest, _Kind.RANDOM), len(chunks), list(_BASIS))
    spans[Phase.QUOTIENT] += [_Span(_Sum(tallest, _Kind.HERE), 0, chunks), random]
    return spans


def _words(power: Element, words: int) -> Iterator[Element]:
    """The weights of a function's words: of its coefficients, if it is over E."""
    return (extension.multiply(power, basis) for basis in _BASIS[:words])


def _trimmed(key: _Sum, first: int, weights: list[Element]) -> _Span:
    """Without the zeros before and behind."""
    used = [k for k, weight in enumerate(weights) if weight != extension.ZERO]
    return _Span(key, first + used[0], weights[used[0] : used[-1] + 1])


def _on_domain(shape: Shape, coefficients: U32Array) -> U32Array:
    """Planes (5, B N) in natural order, from planes of coefficients (5, N)."""
    blowup = shape.parameters.blowup
    blocks = blocks_of(padded(np.ascontiguousarray(coefficients.T)))
    out = np.empty((DEGREE, shape.height, blowup), dtype=np.uint32)
    for coset in range(blowup):
        values = on_cosets(blocks, [coset_shift(shape, coset)])[0]
        out[:, :, coset] = values[:, :DEGREE].T
    return out.reshape(DEGREE, -1)
