"""The queries, verifier's side: rows lead to roots, rows combine to f_0, f_0 folds to the end.

f_0(x) = R(x) + beta ( (C(x) - C(zeta)) / (x - zeta) + beta^K (C(x) - C(zeta w)) / (x - zeta w)
                       + beta^(2K) (D(x) - D(zeta)) / (x - zeta) )

with C = sum_i beta^i (column i) over the K trace columns, D the same over the columns of the chunks
and R the random polynomial. Column i stands for its lift; zeta w, w = omega_N, is the row below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import mul

from circuits.pcs.fold import fold_values
from circuits.pcs.merkle_verify import node, opening_root
from circuits.stark.domain import point
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.parameters import CHUNKS, FOLD_LOG2
from circuits.stark.proof import FIBRE_WIDTH, Digests, Opening, Proof, tree_depth
from circuits.stark.shape import Phase, Shape
from rollup.field import extension, koalabear
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P


@dataclass(frozen=True, slots=True)
class Challenges:
    """What the queries depend on: the opened point, batch and fold challenges, positions."""

    zeta: Element
    batch: Element
    folds: tuple[Element, ...]
    indices: tuple[int, ...]


def check_queries(shape: Shape, proof: Proof, fixed_root: bytes, challenges: Challenges) -> None:
    """Check every queried position, or raise VerificationError."""
    roots = [fixed_root, proof.main_root, proof.lookup_root, proof.quotient_root]
    roots += [layer.root for layer in proof.layers]
    for number, (root, top) in enumerate(zip(roots, proof.tops, strict=True)):
        if _root_of_top(top) != root:
            raise VerificationError(Failure.MERKLE_PATH, f"top of tree {number}")
    combiner = _Combiner(shape, proof, challenges)
    for number, index in enumerate(challenges.indices):
        query = proof.queries[number]
        for phase in Phase:
            layout = [(log2, width) for log2, width in shape.group_widths(phase)]
            layout = [(log2 + shape.parameters.log2_blowup, width) for log2, width in layout]
            opening, top = query.trees[phase], proof.tops[phase]
            _check_path(layout, index, opening, top, f"query {number}, {phase.name} tree")
        value = combiner.combine(index, query.trees)
        _follow_folds(shape, proof, challenges, number, value)


def _root_of_top(top: Digests) -> bytes:
    """The root above a whole tree layer."""
    while len(top) > 1:
        top = tuple(node(left, right) for left, right in zip(top[0::2], top[1::2], strict=True))
    return top[0]


def _check_path(
    layout: Sequence[tuple[int, int]], index: int, opening: Opening, top: Digests, where: str
) -> None:
    """The opened leaf leads to the node of the tree's top above it."""
    reached = opening_root(layout, index, opening.rows, opening.salt, opening.path)
    if reached != top[index >> len(opening.path)]:
        raise VerificationError(Failure.MERKLE_PATH, where)


class _Combiner:
    """Computes f_0 at queried positions. Packed powers of beta make a column cost one product."""

    def __init__(self, shape: Shape, proof: Proof, challenges: Challenges) -> None:
        self._shape = shape
        self._zeta = challenges.zeta
        root = koalabear.omega(shape.log2_height)
        self._zeta_after = extension.scale(challenges.zeta, root)
        powers = extension.powers(challenges.batch, 2 * shape.trace_columns + 2)
        self._beta = challenges.batch
        self._after_power = powers[shape.trace_columns]
        self._chunk_power = powers[2 * shape.trace_columns]
        count = max(shape.trace_columns, CHUNKS * DEGREE)
        self._packed = [extension.pack(power) for power in powers[:count]]
        self._here = _combine(powers, proof.here)
        self._after = _combine(powers, proof.after)
        self._chunks = _combine(powers, proof.chunks)

    def combine(self, index: int, trees: Sequence[Opening]) -> Element:
        """f_0 at a position, from the rows opened there."""
        trace = [row for phase in trees[: Phase.QUOTIENT] for row in phase.rows]
        columns = extension.unpack(sum(map(mul, self._packed, chain.from_iterable(trace))))
        quotient = trees[Phase.QUOTIENT].rows[0]
        chunk_values = quotient[: CHUNKS * DEGREE]
        chunks = extension.unpack(sum(map(mul, self._packed, chunk_values)))
        x = extension.embed(point(self._shape, index))
        to_zeta, to_after = extension.inverse_many(
            [extension.subtract(x, self._zeta), extension.subtract(x, self._zeta_after)]
        )
        chunk_part = extension.multiply(self._chunk_power, extension.subtract(chunks, self._chunks))
        here = extension.add(extension.subtract(columns, self._here), chunk_part)
        after = extension.multiply(self._after_power, extension.subtract(columns, self._after))
        total = extension.add(
            extension.multiply(here, to_zeta), extension.multiply(after, to_after)
        )
        r0, r1, r2, r3, r4 = quotient[CHUNKS * DEGREE :]
        return extension.add((r0, r1, r2, r3, r4), extension.multiply(self._beta, total))


def _combine(powers: Sequence[Element], values: Sequence[Element]) -> Element:
    total = extension.ZERO
    for power, value in zip(powers, values, strict=False):
        total = extension.add(total, extension.multiply(power, value))
    return total


def _follow_folds(
    shape: Shape, proof: Proof, challenges: Challenges, number: int, value: Element
) -> None:
    """The value at a position is in the first layer; every layer folds to the next."""
    position = challenges.indices[number]
    x = point(shape, position)
    for layer, challenge in enumerate(challenges.folds):
        where = f"query {number}, layer {layer}"
        opening = proof.queries[number].layers[layer]
        leaves_log2 = tree_depth(shape, layer)
        slot, leaf = divmod(position, 1 << leaves_log2)
        fibre = _fibre(opening.rows[0])
        if fibre[slot] != value:
            raise VerificationError(Failure.FOLD, where)
        layout = [(leaves_log2, FIBRE_WIDTH)]
        _check_path(layout, leaf, opening, proof.tops[len(Phase) + layer], where)
        root = koalabear.omega(FOLD_LOG2)
        start = x * pow(root, -slot, P) % P
        value = fold_values(fibre, start, challenge)
        position, x = leaf, pow(x, 1 << FOLD_LOG2, P)
    if _evaluate(proof.final, x) != value:
        raise VerificationError(Failure.FINAL_POLYNOMIAL, f"query {number}")


def _fibre(row: Sequence[int]) -> list[Element]:
    flat = iter(row)
    return list(zip(flat, flat, flat, flat, flat, strict=True))


def _evaluate(coefficients: Sequence[Element], x: int) -> Element:
    """A polynomial over E at a point of F, by packed sums: one product a coefficient."""
    power, total = 1, 0
    for coefficient in coefficients:
        total += extension.pack(coefficient) * power
        power = power * x % P
    return extension.unpack(total)
