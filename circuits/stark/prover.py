"""The prover. The steps have the names and the order of the verifier's (`circuits.stark.verifier`):

    statement, main columns, lookup columns, quotient, opening, batch, folds, queries.

Zero knowledge: the last rows of every table are random, terminals are masked by a ring of random
messages, the quotient's chunks are masked, a random polynomial is in the batch, leaves are salted.
All randomness of a proof comes from one stream, seeded by the operating system and used once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from circuits.air.circuit import Circuit
from circuits.pcs.transcript import Transcript
from circuits.poly.lde import Blocks, blocks_of, padded
from circuits.stark.batched import batch, open_columns
from circuits.stark.binding import bind_statement
from circuits.stark.blinding import blind_rows, main_matrices, masked_chunks
from circuits.stark.committed import (
    CommittedPhase,
    FixedColumns,
    arranged_coefficients,
    commit_fixed,
    commit_phase,
)
from circuits.stark.lookup import (
    LookupChallenges,
    PublicMessage,
    balance,
    lookup_challenges,
)
from circuits.stark.lookup_columns import MessageConstants, lookup_columns, message_constants
from circuits.stark.low_degree import fold_layers, open_queries, work
from circuits.stark.masks import MASK_BUS
from circuits.stark.parameters import Parameters
from circuits.stark.proof import Proof, encode, encode_elements, top_log2
from circuits.stark.quotient import QuotientInputs, UnsatisfiedError, quotient_coefficients
from circuits.stark.random import FieldStream
from circuits.stark.report import Clock, Progress, ProofReport, report_for
from circuits.stark.shape import Shape
from circuits.stark.stacks import Phase
from rollup.field import extension
from rollup.field.extension import Element
from rollup.native.jit import U32Array
from rollup.native.memory import keep_freed_memory
from rollup.private import Private

RESIDENT_BLOWUP = 4
"""Points of the domain a row up to which rows on it are kept, if nothing else is asked for."""


def keeps_rows(parameters: Parameters, low_memory: bool | None) -> bool:
    """Whether a prover keeps columns on the evaluation domain, rather than coefficients."""
    if low_memory is None:
        return parameters.blowup <= RESIDENT_BLOWUP
    return not low_memory


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof and its account."""

    proof: bytes
    report: ProofReport


class Prover:
    """Proves one circuit with one parameter set, as often as wanted; fixed columns are kept.

    With `low_memory` the rows on the evaluation domain are made coset by coset, several times, and
    not kept; a proof has the same bytes. Without a word, they are kept where the domain is small.
    """

    def __init__(
        self,
        circuit: Circuit,
        parameters: Parameters,
        *,
        low_memory: bool | None = None,
        fixed: FixedColumns | None = None,
    ) -> None:
        """fixed: the circuit's columns for these parameters, where the caller has them, kept as
        this prover keeps what it commits to (`keeps_rows`)."""
        self._circuit = circuit
        keep_freed_memory()
        self._resident = keeps_rows(parameters, low_memory)
        self._fixed = fixed or commit_fixed(circuit, parameters, resident=self._resident)

    @property
    def shape(self) -> Shape:
        """What is fixed about every proof."""
        return self._fixed.shape

    @property
    def fixed_root(self) -> bytes:
        """The root of the fixed columns, which a verification key pins."""
        return self._fixed.committed.tree.root

    def prove(
        self,
        traces: Iterable[U32Array],
        statement_digest: bytes,
        publics: Sequence[int],
        messages: Sequence[PublicMessage] = (),
        *,
        progress: Progress | None = None,
        insecure_seed_for_tests: bytes | None = None,
    ) -> Proved:
        """A proof that some traces satisfy the circuit for this public input.

        traces: uint32 (height, columns) for each table in statement order; the last h rows are
        ignored. They are copied one by one: an iterator that lets go of them saves their memory.
        statement_digest: 32 bytes that stand for the whole public input (`bind_statement`).
        UnsatisfiedError if they do not satisfy the constraints; ValueError if they have
        another shape or hold a value that is not canonical; VerificationError if the public input
        does not fit the circuit. A seed of 32 bytes makes a proof repeatable and reveals the
        witness to whoever knows it.
        """
        report = report_for(self.shape)
        session = _Session(
            fixed=self._fixed,
            resident=self._resident,
            publics=tuple(publics),
            messages=tuple(messages),
            stream=FieldStream(insecure_seed=insecure_seed_for_tests),
            clock=Clock(report, progress),
            transcript=bind_statement(
                self.shape,
                self._circuit.digest,
                self._fixed.committed.tree.root,
                statement_digest,
                publics,
                messages,
            ),
        )
        proof = encode(session.run(traces))
        report.proof_bytes = len(proof)
        return Proved(proof, report)


def drained(matrices: list[U32Array]) -> Iterator[U32Array]:
    """The matrices, the last one first, each let go by the list as it is taken."""
    while matrices:
        yield matrices.pop()


def prove(
    circuit: Circuit,
    traces: Iterable[U32Array],
    statement_digest: bytes,
    publics: Sequence[int],
    messages: Sequence[PublicMessage],
    parameters: Parameters,
) -> bytes:
    """One proof of a circuit; see `Prover`, which keeps what several proofs share."""
    return Prover(circuit, parameters).prove(traces, statement_digest, publics, messages).proof


