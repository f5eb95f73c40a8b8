"""The queries, verifier's side: rows lead to roots, rows combine to f_0, f_0 folds to the end.

    f_0 = R + sum_i b^(1+i) F_i + sum_i b^(1+M+i) (F_i - L_i) / (X^s - zeta^s)
            + sum_j b^(1+2M+j) (F_j - L'_j) / (X^s - (zeta w)^s)

with F_i the S stacks and the three chunks, M = S + 3, j over the stacks opened below, s the places
of a stack's group (1 for a chunk) and w = omega_N. L_i = sum_k X^k (opened value at place k), which
agrees with an honest F_i wherever X^s = zeta^s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from circuits.pcs.fold import fold_values
from circuits.pcs.merkle_verify import node, opening_root
from circuits.stark.domain import point, power_of_two
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.parameters import FOLD_LOG2
from circuits.stark.proof import FIBRE_WIDTH, Digests, Opening, Proof, tree_depth
from circuits.stark.shape import Shape
from circuits.stark.stacks import Phase
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
            layout = (shape.log2_domain, shape.row_width(phase), shape.parameters.digest_bytes)
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
    layout: tuple[int, int, int], index: int, opening: Opening, top: Digests, where: str
) -> None:
    """The opened leaf leads to the node of the tree's top above it."""
    reached = opening_root(layout, index, opening.row, opening.salt, opening.path)
    if reached != top[index >> len(opening.path)]:
        raise VerificationError(Failure.MERKLE_PATH, where)


@dataclass(frozen=True, slots=True)
class _Function:
    """A committed function: its group, where its words stand among those of all rows, and its
    opened values by place. `after` is None where it is not opened below."""

    group: int
    words: range
    here: Sequence[Element]
    after: Sequence[Element] | None


def _functions(shape: Shape, proof: Proof) -> list[_Function]:
    """The stacks, then the chunks."""
    here, after = iter(proof.here), iter(proof.after)
    functions, start = [], 0
    for stack in shape.stacks:
        opened = [next(here) for _ in stack.columns]
        below = [next(after) for _ in stack.columns] if stack.below else None
        words = range(start, start + stack.words)
        functions.append(_Function(stack.group, words, opened, below))
        start = words.stop
    for value in proof.chunks:
        words = range(start, start + DEGREE)
        functions.append(_Function(shape.groups[-1].number, words, [value], None))
        start = words.stop
    return functions


@dataclass(frozen=True, slots=True)
class _Divided:
    """Functions over one denominator X^s - point: the packed weights of their words, and the packed
    coefficients of the weighted sum of their L. `factor` stands before the fraction."""

    log2_places: int
    point: Element
    factor: Element
    weights: Sequence[tuple[int, int]]
    openings: Sequence[int]

    def summed(self, words: Sequence[int]) -> Element:
        """The weighted sum of the functions."""
        return extension.unpack(sum(words[place] * weight for place, weight in self.weights))

    def opened(self, x_powers: Sequence[int]) -> Element:
        """The weighted sum of the L at x, from 1, x, x^2, .."""
        return extension.unpack(sum(map(mul, self.openings, x_powers)))


def _divided(
    log2_places: int,
    point: Element,
    factor: Element,
    terms: Sequence[tuple[Element, range, Sequence[Element]]],
) -> _Divided:
    """terms: the power of b, the words, and the opened values of each function."""
    basis = extension.powers(extension.X, DEGREE)
    weights, openings = [], [extension.ZERO] * (1 << log2_places)
    for power, words, values in terms:
        for place, coefficient in zip(words, basis, strict=False):
            weights.append((place, extension.pack(extension.multiply(power, coefficient))))
        for k, value in enumerate(values):
            openings[k] = extension.add(openings[k], extension.multiply(power, value))
    packed = [extension.pack(value) for value in openings]
    return _Divided(log2_places, point, factor, weights, packed)


class _Combiner:
    """Computes f_0 at queried positions. Packed powers of b make a word cost one product."""

    def __init__(self, shape: Shape, proof: Proof, challenges: Challenges) -> None:
        self._shape = shape
        powers = extension.powers(challenges.batch, shape.batched)
        functions = _functions(shape, proof)
        self._bare, divided = powers[1], powers[1 + len(functions)]
        below = powers[1 + 2 * len(functions)]
        self._here: list[_Divided] = []
        self._after: list[_Divided] = []
        for group in shape.groups:
            log2 = shape.log2_height - group.log2_height
            at = power_of_two(challenges.zeta, log2)
            here = [
                (powers[i], each.words, each.here)
                for i, each in enumerate(functions)
                if each.group == group.number
            ]
            self._here.append(_divided(log2, at, divided, here))
            opened = [each for each in functions if each.after is not None]
            after = [
                (powers[j], each.words, each.after)
                for j, each in enumerate(opened)
                if each.group == group.number and each.after is not None
            ]
            if after:
                row_below = extension.scale(at, koalabear.omega(group.log2_height))
                self._after.append(_divided(log2, row_below, below, after))

    def combine(self, index: int, trees: Sequence[Opening]) -> Element:
        """f_0 at a position, from the rows opened there."""
        words = [word for tree in trees for word in tree.row]
        x = point(self._shape, index)
        x_powers = [1]
        for _ in range(self._shape.largest_stack - 1):
            x_powers.append(x_powers[-1] * x % P)
        parts = (*self._here, *self._after)
        distances = [
            extension.subtract(extension.embed(pow(x, 1 << part.log2_places, P)), part.point)
            for part in parts
        ]
        r0, r1, r2, r3, r4 = words[-DEGREE:]
        total: Element = (r0, r1, r2, r3, r4)
        for number, (part, inverse) in enumerate(
            zip(parts, extension.inverse_many(distances), strict=True)
        ):
            summed = part.summed(words)
            if number < len(self._here):
                total = extension.add(total, extension.multiply(self._bare, summed))
            rest = extension.subtract(summed, part.opened(x_powers))
            scaled = extension.multiply(part.factor, inverse)
            total = extension.add(total, extension.multiply(scaled, rest))
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
        fibre = _fibre(opening.row)
        if fibre[slot] != value:
            raise VerificationError(Failure.FOLD, where)
        layout = (leaves_log2, FIBRE_WIDTH, shape.parameters.digest_bytes)
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
