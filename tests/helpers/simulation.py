"""Exact simulation: another witness, with randomness solved for it, gives the very same view.

The view of a proof is all that a verifier sees but for hashes, salts and nonces: terminals, opened
values, the rows of stacks, chunks and R at the queried positions, and what is made of f_0, here
f_0 whole. `Recorder` proves a witness A and keeps the view with the challenges; then `Simulator`
runs the same prover on a witness B of the same statement and, at each place where randomness goes
in, solves a linear system so that what will be seen is what was seen of A. That this succeeds for
every B, with as many solutions, is what perfect zero knowledge of the interactive proof means
(docs/soundness/zero-knowledge.md). What is solved for of columns is in `tests.helpers.matching`.
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
from circuits.stark.key import VerificationKey
from circuits.stark.masks import MASK_BUS, MASK_COLUMNS
from circuits.stark.parameters import CHUNKS, Parameters
from circuits.stark.proof import Proof, decode, encode
from circuits.stark.prover import Prover
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import Phase
from circuits.stark.verifier import verify
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.native.jit import U32Array
from tests.helpers.circuits import Instance
from tests.helpers.linear import (
    UnsolvableError,
    coordinates,
    extension_power_rows,
    power_rows,
    product,
    random_element,
    solve,
)
from tests.helpers.matching import Matcher, Matching, Places


@dataclass(slots=True)
class Tape:
    """Challenges in the order drawn; a transcript records them, or plays them back.

    `indices` are recorded in the place of drawn ones, if there are any.
    """

    drawn: list[Any] = field(default_factory=list)
    indices: tuple[int, ...] = ()
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

    def indices(self, label: str, log2_size: int, count: int) -> list[int]:
        return self._next(list(self.tape.indices) or super().indices(label, log2_size, count))


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
    def view(self) -> dict[str, Any]:
        """What the verifier sees, but for hashes, salts and nonces; all of f_0 instead of parts."""
        proof = self.proof
        rows = {phase: [query.trees[phase].row for query in proof.queries] for phase in Phase}
        quotient = rows.pop(Phase.QUOTIENT)
        return {
            "terminals": proof.terminals,
            "opened": (proof.here, proof.after),
            "chunks": proof.chunks,
            **{f"{phase.name.lower()} rows": found for phase, found in rows.items()},
            "chunk rows": [row[: CHUNKS * DEGREE] for row in quotient],
            "R rows": [row[CHUNKS * DEGREE :] for row in quotient],
            "f_0": self.batched.tobytes(),
            "layers": [[opening.row for opening in query.layers] for query in proof.queries],
            "final": proof.final,
        }

    def differs_in(self, other: "Seen") -> set[str]:
        """The parts of the view that are another's own."""
        view, others = self.view, other.view
        return {part for part in view if view[part] != others[part]}


@dataclass(frozen=True, slots=True)
class Blinding:
    """Which defences a prover has; the controls switch one off. `one_fraction` is whether the
    first fraction column of the shortest group is blinded."""

    masks: bool = True
    lookup_rows: bool = True
    one_fraction: bool = True
    chunk_masks: bool = True
    random_polynomial: bool = True

    def bare_words(self, group: Group) -> slice:
        """Words of the lookup phase whose last rows are zero."""
        if not self.lookup_rows:
            return slice(None)
        one = not self.one_fraction and group.number == 0
        return slice(DEGREE, 2 * DEGREE) if one else slice(0)


HONEST = Blinding()


class Recorder:
    """Runs the prover, switched-off defences aside, and keeps what it did."""

    def __init__(
        self,
        instance: Instance,
        parameters: Parameters,
        blinding: Blinding,
        indices: tuple[int, ...] = (),
    ) -> None:
        self.instance = instance
        self.prover = Prover(instance.circuit, parameters)
        self.shape = self.prover.shape
        self.blinding = blinding
        self.tape = Tape(indices=indices)
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
            patches.enter_context(self._scripted())
            proved = self.prover.prove(self.instance.traces, *self.instance.known)
        proof = decode(proved.proof, self.shape)
        return Seen(proof, self.tape.drawn, self.main, self.lookup, self.quotient, self.batched)

    def verify(self, seen: Seen) -> None:
        """VerificationError unless a verifier with the challenges of the tape accepts the proof."""
        parameters, circuit = self.shape.parameters, self.instance.circuit
        key = VerificationKey(circuit.digest, {parameters.name: self.prover.fixed_root})
        self.tape.position = 0
        with self._scripted():
            verify(circuit, key, *self.instance.known, parameters, encode(seen.proof))

    def _scripted(self) -> Any:
        return patch.object(binding, "Transcript", lambda _: ScriptedTranscript(self.tape))

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
        self.originals["blind_rows"](shape, group, phase, matrix, stream)
        matrix[-shape.parameters.blinded_rows :, self.blinding.bare_words(group)] = 0
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
        self,
        instance: Instance,
        parameters: Parameters,
        blinding: Blinding,
        seen: Seen,
        matching: Matching = Matching.VALUES,
    ) -> None:
        super().__init__(instance, parameters, blinding)
        self.seen = seen
        self.matching = matching
        self.tape = Tape(list(seen.challenges))
        self.alpha, self.beta, _, self.zeta = seen.challenges[:4]
        self.places = Places(self.shape, self.zeta, tuple(seen.challenges[-1]))
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
            self._match(group, Phase.MAIN, self.main[number], self.seen.main[number])
        return self.main

    def blind_rows(
        self, shape: Shape, group: Group, phase: Phase, matrix: U32Array, stream: Any
    ) -> None:
        super().blind_rows(shape, group, phase, matrix, stream)
        if self.blinding.lookup_rows:
            self._match(group, phase, matrix, self.seen.lookup[len(self.lookup) - 1])
            matrix[-shape.parameters.blinded_rows :, self.blinding.bare_words(group)] = 0

    def _match(self, group: Group, phase: Phase, matrix: U32Array, seen: U32Array) -> None:
        Matcher(self.places, self.matching, self.draw).match(group, phase, matrix, seen)

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
        points = self.places.points()
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
