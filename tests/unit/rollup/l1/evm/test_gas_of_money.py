"""What deposits and withdrawals cost, billed by a node of the latest rules: storage is cold there
in each transaction, which it is not in the machine of this process."""

from collections.abc import Iterator

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from rollup.harness.anvil import anvil_node
from rollup.harness.people import START, address, key_words, viewing_words
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.tools import anvil
from rollup.protocol.assets import USDC
from tests.helpers.odd_tokens import OddTarget, played

ROLLUP = Interface(artefact("Rollup").abi)
DEPOSIT_GAS = 120_000
"""Of money for an account that is there."""

EXIT_GAS = 121_000
"""Of asking for money out of an account, as entry 12, which begins a word of four times: its stake
comes as a deposit does, and its sender has one open."""

REGISTRATION_GAS = 145_000
"""Of one's own account: 22 words of keys, and whose it is is kept."""

WITHDRAWAL_GAS = 50_000
"""By an owner who has some of the token; the budget is 60,000."""

FIRST_WITHDRAWAL_GAS = 65_000
"""By one who has none of it, and pays 17,100 for where the token keeps it."""


@pytest.fixture(scope="module")
def target() -> Iterator[OddTarget]:
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    with anvil_node(31337, 1) as node:
        yield OddTarget(chain=NodeChain(node, lambda: START), kind="Token")


def gas(target: OddTarget, who: str, name: str, *arguments: object) -> int:
    return target.chain.send(target.venue, ROLLUP.call(name, *arguments), address(who)).gas


def test_deposits_and_withdrawals_keep_within_their_budgets(target: OddTarget) -> None:
    played(
        target,
        """
  { mint = "alice", amount = 100000 }, { mint = "bob", amount = 1000 },
  { mint = "carol", amount = 1000 },
  { register = "alice", amount = 50 },
  { register = "bob", amount = 70, key = "off-curve" },
  { register = "dave", amount = 70, key = "off-curve" },
  { wait = 1000 },
  { close = "first" }, { commit = "first" }, { post = "first" },
""",
    )
    words = (key_words("carol"), viewing_words())
    assert gas(target, "carol", "register", *words, 50, USDC) <= REGISTRATION_GAS
    deposits = [gas(target, "alice", "credit", 1, 100, USDC) for _ in range(8)]
    assert max(deposits) <= DEPOSIT_GAS
    assert gas(target, "alice", "requestExit", 1, 20) <= EXIT_GAS
    assert gas(target, "bob", "withdraw", USDC) <= WITHDRAWAL_GAS
    assert gas(target, "dave", "withdraw", USDC) <= FIRST_WITHDRAWAL_GAS
