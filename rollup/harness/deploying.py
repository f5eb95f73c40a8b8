"""A venue's contracts created by signed transactions: what `crypsis l1 deploy` does."""

from collections.abc import Mapping
from typing import Any

from rollup.harness.contract_file import ContractFile
from rollup.harness.devnet import devnet_deployment
from rollup.harness.on_chain import Paid, create_contracts
from rollup.harness.people import compress_cached
from rollup.harness.up import exit_pins_of
from rollup.installed import installed_verifiers
from rollup.l1.deployment import require_deployment
from rollup.l1.evm.rpc import HttpNode, number
from rollup.l1.evm.signed_chain import SignedChain
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address
from rollup.protocol.assets import USDC
from rollup.protocol.genesis import Genesis


def create(
    chain: SignedChain,
    node: HttpNode,
    genesis: Genesis,
    usdc: Address | None,
    terms: Mapping[str, Any],
    paid: Paid,
) -> ContractFile:
    """Create them, on the terms of the command. Reverted, before anything is paid for, where they
    are none."""
    verifiers = installed_verifiers(terms["parameters"], terms["shape_class"])
    exits = exit_pins_of(terms["parameters"], terms["private_exits"])
    deployment = devnet_deployment(
        genesis,
        (*(each.pins for each in verifiers), *exits),
        compress_cached,
        terms["operator"] or chain.address,
        terms["governor"] or chain.address,
        terms["interval_ms"],
        terms["governance_delay_ms"],
        terms["proof_deadline_ms"],
        terms["least_deposit"],
    )
    require_deployment(deployment, compress_cached)
    block = number(node.ask("eth_blockNumber"))
    tokens = {} if usdc is None else {USDC: usdc}
    return create_contracts(Workshop(chain, paid), deployment, tokens, block)
