"""The contract of a venue, created from the same record as the mock: `rollup.l1.deployment`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rollup.l1.checks import require_address
from rollup.l1.deployment import Deployment
from rollup.l1.evm.abi import Interface, word
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.bond_view import BOND
from rollup.l1.evm.chain import CallReverted
from rollup.l1.evm.contract import TokenTerms, joined_proofs, reverted
from rollup.l1.evm.view import NOBODY, VenueContract
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address
from rollup.l1.queue import FULL, QueueLimits
from rollup.ports import Pins
from rollup.protocol.assets import USDC, assets_of
from rollup.protocol.encoding import digest_bytes

ROLLUP: Final = "Rollup"
TOKEN: Final = "Token"
POSEIDON: Final = "Poseidon16"
SECOND: Final = 1000
"""Milliseconds of one unit of the timestamps of a chain that is not for tests."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of its chain a contract is told: `facts`, by shape class the contract that verifies its
    proofs; `tokens` by mark, USDC's and those of all assets that genesis lists; how many ms a unit
    of timestamps is; and when its counters are used up, which only a test shortens."""

    tokens: Mapping[int, TokenTerms]
    facts: Mapping[str, Address] = field(default_factory=dict)
    unit: int = SECOND
    limits: QueueLimits = FULL


def deploy_venue(workshop: Workshop, deployment: Deployment, around: Surroundings) -> VenueContract:
    """The contract of a venue. Reverted where it is refused. That `root` is the genesis's is for
    whoever deploys to see to: no contract can compute it (`rollup.l1.deployment`)."""
    require_address(deployment.operator)
    require_address(deployment.governor)
    poseidon = prepare(workshop)
    signer, usdc = deployment.genesis.receipt_signer, around.tokens[USDC]
    try:
        bond = workshop.create(BOND, signer, word(deployment.bond_least), usdc)
        shared = (poseidon, bond)
        made = workshop.create(ROLLUP, _arguments(deployment, around, *shared))
    except CallReverted as error:
        raise reverted(error.data) from error
    return venue_at(made, deployment, around.unit)


def prepare(workshop: Workshop) -> Address:
    """Create what all venues of a chain share, once; returns where the contract is that hashes."""
    workshop.link(ROLLUP)
    return workshop.shared(POSEIDON, artefact(POSEIDON).code)


def venue_at(address: Address, deployment: Deployment, unit: int) -> VenueContract:
    """A contract that was created before."""
    interfaces = Interface(artefact(ROLLUP).abi), Interface(artefact(TOKEN).abi)
    return VenueContract(address, deployment, unit, *interfaces)


def create_token(workshop: Workshop, symbol: str, decimals: int) -> TokenTerms:
    """A token to develop with, one part of which is one quantum or lot."""
    return workshop.create(TOKEN, symbol, decimals), 1


def _arguments(
    deployment: Deployment, around: Surroundings, poseidon: Address, bond: Address
) -> tuple[object, ...]:
    """IRollup's Deployment, member by member."""
    genesis = deployment.genesis
    assets = assets_of(genesis.governance)
    return (
        genesis.chain,
        genesis.venue,
        genesis.time,
        genesis.governance.encode(),
        joined_proofs(deployment.possession),
        digest_bytes(deployment.root),
        genesis.book().digest(),
        [_pinned(each, around.facts) for each in deployment.pins],
        deployment.operator,
        deployment.governor,
        word(deployment.interval_ms),
        word(deployment.governance_delay),
        word(deployment.proof_deadline_ms),
        word(deployment.least_deposit),
        word(deployment.entry_wait_ms),
        word(deployment.entries_least),
        word(deployment.estate_sale_ms),
        word(deployment.freeze_after_ms),
        genesis.backstop_header.owner,
        poseidon,
        bond,
        around.tokens[USDC],
        [around.tokens[mark] for mark in assets],
        around.unit,
        around.limits.accounts,
        around.limits.entries,
    )


def _pinned(pins: Pins, facts: Mapping[str, Address]) -> tuple[object, ...]:
    return (*pin_words(pins), facts.get(pins.shape_class, NOBODY))


def pin_words(pins: Pins) -> Sequence[object]:
    """Pins as contracts are told them: name, circuit, root of the fixed columns, parameters, shape.
    What is shorter than its word has zeros after it."""
    name = pins.shape_class.encode("ascii")
    return name, pins.circuit, pins.fixed_root, pins.parameters, pins.shape
