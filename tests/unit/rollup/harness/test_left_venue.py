"""The venue that its operator left: everybody gets what is his, on the mock and on contracts."""

from dataclasses import replace

import pytest

pytest.importorskip("eth_abi", reason="the extra `evm` brings it")

from rollup.availability.fault import DataRefused, Fault
from rollup.codec.strict import CodecError
from rollup.harness import left_venue
from rollup.harness.left_venue import (
    BROUGHT,
    LATE,
    WON,
    Left,
    exits_of_mock,
    exits_on_chain,
    rebuilt,
    traded,
    viewing_key,
)
from rollup.harness.oracle import OracleDeployment
from rollup.harness.people import ALL_PINS, START, deployment
from rollup.harness.targets import LocalTarget
from rollup.l1.queue import FULL

REASONS = ["not-overdue", "not-owner", "wrong-leaf", "escaped"]


def test_all_of_the_money_leaves_and_nothing_for_a_liar() -> None:
    exits = list(exits_of_mock())
    assert [each.reason for each in exits if each.reason] == REASONS
    paid = {(each.who, each.call): each.paid for each in exits if not each.reason}
    assert paid["alice", "escape"] == paid["alice", "withdraw"] == BROUGHT["alice"] + WON
    assert paid["bob", "escape"] == paid["bob", "withdraw"] == BROUGHT["bob"] - WON
    assert paid["alice", "reclaim her last deposit"] == LATE


@pytest.fixture(scope="module")
def left() -> Left:
    """What the operator of the mock's venue leaves."""
    asked = OracleDeployment(deployment(), ALL_PINS, START, FULL)
    return traded(LocalTarget().deploy(asked))


def test_each_owner_rebuilds_the_own_account(left: Left) -> None:
    for name, gained in (("alice", WON), ("bob", -WON)):
        leaf, book = rebuilt(left, name)
        worth = leaf.account.cash + sum(
            size * book.markets[market].price for market, size in leaf.account.positions
        )
        assert worth == BROUGHT[name] + gained


def test_with_another_key_nobody_does(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"alice": viewing_key("bob"), "bob": viewing_key("alice")}
    monkeypatch.setattr(left_venue, "viewing_key", keys.__getitem__)
    for name in keys:
        with pytest.raises(DataRefused) as caught:
            rebuilt(left, name)
        assert caught.value.fault is Fault.VIEWING_KEY


def test_with_other_data_nobody_does(left: Left) -> None:
    changed = left.data[:-1] + bytes((left.data[-1] ^ 1,))
    with pytest.raises(DataRefused) as caught:
        rebuilt(left._replace(data=changed), "alice")
    assert caught.value.fault is Fault.COMMITMENT
    with pytest.raises(CodecError):
        rebuilt(left._replace(data=left.data[:-1]), "alice")


def test_contracts_answer_as_the_mock() -> None:
    chain = pytest.importorskip("rollup.l1.evm.revm_chain", reason="no pyrevm for this Python")
    exits = list(exits_on_chain(chain.RevmChain()))
    assert all((each.gas is None) == bool(each.reason) for each in exits)
    assert [replace(each, gas=None) for each in exits] == list(exits_of_mock())
