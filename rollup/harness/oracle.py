"""The test verifier: an oracle of proofs that every L1 under test is deployed with.

A contract cannot be held to rules about proofs by real ones alone: there is none of a false public
input, nor of a false statement of a private exit. So an L1 under test takes as proof exactly
`oracle_proof(pins, said)`, which names what it proves and what for; whoever can write those bytes
can prove anything. No venue may ever have it.
"""

from dataclasses import dataclass
from enum import Enum

from rollup.codec.forms import INTEGER, many, record
from rollup.l1.deployment import Deployment
from rollup.l1.forms import ANY_PINS_MAX, DEPLOYMENT, LIMITS, PINS
from rollup.l1.private_exit import EXIT_CLASS, ExitStatement
from rollup.l1.queue import QueueLimits
from rollup.ports import Pins, VerificationError
from rollup.protocol.public import PublicInput

PROOF_TAG = b"crypsis-test-proof-1"
"""Domain and version of the oracle's proofs."""


class Forged(Enum):
    """Why the oracle refuses."""

    NOT_OF_THIS = "the test proof is not of this public input for these pins"
    NOT_OF_THIS_EXIT = "the test proof is not of this private exit for these pins"


def oracle_proof(pins: Pins, said: PublicInput | ExitStatement) -> bytes:
    """The one proof of a public input, or of the statement of a private exit: tag, digest of the
    pins, digest of what is proved."""
    return PROOF_TAG + pins.digest() + said.digest()


@dataclass(frozen=True, slots=True)
class OracleVerifier:
    """Implements `rollup.ports.Verifier` by comparing bytes."""

    pins: Pins

    def verify(self, public: PublicInput, proof: bytes) -> None:
        """Return if the proof is the one of this public input; VerificationError otherwise."""
        is_of_class = public.shape_class == self.pins.shape_class
        if not is_of_class or proof != oracle_proof(self.pins, public):
            raise VerificationError(Forged.NOT_OF_THIS)


@dataclass(frozen=True, slots=True)
class OracleExitVerifier:
    """Implements `rollup.l1.private_exit.ExitVerifier` likewise."""

    pins: Pins

    def verify(self, statement: ExitStatement, proof: bytes) -> None:
        """Return if the proof is the one of this statement; VerificationError otherwise."""
        if proof != oracle_proof(self.pins, statement):
            raise VerificationError(Forged.NOT_OF_THIS_EXIT)


@dataclass(frozen=True, slots=True)
class OracleDeployment:
    """A contract to hold to the suite: `verifiers` are what its test verifiers say that they are
    for, `time` where its clock stands until it is moved, `limits` when its counters are used up."""

    deployment: Deployment
    verifiers: tuple[Pins, ...]
    time: int
    limits: QueueLimits

    def batch_oracles(self) -> list[OracleVerifier]:
        """The test verifiers of batches."""
        return [OracleVerifier(each) for each in self.verifiers if each.shape_class != EXIT_CLASS]

    def exit_oracle(self) -> OracleExitVerifier | None:
        """That of private exits, where there is one."""
        found = [each for each in self.verifiers if each.shape_class == EXIT_CLASS]
        return OracleExitVerifier(found[0]) if found else None


TEST_DEPLOY = "test_deploy"
"""The method by which an endpoint forgets its contract and has a new one under test."""

ORACLE_DEPLOYMENT = record(
    OracleDeployment,
    deployment=DEPLOYMENT,
    verifiers=many(PINS, ANY_PINS_MAX),
    time=INTEGER,
    limits=LIMITS,
)
