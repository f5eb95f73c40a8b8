"""The contracts, held to the suite: on an EVM in this process, or on a node."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from rollup.harness.anvil import anvil_node
from rollup.harness.held_outpost import HeldOutpost
from rollup.harness.l1_cli import ANVIL, PYREVM
from rollup.harness.oracle import OracleDeployment
from rollup.harness.precompiled import PrecompiledL1, deploy_held_outpost, tell_of_deployment
from rollup.harness.targets import FAR_CHAIN
from rollup.hash.many import CompressMany
from rollup.installed import installed_chain_proofs
from rollup.l1.development import DevelopmentError, DevelopmentL1
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import CallReverted, Chain, Receipt
from rollup.l1.evm.contract import NotProved, TokenTerms
from rollup.l1.evm.deploy import (
    Surroundings,
    create_token,
    deploy_venue,
    pin_words,
    prepare,
)
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.rpc import HttpNode, number
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address, Revert, Reverted
from rollup.l1.outpost import OutpostDeployment
from rollup.l1.private_exit import ExitStatement
from rollup.ports import Pins
from rollup.protocol.assets import USDC, assets_of
from rollup.protocol.constants import COLLATERAL_DECIMALS
from rollup.protocol.encoding import hex_digest
from rollup.protocol.public import PublicInput

TEST_CHAIN: Final = 31337
MACHINE_CHAIN: Final = 1
"""What a machine in this process says that its chain is."""

TEST_FACTS: Final = "TestFacts"
UNIT: Final = 1
"""Timestamps of a chain under test are ms: scenarios stand a millisecond apart."""

Statement = Callable[[PublicInput], bytes]
"""The bytes of a batch that a verifier's contract is asked about."""


@dataclass(frozen=True, slots=True)
class OracleFacts:
    """The oracle in a verifier's place: one call of its contract proves whatever it is told."""

    chain: Chain
    address: Address
    interface: Interface
    statement: Statement

    def bring(self, public: PublicInput, proof: bytes, sender: Address) -> Sequence[Receipt]:
        """Bring a test proof. NotProved if it is not the one of this public input."""
        return self._bring(self.statement(public), proof, sender)

    def bring_exit(
        self, statement: ExitStatement, proof: bytes, sender: Address
    ) -> Sequence[Receipt]:
        """The same of a private exit."""
        return self._bring(installed_chain_proofs().exit_statement(statement), proof, sender)

    def _bring(self, statement: bytes, proof: bytes, sender: Address) -> Sequence[Receipt]:
        calldata = self.interface.call("prove", statement, proof)
        try:
            return [self.chain.send(self.address, calldata, sender)]
        except CallReverted as error:
            raise NotProved("the test proof is not of this for these pins") from error


@dataclass(frozen=True, slots=True)
class FarChain:
    """Another chain than home's, and its number."""

    chain: Chain
    number: int


class EvmTarget:
    """Contracts on a chain, deployed anew for each scenario: libraries and tokens once."""

    def __init__(
        self,
        chain: Chain,
        statement: Statement,
        compress_many: CompressMany,
        paid: Callable[[str, Receipt], None] = lambda what, receipt: None,
        far: FarChain | None = None,
    ) -> None:
        """`paid` hears of each transaction of a contract; `far` is where outposts are."""
        self._chain = chain
        self._paid = paid
        self._statement = statement
        self._compress_many = compress_many
        self._far = far
        self._workshop = Workshop(chain)
        prepare(self._workshop)
        self._usdc = create_token(self._workshop, "USDC", COLLATERAL_DECIMALS)
        self._base = chain.checkpoint()

    def deploy(self, asked: OracleDeployment) -> DevelopmentL1:
        """A fresh contract, whose clock stands at `asked.time`. Reverted where it is refused."""
        self._chain.restore(self._base)
        self._chain.set_time(asked.time)
        facts = {each.shape_class: self._oracle(each) for each in asked.verifiers}
        marks = assets_of(asked.deployment.genesis.governance)
        around = Surroundings(
            tokens={USDC: self._usdc, **{mark: self._token(mark) for mark in marks}},
            facts={name: each.address for name, each in facts.items()},
            unit=UNIT,
            limits=asked.limits,
        )
        tell_of_deployment(self._chain, asked.deployment)
        venue = deploy_venue(self._workshop, asked.deployment, around)
        self._require_root(asked)
        return PrecompiledL1(self._chain, venue, facts, self._token, self._paid)

    @property
    def far_chain(self) -> int | None:
        """The chain on which it has outposts; None where it has none."""
        return None if self._far is None else self._far.number

    def outpost(self, asked: OutpostDeployment) -> HeldOutpost:
        """A fresh outpost on the other chain, with tokens of its own."""
        if self._far is None:
            raise DevelopmentError("there is no other chain")
        workshop = Workshop(self._far.chain)
        tokens = {mark: create_token(workshop, f"FAR{mark}", 0) for mark, _ in asked.caps}
        return deploy_held_outpost(workshop, asked, tokens)

    def _require_root(self, asked: OracleDeployment) -> None:
        """What whoever deploys sees to: no contract can compute the state root of a genesis."""
        root = asked.deployment.genesis.state(self._compress_many).root
        if asked.deployment.root != root:
            raise Reverted(Revert.GENESIS_ROOT, f"genesis has the root {hex_digest(root)}")

    def _token(self, mark: int) -> TokenTerms:
        return create_token(self._workshop, f"LOT{mark}", 0)

    def _oracle(self, pins: Pins) -> OracleFacts:
        name, *rest = pin_words(pins)
        made = self._workshop.create(TEST_FACTS, *rest, name, pins.digest())
        return OracleFacts(self._chain, made, Interface(artefact(TEST_FACTS).abi), self._statement)


@contextmanager
def evm_target(where: str, compress_many: CompressMany) -> Iterator[EvmTarget]:
    """The contracts on `pyrevm`, on an `anvil` that is started for them, or on the development node
    at a URL, whose clock is then moved and stands."""
    statement = installed_chain_proofs().statement
    if where == PYREVM:
        from rollup.l1.evm.revm_chain import RevmChain  # noqa: PLC0415  # an EVM not all have

        beside = FarChain(RevmChain(), MACHINE_CHAIN)
        yield EvmTarget(RevmChain(), statement, compress_many, far=beside)
        return
    with ExitStack() as stack:
        far: FarChain | None = None
        if where == ANVIL:
            node = stack.enter_context(anvil_node(TEST_CHAIN, timestamp=1))
            another = stack.enter_context(anvil_node(FAR_CHAIN, timestamp=1))
            far = FarChain(NodeChain(another, lambda: 1), FAR_CHAIN)
        else:
            node = stack.enter_context(HttpNode(where))
        start = number(node.ask("eth_getBlockByNumber", "latest", False)["timestamp"])
        yield EvmTarget(NodeChain(node, lambda: start), statement, compress_many, far=far)
