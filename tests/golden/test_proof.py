"""The bytes of a proof are pinned: a change of the protocol or of its encoding shows here.

A proof is determined by circuit, witness, public input, parameters and seed. If a change is meant,
write the new digest down, and raise PROTOCOL_VERSION if a release has had the old one.
"""

from circuits.stark.parameters import INSECURE_TEST, PROTOCOL_VERSION
from circuits.stark.prover import Prover
from rollup.hash.keccak import keccak256
from tests.helpers.circuits import small_instance

DIGEST = "1cd0eb864b10f250679801f4ae804d6041088cb6cb651743e785f069a0b64f4a"


def test_the_bytes_of_a_seeded_proof() -> None:
    instance = small_instance(1024, 512, INSECURE_TEST.blinded_rows)
    proved = Prover(instance.circuit, INSECURE_TEST).prove(
        instance.traces,
        *instance.known,
        insecure_seed_for_tests=bytes(range(32)),
    )
    assert PROTOCOL_VERSION == 3
    assert keccak256(proved.proof).hex() == DIGEST
