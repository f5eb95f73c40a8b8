"""What the first part of a verification on an EVM leaves for its queries: the context.

All words of 32 bytes, big-endian:

    the fact; Keccak of the tops; the batch challenge b; the challenge of each fold
    for each group from the shortest, s places:
        zeta^s, and if it has stacks opened below (zeta w)^s
        sum_i b^(1+M+i) (opened value of function i at place k), for k = 0 .. s - 1
        if it has stacks opened below: sum_j b^(1+2M+j) (value of stack j there), likewise
    the final polynomial's coefficients, low first
    the positions, eight uint32 a word, zeros after the last

An element of E is one word (`circuits.evm.field_constants.word`). The functions i are the S stacks
and the three chunks, which belong to the tallest group, M = S + 3; the stacks j those opened below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from circuits.evm.facts import fact, statement_bytes
from circuits.evm.field_constants import word
from circuits.pcs.transcript import Transcript
from circuits.stark.binding import bind_statement
from circuits.stark.domain import power_of_two
from circuits.stark.key import VerificationKey
from circuits.stark.lookup import PublicMessage
from circuits.stark.parameters import CHUNKS
from circuits.stark.proof import (
    FIBRE_WIDTH,
    NONCE_BYTES,
    Proof,
    decode,
    encode_elements,
    top_log2,
    tree_depth,
)
from circuits.stark.queries import Challenges
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import WORD_BYTES, Phase, Stack
from rollup.field import extension, koalabear
from rollup.field.extension import Element
from rollup.hash.keccak import keccak256

EVM_WORD: Final = 32

Known = tuple[bytes, Sequence[int], Sequence[PublicMessage]]
"""What a verifier is told beside the proof: digest of the public input, values, messages."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The bytes of a proof as an EVM takes them: up to the tops, the tops alone, each query."""

    opening: bytes
    tops: bytes
    queries: tuple[bytes, ...]

    def chunk(self, first: int, count: int) -> bytes:
        """The bytes of some queries."""
        return b"".join(self.queries[first : first + count])


def query_bytes(shape: Shape) -> int:
    """Bytes of a query."""
    digest, salt = shape.parameters.digest_bytes, shape.parameters.salt_bytes
    total = 0
    for phase in Phase:
        total += WORD_BYTES * shape.row_width(phase) + salt * shape.salted(phase)
        total += digest * path_length(shape, None)
    for layer in range(shape.folds):
        total += WORD_BYTES * FIBRE_WIDTH + digest * path_length(shape, layer)
    return total


def path_length(shape: Shape, layer: int | None) -> int:
    """Digests from a leaf to the top of the tree, of a phase's tree or a layer's."""
    return tree_depth(shape, layer) - top_log2(shape, layer)


def trees(shape: Shape) -> list[int | None]:
    """The trees in order: None for each phase's, then the layers."""
    return [None] * len(Phase) + list(range(shape.folds))


def tops_bytes(shape: Shape) -> int:
    """Bytes of all tops."""
    nodes = sum(1 << top_log2(shape, tree) for tree in trees(shape))
    return nodes * shape.parameters.digest_bytes


def split(proof: bytes, shape: Shape) -> Parts:
    """The parts of a proof of the right length."""
    each = query_bytes(shape)
    start = len(proof) - each * shape.parameters.queries
    opening = proof[:start]
    queries = tuple(proof[at : at + each] for at in range(start, len(proof), each))
    return Parts(opening, opening[-tops_bytes(shape) :], queries)


def context(shape: Shape, key: VerificationKey, known: Known, proof: bytes) -> bytes:
    """The context of a proof that verifies as far as its queries; nothing is checked but the
    proof's form and the statement's (VerificationError)."""
    decoded = decode(proof, shape)
    named = fact(key, shape, statement_bytes(*known)) + keccak256(split(proof, shape).tops)
    return named + numbers(shape, decoded, draw(shape, key, known, decoded))


