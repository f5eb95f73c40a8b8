"""The bytes of a proof are pinned: a change of the protocol or of its encoding shows here.

A proof is determined by circuit, witness, public input, parameters and seed. If a change is meant,
raise PROTOCOL_VERSION and write the new digest down.
"""

from circuits.stark.parameters import INSECURE_TEST, PROTOCOL_VERSION
from circuits.stark.prover import Prover
from rollup.hash.keccak import keccak256
from tests.helpers.circuits import small_instance

DIGEST = "74c6d0065f5791e5fae20b3bf31162718a096bef81f9e898f18db8da55491a12"


def test_the_bytes_of_a_seeded_proof() -> None:
    instance = small_instance(1024, 512, INSECURE_TEST.blinded_rows)
    proved = Prover(instance.circuit, INSECURE_TEST).prove(
        instance.traces,
        instance.publics,
        instance.messages,
        insecure_seed_for_tests=bytes(range(32)),
    )
    assert PROTOCOL_VERSION == 2
    assert keccak256(proved.proof).hex() == DIGEST
