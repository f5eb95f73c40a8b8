"""The low-degree test, prover's side: batch all openings into f_0, fold it, open the queries.

The formula of f_0 is in `circuits.stark.queries`, which checks it at the queried positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from circuits.pcs import fri, merkle
from circuits.pcs.deep import OpenedAt, Part, deep_batch
from circuits.pcs.grind import grind
from circuits.pcs.transcript import Transcript
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import interpolate
from circuits.stark.committed import CommittedPhase
from circuits.stark.parameters import CHUNKS, FOLD_LOG2
from circuits.stark.proof import (
    FIBRE_WIDTH,
    NONCE_BYTES,
    Layer,
    Opening,
    Query,
    encode_elements,
    top_log2,
)
from circuits.stark.shape import TRACE_PHASES, Phase, Shape
from rollup.field import extension, koalabear
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.native.jit import U32Array


@dataclass(frozen=True, slots=True)
class Opened:
    """The opened values: trace columns at zeta and in the row below, chunks at zeta."""

    zeta: Element
    here: Sequence[Element]
    after: Sequence[Element]
    chunks: Sequence[Element]


@dataclass(frozen=True, slots=True)
class FoldedLayers:
    """The committed layers of one low-degree test, and the final polynomial."""

    layers: tuple[Layer, ...]
    trees: tuple[merkle.Tree, ...] = field(repr=False)
    final: tuple[Element, ...]


def work(transcript: Transcript, label: str, bits: int) -> int:
    """Find a nonce that does the work on the transcript's state, and absorb it."""
    nonce = grind(transcript.state, bits)
    transcript.absorb(label, nonce.to_bytes(NONCE_BYTES, "little"))
    return nonce


def batch(
    shape: Shape, phases: Sequence[CommittedPhase], opened: Opened, beta: Element
) -> U32Array:
    """f_0 on the whole domain: planes (5, B N) in natural order."""
    powers = extension.powers(beta, 2 * shape.trace_columns + CHUNKS * DEGREE + 1)[1:]
    chunk_powers = powers[2 * shape.trace_columns :]
    parts = []
    column = 0
    for phase in TRACE_PHASES:
        for group, extended in zip(shape.groups, phases[phase].extended, strict=True):
            end = column + group.widths[phase]
            parts.append(Part(extended, [powers[column:end], (), ()]))
            column = end
    quotient = phases[Phase.QUOTIENT].extended[0]
    parts.append(Part(quotient, _quotient_weights(chunk_powers)))
    return deep_batch(
        parts,
        _opened_at(shape, opened, powers, chunk_powers),
        shape.log2_height,
        shape.parameters.log2_blowup,
        lifted_shift(shape.log2_height, shape.log2_height),
    )


def _opened_at(
    shape: Shape, opened: Opened, powers: Sequence[Element], chunk_powers: Sequence[Element]
) -> list[OpenedAt]:
    """The two points, with the factors of the sums of trace columns and of chunks.

    A trace column weighs beta^K times as much in the row below, K the number of trace columns.
    """
    here = extension.add(_combine(powers, opened.here), _combine(chunk_powers, opened.chunks))
    after = _combine(powers[shape.trace_columns :], opened.after)
    below = extension.scale(opened.zeta, koalabear.omega(shape.log2_height))
    return [
        OpenedAt(opened.zeta, (extension.ONE, extension.ONE), here),
        OpenedAt(below, (powers[shape.trace_columns - 1], extension.ZERO), after),
    ]


def _quotient_weights(chunk_powers: Sequence[Element]) -> list[Sequence[Element]]:
    """Weights of the quotient matrix: no trace column, chunks, the random polynomial undivided."""
    chunk_columns = CHUNKS * DEGREE
    basis = extension.powers(extension.X, DEGREE)
    return [(), chunk_powers[:chunk_columns], [*[extension.ZERO] * chunk_columns, *basis]]


def _combine(powers: Sequence[Element], values: Sequence[Element]) -> Element:
    total = extension.ZERO
    for power, value in zip(powers, values, strict=False):
        total = extension.add(total, extension.multiply(power, value))
    return total


def fold_layers(shape: Shape, transcript: Transcript, values: U32Array) -> FoldedLayers:
    """Commit to f_0 and each fold of it, and send the last fold as coefficients."""
    shift = lifted_shift(shape.log2_height, shape.log2_height)
    layers, trees = [], []
    for _ in range(shape.folds):
        tree = merkle.commit([fri.leaf_matrix(values)], [FIBRE_WIDTH])
        transcript.absorb("layer-root", tree.root)
        nonce = work(transcript, "fold-nonce", shape.parameters.grinding_fold)
        values = fri.fold_planes(values, shift, transcript.challenge("fold"))
        shift = pow(shift, 1 << FOLD_LOG2, P)
        layers.append(Layer(tree.root, nonce))
        trees.append(tree)
    final = _final_polynomial(shape, values, shift)
    transcript.absorb("final-polynomial", encode_elements(final))
    return FoldedLayers(tuple(layers), tuple(trees), final)


def _final_polynomial(shape: Shape, values: U32Array, shift: int) -> tuple[Element, ...]:
    """Coefficients of the last fold; RuntimeError if its degree is too high (a prover's bug)."""
    coefficients = interpolate(values.T, shift)
    if coefficients[shape.final_coefficients :].any():
        raise RuntimeError("the batched polynomial has too high a degree")
    flat = coefficients[: shape.final_coefficients].reshape(-1).tolist()
    return tuple(zip(*[iter(flat)] * DEGREE, strict=True))


def open_queries(
    shape: Shape,
    phases: Sequence[CommittedPhase],
    trees: Sequence[merkle.Tree],
    indices: Sequence[int],
) -> tuple[Query, ...]:
    """The openings of all queried positions."""
    return tuple(
        Query(
            tuple(phases[phase].open(shape, index) for phase in Phase),
            tuple(_open_layer(shape, tree, layer, index) for layer, tree in enumerate(trees)),
        )
        for index in indices
    )


def _open_layer(shape: Shape, tree: merkle.Tree, layer: int, index: int) -> Opening:
    opened = tree.open(index % (1 << tree.depth), top_log2(shape, layer))
    return Opening(opened.rows, opened.salt, opened.path)