@dataclass(frozen=True, slots=True, repr=False)
class _Session(Private):
    """One proof under way: run once, then thrown away."""

    fixed: FixedColumns
    resident: bool
    publics: tuple[int, ...]
    messages: tuple[PublicMessage, ...]
    stream: FieldStream
    clock: Clock
    transcript: Transcript

    @property
    def shape(self) -> Shape:
        """What is fixed about every proof."""
        return self.fixed.shape

    def run(self, traces: Iterable[U32Array]) -> Proof:
        """All steps, each bound into the transcript before the next challenge.

        ValueError if its randomness was drawn from before: two views under one blinding leak.
        """
        if not self.stream.is_fresh:
            raise ValueError("the state of a prover makes one proof, and this one was used")
        shape, transcript, clock = self.shape, self.transcript, self.clock
        with clock.phase("main"):
            rows = list(main_matrices(shape, traces, self.stream))
            main = self._commit(Phase.MAIN, reversed(rows) if self.resident else drained(rows))
            transcript.absorb("main-root", main.tree.root)
        with clock.phase("lookup"):
            challenges = self._lookup_challenges()
            constants = self._message_constants(challenges)
            traced = rows if self.resident else map(main.columns.trace, range(len(shape.groups)))
            columns, terminals = self._lookup_columns(traced, constants)
            del rows, traced  # nobody reads the trace itself any more
            self._check_balance(challenges, terminals)
            transcript.absorb("terminals", encode_elements(terminals))
            lookup = self._commit(Phase.LOOKUP, drained(columns))
            transcript.absorb("lookup-root", lookup.tree.root)
        with clock.phase("quotient"):
            kappa = transcript.challenge("constraints")
            quotient = self._quotient(main, lookup, constants, terminals, kappa)
            transcript.absorb("quotient-root", quotient.tree.root)
        phases = (self.fixed.committed, main, lookup, quotient)
        with clock.phase("opening"):
            zeta = transcript.challenge_outside_base_field("zeta")
            opened = open_columns(shape, phases, zeta)
            transcript.absorb("opened-here", encode_elements(opened.here))
            transcript.absorb("opened-after", encode_elements(opened.after))
            transcript.absorb("opened-chunks", encode_elements(opened.chunks))
        with clock.phase("batch"):
            batch_nonce = work(transcript, "batch-nonce", shape.parameters.grinding_batch)
            values = batch(shape, phases, opened, zeta, transcript.challenge("batch"))
        with clock.phase("folds"):
            folded = fold_layers(shape, transcript, values)
        with clock.phase("queries"):
            query_nonce = work(transcript, "query-nonce", shape.parameters.grinding_query)
            indices = transcript.indices("queries", shape.log2_domain, shape.parameters.queries)
            queries = open_queries(shape, phases, folded.trees, indices)
        tops = [phase.tree.level(top_log2(shape, None)) for phase in phases]
        tops += [tree.level(top_log2(shape, i)) for i, (_, tree) in enumerate(folded.trees)]
        return Proof(
            main_root=main.tree.root,
            lookup_root=lookup.tree.root,
            terminals=terminals,
            quotient_root=quotient.tree.root,
            here=opened.here,
            after=opened.after,
            chunks=opened.chunks,
            batch_nonce=batch_nonce,
            layers=folded.layers,
            final=folded.final,
            query_nonce=query_nonce,
            tops=tuple(tuple(top) for top in tops),
            queries=queries,
        )

    def _commit(self, phase: Phase, matrices: Iterable[U32Array]) -> CommittedPhase:
        """matrices: of each group, the tallest first."""
        return self._commit_coefficients(phase, arranged_coefficients(self.shape, phase, matrices))

    def _commit_coefficients(self, phase: Phase, coefficients: Iterable[Blocks]) -> CommittedPhase:
        return commit_phase(self.shape, phase, coefficients, self.stream, resident=self.resident)

    def _lookup_challenges(self) -> LookupChallenges:
        alpha = self.transcript.challenge_outside_base_field("lookup-alpha")
        beta = self.transcript.challenge_outside_base_field("lookup-beta")
        return lookup_challenges(alpha, beta, self.shape)

    def _message_constants(self, challenges: LookupChallenges) -> MessageConstants:
        return message_constants(challenges, [MASK_BUS, *(bus for bus, _ in self.shape.bus_widths)])

    def _check_balance(self, challenges: LookupChallenges, terminals: tuple[Element, ...]) -> None:
        if balance(challenges, self.messages, terminals) != extension.ZERO:
            raise UnsatisfiedError("a bus is unbalanced: `circuits.air.check` names the messages")

    def _lookup_columns(
        self, main: Iterable[U32Array], constants: MessageConstants
    ) -> tuple[list[U32Array], tuple[Element, ...]]:
        """Lookup matrices of all groups, blinded, and their terminals.

        main: the matrices of the main phase, by group.
        """
        matrices, terminals = [], []
        blinded_rows = self.shape.parameters.blinded_rows
        for group, fixed, rows in zip(self.shape.groups, self.fixed.matrices, main, strict=True):
            matrix, terminal = lookup_columns(
                group, (fixed, rows), self.publics, constants, blinded_rows
            )
            blind_rows(self.shape, group, Phase.LOOKUP, matrix, self.stream)
            matrices.append(matrix)
            terminals.append(terminal)
        return matrices, tuple(terminals)

    def _quotient(
        self,
        main: CommittedPhase,
        lookup: CommittedPhase,
        constants: MessageConstants,
        terminals: tuple[Element, ...],
        kappa: Element,
    ) -> CommittedPhase:
        """The masked chunks of the quotient and the random polynomial, committed."""
        phases = (self.fixed.committed, main, lookup)
        inputs = QuotientInputs(self.shape, phases, self.publics, constants, terminals, kappa)
        columns = masked_chunks(self.shape, quotient_coefficients(inputs), self.stream)
        return self._commit_coefficients(Phase.QUOTIENT, [blocks_of(padded(columns))])