def numbers(shape: Shape, proof: Proof, challenges: Challenges) -> bytes:
    """The context after its two digests."""
    elements = [challenges.batch, *challenges.folds]
    for group in shape.groups:
        elements += _group(shape, group, proof, challenges)
    elements += proof.final
    words = b"".join(word(element).to_bytes(EVM_WORD, "big") for element in elements)
    positions = b"".join(index.to_bytes(4, "big") for index in challenges.indices)
    return words + positions + bytes(-len(positions) % EVM_WORD)


def draw(shape: Shape, key: VerificationKey, known: Known, proof: Proof) -> Challenges:
    """Every challenge of a proof, by the transcript alone."""
    root = key.fixed_roots[shape.parameters.name]
    transcript = bind_statement(shape, key.circuit_digest, root, *known)
    transcript.absorb("main-root", proof.main_root)
    transcript.challenge_outside_base_field("lookup-alpha")
    transcript.challenge_outside_base_field("lookup-beta")
    transcript.absorb("terminals", encode_elements(proof.terminals))
    transcript.absorb("lookup-root", proof.lookup_root)
    transcript.challenge("constraints")
    transcript.absorb("quotient-root", proof.quotient_root)
    zeta = transcript.challenge_outside_base_field("zeta")
    transcript.absorb("opened-here", encode_elements(proof.here))
    transcript.absorb("opened-after", encode_elements(proof.after))
    transcript.absorb("opened-chunks", encode_elements(proof.chunks))
    _absorb_nonce(transcript, "batch-nonce", proof.batch_nonce)
    batch = transcript.challenge("batch")
    folds = []
    for layer in proof.layers:
        transcript.absorb("layer-root", layer.root)
        _absorb_nonce(transcript, "fold-nonce", layer.nonce)
        folds.append(transcript.challenge("fold"))
    transcript.absorb("final-polynomial", encode_elements(proof.final))
    _absorb_nonce(transcript, "query-nonce", proof.query_nonce)
    indices = transcript.indices("queries", shape.log2_domain, shape.parameters.queries)
    return Challenges(zeta, batch, tuple(folds), tuple(indices))


def _absorb_nonce(transcript: Transcript, label: str, nonce: int) -> None:
    transcript.absorb(label, nonce.to_bytes(NONCE_BYTES, "little"))


def _group(shape: Shape, group: Group, proof: Proof, challenges: Challenges) -> list[Element]:
    """The points of a group and its weighted sums."""
    functions = shape.trace_stacks + CHUNKS
    at = power_of_two(challenges.zeta, shape.log2_height - group.log2_height)
    here = _Sum.of(shape, group, challenges.batch, 1 + functions)
    opened = iter(proof.here)
    for number, stack in enumerate(shape.stacks):
        here.add(stack, number, list(islice(opened, len(stack.columns))))
    if group is shape.groups[-1]:
        for number, value in enumerate(proof.chunks):
            here.add_values(shape.trace_stacks + number, [value])
    below = [stack for stack in shape.stacks if stack.below]
    if all(stack.group != group.number for stack in below):
        return [at, *here.places]
    after = _Sum.of(shape, group, challenges.batch, 1 + 2 * functions)
    opened = iter(proof.after)
    for number, stack in enumerate(below):
        after.add(stack, number, list(islice(opened, len(stack.columns))))
    row_below = extension.scale(at, koalabear.omega(group.log2_height))
    return [at, row_below, *here.places, *after.places]


@dataclass(frozen=True, slots=True)
class _Sum:
    """The weighted sum of a group's functions, by place; `powers` are those of b for each."""

    group: int
    powers: Sequence[Element]
    places: list[Element]

    @classmethod
    def of(cls, shape: Shape, group: Group, batch: Element, first: int) -> "_Sum":
        powers = extension.powers(batch, shape.batched)[first:]
        return cls(group.number, powers, [extension.ZERO] * shape.places(group.number))

    def add(self, stack: Stack, number: int, values: Sequence[Element]) -> None:
        """A stack's opened values, if it is of this group."""
        if stack.group == self.group:
            self.add_values(number, values)

    def add_values(self, number: int, values: Sequence[Element]) -> None:
        """A function's."""
        for place, value in enumerate(values):
            weighed = extension.multiply(self.powers[number], value)
            self.places[place] = extension.add(self.places[place], weighed)
