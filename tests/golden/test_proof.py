"""The bytes of a proof are pinned: a change of the protocol or of its encoding shows here.

A proof is determined by circuit, witness, public input, parameters and seed. If a change is meant,
raise PROTOCOL_VERSION and write the new digest down.
"""

from circuits.stark.parameters import INSECURE_TEST, PROTOCOL_VERSION
from circuits.stark.prover import Prover
from rollup.hash.keccak import keccak256
from tests.helpers.circuits import small_instance

DIGEST = "d0a2089e63d8fe3287e493520c565b0ea9af99f1f10117ad6b74060376ca10a9"


def test_the_bytes_of_a_seeded_proof() -> None:
    instance = small_instance(1024, 512, INSECURE_TEST.blinded_rows)
    proved = Prover(instance.circuit, INSECURE_TEST).prove(
        instance.traces,
        instance.publics,
        instance.messages,
        insecure_seed_for_tests=bytes(range(32)),
    )
    assert PROTOCOL_VERSION == 1
    assert keccak256(proved.proof).hex() == DIGEST
