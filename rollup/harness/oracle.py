"""The test verifier: an oracle of proofs that every L1 under test is deployed with.

A contract cannot be held to rules about proofs by real ones alone: there is none of a false public
input. So an L1 under test takes as proof exactly `oracle_proof(pins, public)`, which names what it
proves and what for; whoever can write those bytes can prove anything. No venue may ever have it.
"""

from dataclasses import dataclass
from enum import Enum

from rollup.codec.forms import INTEGER, many, record
from rollup.l1.deployment import Deployment
from rollup.l1.forms import ANY_PINS_MAX, DEPLOYMENT, LIMITS, PINS
from rollup.l1.queue import QueueLimits
from rollup.ports import Pins, VerificationError
from rollup.protocol.public import PublicInput

PROOF_TAG = b"crypsis-test-proof-1"
"""Domain and version of the oracle's proofs."""


class Forged(Enum):
    """Why the oracle refuses."""

    NOT_OF_THIS = "the test proof is not of this public input for these pins"


def oracle_proof(pins: Pins, public: PublicInput) -> bytes:
    """The one proof of a public input: tag, digest of the pins, digest of the public input."""
    return PROOF_TAG + pins.digest() + public.digest()


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
class OracleDeployment:
    """A contract to hold to the suite: `verifiers` are what its test verifiers say that they are
    for, `time` where its clock stands until it is moved, `limits` when its counters are used up."""

    deployment: Deployment
    verifiers: tuple[Pins, ...]
    time: int
    limits: QueueLimits


TEST_DEPLOY = "test_deploy"
"""The method by which an endpoint forgets its contract and has a new one under test."""

ORACLE_DEPLOYMENT = record(
    OracleDeployment,
    deployment=DEPLOYMENT,
    verifiers=many(PINS, ANY_PINS_MAX),
    time=INTEGER,
    limits=LIMITS,
)
