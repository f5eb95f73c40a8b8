"""What calls cost, as a node bills them."""

from collections.abc import Iterator

import pytest

from rollup.harness.anvil import anvil_node
from rollup.harness.gas import Bill, bill_of, play_calls
from rollup.l1.evm.chain import Receipt
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.tools import anvil

MOST = {
    "register": 190_000,
    "credit": 90_000,
    "requestExit": 100_000,
    "commitHeader": 190_000,
    "withdraw": 65_000,
    "postBond": 100_000,
    "leaveBond": 45_000,
    "withdrawBond": 60_000,
    "challengePair": 130_000,
    "challengePlace": 520_000,
}
"""Bounds of what people and the operator pay for: a deposit, a header, a withdrawal."""


@pytest.fixture(scope="module")
def calls() -> Iterator[list[Bill]]:
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    found: list[Bill] = []
    with anvil_node(31337, 1) as node:
        chain = NodeChain(node, lambda: 1)
        play_calls(chain, lambda name, receipt: found.append(bill_of(name, receipt)))
    yield found


def test_every_call_is_billed_and_none_above_its_budget(calls: list[Bill]) -> None:
    others = {"post": 340_000, "giveReports": 300_000, "announceGovernance": 360_000}
    bounds = {**MOST, **others}
    assert {each.name for each in calls} == set(bounds)
    assert [each for each in calls if each.today > bounds[each.name]] == []


def test_only_a_floor_rises_with_the_next_fork(calls: list[Bill]) -> None:
    assert all(each.today <= each.next_fork for each in calls)
    data = bytes([1]) * 1_000
    dear, cheap = Receipt(b"", 200_000, sent=data), Receipt(b"", 50_000, sent=data)
    assert bill_of("dear", dear) == Bill("dear", 1_000, 200_000, 200_000)
    assert bill_of("cheap", cheap) == Bill("cheap", 1_000, 50_000, 21_000 + 64 * 1_000)
