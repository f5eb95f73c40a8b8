"""The verifier, in plain integers: the auditors' copy, and the oracle for every other verifier.

`verify` returns, or raises VerificationError; nothing else, whatever bytes it is given. The steps
have the names and the order of the prover's (`circuits.stark.prover`):

    statement, main columns, lookup columns, quotient, opening, batch, folds, queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from circuits.air.circuit import Circuit
from circuits.pcs.grinding import check_grinding
from circuits.pcs.transcript import Transcript
from circuits.stark.binding import bind_statement
from circuits.stark.domain import inverse_zerofiers, power_of_two
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.evaluate import GroupContext, Rows, evaluate_group
from circuits.stark.key import VerificationKey
from circuits.stark.lookup import LookupChallenges, PublicMessage, balance, lookup_challenges
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import Parameters
from circuits.stark.proof import NONCE_BYTES, Proof, decode, encode_elements
from circuits.stark.queries import Challenges, check_queries
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import TRACE_PHASES, Phase
from rollup.field import extension
from rollup.field.extension import Element


def verify(
    circuit: Circuit | Lowered,
    key: VerificationKey,
    statement_digest: bytes,
    publics: Sequence[int],
    messages: Sequence[PublicMessage],
    parameters: Parameters,
    proof: bytes,
) -> None:
    """Accept a proof, or raise VerificationError. All but `proof` and the public input is trusted.

    The key must be the pinned one: it names the circuit and commits to its fixed columns.
    statement_digest: 32 bytes that stand for the whole public input (`bind_statement`).
    """
    shape = shape_of(circuit, parameters)
    fixed_root = key.fixed_root(circuit, parameters)
    digests = (key.circuit_digest, fixed_root, statement_digest)
    transcript = bind_statement(shape, *digests, publics, messages)
    verification = _Verification(shape, tuple(publics), decode(proof, shape), transcript)
    lookup = verification.lookup_columns(messages)
    zeta = verification.quotient(lookup)
    challenges = verification.low_degree_test(zeta)
    check_queries(shape, verification.proof, fixed_root, challenges)


@dataclass(frozen=True, slots=True)
class _Verification:
    """One verification under way: what all its steps read."""

    shape: Shape
    publics: tuple[int, ...]
    proof: Proof
    transcript: Transcript

    def lookup_columns(self, messages: Sequence[PublicMessage]) -> LookupChallenges:
        """Draw alpha and beta; the terminals and the public messages cancel."""
        self.transcript.absorb("main-root", self.proof.main_root)
        alpha = self.transcript.challenge_outside_base_field("lookup-alpha")
        beta = self.transcript.challenge_outside_base_field("lookup-beta")
        challenges = lookup_challenges(alpha, beta, self.shape)
        if balance(challenges, messages, self.proof.terminals) != extension.ZERO:
            raise VerificationError(Failure.UNBALANCED_BUSES)
        return challenges

    def quotient(self, lookup: LookupChallenges) -> Element:
        """At zeta, the constraints over their zerofiers are what the quotient's chunks say."""
        self.transcript.absorb("terminals", encode_elements(self.proof.terminals))
        self.transcript.absorb("lookup-root", self.proof.lookup_root)
        kappa = self.transcript.challenge("constraints")
        self.transcript.absorb("quotient-root", self.proof.quotient_root)
        zeta = self.transcript.challenge_outside_base_field("zeta")
        if self._from_constraints(lookup, kappa, zeta) != self._from_chunks(zeta):
            raise VerificationError(Failure.CONSTRAINTS)
        return zeta

    def _from_constraints(self, lookup: LookupChallenges, kappa: Element, zeta: Element) -> Element:
        """The quotient of all groups, from the shortest: what is there times kappa^k, plus next."""
        total = extension.ZERO
        most = max(group.constraints for group in self.shape.groups)
        weights = extension.powers(kappa, most + 1)
        rows = opened_rows(self.shape, self.proof.here, self.proof.after)
        for group in self.shape.groups:
            at = power_of_two(zeta, self.shape.log2_height - group.log2_height)
            blinded_rows = self.shape.parameters.blinded_rows
            inverses = inverse_zerofiers(group.log2_height, blinded_rows, at)
            terminal = self.proof.terminals[group.number]
            context = GroupContext(self.publics, lookup, weights, terminal)
            sums = evaluate_group(group, rows[group.number], context)
            total = extension.multiply(total, weights[group.constraints])
            for value, inverse in zip(sums, inverses, strict=True):
                total = extension.add(total, extension.multiply(value, inverse))
        return total

    def _from_chunks(self, zeta: Element) -> Element:
        """The quotient from its chunks: sum_i zeta^(i (N - h)) Q_i(zeta)."""
        step = extension.power(zeta, self.shape.chunk_coefficients)
        total = extension.ZERO
        for chunk in reversed(self.proof.chunks):
            total = extension.add(extension.multiply(total, step), chunk)
        return total

    def low_degree_test(self, zeta: Element) -> Challenges:
        """All challenges from the batch to the queried positions, each after its work."""
        proof, transcript, parameters = self.proof, self.transcript, self.shape.parameters
        transcript.absorb("opened-here", encode_elements(proof.here))
        transcript.absorb("opened-after", encode_elements(proof.after))
        transcript.absorb("opened-chunks", encode_elements(proof.chunks))
        self._work("batch-nonce", parameters.grinding_batch, proof.batch_nonce)
        batch = transcript.challenge("batch")
        folds = []
        for layer in proof.layers:
            transcript.absorb("layer-root", layer.root)
            self._work("fold-nonce", parameters.grinding_fold, layer.nonce)
            folds.append(transcript.challenge("fold"))
        transcript.absorb("final-polynomial", encode_elements(proof.final))
        self._work("query-nonce", parameters.grinding_query, proof.query_nonce)
        indices = transcript.indices("queries", self.shape.log2_domain, parameters.queries)
        return Challenges(zeta, batch, tuple(folds), tuple(indices))

    def _work(self, label: str, bits: int, nonce: int) -> None:
        if not check_grinding(self.transcript.state, bits, nonce):
            raise VerificationError(Failure.GRINDING, label)
        self.transcript.absorb(label, nonce.to_bytes(NONCE_BYTES, "little"))


def opened_rows(shape: Shape, here: Sequence[Element], after: Sequence[Element]) -> list[Rows]:
    """The opened values of each group, which come stack by stack, by phase and column."""
    now: dict[tuple[int, Phase], list[Element]] = {}
    below: dict[tuple[int, Phase], list[Element | None]] = {}
    for group in shape.groups:
        for phase in TRACE_PHASES:
            now[group.number, phase] = [extension.ZERO] * group.columns(phase)
            below[group.number, phase] = [None] * group.columns(phase)
    opened_here, opened_after = iter(here), iter(after)
    for stack in shape.stacks:
        for column in stack.columns:
            now[stack.group, stack.phase][column] = next(opened_here)
        for column in stack.columns if stack.below else ():
            below[stack.group, stack.phase][column] = next(opened_after)
    return [
        Rows(
            *(now[group.number, phase] for phase in TRACE_PHASES),
            *(below[group.number, phase] for phase in TRACE_PHASES),
        )
        for group in shape.groups
    ]
