"""Toy proofs, and their queries as an EVM and as Python judge them."""

import re
from dataclasses import dataclass, replace
from functools import cache

from circuits.evm.blobs import blob_initcode
from circuits.evm.context import Parts, context, draw, split
from circuits.evm.query_manifest import query_manifest
from circuits.evm.refusals import MALFORMED, NO_QUERY, NO_TREE, REFUSED, selector
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import INSECURE_TEST, Parameters
from circuits.stark.proof import FIBRE_WIDTH, decode, top_log2, tree_depth
from circuits.stark.prover import Prover
from circuits.stark.queries import Challenges
from circuits.stark.shape import Shape
from circuits.stark.stacks import WORD_BYTES, Phase
from circuits.stark.verifier import verify
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.revm import Machine, Outcome
from tests.helpers.circuits import Instance, lonely_instance, small_instance

SHORT_DIGESTS = replace(INSECURE_TEST, digest_bytes=26)

Verdict = tuple[Failure, int, int] | None
"""Failure, query, tree; None for a proof that is accepted."""


@dataclass(frozen=True, slots=True)
class Toy:
    """A proof of a small circuit, and what it is checked against."""

    instance: Instance
    parameters: Parameters
    key: VerificationKey
    shape: Shape
    proof: bytes

    @property
    def context(self) -> bytes:
        """What the first part of its verification leaves."""
        return context(self.shape, self.key, self.instance.known, self.proof)

    @property
    def parts(self) -> Parts:
        """Its bytes by part."""
        return split(self.proof, self.shape)

    @property
    def challenges(self) -> Challenges:
        """The verifier's, from the transcript."""
        return draw(self.shape, self.key, self.instance.known, decode(self.proof, self.shape))

    def verdict(self, proof: bytes) -> Verdict:
        """What Python says of other bytes."""
        try:
            verify(self.instance.circuit, self.key, *self.instance.known, self.parameters, proof)
        except VerificationError as error:
            return self.read(error)
        return None

    def read(self, error: VerificationError) -> Verdict:
        """A refusal of Python's, from its words."""
        return (error.reason, *self._where(error.detail))

    def _where(self, detail: str) -> tuple[int, int]:
        if found := re.fullmatch(r"before byte (\d+)", detail):
            return self.row_ending(int(found[1]))
        if found := re.fullmatch(r"query (\d+), (\w+) tree", detail):
            return int(found[1]), Phase[found[2]]
        if found := re.fullmatch(r"query (\d+), layer (\d+)", detail):
            return int(found[1]), len(Phase) + int(found[2])
        if found := re.fullmatch(r"top of tree (\d+)", detail):
            return NO_QUERY, int(found[1])
        if found := re.fullmatch(r"query (\d+)", detail):
            return int(found[1]), NO_TREE
        return NO_QUERY, NO_TREE

    def row_ending(self, end: int) -> tuple[int, int]:
        """Query and tree of the row that ends at a byte of the proof; of the opening none."""
        each = len(self.parts.queries[0])
        start = len(self.proof) - each * self.parameters.queries
        if end <= start:
            return NO_QUERY, NO_TREE
        query, place = divmod(end - start, each)
        return query, next(tree for tree, row in enumerate(self.rows) if row.stop == place)

    @property
    def rows(self) -> list[range]:
        """The bytes of the row of each tree in a query."""
        return [row for row, _, _ in self.openings]

    @property
    def openings(self) -> list[tuple[range, range, range]]:
        """For each tree the bytes of row, salt and path in a query."""
        found, start = [], 0
        for tree in range(len(Phase) + self.shape.folds):
            layer = tree - len(Phase) if tree >= len(Phase) else None
            width = FIBRE_WIDTH if layer is not None else self.shape.row_width(Phase(tree))
            salted = layer is None and self.shape.salted(Phase(tree))
            path = tree_depth(self.shape, layer) - top_log2(self.shape, layer)
            row = range(start, start + WORD_BYTES * width)
            salt = range(row.stop, row.stop + self.parameters.salt_bytes * salted)
            siblings = range(salt.stop, salt.stop + path * self.parameters.digest_bytes)
            found.append((row, salt, siblings))
            start = siblings.stop
        return found


@cache
def toy(name: str, seed: int = 0) -> Toy:
    """A proof of a shape of `SHAPES`; another seed is another witness and other chance."""
    heights, parameters = SHAPES[name]
    blinded = parameters.blinded_rows
    instance = (
        lonely_instance(heights[0], blinded)
        if len(heights) == 1
        else small_instance(*heights, blinded, seed=seed + 1, start=seed + 3)
    )
    prover = _prover(name)
    proof = prover.prove(
        instance.traces, *instance.known, insecure_seed_for_tests=seed.to_bytes(32, "big")
    ).proof
    key = generate_key(instance.circuit, [parameters])
    return Toy(instance, parameters, key, prover.shape, proof)


SHAPES: dict[str, tuple[tuple[int, ...], Parameters]] = {
    "one group, no fold": ((256,), INSECURE_TEST),
    "one group": ((512,), INSECURE_TEST),
    "two tables, one group": ((512, 512), INSECURE_TEST),
    "stacks of 2": ((1024, 512), INSECURE_TEST),
    "stacks of 4, short digests": ((512, 2048), SHORT_DIGESTS),
    "stacks of 16, two folds": ((8192, 512), SHORT_DIGESTS),
}
"""Heights of the tables, and the parameter set."""


@cache
def _prover(name: str) -> Prover:
    heights, parameters = SHAPES[name]
    blinded = parameters.blinded_rows
    if len(heights) == 1:
        return Prover(lonely_instance(heights[0], blinded).circuit, parameters)
    return Prover(small_instance(*heights, blinded).circuit, parameters)


class QueryMachine:
    """StarkQueries and the manifest of a shape on a chain."""

    def __init__(self, shape: Shape) -> None:
        self._machine = Machine()
        self._manifest = self._machine.deploy(blob_initcode(query_manifest(shape)))
        self._queries = self._machine.deploy(artefact("StarkQueries").code)
        self._shape = shape

    def run(self, context: bytes, tops: bytes, first: int, count: int, data: bytes) -> Outcome:
        """The call's outcome."""
        head = self._manifest.rjust(32, b"\0") + first.to_bytes(32, "big")
        calldata = head + count.to_bytes(32, "big") + context + tops + data
        return self._machine.read(self._queries, calldata)

    def verdict(self, toy: Toy, first: int, data: bytes) -> Verdict:
        """What the contract says of the bytes of as many queries from `first` as they are."""
        count = len(data) // len(toy.parts.queries[0])
        return verdict_of(self.run(toy.context, toy.parts.tops, first, count, data))


def verdict_of(outcome: Outcome) -> Verdict:
    """The refusal that a call reverted with. AssertionError for any other revert."""
    if outcome.succeeded:
        return None
    assert outcome.data[:4] == selector(REFUSED) and len(outcome.data) == 100
    place, query, tree = (int.from_bytes(outcome.data[4 + 32 * k :][:32], "big") for k in range(3))
    return list(Failure)[place], query, tree


def is_malformed(outcome: Outcome) -> bool:
    """Whether a call reverted with Malformed()."""
    return not outcome.succeeded and outcome.data == selector(MALFORMED)
