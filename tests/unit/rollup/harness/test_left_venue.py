"""The venue that its operator left: everybody gets what is his, on the mock and on contracts."""

from dataclasses import replace

import pytest

pytest.importorskip("eth_abi", reason="the extra `evm` brings it")

from rollup.harness.left_venue import BROUGHT, LATE, WON, exits_of_mock, exits_on_chain

REASONS = ["not-overdue", "not-owner", "wrong-leaf", "escaped"]


def test_all_of_the_money_leaves_and_nothing_for_a_liar() -> None:
    exits = list(exits_of_mock())
    assert [each.reason for each in exits if each.reason] == REASONS
    paid = {(each.who, each.call): each.paid for each in exits if not each.reason}
    assert paid["alice", "escape"] == paid["alice", "withdraw"] == BROUGHT["alice"] + WON
    assert paid["bob", "escape"] == paid["bob", "withdraw"] == BROUGHT["bob"] - WON
    assert paid["alice", "reclaim her last deposit"] == LATE


def test_contracts_answer_as_the_mock() -> None:
    chain = pytest.importorskip("rollup.l1.evm.revm_chain", reason="no pyrevm for this Python")
    exits = list(exits_on_chain(chain.RevmChain()))
    assert all((each.gas is None) == bool(each.reason) for each in exits)
    assert [replace(each, gas=None) for each in exits] == list(exits_of_mock())
