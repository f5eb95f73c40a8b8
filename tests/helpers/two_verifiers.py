"""One proof before two verifiers: the product's and the textbook one.

    proved(heights, parameters).judged(proof=..., publics=...)     what both say of a changed case

The circuit reaches the textbook verifier as a packaged file, the parameters as plain numbers.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from circuits.air.circuit import Circuit
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.key import VerificationKey
from circuits.stark.lookup import PublicMessage
from circuits.stark.lowered import Lowered, lower_circuit
from circuits.stark.parameters import Parameters
from circuits.stark.proof import Proof, decode
from circuits.stark.prover import Prover
from circuits.stark.shape import shape_of
from circuits.stark.verifier import verify
from tests.helpers import textbook
from tests.helpers.circuits import Instance, lonely_instance, small_instance
from tests.helpers.textbook_format import Circuit as Read
from tests.helpers.textbook_format import Key, Numbers, Reason, Statement, read_circuit

SAME = {
    Failure.PROTOCOL_VERSION: Reason.VERSION,
    Failure.MALFORMED: Reason.LENGTH,
    Failure.NON_CANONICAL: Reason.WORD,
    Failure.PUBLIC_VALUES: Reason.PUBLICS,
    Failure.PUBLIC_MESSAGES: Reason.MESSAGES,
    Failure.WRONG_KEY: Reason.KEY,
    Failure.UNSUITABLE_HEIGHTS: Reason.CIRCUIT,
    Failure.MULTIPLICITY_BOUND: Reason.COUNTS,
    Failure.DEGENERATE_CHALLENGE: Reason.ZERO_DENOMINATOR,
    Failure.UNBALANCED_BUSES: Reason.BALANCE,
    Failure.CONSTRAINTS: Reason.IDENTITY,
    Failure.GRINDING: Reason.WORK,
    Failure.MERKLE_PATH: Reason.TREE,
    Failure.FOLD: Reason.LAYER,
    Failure.FINAL_POLYNOMIAL: Reason.FINAL,
}
"""The product's reason, and the textbook's."""


@dataclass(frozen=True, slots=True)
class Case:
    """A proof and what its verifiers are told; `package` is the circuit's file."""

    circuit: Circuit | Lowered
    package: str
    key: VerificationKey
    digest: bytes
    publics: tuple[int, ...]
    messages: tuple[PublicMessage, ...]
    parameters: Parameters
    proof: bytes

    def product(self) -> Failure | None:
        """Why the product refuses; None if it accepts."""
        known = (self.digest, self.publics, self.messages)
        try:
            verify(self.circuit, self.key, *known, self.parameters, self.proof)
        except VerificationError as refused:
            return refused.reason
        return None

    def textbook(self) -> Reason | None:
        """Why the textbook refuses; None if it accepts."""
        messages = tuple((m.bus, m.sign, m.count, m.payload) for m in self.messages)
        return textbook.refusal(
            read(self.package),
            Key(self.key.circuit_digest, self.key.fixed_roots[self.parameters.name]),
            numbers(self.parameters),
            Statement(self.digest, self.publics, messages),
            self.proof,
        )

    def judged(self, **changes: Any) -> Failure | None:
        """What both say of the case with these changes; the test fails if they differ."""
        case = replace(self, **changes)
        product = case.product()
        assert case.textbook() == (None if product is None else SAME[product])
        return product

    def decoded(self) -> Proof:
        """The members of the proof."""
        return decode(self.proof, shape_of(self.circuit, self.parameters))


@cache
def read(package: str) -> Read:
    """The circuit by the textbook's reader."""
    return read_circuit(package)


def numbers(parameters: Parameters) -> Numbers:
    """A parameter set as plain numbers."""
    return Numbers(
        log_blowup=parameters.log2_blowup,
        queries=parameters.queries,
        work_query=parameters.grinding_query,
        work_batch=parameters.grinding_batch,
        work_fold=parameters.grinding_fold,
        digest_bytes=parameters.digest_bytes,
    )


@cache
def proved(heights: tuple[int, ...], parameters: Parameters) -> Case:
    """An honest proof of a small circuit, of one table or two."""
    make = lonely_instance if len(heights) == 1 else small_instance
    return prove(make(*heights, parameters.blinded_rows), parameters)


def prove(instance: Instance, parameters: Parameters) -> Case:
    """What the (bent) prover makes of an instance."""
    made = Prover(instance.circuit, parameters).prove(instance.traces, *instance.known)
    return Case(
        instance.circuit,
        lower_circuit(instance.circuit).to_json(),
        generate_key(instance.circuit, [parameters]),
        *instance.known,
        parameters,
        made.proof,
    )
