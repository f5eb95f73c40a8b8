"""A venue's contract on a chain, with a verifier of real proofs for each class: how it is created,
and how it is served in the mock's place."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from rollup.harness.anvil import anvil_node
from rollup.harness.l1_cli import ANVIL
from rollup.harness.served import wall_clock
from rollup.hash.many import CompressMany
from rollup.installed import installed_chain_proofs
from rollup.l1.deployment import Deployment, require_deployment
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import Chain, Receipt
from rollup.l1.evm.contract import EvmL1, TokenTerms
from rollup.l1.evm.deploy import SECOND, Surroundings, create_token, deploy_venue
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.proofs import STARK_FACTS, StarkFacts
from rollup.l1.evm.rpc import HttpNode
from rollup.l1.evm.workshop import Workshop
from rollup.l1.methods import Method
from rollup.protocol.assets import USDC, assets_of, symbol_of
from rollup.protocol.constants import COLLATERAL_DECIMALS

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
def development_chain(where: str) -> Iterator[NodeChain]:
    """An anvil that is started, or the development node at a URL, at the machine's time."""
    with ExitStack() as stack:
        opened = anvil_node(CHAIN) if where == ANVIL else HttpNode(where)
        yield NodeChain(stack.enter_context(opened), lambda: wall_clock() // SECOND)


def create_venue(
    chain: Chain, deployment: Deployment, compress_many: CompressMany, paid: Paid
) -> EvmL1:
    """The contract of a venue, whose proofs are verified whole, with tokens to develop with.
    Reverted, before anything is paid for, where the deployment is none."""
    require_deployment(deployment, compress_many)
    workshop, proofs = Workshop(chain), installed_chain_proofs()
    facts = {
        each.shape_class: StarkFacts(
            chain,
            proofs.create(workshop, each.parameter_set, each.shape_class),
            Interface(artefact(STARK_FACTS).abi),
            proofs,
            each.parameter_set,
        )
        for each in deployment.pins
    }

    def token(mark: int) -> TokenTerms:
        return create_token(workshop, f"LOT{mark}", 0)

    governance = deployment.genesis.governance
    usdc = create_token(workshop, symbol_of(governance, USDC), COLLATERAL_DECIMALS)
    tokens = {USDC: usdc, **{mark: token(mark) for mark in assets_of(governance)}}
    verifiers = {name: each.address for name, each in facts.items()}
    venue = deploy_venue(workshop, deployment, Surroundings(tokens, verifiers))
    for name, receipt in workshop.receipts:
        paid(f"create {name}", receipt)
    return EvmL1(chain, venue, facts, token, paid)
