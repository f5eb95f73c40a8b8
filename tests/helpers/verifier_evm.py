"""The verifier's contracts in a chain of this process, for small circuits and real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import encode

from circuits.air.circuit import Circuit
from circuits.evm import deploy
from circuits.evm.context import Known, Parts, split
from circuits.evm.facts import statement_bytes
from circuits.evm.refusals import MALFORMED, NO_QUERY, NO_TREE, REFUSED, selector
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.key import VerificationKey
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import INSECURE_TEST, Parameters
from circuits.stark.prover import Prover
from circuits.stark.shape import Shape, shape_of
from circuits.stark.verifier import verify
from rollup.hash.keccak import keccak256
from rollup.l1.evm.revm import Machine, Outcome
from rollup.ports import Pins
from tests.helpers.circuits import Instance, small_instance

WORD = 32


def call_data(signature: str, types: Sequence[str], values: Sequence[Any]) -> bytes:
    """The calldata of a call of a Solidity function."""
    return selector(signature) + encode(types, values)


@dataclass(frozen=True, slots=True)
class OnChain:
    """A verifier that was deployed: `made` are the addresses of its contracts by name."""

    chain: Machine
    made: dict[str, bytes]
    shape: Shape

    def begin_alone(self, statement: bytes, opening: bytes) -> Outcome:
        """What StarkBegin answers, called as StarkFacts calls it."""
        head = [int.from_bytes(self.made[deploy.DIRECTORY], "big"), len(statement), len(opening)]
        words = b"".join(number.to_bytes(WORD, "big") for number in head)
        return self.chain.read(self.made[deploy.BEGIN], words + statement + opening)

    def begin(self, statement: bytes, opening: bytes) -> Outcome:
        """A call of StarkFacts.begin."""
        data = call_data("begin(bytes,bytes)", ["bytes", "bytes"], [statement, opening])
        return self.chain.call(self.made[deploy.FACTS], data)

    def queries(
        self, session: bytes, context: bytes, tops: bytes, first: int, count: int, data: bytes
    ) -> Outcome:
        """A call of StarkFacts.queries."""
        types = ["bytes32", "bytes", "bytes", "uint256", "uint256", "bytes"]
        signature = f"queries({','.join(types)})"
        values = [session, context, tops, first, count, data]
        return self.chain.call(self.made[deploy.FACTS], call_data(signature, types, values))

    def is_valid(self, fact: bytes) -> bool:
        """StarkFacts.isValid."""
        data = call_data("isValid(bytes32)", ["bytes32"], [fact])
        answer = self.chain.read(self.made[deploy.FACTS], data)
        assert answer.succeeded
        return bool(int.from_bytes(answer.data, "big"))


def put_on_chain(
    circuit: Circuit | Lowered, key: VerificationKey, parameters: Parameters, pins: Pins
) -> OnChain:
    """A new chain with the verifier of one circuit."""
    chain, made = Machine(), {}
    for each in (*deploy.engines(), *deploy.verifier(circuit, key, parameters, pins)):
        made[each.name] = chain.deploy(each.initcode(made))
    return OnChain(chain, made, shape_of(circuit, parameters))


def toy_pins(key: VerificationKey, parameters: Parameters) -> Pins:
    """Pins of a small circuit, which has no class of batches."""
    root = key.fixed_roots[parameters.name]
    return Pins(key.circuit_digest, root, parameters.encode(), b"toy", parameters.name, "TOY")


@dataclass(frozen=True, slots=True)
class Toy:
    """A small circuit with a proof that its verifier accepts, and its contracts."""

    instance: Instance
    key: VerificationKey
    parameters: Parameters
    proof: bytes
    contracts: OnChain

    @property
    def known(self) -> Known:
        """What the verifier is told beside the proof."""
        return self.instance.known

    @property
    def statement(self) -> bytes:
        """Its bytes."""
        return statement_bytes(*self.known)

    @property
    def parts(self) -> Parts:
        """The proof's."""
        return split(self.proof, self.contracts.shape)

    def session(self, fact: bytes) -> bytes:
        """The session that StarkFacts has for the proof."""
        return keccak256(fact + keccak256(self.parts.opening))

    def failure(self, known: Known, proof: bytes) -> Failure | None:
        """Why the Python verifier refuses; None if it accepts."""
        try:
            verify(self.instance.circuit, self.key, *known, self.parameters, proof)
        except VerificationError as refused:
            return refused.reason
        return None


@cache
def toy(steps: int, squares: int, parameters: Parameters = INSECURE_TEST) -> Toy:
    """The small circuit at these heights."""
    return toy_of(small_instance(steps, squares, parameters.blinded_rows), parameters)


def toy_of(instance: Instance, parameters: Parameters) -> Toy:
    """A small circuit, proved and deployed."""
    key = generate_key(instance.circuit, [parameters])
    proof = Prover(instance.circuit, parameters).prove(instance.traces, *instance.known).proof
    verify(instance.circuit, key, *instance.known, parameters, proof)
    contracts = put_on_chain(instance.circuit, key, parameters, toy_pins(key, parameters))
    return Toy(instance, key, parameters, proof, contracts)


def refused(outcome: Outcome) -> tuple[Failure, int | None, int | None]:
    """The failure, query and tree that a contract refused with."""
    assert not outcome.succeeded
    assert outcome.data[:4] == selector(REFUSED), outcome.data.hex()
    failure, query, tree = (int.from_bytes(outcome.data[i : i + WORD], "big") for i in (4, 36, 68))
    return (
        list(Failure)[failure],
        None if query == NO_QUERY else query,
        None if tree == NO_TREE else tree,
    )


def is_malformed(outcome: Outcome) -> bool:
    """Whether a contract refused the bytes as no honest caller's."""
    return not outcome.succeeded and outcome.data == selector(MALFORMED)
