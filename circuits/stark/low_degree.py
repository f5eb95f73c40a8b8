"""The low-degree test, prover's side: fold f_0 (`circuits.stark.batched`), open the queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from circuits.pcs import fri, merkle
from circuits.pcs.grind import grind
from circuits.pcs.transcript import Transcript
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import interpolate
from circuits.stark.committed import CommittedPhase
from circuits.stark.parameters import FOLD_LOG2
from circuits.stark.proof import (
    FIBRE_WIDTH,
    NONCE_BYTES,
    Layer,
    Opening,
    Query,
    encode_elements,
    top_log2,
)
from circuits.stark.shape import Shape
from circuits.stark.stacks import Phase
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.native.jit import U32Array


@dataclass(frozen=True, slots=True)
class FoldedLayers:
    """The committed layers of one low-degree test, and the final polynomial."""

    layers: tuple[Layer, ...]
    trees: tuple[tuple[U32Array, merkle.Tree], ...] = field(repr=False)
    final: tuple[Element, ...]


def work(transcript: Transcript, label: str, bits: int) -> int:
    """Find a nonce that does the work on the transcript's state, and absorb it."""
    nonce = grind(transcript.state, bits)
    transcript.absorb(label, nonce.to_bytes(NONCE_BYTES, "little"))
    return nonce


def fold_layers(shape: Shape, transcript: Transcript, values: U32Array) -> FoldedLayers:
    """Commit to f_0 and each fold of it, and send the last fold as coefficients."""
    shift = lifted_shift(shape.log2_height, shape.log2_height)
    layers, trees = [], []
    for _ in range(shape.folds):
        leaves = fri.leaf_matrix(values)
        digest_bytes = shape.parameters.digest_bytes
        tree = merkle.commit(leaves, FIBRE_WIDTH, digest_bytes=digest_bytes)
        transcript.absorb("layer-root", tree.root)
        nonce = work(transcript, "fold-nonce", shape.parameters.grinding_fold)
        values = fri.fold_planes(values, shift, transcript.challenge("fold"))
        shift = pow(shift, 1 << FOLD_LOG2, P)
        layers.append(Layer(tree.root, nonce))
        trees.append((leaves, tree))
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
    trees: Sequence[tuple[U32Array, merkle.Tree]],
    indices: Sequence[int],
) -> tuple[Query, ...]:
    """The openings of all queried positions. trees: the leaves of each layer, and its tree."""
    by_phase = [phases[phase].open(indices) for phase in Phase]
    return tuple(
        Query(
            tuple(openings[number] for openings in by_phase),
            tuple(_open_layer(shape, each, layer, index) for layer, each in enumerate(trees)),
        )
        for number, index in enumerate(indices)
    )


def _open_layer(
    shape: Shape, committed: tuple[U32Array, merkle.Tree], layer: int, index: int
) -> Opening:
    leaves, tree = committed
    leaf = index % (1 << tree.depth)
    salt, path = tree.open(leaf, top_log2(shape, layer))
    return Opening(merkle.opened_row(leaves, FIBRE_WIDTH, leaf), salt, path)
