"""A venue's contract on a chain, with a verifier of real proofs for each class: how it is created,
and how it is served in the mock's place."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from rollup.harness.anvil import anvil_node
from rollup.harness.contract_file import ContractFile, read_contract
from rollup.harness.l1_cli import ANVIL
from rollup.harness.served import wall_clock
from rollup.hash.many import CompressMany
from rollup.installed import installed_chain_proofs
from rollup.l1.connection import RefusedByPeer
from rollup.l1.deployment import Deployment, require_deployment
from rollup.l1.development import DevelopmentError
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import Chain, Receipt
from rollup.l1.evm.contract import EvmL1, TokenTerms
from rollup.l1.evm.deploy import SECOND, Surroundings, create_token, deploy_venue, venue_at
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.outpost_contract import EvmOutpost, deploy_outpost
from rollup.l1.evm.proofs import STARK_FACTS, StarkFacts
from rollup.l1.evm.rpc import HttpNode, number
from rollup.l1.evm.signed_chain import NodeView
from rollup.l1.evm.view import EvmView
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address
from rollup.l1.methods import Method
from rollup.l1.outpost import OutpostDeployment, require_outpost
from rollup.protocol.assets import USDC, assets_of, symbol_of
from rollup.protocol.constants import COLLATERAL_DECIMALS
from rollup.protocol.market import Governance

Paid = Callable[[str, Receipt], None]
"""Hears of a transaction: what it was for, and its receipt."""

CHAIN: Final = 31337
"""Identifier of a chain that is started for a venue."""


class ServedChain:
    """A contract on a chain, for whoever asks by the methods of the mock. What a call changed is
    the chain's to keep."""

    def __init__(self, l1: EvmL1) -> None:
        self.l1 = l1

    def answer(self, method: Method, arguments: Mapping[str, Any]) -> Any:
        """What the contract answers."""
        found = getattr(self.l1, method.attribute)
        return found(**arguments) if callable(found) else found


@contextmanager
def development_chain(where: str, identifier: int = CHAIN) -> Iterator[NodeChain]:
    """An anvil that is started, with this identifier, or the development node at a URL, at the
    machine's time."""
    with ExitStack() as stack:
        opened = anvil_node(identifier) if where == ANVIL else HttpNode(where)
        yield NodeChain(stack.enter_context(opened), lambda: wall_clock() // SECOND)


def create_contracts(
    workshop: Workshop, deployment: Deployment, tokens: Mapping[int, Address], block: int = 0
) -> ContractFile:
    """The contract of a venue, and one that verifies proofs of each class whole. Of a mark that is
    not among `tokens`, whose parts are quanta and lots, one to develop with is made. What is no
    deployment is refused as it is created; `rollup.l1.deployment` says it before."""
    proofs, governance = installed_chain_proofs(), deployment.genesis.governance
    facts = {
        each.shape_class: proofs.create(workshop, each.parameter_set, each.shape_class)
        for each in deployment.pins
    }
    known: dict[int, TokenTerms] = {mark: (token, 1) for mark, token in tokens.items()}
    for mark in (USDC, *assets_of(governance)):
        if mark not in known:
            known[mark] = development_token(workshop, governance, mark)
    venue = deploy_venue(workshop, deployment, Surroundings(known, facts))
    chain = deployment.genesis.chain
    verifiers = tuple(facts.values())
    return ContractFile(venue.address, chain, block, venue.unit, deployment, verifiers)


def facts_at(chain: Chain, contract: ContractFile) -> Mapping[str, StarkFacts]:
    """The contracts that verify proofs, by the class of batches."""
    proofs, interface = installed_chain_proofs(), Interface(artefact(STARK_FACTS).abi)
    pairs = zip(contract.deployment.pins, contract.facts, strict=True)
    return {
        pins.shape_class: StarkFacts(chain, address, interface, proofs, pins.parameter_set)
        for pins, address in pairs
    }


def create_venue(
    chain: Chain, deployment: Deployment, compress_many: CompressMany, paid: Paid
) -> EvmL1:
    """A venue on a development chain, all of whose tokens are to develop with. Reverted, before
    anything is paid for, where the deployment is none."""
    require_deployment(deployment, compress_many)
    workshop = Workshop(chain, lambda name, receipt: paid(f"create {name}", receipt))
    contract = create_contracts(workshop, deployment, {})
    venue = venue_at(contract.address, deployment, contract.unit)

    def token(mark: int) -> TokenTerms:
        return create_token(workshop, f"LOT{mark}", 0)

    return EvmL1(chain, venue, facts_at(chain, contract), token, paid)


def create_outpost(
    chain: Chain, deployment: OutpostDeployment, governance: Governance, paid: Paid
) -> EvmOutpost:
    """An outpost on a development chain, all of whose tokens are to develop with. Reverted where it
    could not be used."""
    require_outpost(deployment)
    workshop = Workshop(chain, lambda name, receipt: paid(f"create {name}", receipt))
    tokens = {mark: development_token(workshop, governance, mark) for mark, _ in deployment.caps}
    return deploy_outpost(workshop, deployment, tokens)


def development_token(workshop: Workshop, governance: Governance, mark: int) -> TokenTerms:
    """A token to develop with, whose parts are quanta or lots."""
    decimals = COLLATERAL_DECIMALS if mark == USDC else 0
    return create_token(workshop, symbol_of(governance, mark), decimals)


def caller_of(chain: Chain, contract: ContractFile, paid: Paid) -> EvmL1:
    """The contract for whoever calls it: its operator, who brings batches whose proofs were
    verified, or its governor."""
    venue = venue_at(contract.address, contract.deployment, contract.unit)
    return EvmL1(chain, venue, {}, _no_token, paid)


def _no_token(mark: int) -> TokenTerms:
    raise DevelopmentError(f"no token is made here for the asset {mark}")


@contextmanager
def viewed(url: str, file: Path) -> Iterator[EvmView]:
    """The contract of a file on a node, for whoever looks. RefusedByPeer by a node of another
    chain."""
    contract = read_contract(file)
    with HttpNode(url) as node:
        found = number(node.ask("eth_chainId"))
        if found != contract.chain:
            raise RefusedByPeer(f"{url} is of chain {found}, wanted {contract.chain}")
        venue = venue_at(contract.address, contract.deployment, contract.unit)
        yield EvmView(NodeView(node, contract.block), venue)
