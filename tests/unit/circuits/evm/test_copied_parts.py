"""A proof that is brought in parts, while somebody copies each part and is mined before it."""

from dataclasses import dataclass

import pytest

pytest.importorskip("pyrevm", reason="pyrevm is not installed")

from circuits.evm import deploy
from circuits.evm.facts import fact, statement_bytes
from circuits.on_chain import StarkOnChain
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import CallReverted, Receipt
from rollup.l1.evm.contract import NotProved
from rollup.l1.evm.proofs import ProofParts, StarkFacts
from rollup.l1.evm.revm import Machine
from tests.helpers.evm_queries import toy
from tests.helpers.verifier_evm import put_on_chain, toy_pins

OPERATOR, THIEF = b"\x0a" * 20, b"\x0b" * 20


@dataclass
class Watched:
    """A chain on which whatever is sent is first sent by somebody else, if it `is_copied`."""

    machine: Machine
    is_copied: bool

    def send(self, to: bytes, calldata: bytes, sender: bytes) -> Receipt:
        if self.is_copied:
            self.machine.call(to, calldata, THIEF)
        outcome = self.machine.call(to, calldata, sender)
        if not outcome.succeeded:
            raise CallReverted(outcome.data)
        return Receipt(outcome.data, outcome.execution)

    def read(self, to: bytes, calldata: bytes) -> bytes:
        return self.machine.read(to, calldata).data


@dataclass
class Ready:
    """Proofs that are in parts already."""

    found: ProofParts

    def parts(self, *_: object) -> ProofParts:
        return self.found

    def refusal(self, data: bytes) -> str:
        return StarkOnChain().refusal(data)


def facts(is_copied: bool) -> tuple[StarkFacts, ProofParts]:
    made = toy("one group")
    pins = toy_pins(made.key, made.parameters)
    contracts = put_on_chain(made.instance.circuit, made.key, made.parameters, pins)
    statement = statement_bytes(*made.instance.known)
    queries = [made.parts.chunk(place, 1) for place in range(made.parameters.queries)]
    parts = ProofParts(
        statement,
        made.parts.opening,
        made.context,
        made.parts.tops,
        queries,
        fact(made.key, made.shape, statement),
    )
    chain, interface = Watched(contracts.chain, is_copied), Interface(artefact(deploy.FACTS).abi)
    where = contracts.made[deploy.FACTS]
    return StarkFacts(chain, where, interface, Ready(parts), "toy"), parts  # type: ignore[arg-type]


@pytest.mark.parametrize("is_copied", [False, True])
def test_who_copies_the_last_part_does_not_make_a_proof_a_false_one(is_copied: bool) -> None:
    contract, parts = facts(is_copied)
    receipts = contract.bring(None, b"", OPERATOR)  # type: ignore[arg-type]
    assert contract.is_valid(parts.fact)
    assert len(receipts) == 2 - is_copied


def test_a_false_part_is_still_refused() -> None:
    contract, parts = facts(is_copied=True)
    bent = (bytes(len(parts.queries[0])), *parts.queries[1:])
    false = ProofParts(parts.statement, parts.opening, parts.context, parts.tops, bent, parts.fact)
    liar = StarkFacts(contract.chain, contract.address, contract.interface, Ready(false), "toy")  # type: ignore[arg-type]
    with pytest.raises(NotProved):
        liar.bring(None, b"", OPERATOR)  # type: ignore[arg-type]
    assert not contract.is_valid(parts.fact)
