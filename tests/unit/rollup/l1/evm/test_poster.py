"""A poster brings a transaction through whatever a node does with it, and never two."""

import pytest

pytest.importorskip("eth_account", reason="the extra `evm` brings it")

from eth_account import Account

from rollup.l1.connection import NoAnswerInTime
from rollup.l1.evm.chain import GAS_MAX, CallReverted, ChainError
from rollup.l1.evm.poster import Call, Patience, Poster
from tests.helpers.fickle_node import BASE_FEE, FickleNode

KEY = b"\x11" * 32
CONTRACT = b"\x22" * 20
CALL = Call(CONTRACT, b"\x01\x02\x03")


def poster(node: FickleNode, **patience: float) -> Poster:
    terms = Patience(**{"sends": 6, **patience})  # type: ignore[arg-type]
    return Poster(node, Account.from_key(KEY), terms, node.now, node.sleep)


def mined(node: FickleNode) -> list[int]:
    """Nonces of all that stands in blocks."""
    return [each.nonce for _, held in node.blocks for each in held]


def test_one_that_is_mined_is_settled_under_as_many_blocks_as_are_wanted() -> None:
    node = FickleNode()
    receipt = poster(node, confirmations=4).post(CALL)
    assert len(node.blocks) - int(receipt["blockNumber"], 16) == 4
    assert len(node.heard) == 1 and mined(node) == [0]


def test_gas_is_a_quarter_above_the_estimate_and_never_above_the_cap() -> None:
    for estimate, wanted in ((100_000, 125_000), (GAS_MAX, GAS_MAX), (GAS_MAX - 9, GAS_MAX)):
        node = FickleNode(estimate=estimate)
        poster(node).post(CALL)
        assert node.heard[0].gas == wanted
    with pytest.raises(ChainError, match="gas is wanted"):
        poster(FickleNode(estimate=GAS_MAX + 1)).post(CALL)


def test_one_that_is_forgotten_is_sent_again_dearer_and_mined_once() -> None:
    node = FickleNode(forgets=2)
    poster(node).post(CALL)
    fees = [each.fee for each in node.heard]
    assert len(fees) == 3 and fees == sorted(set(fees))
    assert {each.nonce for each in node.heard} == {0} and mined(node) == [0]


def test_one_that_is_held_back_for_its_fee_is_sent_again_dearer() -> None:
    node = FickleNode(wants_fee=3 * BASE_FEE)
    receipt = poster(node).post(CALL)
    assert receipt["transactionHash"] == node.heard[-1].digest
    assert node.heard[0].fee < 3 * BASE_FEE <= node.heard[-1].fee
    assert mined(node) == [0]


def test_a_fee_has_an_end_and_so_have_tries() -> None:
    node = FickleNode(wants_fee=10 * BASE_FEE)
    with pytest.raises(NoAnswerInTime, match="may be later"):
        poster(node, fee_max=4 * BASE_FEE).post(CALL)
    assert max(each.fee for each in node.heard) == 4 * BASE_FEE


@pytest.mark.parametrize("forget", [True, False])
def test_a_receipt_that_vanishes_with_its_block_is_none(forget: bool) -> None:
    node = FickleNode()

    def once(node: FickleNode) -> None:
        if node.branch == 0 and mined(node):
            node.reorganise(1, forget)

    node.on_sleep = once
    receipt = poster(node, confirmations=3).post(CALL)
    assert node.branch == 1 and mined(node) == [0]
    assert receipt["blockHash"] == node.blocks[int(receipt["blockNumber"], 16)][0]
    assert (len(node.heard) > 1) is forget


def test_a_nonce_that_another_used_up_is_left_to_it() -> None:
    node = FickleNode(forgets=1)
    sender = Account.from_key(KEY).address.lower()

    def other(node: FickleNode) -> None:
        node.counts[sender] = max(1, node.counts.get(sender, 0))

    node.on_sleep = other
    poster(node).post(CALL)
    assert [each.nonce for each in node.heard] == [0, 1] and mined(node) == [1]


def test_what_the_contract_refuses_is_not_sent() -> None:
    node = FickleNode(reverts=b"\xaa\xbb")
    with pytest.raises(CallReverted) as refused:
        poster(node).post(CALL)
    assert refused.value.data == b"\xaa\xbb" and not node.heard


def test_what_failed_where_it_was_mined_is_a_revert() -> None:
    node = FickleNode(fails=True)
    with pytest.raises(CallReverted):
        poster(node).post(CALL)
    assert mined(node) == [0]


def test_what_nodes_do_not_pass_on_is_never_sent() -> None:
    node = FickleNode()
    with pytest.raises(ChainError, match="nodes pass on"):
        poster(node).post(Call(CONTRACT, b"\x01" * 131_072))
    assert not node.heard
    poster(node).post(Call(CONTRACT, b"\x01" * 130_900))
    assert len(node.heard[0].raw) <= 131_072


def test_one_that_is_mined_under_no_other_block_is_not_settled() -> None:
    node = FickleNode()

    def stop(node: FickleNode) -> None:
        node.mines = not mined(node)

    node.on_sleep = stop
    with pytest.raises(NoAnswerInTime, match="no block comes after"):
        poster(node, confirmations=2).post(CALL)
