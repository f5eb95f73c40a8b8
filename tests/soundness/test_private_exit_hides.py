"""What a proof of a private exit tells beside its statement: no shape, and no two are alike."""

from functools import cache

from circuits.exit.circuit import exit_circuit
from circuits.stark.committed import generate_key
from circuits.stark.parameters import INSECURE_TEST, PARAMETER_SETS
from circuits.stark.proof import Proof, decode
from circuits.stark.prover import Prover
from circuits.stark.shape import shape_of
from circuits.stark.stacks import Phase
from circuits.stark.verifier import verify
from circuits.tables.base.trace import with_kernel
from rollup.field.extension import ZERO
from rollup.protocol.constants import MARKETS_MAX
from tests.helpers.private_exits import Escaping, some_escape


@cache
def prover() -> Prover:
    return Prover(with_kernel(exit_circuit()), INSECURE_TEST)


def proof_of(escaping: Escaping) -> bytes:
    """A proof that its verifier accepts."""
    witness = escaping.witness()
    traces = [witness.traces[placed.name] for placed in exit_circuit().tables]
    proof = prover().prove(traces, *witness.known).proof
    key = generate_key(with_kernel(exit_circuit()), [INSECURE_TEST])
    verify(exit_circuit(), key, *witness.known, INSECURE_TEST, proof)
    return proof


def test_a_proof_is_as_long_whatever_the_account_holds() -> None:
    lengths = {len(proof_of(some_escape(1, count))) for count in (0, 1, MARKETS_MAX)}
    assert len(lengths) == 1


def test_two_proofs_of_one_exit_share_nothing_that_is_of_the_witness() -> None:
    """Roots, masked sums, opened values and answers are drawn anew: nobody sees that two proofs are
    of one witness."""
    shape = shape_of(exit_circuit(), INSECURE_TEST)
    first, second = (decode(proof_of(some_escape(2, 3)), shape) for _ in range(2))
    for name in ("main_root", "lookup_root", "quotient_root"):
        assert getattr(first, name) != getattr(second, name)
    for name in ("terminals", "here", "after", "chunks", "final"):
        assert not set(getattr(first, name)) & set(getattr(second, name)) - {ZERO}
    assert not answers(first) & answers(second)


def answers(proof: Proof) -> set[object]:
    """Rows, salts and digests of all that is committed but the fixed columns, which are public."""
    found: set[object] = set()
    for query in proof.queries:
        for phase in (Phase.MAIN, Phase.LOOKUP, Phase.QUOTIENT):
            opening = query.trees[phase]
            found |= {opening.row, opening.salt, *opening.path}
    return found


def test_every_table_has_the_rows_that_blinding_asks_for() -> None:
    for parameters in PARAMETER_SETS.values():
        shape = shape_of(exit_circuit(), parameters)
        assert min(group.height for group in shape.groups) >= parameters.min_height
        assert all(group.height - parameters.blinded_rows > MARKETS_MAX for group in shape.groups)
