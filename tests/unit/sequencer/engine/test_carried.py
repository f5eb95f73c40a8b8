"""What is signed in a batch: a bundle is one signature, and its nodes are nodes."""

from dataclasses import replace

import pytest

from rollup.hash.poseidon import Digest
from rollup.protocol.bundle import bundle_levels, node_count, path_of, signature_count
from rollup.protocol.order import Side, SignedOrder
from sequencer.engine.carried import Carried
from tests.strategies import venues

COUNT = 5


def quotes(account: int = 1, signature: bytes = bytes(84)) -> list[SignedOrder]:
    """Orders of an account in one bundle, whose leaves are any digests."""
    leaves: list[Digest] = [(place, *[0] * 7) for place in range(1, COUNT + 1)]  # type: ignore[misc]
    levels = bundle_levels(leaves, venues.quick_compress_many)
    plain = [venues.order(account, Side.BUY, 100, 1, slot=slot) for slot in range(COUNT)]
    return [
        replace(each, signature=signature, path=path_of(levels, place))
        for place, each in enumerate(plain)
    ]


def counted(signed: list[SignedOrder]) -> tuple[int, int]:
    """Signatures and nodes as the rules count them."""
    known = [(each.order.account, each.signature, each.path) for each in signed]
    return signature_count(known), node_count(known)


@pytest.mark.parametrize("some", [[0], [0, 1], [0, 4], list(range(COUNT))])
def test_what_a_batch_carries_is_counted_as_the_rules_count_it(some: list[int]) -> None:
    bundle = quotes()
    taken = [bundle[place] for place in some]
    other = [*quotes(2)[:2], venues.order(3, Side.SELL, 100, 1), venues.order(3, Side.SELL, 99, 1)]
    carried = Carried()
    for each in [*taken, *other]:
        carried.take(each)
    assert (carried.signatures, carried.nodes) == counted([*taken, *other])
    assert carried.actions == len(some) + len(other)


def test_more_of_a_bundle_is_no_further_signature() -> None:
    first, second, *others = quotes()
    alone = venues.order(1, Side.SELL, 100, 1, slot=9)
    carried = Carried()
    assert carried.more_signatures([first, second, alone]) == 2
    assert carried.more_nodes([first, second, alone]) == 3
    carried.take(first)
    assert carried.more_signatures([second, *others]) == 0
    assert carried.more_nodes([second]) == 0
    assert carried.more_nodes(others) == 3


def test_two_signatures_are_two_bundles() -> None:
    both = [quotes()[0], quotes(signature=bytes([1]) * 84)[1], quotes(2)[2]]
    assert Carried().more_signatures(both) == 3
