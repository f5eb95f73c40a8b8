"""Exact simulation: another witness, with randomness solved for it, gives the very same view.

The view of a proof is all that a verifier sees but for hashes, salts and nonces: terminals, opened
values, the final polynomial, the rows and fibres at the queried positions. `View.of` a witness A is
recorded with the challenges; then `Simulator` runs the same prover on a witness B of the same
statement and, at each place where randomness goes in, solves a linear system so that what will be
seen is what was seen of A. That this succeeds for every B, with as many solutions, is what perfect
zero knowledge of the interactive proof means (docs/soundness/zero-knowledge.md).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np

from circuits.pcs.transcript import Transcript
from circuits.poly.domains import lifted_shift
from circuits.poly.lde import interpolate
from circuits.stark import binding, prover
from circuits.stark.domain import point
from circuits.stark.masks import MASK_BUS, MASK_COLUMNS
from circuits.stark.parameters import CHUNKS, Parameters
from circuits.stark.proof import Proof, decode
from circuits.stark.prover import Prover
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import Phase
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P, omega
from rollup.native.jit import U32Array
from tests.helpers.circuits import Instance


class UnsolvableError(Exception):
    """No randomness makes the other witness look the same."""


@dataclass(slots=True)
class Tape:
    """Challenges in the order drawn; a transcript records them, or plays them back."""

    drawn: list[Any] = field(default_factory=list)
    position: int = 0


class ScriptedTranscript(Transcript):
    """A transcript whose challenges are those of a tape, once it has any."""

    def __init__(self, tape: Tape) -> None:
        super().__init__("scripted")
        self.tape = tape
        self.recording = not tape.drawn

    def _next(self, fresh: Any) -> Any:
        if self.recording:
            self.tape.drawn.append(fresh)
            return fresh
        self.tape.position += 1
        return self.tape.drawn[self.tape.position - 1]

    def challenge(self, label: str) -> Element:
        return self._next(super().challenge(label))

    def challenge_outside_base_field(self, label: str) -> Element:
        return super().challenge_outside_base_field(label)

    def indices(self, label: str, log2_size: int, count: int) -> list[int]:
        return self._next(super().indices(label, log2_size, count))


@dataclass(frozen=True, slots=True)
class Seen:
    """A view, and what the solver may know beside it: everything of the run that made it."""

    proof: Proof
    challenges: list[Any]
    main: tuple[U32Array, ...]
    lookup: list[U32Array]
    quotient: U32Array
    batched: U32Array

    @property
    def view(self) -> tuple[Any, ...]:
        """What the verifier sees, but for hashes, salts and nonces."""
        proof = self.proof
        rows = [
            [opening.rows for opening in (*query.trees, *query.layers)] for query in proof.queries
        ]
        return proof.terminals, proof.here, proof.after, proof.chunks, proof.final, rows


@dataclass(frozen=True, slots=True)
class Blinding:
    """Which defences a prover has; the controls switch one off."""

    masks: bool = True
    lookup_rows: bool = True
    chunk_masks: bool = True
    random_polynomial: bool = True


HONEST = Blinding()


class Recorder:
    """Runs the prover, switched-off defences aside, and keeps what it did."""

    def __init__(self, instance: Instance, parameters: Parameters, blinding: Blinding) -> None:
        self.instance = instance
        self.prover = Prover(instance.circuit, parameters)
        self.shape = self.prover.shape
        self.blinding = blinding
        self.tape = Tape()
        self.main: tuple[U32Array, ...] = ()
        self.lookup: list[U32Array] = []
        self.quotient: U32Array = np.empty((0, 0), dtype=np.uint32)
        self.batched: U32Array = np.empty((0, 0), dtype=np.uint32)
        self.originals = {
            name: getattr(prover, name)
            for name in ("main_matrices", "blind_rows", "masked_chunks", "batch")
        }

    def run(self) -> Seen:
        """One proof."""
        self.lookup = []
        self.tape.position = 0
        with ExitStack() as patches:
            for name in self.originals:
                patches.enter_context(patch.object(prover, name, getattr(self, name)))
            transcript = patch.object(
                binding, "Transcript", lambda _: ScriptedTranscript(self.tape)
            )
            patches.enter_context(transcript)
            proved = self.prover.prove(self.instance.traces, *self.instance.known)
        proof = decode(proved.proof, self.shape)
        return Seen(proof, self.tape.drawn, self.main, self.lookup, self.quotient, self.batched)

    def main_matrices(self, shape: Shape, traces: Any, stream: Any) -> tuple[U32Array, ...]:
        self.main = self.originals["main_matrices"](shape, traces, stream)
        if not self.blinding.masks:
            for group, matrix in zip(shape.groups, self.main, strict=True):
                end = group.widths[Phase.MAIN]
                matrix[0, end - MASK_COLUMNS : end] = 0
        return self.main

    def blind_rows(
        self, shape: Shape, group: Group, phase: Phase, matrix: U32Array, stream: Any
    ) -> None:
        if self.blinding.lookup_rows:
            self.originals["blind_rows"](shape, group, phase, matrix, stream)
        else:
            matrix[-shape.parameters.blinded_rows :] = 0
        self.lookup.append(matrix)

    def masked_chunks(self, shape: Shape, coefficients: U32Array, stream: Any) -> U32Array:
        self.quotient = self.originals["masked_chunks"](shape, coefficients, stream)
        if not self.blinding.chunk_masks:
            self.quotient[:, : CHUNKS * DEGREE] = bare_chunks(shape, coefficients)
        if not self.blinding.random_polynomial:
            self.quotient[:, CHUNKS * DEGREE :] = 0
        return self.quotient

    def batch(self, *arguments: Any) -> U32Array:
        self.batched = self.originals["batch"](*arguments)
        return self.batched


def bare_chunks(shape: Shape, coefficients: U32Array) -> U32Array:
    """The chunks of the quotient without masks, (N, 15)."""
    result = np.zeros((shape.height, CHUNKS * DEGREE), dtype=np.uint32)
    size = shape.chunk_coefficients
    for chunk in range(CHUNKS):
        columns = slice(chunk * DEGREE, (chunk + 1) * DEGREE)
        result[:size, columns] = coefficients[chunk * size : (chunk + 1) * size]
    return result


class Simulator(Recorder):
    """Runs the prover on another witness so that the view of `seen` comes out."""

    def __init__(
        self, instance: Instance, parameters: Parameters, blinding: Blinding, seen: Seen
    ) -> None:
        super().__init__(instance, parameters, blinding)
        self.seen = seen
        self.tape = Tape(list(seen.challenges))
        self.alpha, self.beta, _, self.zeta = seen.challenges[:4]
        self.indices = seen.challenges[-1]
        self.random_polynomial = np.zeros((self.shape.height, DEGREE), dtype=np.uint32)
        self.draw = np.random.default_rng()

    def simulate(self) -> Seen:
        """Twice through: what the first batch lacks is what the random polynomial has to be."""
        seed = np.random.default_rng().integers(0, P)
        self.draw = np.random.default_rng(seed)
        first = self.run()
        if self.blinding.random_polynomial:
            shift = lifted_shift(self.shape.log2_height, self.shape.log2_height)
            missing = (self.seen.batched.astype(np.int64) - first.batched) % P
            coefficients = interpolate(np.ascontiguousarray(missing.T.astype(np.uint32)), shift)
            if coefficients[self.shape.height :].any():
                raise UnsolvableError("the batch differs by more than a polynomial of degree < N")
            self.random_polynomial = coefficients[: self.shape.height]
        self.draw = np.random.default_rng(seed)
        return self.run()

    def main_matrices(self, shape: Shape, traces: Any, stream: Any) -> tuple[U32Array, ...]:
        self.main = super().main_matrices(shape, traces, stream)
        if self.blinding.masks:
            self._solve_masks()
        for number, group in enumerate(shape.groups):
            solve_rows(self, group, self.main[number], self.seen.main[number])
        return self.main

    def blind_rows(
        self, shape: Shape, group: Group, phase: Phase, matrix: U32Array, stream: Any
    ) -> None:
        super().blind_rows(shape, group, phase, matrix, stream)
        if self.blinding.lookup_rows:
            solve_rows(self, group, matrix, self.seen.lookup[len(self.lookup) - 1])

    def masked_chunks(self, shape: Shape, coefficients: U32Array, stream: Any) -> U32Array:
        self.quotient = super().masked_chunks(shape, coefficients, stream)
        if self.blinding.chunk_masks:
            self._solve_chunks(coefficients)
        if self.blinding.random_polynomial:
            self.quotient[:, CHUNKS * DEGREE :] = self.random_polynomial
        return self.quotient

    def _solve_masks(self) -> None:
        """Masks for which every terminal is the one seen."""
        terminals = self._terminals_without_masks()
        powers = extension.powers(self.beta, self.shape.fingerprint_power + 1)
        groups = len(self.shape.groups)
        share = extension.ZERO
        while share == extension.ZERO:
            share = random_element(self.draw)
        for number in range(groups):
            gap = extension.subtract(self.seen.proof.terminals[number], terminals[number])
            share = extension.add(share, gap) if number else share
            constant = extension.subtract(self.alpha, extension.scale(powers[-1], MASK_BUS + 1))
            constant = extension.subtract(constant, extension.embed(number))
            payload = extension.subtract(constant, extension.inverse(share))
            mask = coordinates(payload, powers[1 : 1 + DEGREE], self.draw)
            self._write_mask(number, 0, mask)
            self._write_mask((number + 1) % groups, DEGREE, mask)

    def _write_mask(self, number: int, offset: int, mask: Sequence[int]) -> None:
        start = self.shape.groups[number].widths[Phase.MAIN] - MASK_COLUMNS + offset
        self.main[number][0, start : start + DEGREE] = mask

    def _terminals_without_masks(self) -> list[Element]:
        """Terminals of this witness if all masks were equal, which adds nothing."""
        fixed = self.prover._fixed.matrices
        challenges = prover.lookup_challenges(self.alpha, self.beta, self.shape)
        buses = [MASK_BUS, *(bus for bus, _ in self.shape.bus_widths)]
        constants = prover.message_constants(challenges, buses)
        terminals = []
        for number, group in enumerate(self.shape.groups):
            matrix, end = self.main[number].copy(), group.widths[Phase.MAIN]
            matrix[0, end - MASK_COLUMNS : end] = 0
            rows = (fixed[number], matrix)
            blinded = self.shape.parameters.blinded_rows
            found = prover.lookup_columns(group, rows, self.instance.publics, constants, blinded)
            own = self._fraction_of_zeros(number)
            before = self._fraction_of_zeros((number - 1) % len(self.shape.groups))
            terminals.append(extension.add(extension.subtract(found[1], own), before))
        return terminals

    def _fraction_of_zeros(self, number: int) -> Element:
        challenges = prover.lookup_challenges(self.alpha, self.beta, self.shape)
        payload = [extension.embed(number), *[extension.ZERO] * DEGREE]
        return extension.inverse(challenges.denominator(MASK_BUS, payload))

    def _solve_chunks(self, coefficients: U32Array) -> None:
        """Masks of the chunks for which the first two are seen as before; the last one follows."""
        shape = self.shape
        rows, size = shape.parameters.blinded_rows, shape.chunk_coefficients
        bare = bare_chunks(shape, coefficients).astype(np.int64)
        points = [point(shape, index) for index in sorted(set(self.indices))]
        functionals = np.concatenate(
            [power_rows(points, shape.height), extension_power_rows(self.zeta, shape.height)]
        )
        for chunk in range(CHUNKS - 1):
            columns = slice(chunk * DEGREE, (chunk + 1) * DEGREE)
            wanted = product(functionals, self.seen.quotient[:, columns])
            have = product(functionals, bare[:, columns])
            mask = solve(functionals[:, size:], (wanted - have) % P, self.draw)
            bare[size:, columns] = mask
            following = slice((chunk + 1) * DEGREE, (chunk + 2) * DEGREE)
            bare[:rows, following] = (bare[:rows, following] - mask) % P
        self.quotient[:, : CHUNKS * DEGREE] = bare


def solve_rows(simulator: Simulator, group: Group, matrix: U32Array, seen: U32Array) -> None:
    """Blinded rows with which all columns of a matrix look as `seen` does.

    They are seen at the queried points, at the points below these (through the quotient), and at
    the two opened points.
    """
    shape, height = simulator.shape, group.height
    blinded = shape.parameters.blinded_rows
    lift = shape.height // height
    root = omega(group.log2_height)
    opened = {pow(point(shape, index), lift, P) for index in simulator.indices}
    points = sorted(opened | {x * root % P for x in opened})
    at = extension.power(simulator.zeta, lift)
    functionals = np.concatenate(
        [
            np.array([lagrange_base(group.log2_height, x) for x in points], dtype=np.int64),
            lagrange_extension(group.log2_height, at),
            lagrange_extension(group.log2_height, extension.scale(at, root)),
        ]
    )
    wanted = product(functionals, seen)
    have = product(functionals[:, :-blinded], matrix[:-blinded])
    matrix[-blinded:] = solve(functionals[:, -blinded:], (wanted - have) % P, simulator.draw)


def lagrange_base(log2: int, x: int) -> list[int]:
    """L_r(x) for all rows r, x off the subgroup."""
    root, size = omega(log2), 1 << log2
    scale = (pow(x, size, P) - 1) * pow(size, -1, P) % P
    rows = [pow(root, r, P) for r in range(size)]
    return [scale * row * pow(x - row, -1, P) % P for row in rows]


def lagrange_extension(log2: int, at: Element) -> Any:
    """L_r(y), coefficient by coefficient: (5, n)."""
    root, size = omega(log2), 1 << log2
    rows = [extension.embed(pow(root, r, P)) for r in range(size)]
    vanishing = extension.subtract(extension.power(at, size), extension.ONE)
    scale = extension.scale(vanishing, pow(size, -1, P))
    inverses = extension.inverse_many([extension.subtract(at, row) for row in rows])
    values = [
        extension.multiply(extension.multiply(scale, row), inverse)
        for row, inverse in zip(rows, inverses, strict=True)
    ]
    return np.array(values, dtype=np.int64).T


def power_rows(points: Sequence[int], size: int) -> Any:
    """x^k for each point: (points, size)."""
    return np.array([[pow(x, k, P) for k in range(size)] for x in points], dtype=np.int64)


def extension_power_rows(at: Element, size: int) -> Any:
    """y^k, coefficient by coefficient: (5, size)."""
    return np.array(extension.powers(at, size), dtype=np.int64).T


def product(left: Any, right: Any) -> Any:
    """Matrix product mod p."""
    total = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    for k in range(left.shape[1]):
        total = (total + left[:, k : k + 1] * right[k].astype(np.int64)) % P
    return total


def solve(matrix: Any, right: Any, draw: np.random.Generator) -> Any:
    """A random solution of matrix * solution = right mod p, for every column of `right`."""
    rows, unknowns = matrix.shape
    work = np.concatenate([matrix % P, right % P], axis=1)
    pivots: list[int] = []
    for column in range(unknowns):
        rank = len(pivots)
        found = np.nonzero(work[rank:, column])[0]
        if rank == rows or not len(found):
            continue
        work[[rank, rank + found[0]]] = work[[rank + found[0], rank]]
        work[rank] = work[rank] * pow(int(work[rank, column]), -1, P) % P
        for row in range(rows):
            if row != rank and work[row, column]:
                work[row] = (work[row] - work[row, column] * work[rank]) % P
        pivots.append(column)
    if work[len(pivots) :, unknowns:].any():
        raise UnsolvableError(f"{rows} conditions on {unknowns} unknowns contradict each other")
    solution = draw.integers(0, P, (unknowns, right.shape[1]))
    free = [column for column in range(unknowns) if column not in pivots]
    reduced = work[: len(pivots), unknowns:]
    for column in free:
        reduced = (reduced - work[: len(pivots), column : column + 1] * solution[column]) % P
    solution[pivots] = reduced
    return solution


def coordinates(value: Element, basis: Sequence[Element], draw: np.random.Generator) -> list[int]:
    """Base-field coordinates of an element in a basis of E."""
    matrix = np.array(basis, dtype=np.int64).T
    return solve(matrix, np.array(value, dtype=np.int64)[:, None], draw)[:, 0].tolist()


def random_element(draw: np.random.Generator) -> Element:
    """A uniform element of E; not for secrets."""
    a, b, c, d, e = draw.integers(0, P, DEGREE).tolist()
    return (a, b, c, d, e)
