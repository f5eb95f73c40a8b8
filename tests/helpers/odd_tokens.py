"""A venue's contract whose tokens are of any kind: lots of many parts, or tokens that lie."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

from circuits.evm.facts import statement_of
from rollup.harness.evm_target import EvmTarget
from rollup.harness.people import compress_cached
from rollup.harness.performing import perform
from rollup.harness.scenario import parse
from rollup.harness.stage import Stage, deployment_of, stage
from rollup.l1.development import DevelopmentL1
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import DEPLOYER, Chain
from rollup.l1.evm.contract import TokenTerms
from rollup.l1.evm.deploy import ROLLUP
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.interface import Address

ODD: Final = Interface(artefact("OddToken").abi)
NOBODY: Final = bytes(20)


class Manner(IntEnum):
    """How an OddToken behaves, by its place in the contract."""

    HONEST = 0
    SAYS_NOTHING = 1
    SAYS_NO = 2
    SAYS_TWO = 3
    REVERTS = 4
    MOVES_NOTHING = 5
    KEEPS_A_PART = 6
    TAKES_MORE = 7
    CALLS_BACK = 8


class OddTarget(EvmTarget):
    """Contracts whose tokens are of one kind, `unit` parts a quantum or lot."""

    def __init__(self, unit: int = 1, chain: Chain | None = None, kind: str = "OddToken") -> None:
        self.chain = RevmChain() if chain is None else chain
        self.unit = unit
        self.kind = kind
        self.made: list[Address] = []
        super().__init__(self.chain, statement_of, compress_cached)
        self._usdc = self._token(0)
        self._base = self.chain.checkpoint()

    def _token(self, mark: int) -> TokenTerms:
        made = self._workshop.create(self.kind, f"ODD{mark}", 6)
        self.made.append(made)
        return made, self.unit

    @property
    def venue(self) -> Address:
        """Where the contract is that was deployed last."""
        made = [receipt.created for name, receipt in self._workshop.receipts if name == ROLLUP]
        assert made and made[-1] is not None
        return made[-1]

    def behave(
        self, token: Address, manner: Manner, target: Address = NOBODY, told: bytes = b""
    ) -> None:
        """From now on the token behaves so."""
        self.chain.send(token, ODD.call("behave", int(manner), target, told), DEPLOYER)

    def ask(self, token: Address, name: str) -> Any:
        """What a view of the token answers."""
        return ODD.answer(name, self.chain.read(token, ODD.call(name)))[0]


def played(target: EvmTarget, steps: str, changes: Mapping[str, Any] | None = None) -> Stage:
    """The world after some steps of a scenario, which all went as they say."""
    text = '[governance.assets]\nmarkets = [{ like = 0 }, { like = 1 }, { asset = "WBTC" }]\n'
    text += (
        f'[[scenario]]\nname = "until here"\nsteps = [\n{steps}\n]\nfinal = {{ redo_until = 0 }}\n'
    )
    (scenario,) = parse("odd tokens", text)
    asked = deployment_of(scenario)
    l1: DevelopmentL1 = target.deploy(asked)
    world = stage(scenario, l1, asked.deployment)
    for step in scenario.steps:
        perform(world, step)
    return world
